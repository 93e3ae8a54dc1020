"""The container of all files that are written: tensors in the layout of safetensors.

A length of 8 bytes, a header of that many bytes in JSON, and the values, without gaps. The header
gives the dtype, the shape and the place of each tensor, and texts under ``__metadata__``, among
them the kind of the file and the version of its layout. ``docs/files.md`` describes it all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .._checks import kind as kind_of
from ..errors import GraphTypeError, GraphValueError
from .files import contents, reading, replacing, view, viewed

VERSION = 1
MOST_HEADER = 1 << 24  # bytes; what a header says takes up to 20 times its size in memory
ALIGNMENT = 64
MOST_DIMENSIONS = 64

DTYPES = {
    "C64": torch.complex64,
    "F64": torch.float64,
    "I64": torch.int64,
    "F32": torch.float32,
    "I32": torch.int32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I16": torch.int16,
    "U8": torch.uint8,
    "I8": torch.int8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class _Place(NamedTuple):
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    stop: int


def write(
    path: Path, kind: str, content: Any, tensors: Mapping[str, Sequence[Tensor]], what: str
) -> None:
    """Write a file.

    Args:
        path: the file.
        kind: the kind of the file, which :meth:`Container.content` checks.
        content: what the file says beside its tensors, for JSON.
        tensors: by name the parts of a tensor, which are joined along their first dimension; a
            single one may have no dimension.
        what: what is written, for errors.

    Raises:
        GraphTypeError: a dtype that files do not have.
        GraphValueError: more names and texts than a header may hold, or the path of a folder.
        GraphRuntimeError: the file cannot be written.
    """
    plain = {name: [_plain(name, each) for each in parts] for name, parts in tensors.items()}
    order = sorted(plain, key=lambda name: -plain[name][0].element_size())  # so all are aligned
    metadata = {
        "format": "graphmp",
        "kind": kind,
        "version": str(VERSION),
        "content": json.dumps(content, separators=(",", ":")),
    }
    header: dict[str, Any] = {"__metadata__": metadata}
    stop = 0
    for name in order:
        start, stop = stop, stop + sum(map(_size, plain[name]))
        header[name] = {
            "dtype": _NAMES[plain[name][0].dtype],
            "shape": _joined(plain[name]),
            "data_offsets": [start, stop],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % ALIGNMENT)
    if len(text) > MOST_HEADER:
        raise GraphValueError(
            f"Expected names and texts of at most {MOST_HEADER} bytes in {what}, got {len(text)}; "
            "put what they say into tensors, or into several files."
        )
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            for part in plain[name]:
                flat = part.as_strided((part.numel(),), (1,))  # a single value has any stride
                file.write(flat.view(torch.uint8).numpy().data)


def named(tensors: Any, what: str) -> dict[str, Tensor]:
    """Check a dict of tensors.

    Raises:
        GraphTypeError: something else than a dict of names and tensors.
    """
    if not isinstance(tensors, Mapping):
        raise GraphTypeError(f"Expected {what} as a dict {{name: tensor}}, got {kind_of(tensors)}.")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise GraphTypeError(
                f"Expected {what} as a dict {{name: tensor}}, got {kind_of(tensor)} for "
                f"{name!r:.80}."
            )
    return dict(tensors)


def _plain(name: str, tensor: Tensor) -> Tensor:
    """The values of a tensor, in order, in memory of the CPU."""
    if tensor.dtype not in _NAMES or tensor.layout != torch.strided or tensor.is_meta:
        raise GraphTypeError(
            f"{name!r}: expected a dense tensor of a dtype among {', '.join(map(str, _NAMES))}, "
            f"got one of {tensor.dtype}, {tensor.layout}, on {tensor.device}; convert it."
        )
    return tensor.detach().as_subclass(Tensor).cpu().resolve_conj().resolve_neg().contiguous()


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _joined(parts: Sequence[Tensor]) -> list[int]:
    """The shape of the parts of a tensor, joined."""
    first = parts[0]
    return [sum(map(len, parts)), *first.shape[1:]] if first.dim() else []


class Container(Mapping[str, Tensor]):
    """An open file: its tensors by name, read when they are used.

    Args:
        path: the file.

    Raises:
        GraphValueError: it is not such a file, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = contents(path)
        with reading(path):
            start = view(self._bytes)
            self._start = _header_stop(start)
            header = _parsed(bytes(start[8 : self._start]))
            self._metadata = _texts(header.pop("__metadata__", {}))
            self._places = {name: _place(name, entry) for name, entry in header.items()}
            _check_places(self._places.values(), len(self._bytes) - self._start)

    def __getitem__(self, name: str) -> Tensor:
        dtype, shape, start, stop = self._places[name]
        part = self._bytes[self._start + start : self._start + stop]
        if (self._start + start) % dtype.itemsize:
            part = part.clone()  # written by another program
        if dtype == torch.bool:  # the file may have any byte
            return viewed(part, torch.uint8, shape) != 0
        return viewed(part, dtype, shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def content(self, kind: str) -> Any:
        """What the file says beside its tensors.

        Args:
            kind: the kind that the file must have.

        Raises:
            GraphValueError: it has another, or was written by a later version.
        """
        with reading(self.path):
            metadata = self._metadata
            if metadata.get("format") != "graphmp" or metadata.get("kind") != kind:
                name = metadata.get("kind", "no kind")
                raise GraphValueError(f"expected a file of {kind} by graphmp, got one of {name}.")
            version = int(metadata["version"])
            if version != VERSION:
                raise GraphValueError(
                    f"expected version {VERSION} of its layout, got {version}; install the "
                    "newest graphmp."
                )
            return _json(metadata["content"])


def is_container(path: Path) -> bool:
    """Whether a file begins as a container does."""
    with reading(path), path.open("rb") as file:
        start = file.read(9)
        return start[8:] == b"{" and int.from_bytes(start[:8], "little") < 1 << 40


def _header_stop(content: memoryview) -> int:
    size = len(content)
    if size < 8:
        raise GraphValueError(f"expected at least 8 bytes, got {size}; it is cut off.")
    length = int.from_bytes(content[:8], "little")
    if length > min(size - 8, MOST_HEADER):
        raise GraphValueError(
            f"expected a header of at most {min(size - 8, MOST_HEADER)} bytes, got {length}; it "
            "is cut off, or not a file of this kind."
        )
    return 8 + length


def _parsed(header: bytes) -> dict[str, Any]:
    value = _json(header.decode())
    if not isinstance(value, dict):
        raise GraphValueError("expected a header that is a JSON object; it is damaged.")
    return value


def _json(text: str) -> Any:
    """Parse JSON in which no key is repeated."""
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise GraphValueError("expected every name once, got one twice; it is damaged.")
    return value


def _texts(metadata: Any) -> dict[str, str]:
    if not all(isinstance(value, str) for value in metadata.values()):
        raise GraphValueError("expected metadata of texts, got something else; it is damaged.")
    return metadata  # type: ignore[no-any-return]


def _place(name: str, entry: dict[str, Any]) -> _Place:
    dtype, shape = DTYPES.get(entry["dtype"]), tuple(entry["shape"])
    if dtype is None:
        raise GraphValueError(
            f"expected {name[:80]!r} of a dtype among {', '.join(DTYPES)}, got "
            f"{entry['dtype']!r:.20}."
        )
    start, stop = entry["data_offsets"]
    numbers = (*shape, start, stop)
    if len(shape) > MOST_DIMENSIONS or not all(
        type(number) is int and 0 <= number < 1 << 63 for number in numbers
    ):
        raise GraphValueError(f"expected sizes of {name[:80]!r}, got {numbers!r:.80}.")
    if prod(shape) * dtype.itemsize != stop - start or prod(max(n, 1) for n in shape) >= 1 << 62:
        raise GraphValueError(
            f"expected {stop - start} bytes for {name[:80]!r}, got a shape of {shape!r:.80}."
        )
    return _Place(dtype, shape, start, stop)


def _check_places(places: Any, size: int) -> None:
    """Check that tensors fill the file, without gaps and without sharing bytes."""
    stop = 0
    for place in sorted(places, key=lambda place: (place.start, place.stop)):
        if place.start != stop:
            raise GraphValueError(f"expected a tensor at byte {stop}, got one at {place.start}.")
        stop = place.stop
    if stop != size:
        raise GraphValueError(f"expected {stop} bytes of values, got {size}; it is not whole.")
