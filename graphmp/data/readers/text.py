"""Text files: decoded, unpacked, and cut into lines."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from ...errors import GraphValueError

# Text packs to a tenth of its size, rarely to a fiftieth. A file that grows more is meant to harm.
FREE_SIZE = 1 << 28
MOST_GROWTH = 100


def read(path: Path, encoding: str = "utf-8-sig", advice: str = "Download it again.") -> str:
    r"""Read a text file, which is unpacked if its name ends in ``.gz``.

    Args:
        path: the file.
        encoding: by default UTF-8, with or without a byte order mark.
        advice: what to do about a file that cannot be read, for the error.

    Returns:
        The text; lines end in ``"\n"``.

    Raises:
        GraphValueError: the file cannot be read, is damaged, or unpacks to far more than text does.
    """
    try:
        if not path.is_file():  # nor a device, which may have no end
            raise GraphValueError("there is no such file.")
        content = _unpacked(path) if path.suffix == ".gz" else path.read_bytes()
        text = content.decode(encoding)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise GraphValueError(f"{path} cannot be read: {error} {advice}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines(path: Path, encoding: str = "utf-8-sig") -> Iterator[tuple[int, str]]:
    """The lines of a text file that are not blank, with their numbers from 1.

    Args:
        path: the file.
        encoding: see :func:`read`.

    Raises:
        GraphValueError: see :func:`read`.
    """
    for number, line in enumerate(read(path, encoding).split("\n"), 1):
        if line and not line.isspace():
            yield number, line


def read_json(path: Path, kind: type) -> Any:
    """Read a file of JSON.

    Args:
        path: the file.
        kind: what it must hold: ``dict`` or ``list``.

    Raises:
        GraphValueError: see :func:`read`; or the file holds something else.
    """
    try:
        value = json.loads(read(path))
    except (ValueError, RecursionError) as error:
        raise GraphValueError(f"{path} is not JSON: {error} Download it again.") from error
    if not isinstance(value, kind):
        raise GraphValueError(
            f"{path}: expected a {kind.__name__}, got a {type(value).__name__}. Download it again."
        )
    return value


def most_bytes(packed: int) -> int:
    """How many bytes a packed file of ``packed`` bytes may unpack to."""
    return FREE_SIZE + MOST_GROWTH * packed


class Source(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Read at most ``size`` bytes."""


def copy_limited(source: Source, target: IO[bytes], limit: int, what: str) -> None:
    """Copy a stream that may be longer than it should be.

    Args:
        source: where to read.
        target: where to write.
        limit: the most bytes.
        what: what is copied, for the error.

    Raises:
        GraphValueError: there are more.
    """
    while chunk := source.read(1 << 20):
        limit -= len(chunk)
        if limit < 0:
            raise GraphValueError(
                f"{what} unpacks to more than {MOST_GROWTH} times its size, which honest data does "
                "not. Do not use this file; download it again from its source."
            )
        target.write(chunk)


def _unpacked(path: Path) -> bytes:
    content = io.BytesIO()
    with gzip.open(path) as file:
        copy_limited(file, content, most_bytes(path.stat().st_size), str(path))
    return content.getvalue()
