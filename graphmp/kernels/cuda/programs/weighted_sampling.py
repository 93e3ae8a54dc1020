"""Edges of different chances, chosen; numbers are drawn as the contract says.

A program works on some rows side by side, some edges of each at a time. What it finds out about
their edges lies in ``scratch``, row after row; ``spans`` say where each row starts there.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import fraction, words
from .sampling import before

BY_WEIGHT, BY_OTHER = tl.constexpr(1), tl.constexpr(2)  # what random numbers are drawn for
MIN_WEIGHT, MAX_WEIGHT = tl.constexpr(1e-290), tl.constexpr(1e290)  # as in the contract
NEVER = tl.constexpr(0x7FF0000000000000)  # infinity, as the bits of a float64


@triton.jit
def chance(eids, weights, gone, place, inside, num_gone, steps, WEIGHTED: tl.constexpr):
    """What edges count, 0 if they must not be chosen, and their ids."""
    eid = tl.load(eids + place, mask=inside, other=0).to(tl.int64)
    at = before(gone, num_gone, place, steps)
    is_kept = inside & (tl.load(gone + at, mask=at < num_gone, other=-1) != place)
    if WEIGHTED:
        weight = tl.load(weights + eid, mask=is_kept, other=0).to(tl.float64)
    else:
        weight = is_kept.to(tl.float64)
    return weight, eid


@triton.jit
def tamed(weight):
    """Weights that are not 0, so that neither sums nor quotients overflow."""
    return tl.where(weight > 0, tl.minimum(tl.maximum(weight, MIN_WEIGHT), MAX_WEIGHT), 0.0)


@triton.jit
def spans_of(spans, i, inside):
    """Where rows start in scratch, and how many edges they have."""
    start = tl.load(spans + i, mask=inside, other=0)
    return start, tl.load(spans + i + 1, mask=inside, other=0) - start


@triton.jit(do_not_specialize=["num_rows", "num_gone", "steps"])
def weigh(
    lows,
    spans,
    eids,
    weights,
    gone,
    counts,
    wrong,
    num_rows,
    num_gone,
    steps,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """How many edges of each row may be chosen, and the id of one without a probability, or -1."""
    i = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    inside = i < num_rows
    low = tl.load(lows + i, mask=inside, other=0)
    _, length = spans_of(spans, i, inside)
    count, bad = tl.full((ROWS,), 0, tl.int64), tl.full((ROWS,), -1, tl.int64)
    for block in range(0, tl.max(length), EDGES):
        nth = (block + tl.arange(0, EDGES))[None, :]
        given = nth < length[:, None]
        weight, eid = chance(eids, weights, gone, low[:, None] + nth, given, num_gone, steps, True)
        is_right = (weight >= 0) & (weight < float("inf"))
        count += tl.sum((weight > 0).to(tl.int64), 1)
        bad = tl.maximum(bad, tl.max(tl.where(is_right, -1, eid), 1))
    tl.store(counts + i, count, mask=inside)
    tl.store(wrong + i, bad, mask=inside)


@triton.jit
def number_of(nodes, key_low, key_high, other_low, other_high, share):
    """The number of nodes on their way from those of one key to those of another, float64."""
    none = (nodes * 0).to(tl.int32)
    high, late, _, _ = words(key_low, key_high, nodes, none, BY_OTHER)
    place = fraction(high, late)
    high, late, _, _ = words(other_low, other_high, nodes, none, BY_OTHER)
    way = fraction(high, late) - place
    moved = place + share * (way - tl.floor(way + 0.5))
    place = tl.where(share > 0, moved - tl.floor(moved), place)
    return tl.abs(2 * place - 1)


@triton.jit(
    do_not_specialize=[
        *("num_rows", "num_gone", "steps", "key_low", "key_high", "other_low", "other_high"),
    ]
)
def ring(
    lows,
    spans,
    indices,
    eids,
    weights,
    gone,
    scratch,
    num_rows,
    num_gone,
    steps,
    key_low,
    key_high,
    other_low,
    other_high,
    shares,
    WEIGHTED: tl.constexpr,
    SHARED: tl.constexpr,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """When the exponential clocks of edges ring, which run as fast as their weights.

    If ``SHARED``, an edge takes the number of its other end: with the key of the halves ``other``,
    gone the first of ``shares`` of the way.
    """
    i = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    inside = i < num_rows
    low = tl.load(lows + i, mask=inside, other=0)
    start, length = spans_of(spans, i, inside)
    for block in range(0, tl.max(length), EDGES):
        nth = (block + tl.arange(0, EDGES))[None, :]
        given = nth < length[:, None]
        place = low[:, None] + nth
        weight, _ = chance(eids, weights, gone, place, given, num_gone, steps, WEIGHTED)
        if SHARED:
            node = tl.load(indices + place, mask=given, other=0).to(tl.int64)
            share = tl.load(shares)
            number = number_of(node, key_low, key_high, other_low, other_high, share)
        else:
            row = (place * 0 + i[:, None]).to(tl.int32)
            a, b, c, d = words(key_low, key_high, place // 2, row, BY_WEIGHT)
            is_even = place % 2 == 0
            number = fraction(tl.where(is_even, a, c), tl.where(is_even, b, d))
        time = -tl.log(number) / tl.where(weight > 0, tamed(weight), 1.0)
        time = tl.where(weight > 0, time, float("inf"))
        tl.store(scratch + start[:, None] + nth, time, mask=given)


@triton.jit
def times(scratch, start, length, block, EDGES: tl.constexpr):
    """The bits of some times of each row; those of infinity where there are no more."""
    nth = (block + tl.arange(0, EDGES))[None, :]
    given = nth < length[:, None]
    found = tl.load(scratch + start[:, None] + nth, mask=given, other=float("inf"))
    return found.to(tl.int64, bitcast=True)


@triton.jit(do_not_specialize=["num_rows"])
def choose_first(
    lows,
    spans,
    counts,
    indices,
    scratch,
    limits,
    others,
    places,
    num_rows,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """The edges whose clocks ring first, in the row's order; of equal times the first edges.

    Times are not negative, so they are in the order of their bits, by which the time of the last
    edge that is chosen is found.
    """
    i = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    inside = i < num_rows
    low = tl.load(lows + i, mask=inside, other=0)
    start, length = spans_of(spans, i, inside)
    begin = tl.load(limits + i, mask=inside, other=0).to(tl.int64)
    count = tl.load(limits + i + 1, mask=inside, other=0).to(tl.int64) - begin
    longest = tl.max(length)
    least, most = tl.full((ROWS,), NEVER, tl.int64), tl.full((ROWS,), 0, tl.int64)
    for block in range(0, longest, EDGES):
        bits = times(scratch, start, length, block, EDGES)
        least = tl.minimum(least, tl.min(bits, 1))
        most = tl.maximum(most, tl.max(tl.where(bits < NEVER, bits, 0), 1))
    is_some = count < tl.load(counts + i, mask=inside, other=0)
    least, most = tl.where(is_some, least, NEVER), tl.where(is_some, most, NEVER)
    while tl.max((least < most).to(tl.int32)) > 0:
        middle = least + (most - least) // 2
        found = tl.full((ROWS,), 0, tl.int64)
        for block in range(0, longest, EDGES):
            is_early = times(scratch, start, length, block, EDGES) <= middle[:, None]
            found += tl.sum(is_early.to(tl.int64), 1)
        is_open, is_enough = least < most, found >= count
        # If they are just enough, all that ring before the next moment are chosen.
        is_it = is_open & (found == count)
        least = tl.where(is_it | (is_open & ~is_enough), middle + 1, least)
        most = tl.where(is_it, middle + 1, tl.where(is_open & is_enough, middle, most))
    early = tl.full((ROWS,), 0, tl.int64)
    for block in range(0, longest, EDGES):
        is_early = times(scratch, start, length, block, EDGES) < least[:, None]
        early += tl.sum(is_early.to(tl.int64), 1)
    equal, written = tl.full((ROWS,), 0, tl.int64), tl.full((ROWS,), 0, tl.int64)
    for block in range(0, longest, EDGES):
        nth = (block + tl.arange(0, EDGES))[None, :]
        given = nth < length[:, None]
        bits = times(scratch, start, length, block, EDGES)
        is_equal = given & (bits == least[:, None])
        nth_equal = equal[:, None] + tl.cumsum(is_equal.to(tl.int64), 1)
        is_chosen = is_equal & (nth_equal <= (count - early)[:, None])
        is_chosen = is_chosen | (given & (bits < least[:, None]))
        at = (begin + written)[:, None] + tl.cumsum(is_chosen.to(tl.int64), 1) - 1
        place = low[:, None] + nth
        tl.store(places + at, place, mask=is_chosen)
        tl.store(others + at, tl.load(indices + place, mask=is_chosen, other=0), mask=is_chosen)
        equal += tl.sum(is_equal.to(tl.int64), 1)
        written += tl.sum(is_chosen.to(tl.int64), 1)


@triton.jit
def greater(a, b):
    """The greater of two numbers, for a scan."""
    return tl.maximum(a, b)


@triton.jit(do_not_specialize=["num_rows", "num_gone", "steps"])
def add_up(
    lows,
    spans,
    eids,
    weights,
    gone,
    scratch,
    num_rows,
    num_gone,
    steps,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """Running sums of weights, which grow at edges that may be chosen and nowhere else."""
    i = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    inside = i < num_rows
    low = tl.load(lows + i, mask=inside, other=0)
    start, length = spans_of(spans, i, inside)
    total = tl.full((ROWS,), 0, tl.float64)
    for block in range(0, tl.max(length), EDGES):
        nth = (block + tl.arange(0, EDGES))[None, :]
        given = nth < length[:, None]
        weight, _ = chance(eids, weights, gone, low[:, None] + nth, given, num_gone, steps, True)
        weight = tamed(weight)
        # Sums in a tree may round one edge's above its successor's: the greatest so far does not.
        sums = tl.where(weight > 0, total[:, None] + tl.cumsum(weight, 1), total[:, None])
        sums = tl.associative_scan(sums, 1, greater)
        tl.store(scratch + start[:, None] + nth, sums, mask=given)
        total = tl.max(sums, 1)


@triton.jit(do_not_specialize=["total", "steps", "key_low", "key_high"])
def choose_fallen(
    lows,
    spans,
    indices,
    scratch,
    owners,
    limits,
    others,
    places,
    total,
    steps,
    key_low,
    key_high,
    BLOCK: tl.constexpr,
):
    """With replacement, the edges that points at fractions of the sums of weights fall on."""
    p = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = p < total
    i = tl.load(owners + p, mask=inside, other=0).to(tl.int64)
    turn = (p - tl.load(limits + i, mask=inside, other=0)).to(tl.int32)
    a, b, _, _ = words(key_low, key_high, i, turn, BY_WEIGHT)
    start, length = spans_of(spans, i, inside)
    point = fraction(a, b) * tl.load(scratch + start + length - 1, mask=inside, other=0)
    low, high = start, start + length - 1
    for _ in range(steps):
        middle = (low + high) // 2
        is_open = inside & (low < high)
        is_past = tl.load(scratch + middle, mask=is_open, other=0) > point
        low, high = tl.where(is_open & ~is_past, middle + 1, low), tl.where(is_past, middle, high)
    place = tl.load(lows + i, mask=inside, other=0) + low - start
    tl.store(places + p, place, mask=inside)
    tl.store(others + p, tl.load(indices + place, mask=inside, other=0), mask=inside)
