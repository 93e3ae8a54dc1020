"""The loops that sort many edges: by the first bits of their rows, then each bucket in the cache.

All work in place but for a bucket.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit

_DIGIT = 11  # bits: so many counters lie in the first cache


@jit
def sort_buckets(starts: Any, bits: Any, edges: Any, first: int, last: int) -> None:
    """Sort the edges of each bucket by their other ends and then by their rows, in place, stably.

    Args:
        starts: (buckets + 1,) where each bucket of edges starts and ends.
        bits: how many of the last bits of the other ends, and of the rows, to sort by.
        edges: three arrays (E,): rows, other ends and positions; the last two may be (0,).
        first: the first bucket.
        last: one past the last bucket.
    """
    counts, longest = np.empty(1 << _DIGIT, np.int64), np.int64(0)
    for b in range(first, last):
        longest = max(longest, np.int64(starts[b + 1] - starts[b]))
    spare_rows = np.empty(longest, edges[0].dtype)
    spare_others = np.empty(min(longest, len(edges[1])), edges[1].dtype)
    spare_positions = np.empty(min(longest, len(edges[2])), edges[2].dtype)
    for b in range(first, last):
        low, high = np.int64(starts[b]), np.int64(starts[b + 1])
        n = high - low
        rows, others, positions = edges[0][low:high], edges[1][low:high], edges[2][low:high]
        to_rows, to_others, to_positions = spare_rows[:n], spare_others[:n], spare_positions[:n]
        is_spare = False
        for end in range(2):
            passes = (bits[end] + _DIGIT - 1) // _DIGIT
            width = -(-bits[end] // max(passes, 1))
            mask = (1 << width) - 1
            for digit in range(passes):
                keys, shift = others if end == 0 else rows, digit * width
                counts[: mask + 1] = 0
                for e in range(n):
                    counts[(keys[e] >> shift) & mask] += 1
                total = np.int64(0)
                for d in range(mask + 1):
                    count = counts[d]
                    counts[d] = total
                    total += count
                for e in range(n):
                    d = (keys[e] >> shift) & mask
                    k = counts[d]
                    counts[d] = k + 1
                    to_rows[k] = rows[e]
                    if len(others) > 0:
                        to_others[k] = others[e]
                    if len(positions) > 0:
                        to_positions[k] = positions[e]
                rows, to_rows = to_rows, rows
                others, to_others = to_others, others
                positions, to_positions = to_positions, positions
                is_spare = not is_spare
        if is_spare:
            to_rows[:], to_others[:], to_positions[:] = rows, others, positions


@jit
def limits(rows: Any, indptr: Any) -> None:
    """Where each row starts and ends in ascending ``rows``: ``indptr`` (rows + 1,)."""
    row = np.int64(0)
    indptr[0] = 0
    for e in range(len(rows)):
        while row < rows[e]:
            row += 1
            indptr[row] = e
    while row < len(indptr) - 1:
        row += 1
        indptr[row] = len(rows)


@jit
def unite(u: Any, v: Any) -> Any:
    """Move the different pairs of sorted ``(u[i], v[i])`` to the front; returns their number."""
    count = np.int64(0)
    for e in range(len(u)):
        if e == 0 or u[e] != u[count - 1] or v[e] != v[count - 1]:
            u[count], v[count] = u[e], v[e]
            count += 1
    return count
