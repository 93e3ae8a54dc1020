"""Philox 4x32-10: a counter-based random number generator without state.

Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, SC 2011. The random number of an edge
depends on the seed and the edge id alone, so that it is the same in the forward and the backward
pass, for every backend, layout and number of threads, and need not be stored.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

_LOW = 0xFFFFFFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
STEPS = (0x9E3779B9, 0xBB67AE85)  # what the halves of the key grow by
ROUNDS = 10
COUNTERS = 256
BLOCK = 4 * COUNTERS  # elements that share these counters, see :func:`block_words`


def words(seed: int, ids: Tensor, group: Tensor | int, kind: int = 0) -> tuple[Tensor, ...]:
    """Four random words of 32 bits for each id.

    Args:
        seed: the key, 0 to 2⁶³ - 1.
        ids: (n,) integers, the first half of the counter.
        group: the third quarter of the counter, one number or (n,).
        kind: the last quarter of the counter.

    Returns:
        Four (n,) int64 tensors from 0 to 2³² - 1.
    """
    k0, k1 = seed & _LOW, seed >> 32
    ids = ids.long()
    a, b = ids & _LOW, (ids >> 32) & _LOW
    c, d = torch.zeros_like(ids) + group, torch.full_like(ids, kind)
    for _ in range(ROUNDS):
        # The products wrap around in 64 bits, which preserves their bits; masks drop the sign.
        x, y = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b = ((y >> 32) & _LOW) ^ b ^ k0, y & _LOW
        c, d = ((x >> 32) & _LOW) ^ d ^ k1, x & _LOW
        k0, k1 = (k0 + STEPS[0]) & _LOW, (k1 + STEPS[1]) & _LOW
    return a, b, c, d


def fraction(high: Tensor, low: Tensor) -> Tensor:
    """Convert two words to numbers between 0 and 1, both excluded.

    Uses 52 bits plus one half, which float64 represents exactly; one more bit could round up to 1.

    Args:
        high: (n,) words of 32 bits.
        low: (n,) words of 32 bits.

    Returns:
        (n,) float64.
    """
    return (((high << 20) | (low >> 12)).double() + 0.5) / 2**52


def halves(seed: int) -> tuple[int, int]:
    """The low and the high half of a key, the low one reinterpreted as a signed 32-bit integer.

    So the types of a kernel's arguments do not depend on the key.
    """
    low = seed & _LOW
    return low - (low >> 31 << 32), seed >> 32


@lru_cache(maxsize=256)
def threshold(probability: float) -> int:
    """The least 32-bit word that is not dropped with probability ``probability``."""
    return round(probability * 2**32)


def scale_of(probability: float) -> float:
    """What numbers that are not dropped are multiplied by, so that the expectation stays."""
    return 2**32 / max(2**32 - threshold(probability), 1)


def block_words(seed: int, count: int, device: torch.device) -> Tensor:
    """A random word of 32 bits for each element of a tensor.

    In each block of ``BLOCK`` elements, the first words of ``COUNTERS`` consecutive counters come
    first, then their second words, and so on: SIMD lanes that have consecutive counters read and
    write consecutive elements.

    Args:
        seed: the key.
        count: the number of elements.
        device: where.

    Returns:
        (count,) int64, from 0 to 2³² - 1.
    """
    blocks = -(-count // BLOCK)
    counters = torch.arange(blocks * COUNTERS, device=device)
    columns = [word.view(blocks, COUNTERS) for word in words(seed, counters, 0)]
    return torch.stack(columns, 1).flatten()[:count]


def dropout_mask(
    seed: int, eids: Tensor, heads: int, probability: float, dtype: torch.dtype
) -> Tensor:
    """The dropout factors of edges and heads: 0 or 1 / (1 - probability).

    Args:
        seed: the key.
        eids: (E,) edge ids.
        heads: the number of heads; head ``h`` uses word ``h % 4`` of group ``h // 4``.
        probability: the probability of 0.
        dtype: the dtype of the result.

    Returns:
        (E, heads).
    """
    groups = [torch.stack(words(seed, eids, group), 1) for group in range(-(-heads // 4))]
    bits = torch.cat(groups, 1)[:, :heads] if groups else eids.new_empty(len(eids), 0)
    return (bits >= threshold(probability)).to(dtype) * scale_of(probability)
