"""Attention and its gradients on the CPU."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import Attention, Csr, accumulator
from ..philox import threshold
from . import loops
from .messages import SHAPES, as_array, blocks_at_once, csr_arrays, result, run
from .runtime.jit import code_for
from .simd.llvm import LANES
from .simd.vector import BY_COLUMNS, IN_BLOCKS

EXACT = (1, 2, 4, 8)  # numbers of heads for which loops are compiled
KINDS = {"add": (), "dot": (0,), "leaky": (0, 0)}  # for which loops are compiled


def attention(
    csr: Csr, spec: Attention, with_attention: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Attend; see the contract."""
    rows, edges = csr.indptr.shape[0] - 1, csr.indices.shape[0]
    size, dtype = spec.value.shape[1], spec.value.dtype
    wide = accumulator(dtype)
    out, out_array = result(rows, size, wide)
    rounded, rounded_array = out, _no_rows(wide)
    if dtype != wide:
        rounded, rounded_array = result(rows, size, dtype)
    stats, stats_array = result(rows, 2 * spec.heads, wide)
    attention, attention_array = None, _no_rows(dtype)
    if with_attention:
        attention, attention_array = result(edges, spec.heads, dtype)
    layouts, codes = _layouts(spec.heads, spec.left.shape[1], size)
    results = (out_array, rounded_array, stats_array, attention_array)
    args = (*_spec_arguments(csr, spec), layouts, results)
    code = _code(codes, loops.attention.attention_rows, csr, spec, spec.value, args)
    run(code, args[1][0], edges * max(size, 1), *args)
    return out, rounded, stats, attention


def attention_gradient(
    csr: Csr, spec: Attention, stats: Tensor, grad: Tensor, attention_grad: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The gradients at sources and edges; see the contract."""
    edges, heads, wide = csr.indices.shape[0], spec.heads, stats.dtype
    (sources, size), width = spec.value.shape, spec.left.shape[1]
    value, value_array = result(sources, size, spec.value.dtype)
    left, left_array = result(sources, width, wide)
    scores, scores_array = result(edges, heads, wide)
    weight, weight_array = None, _no_rows(wide)
    if spec.weight is not None:
        weight, weight_array = result(edges, heads, wide)
    layouts, codes = _layouts(heads, width, size)
    other = _no_rows(grad.dtype) if attention_grad is None else as_array(attention_grad)
    grads = (as_array(stats), as_array(grad), other)
    results = (value_array, left_array, scores_array, weight_array)
    args = (*_spec_arguments(csr, spec), layouts, grads, results)
    loop = loops.attention_gradient.attention_gradient_rows
    code = _code(codes, loop, csr, spec, grad, args)
    run(code, args[1][0], 2 * edges * max(size, 1), *args)
    return value, left, scores, weight


def score_gradient(csr: Csr, spec: Attention, scores: Tensor) -> Tensor:
    """The gradient of scores at the destinations; see the contract."""
    rows, size = spec.right.shape
    out, array = result(rows, size, scores.dtype)
    arrays, kind = csr_arrays(csr, in_order=True), KINDS[spec.kind]
    operands = (as_array(spec.right), as_array(spec.left), float(spec.negative_slope))
    (layout, *_, count), codes = _layouts(spec.heads, size, size)
    args = (kind, arrays, operands, as_array(scores), (layout, count), array)
    loop = loops.attention_gradient.score_gradient_rows
    code = _code(codes, loop, csr, spec, scores, args)
    run(code, arrays[0], len(arrays[1]) * max(size, 1), *args)
    return out


def row_dots(left: Tensor, right: Tensor, heads: int) -> Tensor:
    """Dot products of rows, head by head; see the contract."""
    rows, size = left.shape
    out, array = result(rows, heads, left.dtype)
    shape, width = SHAPES[blocks_at_once(heads)], size // max(heads, 1)
    arguments = (as_array(left), as_array(right), width, array, shape)
    run(loops.attention_gradient.row_dots, rows, 2 * rows * size, *arguments)
    return out


def _spec_arguments(csr: Csr, spec: Attention) -> tuple[Any, ...]:
    """The first arguments of both loops: kind, csr, operands, activation and dropout."""
    none = _no_rows(spec.value.dtype)
    return (
        KINDS[spec.kind],
        csr_arrays(csr, in_order=True),
        (
            *(as_array(spec.left), as_array(spec.right), as_array(spec.value)),
            none if spec.edge is None else as_array(spec.edge),
            none if spec.weight is None else as_array(spec.weight),
        ),
        (
            none if spec.attn_vector is None else as_array(spec.attn_vector),
            float(spec.negative_slope),
        ),
        (spec.seed, threshold(spec.dropout)),
    )


@cache
def _no_rows(dtype: torch.dtype) -> Any:
    """The array of an operand that is None: one without rows."""
    return as_array(torch.zeros(0, 1, dtype=dtype, device="cpu"))


def _code(
    codes: dict[Any, Any], loop: Any, csr: Csr, spec: Attention, other: Tensor, args: Any
) -> Any:
    """The loop's code for some layouts, whose ``codes`` have it by the types of the rest."""
    types = (loop, spec.kind, spec.value.dtype, other.dtype, csr.indptr.dtype, type(csr))
    return codes.get(types) or codes.setdefault(types, code_for(loop, args))


@lru_cache(maxsize=4096)
def _layouts(heads: int, width: int, size: int) -> tuple[tuple[Any, ...], dict[Any, Any]]:
    """The layouts of rows of ``width`` and of ``size`` elements and the heads, and an empty dict.

    The dict is for the loops' code. For some numbers of heads loops are compiled.
    """
    exact = (0,) * heads if heads in EXACT else ()
    return (_layout(heads, width), _layout(heads, size), (heads, exact)), {}


def _layout(heads: int, size: int) -> tuple[Any, ...]:
    """How the ``size`` elements of a row meet heads; see :mod:`.loops.attention`."""
    width = max(size // max(heads, 1), 1)
    columns = (np.arange(size) // width).astype(np.int32)
    counts = [count for count in (16, 8, 4, 2) if count * LANES <= size]
    if width % LANES and heads > 1:
        count = counts[0] if counts else 1
        return BY_COLUMNS, columns, SHAPES[count], (), SHAPES[blocks_at_once(heads)]
    even = (c for c in counts if _are_even(c * LANES, width, heads))
    count = next(even, 1)
    factors = (0,) * max(count * LANES // width, 1) if heads > 1 else (0,)
    return IN_BLOCKS, columns, SHAPES[count], factors, SHAPES[1]


def _are_even(columns: int, width: int, heads: int) -> bool:
    """Whether tiles of so many columns have whole heads, at most eight, or parts of one."""
    return heads == 1 or width % columns == 0 or (columns % width == 0 and columns <= LANES * width)
