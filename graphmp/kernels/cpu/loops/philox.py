"""Random numbers in loops: Philox 4x32-10, as in :mod:`graphmp.kernels.philox`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import inline


@inline
def words(seed: int, place: int, group: int, kind: int) -> Any:
    """Four times 32 random bits of a key and a counter of 64, 32 and 32 bits."""
    low = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    k0, k1 = np.uint64(seed) & low, np.uint64(seed) >> half
    a, b = np.uint64(place) & low, np.uint64(place) >> half
    c, d = np.uint64(group), np.uint64(kind)
    for _ in range(10):
        x, y = np.uint64(0xD2511F53) * a, np.uint64(0xCD9E8D57) * c
        a, b, c, d = (y >> half) ^ b ^ k0, y & low, (x >> half) ^ d ^ k1, x & low
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return a, b, c, d


@inline
def fraction(high: int, low: int) -> Any:
    """A number between 0 and 1, neither of them included, of two words."""
    bits = (high << np.uint64(20)) | (low >> np.uint64(12))
    return (np.float64(bits) + 0.5) / np.float64(1 << 52)
