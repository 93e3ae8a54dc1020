"""Random numbers that need no state: Philox 4x32-10, a function of a key and a counter.

Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, SC 2011. What an edge draws depends on
the seed and on its id alone, so it is the same in the forward and the backward pass, for every
backend, layout and number of threads, and need not be stored.
"""

from __future__ import annotations

import torch
from torch import Tensor

_LOW = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_STEPS = (0x9E3779B9, 0xBB67AE85)


def words(seed: int, ids: Tensor, group: Tensor | int, kind: int = 0) -> tuple[Tensor, ...]:
    """Four times 32 random bits for each id.

    Args:
        seed: the key, 0 to 2⁶³ - 1.
        ids: (n,) integers, the first half of the counter.
        group: its third quarter, one number or (n,).
        kind: its last quarter.

    Returns:
        Four (n,) int64 tensors of 0 to 2³² - 1.
    """
    k0, k1 = seed & _LOW, seed >> 32
    ids = ids.long()
    a, b = ids & _LOW, (ids >> 32) & _LOW
    c, d = torch.zeros_like(ids) + group, torch.full_like(ids, kind)
    for _ in range(10):
        # The products wrap around in 64 bits, which keeps their bits; the masks drop the sign.
        x, y = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b = ((y >> 32) & _LOW) ^ b ^ k0, y & _LOW
        c, d = ((x >> 32) & _LOW) ^ d ^ k1, x & _LOW
        k0, k1 = (k0 + _STEPS[0]) & _LOW, (k1 + _STEPS[1]) & _LOW
    return a, b, c, d


def fraction(high: Tensor, low: Tensor) -> Tensor:
    """Numbers between 0 and 1, neither of them included, of two words.

    52 bits and a half are what float64 holds exactly: one bit more would round up to 1.

    Args:
        high: (n,) words of 32 bits.
        low: (n,) words of 32 bits.

    Returns:
        (n,) float64.
    """
    return (((high << 20) | (low >> 12)).double() + 0.5) / 2**52


def halves(seed: int) -> tuple[int, int]:
    """The low and the high half of a key, each as the signed number of 32 bits that has its bits.

    A kernel's arguments are then of one type, whatever the key.
    """
    low = seed & _LOW
    return low - (low >> 31 << 32), seed >> 32


def threshold(probability: float) -> int:
    """The least number of 32 bits that is kept when ``probability`` of them is dropped."""
    return round(probability * 2**32)


def dropout_mask(
    seed: int, eids: Tensor, heads: int, probability: float, dtype: torch.dtype
) -> Tensor:
    """The factors of dropout for edges and heads: 0, or one over the share that is kept.

    Args:
        seed: the key.
        eids: (E,) edge ids.
        heads: the number of heads; head ``h`` takes word ``h % 4`` of group ``h // 4``.
        probability: of a 0.
        dtype: of the result.

    Returns:
        (E, heads).
    """
    least = threshold(probability)
    groups = [torch.stack(words(seed, eids, group), 1) for group in range(-(-heads // 4))]
    bits = torch.cat(groups, 1)[:, :heads] if groups else eids.new_empty(len(eids), 0)
    return (bits >= least).to(dtype) * (2**32 / max(2**32 - least, 1))
