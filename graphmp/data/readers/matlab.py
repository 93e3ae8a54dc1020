"""Variables of MATLAB files: arrays of numbers and sparse matrices.

Read is version 5 of the format, which MATLAB and SciPy write by default. A file is a header and a
row of elements, each of which has a kind, a size and its bytes. The element of a variable holds
elements itself: its class, its shape, its name, and its numbers. It may be packed by zlib.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import GraphValueError
from ...io.compressed_rows import CompressedRows
from .text import most_bytes

Array = NDArray[Any]

HEADER_SIZE = 128
MATRIX, PACKED = 14, 15
NUMBERS = dict(enumerate(["i1", "u1", "i2", "u2", "i4", "u4", "f4"], 1))
NUMBERS |= {9: "f8", 12: "i8", 13: "u8", 16: "u1"}
SPARSE = 5
CLASSES = dict(enumerate(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"], 6))
COMPLEX = 0x800


def read(path: Path, names: Iterable[str]) -> dict[str, Array | CompressedRows]:
    """Read variables from a file of MATLAB.

    Args:
        path: the file.
        names: the variables, all of which must be there.

    Returns:
        Arrays; and sparse matrices by columns, which are the rows of the transposed matrix.

    Raises:
        GraphValueError: the file is damaged, lacks a variable, or a variable is of another kind.
    """
    wanted = list(names)
    try:
        variables = dict(_variables(path.read_bytes(), wanted))
    except (OSError, ValueError, zlib.error) as error:
        raise GraphValueError(
            f"{path} is not a file of MATLAB: {error}. Download it again."
        ) from error
    missing = ", ".join(sorted(set(wanted) - set(variables)))
    if missing:
        raise GraphValueError(f"{path} lacks the variables {missing}. Download it again.")
    return variables


def _variables(content: bytes, names: list[str]) -> Iterator[tuple[str, Array | CompressedRows]]:
    mark = content[HEADER_SIZE - 4 : HEADER_SIZE]
    orders = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
    if mark not in orders:
        raise GraphValueError(f"expected version 5 of the format, got {mark!r}")
    order, most = orders[mark], most_bytes(len(content))
    for kind, body in _elements(content[HEADER_SIZE:], order):
        if kind == PACKED:
            [(kind, body)] = _elements(_unpacked(body, most), order)
            most -= len(body)
        if kind == MATRIX:
            parts = list(_elements(body, order))
            name = _part(parts, 2).tobytes().decode("latin-1")
            if name in names:
                yield name, _variable(parts, name)


def _elements(content: bytes, order: str) -> Iterator[tuple[int, Any]]:
    """The kind of each element, and its numbers, or its bytes if it is none of numbers."""
    start = 0
    while start < len(content):
        kind, size = np.frombuffer(content[start : start + 8].ljust(8), f"{order}u4").tolist()
        start += 8
        if kind >> 16:  # up to four bytes, which lie where others have their size
            kind, size, start = kind & 0xFFFF, kind >> 16, start - 4
        body = content[start : start + size]
        if len(body) != size:
            raise GraphValueError(f"expected {size} bytes of an element, got {len(body)}")
        yield kind, np.frombuffer(body, order + NUMBERS[kind]) if kind in NUMBERS else body
        start += size if kind == PACKED else size + -(start + size) % 8


def _unpacked(body: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(body, most)
    if unpacker.unconsumed_tail:
        raise GraphValueError("it would unpack to far more than honest data does")
    return content


def _variable(parts: list[tuple[int, Any]], name: str) -> Array | CompressedRows:
    flags, shape = int(_part(parts, 0)[:1].sum()), tuple(_part(parts, 1).tolist())
    kind = flags & 0xFF
    is_shape = all(isinstance(size, int) and size >= 0 for size in shape)
    if flags & COMPLEX or (kind != SPARSE and kind not in CLASSES) or not is_shape:
        raise GraphValueError(f"expected {name} to be an array of real numbers")
    if kind == SPARSE:
        return CompressedRows.checked(
            _part(parts, 4), _part(parts, 3), _part(parts, 5), shape[::-1], name
        )
    numbers = _part(parts, 3)
    if prod(shape) != numbers.size:
        raise GraphValueError(f"expected {prod(shape)} numbers of {name}, got {numbers.size}")
    return numbers.astype(CLASSES[kind]).reshape(shape, order="F")


def _part(parts: list[tuple[int, Any]], place: int) -> Array:
    """The numbers of a part of a variable."""
    if place >= len(parts) or not isinstance(parts[place][1], np.ndarray):
        raise GraphValueError("expected the parts of a variable, got others")
    numbers: Array = parts[place][1]
    return numbers
