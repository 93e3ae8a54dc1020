"""The parts of which DGL's binary files consist: numbers, texts, arrays and dicts of arrays.

Integers take 8 bytes, the least significant first. A text or a list begins with its length. Nothing
is allocated that does not lie in the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from math import prod
from typing import TypeVar

import torch
from torch import Tensor

from ..errors import GraphValueError

Item = TypeVar("Item")

_ARRAY = 0xDD5E40F096B4A13F
_MOST_DIMENSIONS = 64
_DTYPES = {
    (0, 8): torch.int8,
    (0, 16): torch.int16,
    (0, 32): torch.int32,
    (0, 64): torch.int64,
    (1, 1): torch.bool,
    (1, 8): torch.uint8,
    (2, 16): torch.float16,
    (2, 32): torch.float32,
    (2, 64): torch.float64,
    (4, 16): torch.bfloat16,
    (5, 64): torch.complex64,
    (5, 128): torch.complex128,
}


class Stream:
    """Reads a file from a position on.

    Args:
        content: the bytes of the file.
        position: where to begin.
        stop: where to end; None for the end of the file.
    """

    def __init__(self, content: memoryview, position: int = 0, stop: int | None = None) -> None:
        self.content, self.position = content, position
        self._stop = len(content) if stop is None else stop

    def skip(self, size: int) -> int:
        """Pass over some bytes, and return where they begin.

        Raises:
            GraphValueError: the file has fewer.
        """
        start = self.position
        if not 0 <= size <= self._stop - start:
            raise GraphValueError(
                f"expected {size} bytes from byte {start} on, got {self._stop - start}; it is cut "
                "off or damaged."
            )
        self.position += size
        return start

    def numbers(self, form: str) -> tuple[int, ...]:
        """Read integers of a format of ``struct``."""
        return struct.unpack_from(form, self.content, self.skip(struct.calcsize(form)))

    def number(self) -> int:
        """Read an integer."""
        (number,) = self.numbers("<Q")
        return number

    def expect(self, number: int, what: str) -> None:
        """Read the number by which a part is recognised.

        Raises:
            GraphValueError: another number.
        """
        start, actual = self.position, self.number()
        if actual != number:
            raise GraphValueError(
                f"expected {what} ({number:#x}) at byte {start}, got {actual:#x}; it is damaged."
            )

    def text(self) -> str:
        """Read a text."""
        size = self.number()
        start = self.skip(size)
        return bytes(self.content[start : start + size]).decode()

    def items(self, read: Callable[[], Item]) -> list[Item]:
        """Read a list, whose items ``read`` reads."""
        return [read() for _ in range(self.number())]

    def arrays(self) -> dict[str, Tensor]:
        """Read a dict of arrays.

        Raises:
            GraphValueError: a name occurs twice.
        """
        pairs = self.items(lambda: (self.text(), self.array()))
        if len(dict(pairs)) != len(pairs):
            raise GraphValueError("expected every name once, got one twice; it is damaged.")
        return dict(pairs)

    def array(self) -> Tensor:
        """Read an array.

        Raises:
            GraphValueError: a dtype that torch does not have, or sizes that contradict each other.
        """
        self.expect(_ARRAY, "an array")
        _, _, _, dimensions, code, bits, lanes = self.numbers("<QiiiBBH")
        dtype = _DTYPES.get((code, bits))
        if dtype is None or lanes != 1:
            raise GraphValueError(f"expected an array of numbers, got dtype {code, bits, lanes}.")
        if not 0 <= dimensions <= _MOST_DIMENSIONS:
            raise GraphValueError(f"expected at most 64 dimensions, got {dimensions}.")
        *shape, size = self.numbers(f"<{dimensions + 1}q")
        if min(shape, default=0) < 0 or prod(shape) * dtype.itemsize != size:
            raise GraphValueError(f"expected {size} bytes, got an array of shape {shape!r:.80}.")
        if prod(max(count, 1) for count in shape) >= 1 << 62:
            raise GraphValueError(f"expected a smaller array, got one of shape {shape!r:.80}.")
        start = self.skip(size)
        if size == 0:
            return torch.empty(shape, dtype=dtype, device="cpu")
        values = bytearray(self.content[start : start + size])  # from any byte on, so it is copied
        if dtype == torch.bool:  # the file may have any byte
            return torch.frombuffer(values, dtype=torch.uint8).view(shape) != 0
        return torch.frombuffer(values, dtype=dtype).view(shape)
