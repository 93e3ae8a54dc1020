"""Random numbers in Triton kernels: Philox 4x32-10, as in :mod:`graphmp.kernels.philox`."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def words(key_low, key_high, place, group, kind: tl.constexpr):
    """Four times 32 random bits of a key and a counter of 64, 32 and 32 bits, as uint32.

    The halves of the key are int32 whose bits count; ``place`` is int64, ``group`` int32.
    """
    key = (key_high.to(tl.int64) << 32) | (key_low.to(tl.int64) & 0xFFFFFFFF)
    low, high = (place & 0xFFFFFFFF).to(tl.uint32), (place >> 32).to(tl.uint32)
    last = tl.full((), kind, tl.uint32)
    return tl.philox(key, low, high, group.to(tl.uint32), last)


@triton.jit
def fraction(high, low):
    """Float64 between 0 and 1, neither of them included, of two words."""
    bits = (high.to(tl.int64) << 20) | (low.to(tl.int64) >> 12)
    return (bits.to(tl.float64) + 0.5) / 4503599627370496.0
