"""Weighted neighbour sampling, with and without replacement.

:class:`graphmp.kernels.sampling_spec.SampleSpec` defines the random numbers. A program handles
``ROWS`` rows side by side, ``EDGES`` edges of each at a time. Intermediate numbers of their edges
are stored in ``scratch``, one row after the other; ``offsets`` say where each row starts there.
"""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import philox, uniform
from .sampling import count_less, indices_of_program, load_segments

BY_WEIGHT, BY_NODE = tl.constexpr(1), tl.constexpr(2)  # what random numbers are drawn for
MIN_WEIGHT, MAX_WEIGHT = tl.constexpr(1e-290), tl.constexpr(1e290)  # as in the contract
INFINITY_BITS = tl.constexpr(0x7FF0000000000000)  # infinity, as the bits of a float64


@triton.jit
def load_weights(
    eids, weights, excluded, position, inside, num_excluded, steps, WEIGHTED: tl.constexpr
):
    """The weights of edges, 0 for edges that are not sampled, and their ids."""
    eid = tl.load(eids + position, mask=inside, other=0).to(tl.int64)
    at = count_less(excluded, num_excluded, position, steps)
    is_candidate = inside & (tl.load(excluded + at, mask=at < num_excluded, other=-1) != position)
    if WEIGHTED:
        weight = tl.load(weights + eid, mask=is_candidate, other=0).to(tl.float64)
    else:
        weight = is_candidate.to(tl.float64)
    return weight, eid


@triton.jit
def clamped(weight):
    """Weights clamped to the contract's range unless 0; neither sums nor quotients overflow."""
    return tl.where(weight > 0, tl.minimum(tl.maximum(weight, MIN_WEIGHT), MAX_WEIGHT), 0.0)


@triton.jit
def load_rows(starts, offsets, i, inside):
    """Where rows start, where they start in ``scratch``, and how many edges they have."""
    offset, length = load_segments(offsets, i, inside)
    return tl.load(starts + i, mask=inside, other=0), offset, length


@triton.jit
def edges_of_block(block, length, EDGES: tl.constexpr):
    """The numbers of ``EDGES`` edges within their rows, and which exist."""
    nth = (block + tl.arange(0, EDGES))[None, :]
    return nth, nth < length[:, None]


@triton.jit(do_not_specialize=["num_rows", "num_excluded", "steps"])
def check_weights(
    starts,
    offsets,
    eids,
    weights,
    excluded,
    counts,
    invalid,
    num_rows,
    num_excluded,
    steps,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """Count each row's edges that may be sampled, and find an id of invalid weight, or -1."""
    i, inside = indices_of_program(num_rows, ROWS)
    row_start, _, length = load_rows(starts, offsets, i, inside)
    count, invalid_id = tl.full((ROWS,), 0, tl.int64), tl.full((ROWS,), -1, tl.int64)
    for block in range(0, tl.max(length), EDGES):
        nth, is_edge = edges_of_block(block, length, EDGES)
        weight, eid = load_weights(
            eids, weights, excluded, row_start[:, None] + nth, is_edge, num_excluded, steps, True
        )
        is_valid = (weight >= 0) & (weight < float("inf"))
        count += tl.sum((weight > 0).to(tl.int64), 1)
        invalid_id = tl.maximum(invalid_id, tl.max(tl.where(is_valid, -1, eid), 1))
    tl.store(counts + i, count, mask=inside)
    tl.store(invalid + i, invalid_id, mask=inside)


@triton.jit
def dependent_number(nodes, key_low, key_high, other_low, other_high, fraction):
    """The random numbers of nodes between two keys; see ``BatchDependency``. Float64."""
    zeros = (nodes * 0).to(tl.int32)
    high, low, _, _ = philox(key_low, key_high, nodes, zeros, BY_NODE)
    point = uniform(high, low)
    high, low, _, _ = philox(other_low, other_high, nodes, zeros, BY_NODE)
    distance = uniform(high, low) - point
    moved = point + fraction * (distance - tl.floor(distance + 0.5))
    point = tl.where(fraction > 0, moved - tl.floor(moved), point)
    return tl.abs(2 * point - 1)


@triton.jit(
    do_not_specialize=[
        *("num_rows", "num_excluded", "steps", "key_low", "key_high", "other_low", "other_high"),
    ]
)
def exponential_times(
    starts,
    offsets,
    indices,
    eids,
    weights,
    excluded,
    scratch,
    num_rows,
    num_excluded,
    steps,
    key_low,
    key_high,
    other_low,
    other_high,
    fractions,
    WEIGHTED: tl.constexpr,
    DEPENDENT: tl.constexpr,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """The times at which exponential clocks ring, whose rates are the weights of edges.

    With ``DEPENDENT``, an edge uses the number of the node at its other end, which is the first of
    ``fractions`` of the way from its number with ``key`` to that with ``other``.
    """
    i, inside = indices_of_program(num_rows, ROWS)
    row_start, offset, length = load_rows(starts, offsets, i, inside)
    for block in range(0, tl.max(length), EDGES):
        nth, is_edge = edges_of_block(block, length, EDGES)
        position = row_start[:, None] + nth
        weight, _ = load_weights(
            eids, weights, excluded, position, is_edge, num_excluded, steps, WEIGHTED
        )
        if DEPENDENT:
            node = tl.load(indices + position, mask=is_edge, other=0).to(tl.int64)
            fraction = tl.load(fractions)
            number = dependent_number(node, key_low, key_high, other_low, other_high, fraction)
        else:
            row = (position * 0 + i[:, None]).to(tl.int32)
            a, b, c, d = philox(key_low, key_high, position // 2, row, BY_WEIGHT)
            is_even = position % 2 == 0
            number = uniform(tl.where(is_even, a, c), tl.where(is_even, b, d))
        time = -tl.log(number) / tl.where(weight > 0, clamped(weight), 1.0)
        time = tl.where(weight > 0, time, float("inf"))
        tl.store(scratch + offset[:, None] + nth, time, mask=is_edge)


@triton.jit
def load_time_bits(scratch, offset, length, block, EDGES: tl.constexpr):
    """The bits of some times of each row; those of infinity past its end."""
    nth, is_edge = edges_of_block(block, length, EDGES)
    time = tl.load(scratch + offset[:, None] + nth, mask=is_edge, other=float("inf"))
    return time.to(tl.int64, bitcast=True)


@triton.jit(do_not_specialize=["num_rows"])
def sample_first(
    starts,
    offsets,
    counts,
    indices,
    scratch,
    out_indptr,
    out_indices,
    out_positions,
    num_rows,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """The edges whose clocks ring first, in the row's order; among equal times the first edges.

    Times are not negative, so that their bits are in the same order. A binary search over the bits
    finds the time of the last sampled edge.
    """
    i, inside = indices_of_program(num_rows, ROWS)
    row_start, offset, length = load_rows(starts, offsets, i, inside)
    out_start, count = load_segments(out_indptr, i, inside)
    longest = tl.max(length)
    lower, upper = tl.full((ROWS,), INFINITY_BITS, tl.int64), tl.full((ROWS,), 0, tl.int64)
    for block in range(0, longest, EDGES):
        bits = load_time_bits(scratch, offset, length, block, EDGES)
        lower = tl.minimum(lower, tl.min(bits, 1))
        upper = tl.maximum(upper, tl.max(tl.where(bits < INFINITY_BITS, bits, 0), 1))
    is_part = count < tl.load(counts + i, mask=inside, other=0)
    lower, upper = tl.where(is_part, lower, INFINITY_BITS), tl.where(is_part, upper, INFINITY_BITS)
    while tl.max((lower < upper).to(tl.int32)) > 0:
        middle = lower + (upper - lower) // 2
        num_early = tl.full((ROWS,), 0, tl.int64)
        for block in range(0, longest, EDGES):
            is_early = load_time_bits(scratch, offset, length, block, EDGES) <= middle[:, None]
            num_early += tl.sum(is_early.to(tl.int64), 1)
        is_open, is_enough = lower < upper, num_early >= count
        # Exactly enough clocks have rung by the middle: sample all that ring before the next time.
        is_exact = is_open & (num_early == count)
        lower = tl.where(is_exact | (is_open & ~is_enough), middle + 1, lower)
        upper = tl.where(is_exact, middle + 1, tl.where(is_open & is_enough, middle, upper))
    num_before = tl.full((ROWS,), 0, tl.int64)
    for block in range(0, longest, EDGES):
        is_early = load_time_bits(scratch, offset, length, block, EDGES) < lower[:, None]
        num_before += tl.sum(is_early.to(tl.int64), 1)
    num_equal, num_written = tl.full((ROWS,), 0, tl.int64), tl.full((ROWS,), 0, tl.int64)
    for block in range(0, longest, EDGES):
        nth, is_edge = edges_of_block(block, length, EDGES)
        bits = load_time_bits(scratch, offset, length, block, EDGES)
        is_equal = is_edge & (bits == lower[:, None])
        nth_equal = num_equal[:, None] + tl.cumsum(is_equal.to(tl.int64), 1)
        is_sampled = is_equal & (nth_equal <= (count - num_before)[:, None])
        is_sampled = is_sampled | (is_edge & (bits < lower[:, None]))
        at = (out_start + num_written)[:, None] + tl.cumsum(is_sampled.to(tl.int64), 1) - 1
        position = row_start[:, None] + nth
        tl.store(out_positions + at, position, mask=is_sampled)
        tl.store(
            out_indices + at, tl.load(indices + position, mask=is_sampled, other=0), mask=is_sampled
        )
        num_equal += tl.sum(is_equal.to(tl.int64), 1)
        num_written += tl.sum(is_sampled.to(tl.int64), 1)


@triton.jit
def maximum(a, b):
    """The greater of two numbers, for a scan."""
    return tl.maximum(a, b)


@triton.jit(do_not_specialize=["num_rows", "num_excluded", "steps"])
def cumulative_sums(
    starts,
    offsets,
    eids,
    weights,
    excluded,
    scratch,
    num_rows,
    num_excluded,
    steps,
    ROWS: tl.constexpr,
    EDGES: tl.constexpr,
):
    """Cumulative sums of weights, which grow only at edges that may be sampled."""
    i, inside = indices_of_program(num_rows, ROWS)
    row_start, offset, length = load_rows(starts, offsets, i, inside)
    total = tl.full((ROWS,), 0, tl.float64)
    for block in range(0, tl.max(length), EDGES):
        nth, is_edge = edges_of_block(block, length, EDGES)
        weight, _ = load_weights(
            eids, weights, excluded, row_start[:, None] + nth, is_edge, num_excluded, steps, True
        )
        weight = clamped(weight)
        # The sums of a tree may be rounded above the next one; their running maximum ascends.
        sums = tl.where(weight > 0, total[:, None] + tl.cumsum(weight, 1), total[:, None])
        sums = tl.associative_scan(sums, 1, maximum)
        tl.store(scratch + offset[:, None] + nth, sums, mask=is_edge)
        total = tl.max(sums, 1)


@triton.jit(do_not_specialize=["total", "steps", "key_low", "key_high"])
def sample_by_sums(
    starts,
    offsets,
    indices,
    scratch,
    owners,
    out_indptr,
    out_indices,
    out_positions,
    total,
    steps,
    key_low,
    key_high,
    BLOCK: tl.constexpr,
):
    """With replacement, by inverting the cumulative sums at random points."""
    p, inside = indices_of_program(total, BLOCK)
    i = tl.load(owners + p, mask=inside, other=0).to(tl.int64)
    turn = (p - tl.load(out_indptr + i, mask=inside, other=0)).to(tl.int32)
    a, b, _, _ = philox(key_low, key_high, i, turn, BY_WEIGHT)
    offset, length = load_segments(offsets, i, inside)
    point = uniform(a, b) * tl.load(scratch + offset + length - 1, mask=inside, other=0)
    low, high = offset, offset + length - 1
    for _ in range(steps):
        middle = (low + high) // 2
        is_open = inside & (low < high)
        is_past = tl.load(scratch + middle, mask=is_open, other=0) > point
        low, high = tl.where(is_open & ~is_past, middle + 1, low), tl.where(is_past, middle, high)
    position = tl.load(starts + i, mask=inside, other=0) + low - offset
    tl.store(out_positions + p, position, mask=inside)
    tl.store(out_indices + p, tl.load(indices + position, mask=inside, other=0), mask=inside)
