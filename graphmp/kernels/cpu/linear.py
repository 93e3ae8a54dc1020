"""Linear maps by torch, into memory that is reused, and the gradients of their weight and bias.

A product of a few hundred columns takes little longer than the system takes to map and clear new
memory for its result.

In half precision torch multiplies by oneDNN, which compiles a product for each number of rows, in
1 to 3 ms, and keeps a thousand of them, of 0.6 MB each. Hardly two sampled batches have the same
number, so rows are cut into two blocks whose sizes recur.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..contract import accumulator
from . import loops
from .messages import as_array, even_shape, result, run
from .runtime.memory import empty
from .simd.sums import BLOCK

_STEPS = 8  # sizes of blocks between two powers of two
_LEAST = 32  # rows of a block
_MANY = 1 << 17  # rows whose product takes longer than oneDNN's work for a new size


def linear(factors: Sequence[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
    """Sum the products of features and weights; see the contract."""
    (x, weight), *rest = factors
    rows = x.shape[0]
    total = empty((rows, weight.shape[0]), x.dtype)
    first, last = _blocks(rows, x.dtype)
    # The second block contains rows of the first, whose products it computes again.
    for block in (slice(first), slice(rows - last, rows))[: 2 if last else 1]:
        if bias is None:
            torch.mm(x[block], weight.t(), out=total[block])
        else:
            torch.addmm(bias, x[block], weight.t(), out=total[block])
        for other, its_weight in rest:
            total[block].addmm_(other[block], its_weight.t())
    return total


def weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """Sum outer products of rows; see the contract."""
    # A product is faster if the rows of its result are longer than its columns.
    if grad.shape[1] > x.shape[1]:
        return _product_of_columns(x, grad).t()
    return _product_of_columns(grad, x)


def _product_of_columns(left: Tensor, right: Tensor) -> Tensor:
    """``left.t() @ right``: that of the few last rows is rounded before the others are added."""
    first, last = _blocks(len(left), left.dtype)
    if not last:
        return left.t() @ right
    ends = [each.new_zeros(last, each.shape[1]) for each in (left, right)]
    for end, each in zip(ends, (left, right), strict=True):
        end[: len(each) - first] = each[first:]
    total = ends[0].t() @ ends[1]
    return total.addmm_(left[:first].t(), right[:first])


def _blocks(rows: int, dtype: torch.dtype) -> tuple[int, int]:
    """The sizes of two blocks that cover all rows, or the number of rows and 0."""
    if dtype.itemsize > 2 or not 2 * _LEAST <= rows < _MANY:
        return rows, 0
    first = rows // _step(rows) * _step(rows)
    rest = rows - first
    return first, max(-(-rest // _step(rest)) * _step(rest), _LEAST) if rest else 0


def _step(size: int) -> int:
    """The distance of sizes of blocks about ``size``."""
    return max((1 << size.bit_length()) // (2 * _STEPS), 1)


def column_sums(x: Tensor) -> Tensor:
    """Sum rows, a block of rows at a time; see the contract."""
    rows, size = x.shape
    blocks = -(-rows // BLOCK)
    out, array = result(blocks, size, accumulator(x.dtype))
    arguments = (as_array(x.contiguous()), array, even_shape(size))
    run(loops.linear.block_sums, blocks, x.numel(), *arguments)
    return out.sum(0, dtype=torch.float64).to(x.dtype)
