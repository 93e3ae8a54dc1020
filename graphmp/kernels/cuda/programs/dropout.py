"""Dropout, and its gradient after a ReLU."""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import from_halves, philox


@triton.jit(do_not_specialize=["key_low", "key_high", "least_low", "least_high", "total"])
def drop(
    x,
    out,
    key_low,
    key_high,
    least_low,
    least_high,
    total,
    COUNTERS: tl.constexpr,
    RELU: tl.constexpr,
):
    """Drop or scale one block of elements: four for each counter, ``COUNTERS`` apart."""
    counter = tl.program_id(0).to(tl.int64) * COUNTERS + tl.arange(0, COUNTERS)
    a, b, c, d = philox(key_low, key_high, counter, tl.zeros((COUNTERS,), tl.int32), 0)
    least = from_halves(least_low, least_high)
    i = tl.program_id(0).to(tl.int64) * (4 * COUNTERS) + tl.arange(0, COUNTERS)
    drop_or_scale(x, out, i, a, least, total, RELU)
    drop_or_scale(x, out, i + COUNTERS, b, least, total, RELU)
    drop_or_scale(x, out, i + 2 * COUNTERS, c, least, total, RELU)
    drop_or_scale(x, out, i + 3 * COUNTERS, d, least, total, RELU)


@triton.jit
def drop_or_scale(x, out, i, word, least, total, RELU: tl.constexpr):
    """Drop elements ``i`` whose words are below ``least``; scale the others."""
    value = load_wide(x, i, total)
    if RELU:
        value = tl.where(value <= 0, 0, value)
    scaled = value * scale_of(least).to(value.dtype)
    tl.store(out + i, tl.where(word.to(tl.int64) >= least, scaled, 0), mask=i < total)


@triton.jit(do_not_specialize=["least_low", "least_high", "total"])
def scale_positive(values, grads, out, least_low, least_high, total, BLOCK: tl.constexpr):
    """Scale gradients where values are positive or NaN; 0 elsewhere."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    grad = load_wide(grads, i, total)
    scaled = grad * scale_of(from_halves(least_low, least_high)).to(grad.dtype)
    tl.store(out + i, tl.where(load_wide(values, i, total) <= 0, 0, scaled), mask=i < total)


@triton.jit
def load_wide(x, i, total):
    """Elements ``i`` in the accumulator's dtype."""
    value = tl.load(x + i, mask=i < total, other=0)
    DTYPE: tl.constexpr = tl.float64 if value.dtype == tl.float64 else tl.float32
    return value.to(DTYPE)


@triton.jit
def scale_of(least):
    """All words divided by those that are not below ``least``, in float64."""
    return 4294967296.0 / tl.maximum(4294967296 - least, 1).to(tl.float64)
