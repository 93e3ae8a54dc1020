"""Random numbers in Triton kernels: Philox 4x32-10, as in :mod:`graphmp.kernels.philox`."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def philox(key_low, key_high, index, group, kind: tl.constexpr):
    """Four times 32 random bits of a key and a counter of 64, 32 and 32 bits, as uint32.

    The halves of the key are the bits of int32 numbers; ``index`` is int64, ``group`` int32.
    """
    key = from_halves(key_low, key_high)
    low, high = (index & 0xFFFFFFFF).to(tl.uint32), (index >> 32).to(tl.uint32)
    last = tl.full((), kind, tl.uint32)
    return tl.philox(key, low, high, group.to(tl.uint32), last)


@triton.jit
def from_halves(low, high):
    """A number of 64 bits, from the bits of two int32 numbers."""
    return (high.to(tl.int64) << 32) | (low.to(tl.int64) & 0xFFFFFFFF)


@triton.jit
def uniform(high, low):
    """Float64 strictly between 0 and 1, from two words."""
    bits = (high.to(tl.int64) << 20) | (low.to(tl.int64) >> 12)
    return (bits.to(tl.float64) + 0.5) / 4503599627370496.0
