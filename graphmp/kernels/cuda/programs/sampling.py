"""Edges that count the same, chosen, and nodes numbered anew; see the contract for the numbers.

``limits`` say where the edges chosen for each of ``rows`` go. ``gone`` are positions, ascending,
of edges that must not be chosen; a search among them halves its range ``steps`` times.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import words

UNIFORM = tl.constexpr(0)  # what random numbers are drawn for
ALL, DRAWN, GIVEN = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)  # where ranks come from


@triton.jit
def before(ordered, count, value, steps):
    """How many of ``count`` ascending ids are less than a value."""
    low, high = value * 0, value * 0 + count
    for _ in range(steps):
        middle = (low + high) // 2
        is_open = low < high
        is_less = is_open & (tl.load(ordered + middle, mask=is_open, other=0) < value)
        low, high = tl.where(is_less, middle + 1, low), tl.where(is_less, high, middle)
    return low


@triton.jit
def kept_place(place, first, past, gone, steps):
    """Where an edge is that would be at a position if those of its row that are gone were not."""
    low, high = first, past
    for _ in range(steps):
        middle = (low + high) // 2
        is_open = low < high
        is_before = tl.load(gone + middle, mask=is_open, other=0) - (middle - first) <= place
        is_before = is_open & is_before
        low, high = tl.where(is_before, middle + 1, low), tl.where(is_before, high, middle)
    return place + (low - first)


@triton.jit
def edges_of(indptr, rows, gone, i, inside, num_gone, steps):
    """Where rows start, how many of their edges may be chosen, and which of ``gone`` are theirs."""
    row = tl.load(rows + i, mask=inside, other=0).to(tl.int64)
    start = tl.load(indptr + row, mask=inside, other=0).to(tl.int64)
    end = tl.load(indptr + row + 1, mask=inside, other=0).to(tl.int64)
    first, past = before(gone, num_gone, start, steps), before(gone, num_gone, end, steps)
    return start, end - start - (past - first), first, past


@triton.jit(do_not_specialize=["num_rows", "num_gone", "steps", "fanout", "key_low", "key_high"])
def choose_few(
    indptr,
    indices,
    rows,
    gone,
    limits,
    others,
    places,
    num_rows,
    num_gone,
    steps,
    fanout,
    key_low,
    key_high,
    PICKS: tl.constexpr,
    ROWS: tl.constexpr,
):
    """Without replacement, by Floyd's algorithm; a thread holds all that its row has picked."""
    i = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    inside = i < num_rows
    start, degree, first, past = edges_of(indptr, rows, gone, i, inside, num_gone, steps)
    begin = tl.load(limits + i, mask=inside, other=0).to(tl.int64)
    count = tl.load(limits + i + 1, mask=inside, other=0).to(tl.int64) - begin
    turn = tl.arange(0, PICKS)[:, None]
    picks = tl.full((PICKS, ROWS), -1, tl.int64)
    for group in range((fanout + 3) // 4):
        drawn = words(key_low, key_high, i, tl.full((ROWS,), 0, tl.int32) + group, UNIFORM)
        for word in tl.static_range(4):
            t = group * 4 + word
            last = degree - count + t
            rank = (drawn[word].to(tl.int64) * (last + 1)) >> 32
            is_taken = tl.max((picks == rank[None, :]).to(tl.int32), 0) > 0
            rank = tl.where(is_taken, last, rank)
            rank = tl.where(count == degree, t, rank)
            picks = tl.where(turn == t, rank[None, :], picks)
    chosen = (turn < count[None, :]) & inside[None, :]
    none = picks * 0
    place = kept_place(
        picks + start[None, :], none + first[None, :], none + past[None, :], gone, steps
    )
    other = tl.load(indices + place, mask=chosen, other=0)
    tl.store(places + begin[None, :] + turn, place, mask=chosen)
    tl.store(others + begin[None, :] + turn, other, mask=chosen)


@triton.jit(do_not_specialize=["total", "num_gone", "steps", "key_low", "key_high"])
def choose_each(
    indptr,
    indices,
    rows,
    owners,
    ranks,
    gone,
    limits,
    others,
    places,
    total,
    num_gone,
    steps,
    key_low,
    key_high,
    FROM: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Each edge on its own: all of a row, one drawn with replacement, or one of given rank."""
    p = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = p < total
    i = tl.load(owners + p, mask=inside, other=0).to(tl.int64)
    start, degree, first, past = edges_of(indptr, rows, gone, i, inside, num_gone, steps)
    rank = p - tl.load(limits + i, mask=inside, other=0)
    if FROM == DRAWN:
        a, b, c, d = words(key_low, key_high, i, (rank // 4).to(tl.int32), UNIFORM)
        word = tl.where(rank % 4 < 2, tl.where(rank % 4 == 0, a, b), tl.where(rank % 4 == 2, c, d))
        rank = (word.to(tl.int64) * degree) >> 32
    if FROM == GIVEN:
        rank = tl.load(ranks + p, mask=inside, other=0)
    place = kept_place(start + rank, first, past, gone, steps)
    tl.store(places + p, place, mask=inside)
    tl.store(others + p, tl.load(indices + place, mask=inside, other=0), mask=inside)


@triton.jit(do_not_specialize=["num_first", "total"])
def claim(first, ids, table, num_first, total, BLOCK: tl.constexpr):
    """Let the table hold where each node is first among ``first`` and then ``ids``."""
    p = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    is_first, inside = p < num_first, p < total
    node = tl.load(first + p, mask=is_first, other=0)
    node += tl.load(ids + p - num_first, mask=inside & (p >= num_first), other=0)
    # The least of numbers is the same in whatever order they come.
    tl.atomic_min(table + node, p.to(table.dtype.element_ty), mask=inside, sem="relaxed")


@triton.jit(do_not_specialize=["num_first", "num_ids"])
def number(ids, table, ranks, nodes, places, num_first, num_ids, BLOCK: tl.constexpr):
    """Write nodes that are new, and where all are; ``ranks`` count the new up to each id."""
    p = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = p < num_ids
    node = tl.load(ids + p, mask=inside, other=0)
    owner = tl.load(table + node, mask=inside, other=0).to(tl.int64)
    is_known = owner < num_first
    rank = tl.load(ranks + owner - num_first, mask=inside & (owner >= num_first), other=0)
    place = tl.where(is_known, owner, num_first + rank - 1)
    tl.store(places + p, place, mask=inside)
    tl.store(nodes + place, node, mask=inside & (owner == p + num_first))
