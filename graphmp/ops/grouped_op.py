"""The differentiable products of segments of rows with matrices; :mod:`.grouped` checks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .broadcast import autocast
from .formulas import Maybe
from .operation import Operation


class Blocks(NamedTuple):
    """The constant of a call.

    Attributes:
        blocks: how many blocks lie on the diagonal of each matrix; 1 for a whole matrix.
    """

    blocks: int


def segment_products(x: Tensor, lengths: Tensor, weights: Tensor) -> Tensor:
    """Multiply consecutive rows by the matrix of their segment.

    Args:
        x: (N, in).
        lengths: (R,) integers on the CPU, the length of each segment; they sum to N.
        weights: (R, in, out); or the blocks on the diagonals of matrices, (R, blocks,
            in / blocks, out / blocks).

    Returns:
        (N, out).
    """
    weights = weights.unsqueeze(1) if weights.ndim == 3 else weights
    call = Blocks(weights.shape[1])
    return _PRODUCTS(call, autocast(x), lengths, autocast(weights))  # type: ignore[no-any-return]


class _SegmentProducts(Operation):
    """Rows times matrices."""

    name, record, operands, num_saved = "segment_products", Blocks, ("x", "lengths", "weights"), 3

    def run(self, call: Blocks, trains: bool, *operands: Any) -> tuple[Tensor, ...]:
        """One product for each segment."""
        x, lengths, weights = operands
        out = x.new_empty(x.shape[0], call.blocks * weights.shape[-1])
        for part, weight, result in _segments(lengths, x, weights, out):
            if call.blocks == 1:
                torch.mm(part, weight[0], out=result)
            else:
                torch.bmm(_blocks(part, call), weight, out=_blocks(result, call))
        return (out,)

    def fake(self, call: Blocks, trains: bool, *operands: Any) -> tuple[Tensor, ...]:
        """An empty result."""
        x, _, weights = operands
        return (x.new_empty(x.shape[0], call.blocks * weights.shape[-1]),)

    def saved_tensors(
        self, call: Blocks, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The operand that the gradient of the other reads."""
        x, lengths, weights = operands
        return x if needs[2] else None, lengths, weights if needs[0] else None

    def gradients(
        self, call: Blocks, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Products with the transposed matrices; and of the transposed rows."""
        (x, lengths, weights), (grad,) = saved, grads
        return (
            self(call, grad, lengths, weights.mH) if needs[0] else None,
            None,
            _TRANSPOSED(call, x, lengths, grad) if needs[2] else None,
        )


class _TransposedProducts(Operation):
    """The transposed rows of each segment times its other rows: (R, blocks, in, out)."""

    name, record, num_saved = "transposed_segment_products", Blocks, 3
    operands = ("x", "lengths", "y")

    def run(self, call: Blocks, trains: bool, *operands: Any) -> tuple[Tensor, ...]:
        """One product for each segment; 0 for one without rows."""
        x, lengths, y = operands
        (out,) = self.fake(call, trains, x, lengths, y)
        for left, right, result in _segments(lengths, x, y, out.zero_()):
            if call.blocks == 1:
                torch.mm(left.mH, right, out=result[0])
            else:
                torch.bmm(_blocks(left, call).mH, _blocks(right, call), out=result)
        return (out,)

    def fake(self, call: Blocks, trains: bool, *operands: Any) -> tuple[Tensor, ...]:
        """An empty result."""
        x, lengths, y = operands
        sizes = [rows.shape[1] // call.blocks for rows in (x, y)]
        return (x.new_empty(lengths.shape[0], call.blocks, *sizes),)

    def saved_tensors(
        self, call: Blocks, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The rows that the gradient of the others reads."""
        x, lengths, y = operands
        return x if needs[2] else None, lengths, y if needs[0] else None

    def gradients(
        self, call: Blocks, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Products of rows with matrices."""
        (x, lengths, y), (grad,) = saved, grads
        return (
            _PRODUCTS(call, y, lengths, grad.mH) if needs[0] else None,
            None,
            _PRODUCTS(call, x, lengths, grad) if needs[2] else None,
        )


def _segments(lengths: Tensor, *tensors: Tensor) -> Iterator[list[Tensor]]:
    """The parts of each segment that has rows: of rows a slice, and of (R, …, …, …) one item."""
    sizes = lengths.tolist()
    parts = [torch.split(t, sizes) if t.ndim == 2 else t.unbind() for t in tensors]
    return (each for size, *each in zip(sizes, *parts, strict=True) if size)


def _blocks(rows: Tensor, call: Blocks) -> Tensor:
    """(n, blocks * size) as (blocks, n, size)."""
    return rows.view(rows.shape[0], call.blocks, -1).transpose(0, 1)


_PRODUCTS, _TRANSPOSED = _SegmentProducts(), _TransposedProducts()
