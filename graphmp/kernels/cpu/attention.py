"""Attention and softmax on the CPU: how their loops are called; see the contract."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import SCORES, Attention, Csr, accumulator
from ..philox import threshold
from .loops import spmm_plain
from .loops.attention import attend_rows, softmax_rows
from .loops.attention_gradient import (
    attend_gradient_rows,
    score_gradient_rows,
    softmax_gradient_rows,
)
from .messages import SHAPES, as_array, blocks_at_once, is_tiled, result, run
from .runtime.memory import empty
from .simd.llvm import LANES


def attention(csr: Csr, given: Attention, wanted: bool) -> tuple[Tensor, Tensor, Tensor | None]:
    """Attend; see the contract."""
    rows, edges = csr.indptr.shape[0] - 1, csr.indices.shape[0]
    size, dtype = given.value.shape[1], given.value.dtype
    wide = accumulator(dtype)
    (out, array), (stats, made) = result(rows, size, wide), result(rows, 2 * given.heads, wide)
    kept = empty((edges, given.heads), dtype) if wanted else None
    args = (*_given(csr, given), _fit(given.heads, size), array, made, _array(kept, dtype))
    run(attend_rows, args[1][0], edges * max(size, 1), *args)
    return out, stats, kept


def attention_gradient(
    csr: Csr, given: Attention, stats: Tensor, grad: Tensor, attention_grad: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The gradient at sources and edges; see the contract."""
    edges, heads, held = csr.indices.shape[0], given.heads, stats.dtype
    (sources, size), width = given.value.shape, given.left.shape[1]
    value, left = result(sources, size, given.value.dtype), result(sources, width, held)
    scores = result(edges, heads, held)
    weight = None if given.weight is None else empty((edges, heads), held)
    upstream = (as_array(stats), as_array(grad), _array(attention_grad, grad.dtype))
    made = (value[1], left[1], scores[1], _array(weight, held))
    args = (*_given(csr, given), _fit(heads, size), _fit(heads, width), *upstream, *made)
    run(attend_gradient_rows, args[1][0], 2 * edges * max(size, 1), *args)
    return value[0], left[0], scores[0], weight


def score_gradient(csr: Csr, given: Attention, scores: Tensor) -> Tensor:
    """The gradient of scores at the destinations; see the contract."""
    rows, size = given.right.shape
    out, array = result(rows, size, scores.dtype)
    fit, kind = _fit(given.heads, size), SCORES.index(given.kind)
    layout = (csr.indptr.numpy(), csr.indices.numpy(), csr.edge_ids.numpy())
    ends = (as_array(given.right), as_array(given.left))
    args = (kind, layout, *ends, float(given.negative_slope), as_array(scores), fit, array)
    run(score_gradient_rows, layout[0], len(layout[1]) * max(size, 1), *args)
    return out


def softmax(csr: Csr, logits: Tensor) -> Tensor:
    """Softmax over the edges of each row; see the contract."""
    dtype = logits.dtype
    if is_tiled(dtype):
        return _by_edges(csr, softmax_rows, dtype, (logits,), (_no_rows(accumulator(dtype)),))
    return _by_edges(csr, spmm_plain.softmax, accumulator(dtype), (logits,))


def softmax_gradient(csr: Csr, weights: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    dtype, given = weights.dtype, (weights, grads)
    if is_tiled(dtype):
        like = (_no_rows(accumulator(dtype)),)
        return _by_edges(csr, softmax_gradient_rows, dtype, given, like)
    return _by_edges(csr, spmm_plain.softmax_gradient, accumulator(dtype), given)


def _by_edges(
    csr: Csr,
    loop: Any,
    held: torch.dtype,
    given: tuple[Tensor, ...],
    more: tuple[Any, ...] = (),
) -> Tensor:
    """Values of edges made from values of edges, row by row."""
    indptr, eids, first = csr.indptr.numpy(), csr.edge_ids.numpy(), given[0]
    out, array = result(len(first), first.shape[1:].numel(), held)
    arrays = [as_array(values.to(held)) for values in given]
    run(loop, indptr, first.numel(), indptr, eids, *arrays, array, *more)
    return out.to(first.dtype).view(first.shape)


def _given(csr: Csr, given: Attention) -> tuple[Any, ...]:
    """What both loops take first."""
    dtype = given.value.dtype
    return (
        SCORES.index(given.kind),
        (csr.indptr.numpy(), csr.indices.numpy(), csr.edge_ids.numpy()),
        *(as_array(given.left), as_array(given.right), as_array(given.value)),
        *(_array(given.edge, dtype), _array(given.weight, dtype)),
        (_array(given.attn_vector, dtype), given.negative_slope),
        (given.seed, threshold(given.dropout)),
        _blocks(given.heads),
    )


def _array(tensor: Tensor | None, dtype: torch.dtype) -> Any:
    """A tensor as an array; one without rows, of ``dtype``, for None."""
    return _no_rows(dtype) if tensor is None else as_array(tensor)


@cache
def _blocks(heads: int) -> tuple[int, ...]:
    """The shape of as many vectors as heads are summed at once."""
    return SHAPES[blocks_at_once(heads)]


@lru_cache(maxsize=16)
def _no_rows(dtype: torch.dtype) -> Any:
    """An array without rows, of ``dtype``."""
    return as_array(torch.zeros(0, 1, dtype=dtype))


@lru_cache(maxsize=4096)
def _fit(heads: int, size: int) -> tuple[int, Any, tuple[int, ...]]:
    """How ``size`` elements of a row meet ``heads``; see :mod:`.loops.attention`."""
    width = max(size // max(heads, 1), 1)
    places = np.arange(size, dtype=np.int32) // width
    count = next((c for c in (16, 8, 4, 2) if c * LANES <= size), 1)
    return (1 if width % LANES == 0 else 2), places.astype(np.int32), SHAPES[count]
