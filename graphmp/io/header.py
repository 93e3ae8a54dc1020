"""The header of a file of safetensors, which says where its tensors lie.

A file begins with the size of its header in 8 bytes. The header is JSON: for each tensor its dtype,
shape, and where it begins and ends among the bytes that follow. Tensors fill these without gaps.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import torch

from ..errors import GraphValueError
from .files import DAMAGED

METADATA = "__metadata__"  # the name that safetensors reserves
MAX_SIZE = 100_000_000  # bytes of a header
MAX_DIMENSIONS = 64  # torch needs minutes to copy a tensor of a million
STORABLE = {  # the dtypes of files that are written
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
    "C64": torch.complex64,
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
}
_READABLE = STORABLE | {
    "U16": torch.uint16,
    "U32": torch.uint32,
    "U64": torch.uint64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
}


class Entry(NamedTuple):
    """What the header says about a tensor.

    Attributes:
        dtype: its dtype.
        shape: its shape.
        start: its first byte in the file.
        numel: the number of its elements.
    """

    dtype: torch.dtype
    shape: list[int]
    start: int
    numel: int


class Header(NamedTuple):
    """A header that fits its file.

    Attributes:
        metadata: texts about the file.
        entries: the tensors, in the order of their names.
    """

    metadata: dict[str, str]
    entries: dict[str, Entry]

    @classmethod
    def checked(cls, content: memoryview) -> Header:
        """Read and check the header of a file.

        Args:
            content: all bytes of the file.

        Raises:
            GraphValueError: the header is no such header, or does not fit the file.
        """
        try:
            return cls._parsed(content)
        except DAMAGED as error:
            is_ours = isinstance(error, GraphValueError)
            reason = error if is_ours else f"{type(error).__name__}: {str(error)[:200]}"
            raise GraphValueError(f"expected a file of safetensors, but got: {reason}.") from error

    @classmethod
    def _parsed(cls, content: memoryview) -> Header:
        begin = 8 + int.from_bytes(content[:8], "little")
        _check(8 <= begin <= min(len(content), MAX_SIZE), "a header of another size")
        header = parse_json(str(content[8:begin], "utf-8"))
        "".join(header).encode()  # an escape may name a letter that UTF-8 does not have
        metadata = header.pop(METADATA, {})
        _check(all(type(each) is str for each in metadata.values()), "metadata that are no texts")
        entries = {name: _entry(name, begin, **header[name]) for name in sorted(header)}
        stop = begin
        for dtype, _, start, count in sorted(entries.values(), key=lambda entry: entry[2:]):
            _check(start == stop, "gaps between tensors")
            stop = start + count * dtype.itemsize
        _check(stop == len(content), "values of another size")
        return cls(metadata, entries)


def _entry(name: str, begin: int, dtype: str, shape: list[int], data_offsets: list[int]) -> Entry:
    """The entry of a tensor, in a file whose values start at byte ``begin``."""
    numbers = (*shape, *data_offsets)
    are_sizes = {*map(type, numbers)} == {int} and min(numbers) >= 0 and type(shape) is list
    _check(are_sizes and len(data_offsets) == 2, "a wrong size", name)
    _check(len(shape) <= MAX_DIMENSIONS, f"more than {MAX_DIMENSIONS} dimensions", name)
    count, (start, stop) = math.prod(shape), data_offsets
    kind = _READABLE[dtype]
    _check(stop - start == count * kind.itemsize, "a wrong size", name)
    return Entry(kind, shape, begin + start, count)


def parse_json(text: str) -> Any:
    """Parse JSON in which no key is repeated.

    Raises:
        GraphValueError: a key is repeated.
    """
    return _DECODER.decode(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise GraphValueError("expected every name once, got one twice; it is damaged.")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _check(condition: bool, other: str, name: str = "") -> None:
    if not condition:
        raise GraphValueError(f"{other} of {name[:80]!r}" if name else other)
