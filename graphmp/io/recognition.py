"""What a file is, by its first bytes: an error about another kind says which function reads it."""

from __future__ import annotations

from pathlib import Path

from ..errors import GraphValueError
from .container import is_container
from .dgl_graphs import GRAPHS, TENSORS

_SIZE = 256  # bytes that tell what a file is
_BEGINNINGS = (
    (GRAPHS.to_bytes(8, "little"), "a file of graphs by DGL; use load_graphs"),
    (TENSORS.to_bytes(8, "little"), "a file of tensors by DGL; use io.load_tensors"),
    (b"\x93NUMPY", "an array; use numpy.load"),
    (b"\x1f\x8b", "a file that gzip compressed; unpack it first"),
)
_PICKLE = (
    "a pickle; use io.load_info if it holds numbers, texts, arrays or tensors. Open one of graphs "
    "with the library that wrote it, and save them by its save_graphs"
)


def refuse_others(path: Path, content: memoryview, expected: str, or_pickle: bool = False) -> None:
    """Refuse a file that is recognised as one of another kind.

    Args:
        path: the file.
        content: its bytes.
        expected: what it should be.
        or_pickle: whether it may also be a pickle, which may be a text.

    Raises:
        GraphValueError: it is of another kind; the message says of which.
    """
    kind = "" if is_container(content) else _kind(bytes(content[:_SIZE]), or_pickle)
    if kind:
        raise GraphValueError(f"{path} was not read: expected {expected}, got {kind}.")


def _kind(start: bytes, or_pickle: bool) -> str:
    """What begins like this and how it is read; empty if it is not known."""
    for beginning, kind in _BEGINNINGS:
        if start.startswith(beginning):
            return kind
    if start.startswith(b"PK\x03\x04"):
        is_checkpoint = b"data.pkl" in start
        return "a checkpoint of torch; use torch.load" if is_checkpoint else "a ZIP archive"
    if or_pickle:
        return ""
    if start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _PICKLE
    return "a text" if _is_text(start) else ""


def _is_text(start: bytes) -> bool:
    """Whether bytes are a text; a cut letter at their end does no harm."""
    text = start.decode("utf-8", "ignore")
    return len(text) > 8 and all(letter.isprintable() or letter.isspace() for letter in text)
