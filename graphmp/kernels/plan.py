"""Plans: how the features of two operands broadcast, and which dimensions are summed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from ..errors import GraphValueError


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that shapes broadcast to, right-aligned as in NumPy.

    Torch's own imports SymPy, which takes 0.3 s; NumPy's knows no symbolic sizes.

    Raises:
        GraphValueError: they do not broadcast.

    Example:
        >>> broadcast_shape((2, 1), (3,), ())
        (2, 3)
    """
    rank = max(map(len, shapes))
    result = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            if result[axis] == 1:
                result[axis] = size
            elif size not in (1, result[axis]):
                raise GraphValueError(
                    "Expected features whose shapes broadcast, right-aligned as in NumPy, got "
                    f"{', '.join(map(str, shapes))}; reshape one of them."
                )
    return tuple(result)


@dataclass(frozen=True, eq=False)
class Plan:
    """How the features of two operands broadcast to a result, right-aligned as in NumPy.

    Operands and result broadcast to ``full``; a dimension that is 1 in ``out_shape`` and larger in
    ``full`` is summed. In a dot product that is the last dimension, in the gradient of a broadcast
    operand those along which it was broadcast.

    Attributes:
        lhs_shape: feature shape of the left operand.
        rhs_shape: of the right operand.
        out_shape: of the result.
    """

    lhs_shape: tuple[int, ...]
    rhs_shape: tuple[int, ...]
    out_shape: tuple[int, ...]

    @cached_property
    def full(self) -> tuple[int, ...]:
        """The shape that the operands and the result broadcast to."""
        return broadcast_shape(*self._shapes)

    @cached_property
    def size(self) -> int:
        """The number of elements of ``full``."""
        return math.prod(self.full)

    @cached_property
    def out_size(self) -> int:
        """The number of elements of ``out_shape``."""
        return math.prod(self.out_shape)

    @cached_property
    def maps(self) -> tuple[Tensor, Tensor, Tensor]:
        """For each element of ``full``, its flat index in left, right and result: (size,) int64."""
        sizes = [(shape, math.prod(shape)) for shape in self._shapes]
        indices = [torch.arange(size, device="cpu").reshape(shape) for shape, size in sizes]
        left, right, out = (map_.expand(self.full).reshape(-1).contiguous() for map_ in indices)
        return left, right, out

    @cached_property
    def width(self) -> int:
        """The block of a fast layout, or 0.

        When every one of left, right and result is either as large as ``full`` or has one
        element for each block of ``width``, kernels need no maps: this covers equal shapes,
        scalars, heads, and dot products.
        """
        if self.size == 0:
            return 0
        widths = {_block(indices) for indices in self.maps} - {1}
        if 0 in widths or len(widths) > 1:
            return 0
        return widths.pop() if widths else self.size

    @cached_property
    def wide(self) -> tuple[bool, bool, bool]:
        """Whether left, right and result are as large as ``full``, for the fast layout."""
        left, right, out = (math.prod(shape) == self.size for shape in self._shapes)
        return left, right, out

    @property
    def _shapes(self) -> tuple[tuple[int, ...], ...]:
        return self.lhs_shape, self.rhs_shape, self.out_shape


def _block(indices: Tensor) -> int:
    """The w for which ``indices[i] == i // w`` everywhere, or 0."""
    width = int((indices == 0).sum())
    expected = torch.arange(indices.numel(), device="cpu") // max(width, 1)
    return width if torch.equal(indices, expected) else 0


@lru_cache(maxsize=4096)
def plan(
    lhs_shape: tuple[int, ...], rhs_shape: tuple[int, ...], out_shape: tuple[int, ...]
) -> Plan:
    """The plan of these feature shapes; cached."""
    return Plan(lhs_shape, rhs_shape, out_shape)


def maps_on(plan: Plan, device: torch.device) -> tuple[Tensor, ...]:
    """The maps of a plan on a device; copied there once."""
    return plan.maps if device.type == "cpu" else _copied(plan, device)


@lru_cache(maxsize=4096)
def _copied(plan: Plan, device: torch.device) -> tuple[Tensor, ...]:
    return tuple(indices.to(device) for indices in plan.maps)
