"""Uniform neighbour sampling.

:class:`graphmp.kernels.sampling_spec.SampleSpec` defines the random numbers.
``out_indptr`` says where the sampled edges of each of ``rows`` are stored. ``excluded`` are
positions, ascending, of edges that are not sampled; a binary search among them has ``steps`` steps.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import philox

UNIFORM = tl.constexpr(0)  # what random numbers are drawn for
ALL, DRAWN, LISTED = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)  # where ranks come from


@triton.jit
def count_less(ordered, count, value, steps):
    """How many of ``count`` ascending ids are less than ``value``."""
    low, high = value * 0, value * 0 + count
    for _ in range(steps):
        middle = (low + high) // 2
        is_open = low < high
        is_less = is_open & (tl.load(ordered + middle, mask=is_open, other=0) < value)
        low, high = tl.where(is_less, middle + 1, low), tl.where(is_less, high, middle)
    return low


@triton.jit
def skip_excluded(position, first, past, excluded, steps):
    """The position of the edge that would be at ``position`` without its row's excluded edges."""
    low, high = first, past
    for _ in range(steps):
        middle = (low + high) // 2
        is_open = low < high
        is_before = tl.load(excluded + middle, mask=is_open, other=0) - (middle - first) <= position
        is_before = is_open & is_before
        low, high = tl.where(is_before, middle + 1, low), tl.where(is_before, high, middle)
    return position + (low - first)


@triton.jit
def indices_of_program(total, BLOCK: tl.constexpr):
    """The indices of a program's elements, as int64, and which are less than ``total``."""
    index = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    return index, index < total


@triton.jit
def load_segments(indptr, i, inside):
    """Where segments start and how many elements they have, as int64."""
    start = tl.load(indptr + i, mask=inside, other=0).to(tl.int64)
    return start, tl.load(indptr + i + 1, mask=inside, other=0).to(tl.int64) - start


@triton.jit
def load_rows(indptr, rows, excluded, i, inside, num_excluded, steps):
    """Where rows start, how many edges they may sample, and their range in ``excluded``."""
    row = tl.load(rows + i, mask=inside, other=0).to(tl.int64)
    start, degree = load_segments(indptr, row, inside)
    first = count_less(excluded, num_excluded, start, steps)
    past = count_less(excluded, num_excluded, start + degree, steps)
    return start, degree - (past - first), first, past


@triton.jit(
    do_not_specialize=["num_rows", "num_excluded", "steps", "fanout", "key_low", "key_high"]
)
def sample_few(
    indptr,
    indices,
    rows,
    excluded,
    out_indptr,
    out_indices,
    out_positions,
    num_rows,
    num_excluded,
    steps,
    fanout,
    key_low,
    key_high,
    PICKS: tl.constexpr,
    ROWS: tl.constexpr,
):
    """Without replacement, by Floyd's algorithm; a thread holds all picks of its row."""
    i, inside = indices_of_program(num_rows, ROWS)
    start, degree, first, past = load_rows(indptr, rows, excluded, i, inside, num_excluded, steps)
    out_start, count = load_segments(out_indptr, i, inside)
    turn = tl.arange(0, PICKS)[:, None]
    picks = tl.full((PICKS, ROWS), -1, tl.int64)
    for group in range((fanout + 3) // 4):
        random_words = philox(key_low, key_high, i, tl.full((ROWS,), 0, tl.int32) + group, UNIFORM)
        for word in tl.static_range(4):
            t = group * 4 + word
            largest = degree - count + t
            rank = (random_words[word].to(tl.int64) * (largest + 1)) >> 32
            is_repeated = tl.max((picks == rank[None, :]).to(tl.int32), 0) > 0
            rank = tl.where(is_repeated, largest, rank)
            rank = tl.where(count == degree, t, rank)
            picks = tl.where(turn == t, rank[None, :], picks)
    is_sampled = (turn < count[None, :]) & inside[None, :]
    zeros = picks * 0
    position = skip_excluded(
        picks + start[None, :], zeros + first[None, :], zeros + past[None, :], excluded, steps
    )
    other = tl.load(indices + position, mask=is_sampled, other=0)
    tl.store(out_positions + out_start[None, :] + turn, position, mask=is_sampled)
    tl.store(out_indices + out_start[None, :] + turn, other, mask=is_sampled)


@triton.jit(do_not_specialize=["total", "num_excluded", "steps", "key_low", "key_high"])
def sample_each(
    indptr,
    indices,
    rows,
    owners,
    ranks,
    excluded,
    out_indptr,
    out_indices,
    out_positions,
    total,
    num_excluded,
    steps,
    key_low,
    key_high,
    FROM: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Each edge independently: all of a row, drawn with replacement, or of a listed rank."""
    p, inside = indices_of_program(total, BLOCK)
    i = tl.load(owners + p, mask=inside, other=0).to(tl.int64)
    start, degree, first, past = load_rows(indptr, rows, excluded, i, inside, num_excluded, steps)
    rank = p - tl.load(out_indptr + i, mask=inside, other=0)
    if FROM == DRAWN:
        a, b, c, d = philox(key_low, key_high, i, (rank // 4).to(tl.int32), UNIFORM)
        word = tl.where(rank % 4 < 2, tl.where(rank % 4 == 0, a, b), tl.where(rank % 4 == 2, c, d))
        rank = (word.to(tl.int64) * degree) >> 32
    if FROM == LISTED:
        rank = tl.load(ranks + p, mask=inside, other=0)
    position = skip_excluded(start + rank, first, past, excluded, steps)
    tl.store(out_positions + p, position, mask=inside)
    tl.store(out_indices + p, tl.load(indices + position, mask=inside, other=0), mask=inside)
