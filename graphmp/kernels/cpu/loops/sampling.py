"""The loops of sampling: which edges of each row are chosen, and nodes numbered anew.

``rows`` are rows of a compressed layout, ``limits`` where the edges chosen for each of them go.
``weights`` are by edge id, without elements when every edge counts the same; ``gone`` are the
positions of edges that must not be chosen, ascending. Numbers are drawn as :mod:`...contract` says.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..runtime.jit import IS_COMPILED, inline, jit
from ..simd import addresses
from . import philox

UNIFORM, BY_WEIGHT, BY_OTHER = 0, 1, 2  # what random numbers are drawn for
FEW = 16  # ranks that are compared one by one
AHEAD = 16  # rows whose edges are brought near before they are read
MIN_WEIGHT, MAX_WEIGHT = 1e-290, 1e290  # repeated here: the disk cache ignores other files


def _nothing(array: Any, place: int) -> None:
    """Plain Python brings nothing near."""


_prefetch = addresses.prefetch_element if IS_COMPILED else _nothing


@jit
def _between(gone: Any, low: int, high: int) -> Any:
    """The part of ``gone`` that lies from ``low`` to ``high - 1``: its start and its end."""
    if len(gone) == 0:
        return 0, 0
    return np.searchsorted(gone, low), np.searchsorted(gone, high)


@jit
def count(
    indptr: Any, eids: Any, rows: Any, fanout: int, replace: bool, weights: Any, gone: Any,
    limits: Any, largest: int,
) -> Any:  # fmt: skip
    """Fill ``limits``: how many edges, and the id of one whose weight is no probability, or -1.

    ``largest`` is what ``limits`` can hold; there may be more edges.
    """
    limits[0], total = 0, np.int64(0)
    for i in range(len(rows)):
        low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
        first, past = _between(gone, low, high)
        degree = high - low - (past - first)
        if len(weights) > 0:
            degree = 0
            for p in range(low, high):
                if first < past and gone[first] == p:
                    first += 1
                    continue
                weight = np.float64(weights[eids[p]])
                if not (weight >= 0 and weight < np.inf):
                    return total, np.int64(eids[p])
                degree += 1 if weight > 0 else 0
        taken = degree if fanout < 0 or (degree < fanout and not replace) else fanout
        total += taken if degree > 0 else 0
        limits[i + 1] = min(total, largest)
    return total, np.int64(-1)


@inline
def tamed(weight: float) -> Any:
    """A weight that is not 0, so that neither sums nor quotients overflow."""
    return min(max(weight, MIN_WEIGHT), MAX_WEIGHT)


@jit
def _uniform(seed: int, place: int, group: int, kind: int) -> Any:
    """A number between 0 and 1, neither of them included."""
    a, b, _, _ = philox.words(seed, place, group, kind)
    return philox.fraction(a, b)


@jit
def number_of(seed: int, other: int, share: float, node: int) -> Any:
    """The number of a node; see :class:`..sampling_spec.BatchDependency`."""
    place = _uniform(seed, node, 0, BY_OTHER)
    if share > 0:
        way = _uniform(other, node, 0, BY_OTHER) - place
        place += share * (way - math.floor(way + 0.5))
        place -= math.floor(place)
    return abs(2 * place - 1)


@inline
def _bit(rank: int) -> Any:
    """One of 64 bits; ranks below 64 have bits of their own."""
    return np.uint64(1) << (np.uint64(rank) & np.uint64(63))


@jit
def _is_among(rank: int, ranks: Any, begin: int, end: int) -> Any:
    found = False
    for t in range(begin, end):
        found |= np.int64(ranks[t]) == rank
    return found


@jit
def _pick_few(seed: int, row: int, degree: int, begin: int, end: int, ranks: Any) -> None:
    """Ranks from 0 to ``degree - 1`` without replacement, by Floyd's algorithm.

    Only a rank whose bit is set already is compared with the others.
    """
    count, bits = end - begin, np.uint64(0)
    for group in range(0, count, 4):
        a, b, c, d = philox.words(seed, row, group // 4, UNIFORM)
        for t in range(group, min(group + 4, count)):
            last = degree - count + t
            rank = np.int64((a * np.uint64(last + 1)) >> np.uint64(32))
            a, b, c = b, c, d
            if bits & _bit(rank):
                taken = degree <= 64
                if not taken:
                    taken = _is_among(rank, ranks, begin, begin + t)
                rank = last if taken else rank
            bits |= _bit(rank)
            ranks[begin + t] = rank


@jit
def _pick_many(
    seed: int, row: int, degree: int, replace: bool, begin: int, end: int, ranks: Any, seen: Any
) -> Any:
    """Likewise for many ranks, or with replacement; ``seen`` is False everywhere.

    Gives ``seen``, made larger where there are more ranks.
    """
    if len(seen) < degree and not replace:
        seen = np.zeros(degree, np.bool_)
    count = end - begin
    for group in range(0, count, 4):
        a, b, c, d = philox.words(seed, row, group // 4, UNIFORM)
        for t in range(group, min(group + 4, count)):
            last = degree - 1 if replace else degree - count + t
            rank = np.int64((a * np.uint64(last + 1)) >> np.uint64(32))
            a, b, c = b, c, d
            if not replace:
                rank = last if seen[rank] else rank
                seen[rank] = True
            ranks[begin + t] = rank
    if not replace:
        for t in range(begin, end):
            seen[ranks[t]] = False
    return seen


@jit
def _at_ranks(
    indices: Any, gone: Any, start: int, past: int, low: int, begin: int, end: int, ranks: Any
) -> None:
    """Make ranks positions, which pass over those in ``gone``, and bring them near."""
    for t in range(begin, end):
        p = np.int64(ranks[t]) + low
        for g in range(start, past):
            p += 1 if gone[g] <= p else 0
        ranks[t] = p
        _prefetch(indices, p)


@jit
def _every(
    indices: Any, gone: Any, start: int, low: int, high: int, begin: int, places: Any
) -> None:
    """Likewise all positions."""
    for p in range(low, high):
        if start < len(gone) and gone[start] == p:
            start += 1
        else:
            places[begin] = p
            _prefetch(indices, p)
            begin += 1


@jit
def choose_evenly(
    indptr: Any, indices: Any, rows: Any, replace: bool, seed: int, gone: Any, limits: Any,
    others: Any, places: Any, first: int, last: int,
) -> None:  # fmt: skip
    """The other end and the position of every edge chosen, where all count the same.

    Some rows choose positions, which are brought near, before the first of them is read.
    """
    seen, end_of_all = np.zeros(0, np.bool_), len(rows) - 1
    for block in range(first, last, AHEAD):
        stop = min(block + AHEAD, last)
        for i in range(block, stop):
            _prefetch(indptr, np.int64(rows[min(i + AHEAD, end_of_all)]))
            begin, end = np.int64(limits[i]), np.int64(limits[i + 1])
            low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
            start, past = _between(gone, low, high)
            degree = high - low - (past - start)
            if end - begin == degree and not replace:
                _every(indices, gone, start, low, high, begin, places)
                continue
            if end - begin <= FEW and not replace:
                _pick_few(seed, i, degree, begin, end, places)
            else:
                seen = _pick_many(seed, i, degree, replace, begin, end, places, seen)
            _at_ranks(indices, gone, start, past, low, begin, end, places)
        for t in range(np.int64(limits[block]), np.int64(limits[stop])):
            others[t] = indices[np.int64(places[t])]


@jit
def _pick_by_weight(
    seed: int, row: int, eids: Any, weights: Any, low: int, high: int, gone: Any, sums: Any,
    picks: Any,
) -> None:  # fmt: skip
    """Positions in proportion to their weights, with replacement."""
    total, first = 0.0, np.searchsorted(gone, low)
    for p in range(low, high):
        if first < len(gone) and gone[first] == p:
            first += 1
        elif np.float64(weights[eids[p]]) > 0:
            total += tamed(np.float64(weights[eids[p]]))
        sums[p - low] = total
    for t in range(len(picks)):
        point = _uniform(seed, row, t, BY_WEIGHT) * total
        pick = np.searchsorted(sums[: high - low], point, side="right")
        picks[t] = low + pick


@jit
def _pick_first(
    seed: int, row: int, indices: Any, eids: Any, weights: Any, shared: bool, other: int,
    share: float, low: int, high: int, gone: Any, times: Any, picks: Any,
) -> None:  # fmt: skip
    """Positions whose exponential clocks, which run as fast as their weights, ring first."""
    filled, first, drawn = 0, np.searchsorted(gone, low), low // 2
    a, b, c, d = philox.words(seed, drawn, row, BY_WEIGHT)
    for p in range(low, high):
        if first < len(gone) and gone[first] == p:
            first += 1
            continue
        weight = np.float64(weights[eids[p]]) if len(weights) > 0 else 1.0
        if weight <= 0:
            continue
        if shared:
            draw = number_of(seed, other, share, np.int64(indices[p]))
        else:
            if p // 2 != drawn:
                drawn = p // 2
                a, b, c, d = philox.words(seed, drawn, row, BY_WEIGHT)
            draw = philox.fraction(a, b) if p % 2 == 0 else philox.fraction(c, d)
        weight = tamed(weight)
        if filled == len(picks) and 1 - draw > times[filled - 1] * weight:
            continue  # the time is even later: -log(x) > 1 - x
        time = -math.log(draw) / weight
        if filled == len(picks) and time >= times[filled - 1]:
            continue
        t = filled if filled < len(picks) else filled - 1
        filled = max(filled, t + 1)
        while t > 0 and times[t - 1] > time:
            times[t], picks[t] = times[t - 1], picks[t - 1]
            t -= 1
        times[t], picks[t] = time, p
    picks.sort()


@jit
def _pick_all(eids: Any, weights: Any, low: int, high: int, gone: Any, picks: Any) -> None:
    """Every position that may be chosen."""
    t, first = 0, np.searchsorted(gone, low)
    for p in range(low, high):
        if first < len(gone) and gone[first] == p:
            first += 1
        elif len(weights) == 0 or np.float64(weights[eids[p]]) > 0:
            picks[t] = p
            t += 1


@jit
def choose_by_chance(
    indptr: Any, indices: Any, eids: Any, rows: Any, replace: bool, seed: int, gone: Any,
    fanout: int, weights: Any, shared: bool, other: int, share: float, limits: Any, others: Any,
    places: Any, first: int, last: int,
) -> None:  # fmt: skip
    """The other end and the position of every edge chosen, by weight or the other end's number."""
    scratch = np.empty(0, np.float64)
    for i in range(first, last):
        begin, end = np.int64(limits[i]), np.int64(limits[i + 1])
        low, high = np.int64(indptr[rows[i]]), np.int64(indptr[rows[i] + 1])
        if begin == end:
            continue
        if len(scratch) < high - low:
            scratch = np.empty(high - low, np.float64)
        picks = places[begin:end]
        if not replace and (fanout < 0 or end - begin < fanout):
            _pick_all(eids, weights, low, high, gone, picks)
        elif replace:
            _pick_by_weight(seed, i, eids, weights, low, high, gone, scratch, picks)
        else:
            _pick_first(
                seed, i, indices, eids, weights, shared, other, share, low, high, gone, scratch,
                picks,
            )  # fmt: skip
        for t in range(begin, end):
            others[t] = indices[np.int64(places[t])]


@jit
def relabel(first: Any, ids: Any, table: Any, nodes: Any, places: Any) -> Any:
    """Number ``first`` and then what is new in ``ids``; gives how many there are.

    ``table`` has a 0 for every id, and again at the end. Which ids are new cannot be foreseen, so
    everything is written without asking: what is not new is overwritten by the next.
    """
    found = np.int64(0)
    for i in range(len(first)):
        nodes[found] = first[i]
        found += 1
        if table[first[i]] == 0:
            table[first[i]] = found
    for j in range(len(ids)):
        nodes[found] = ids[j]
        place = np.int64(table[ids[j]])
        found += 1 if place == 0 else 0
        place = found if place == 0 else place
        table[ids[j]] = place
        places[j] = place - 1
    for i in range(found):
        table[nodes[i]] = 0
    return found
