"""Random walks whose edges count the same; numbers are drawn as the contract says."""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import fraction, words

STEP = tl.constexpr(3)  # what random numbers are drawn for


@triton.jit(do_not_specialize=["num_walks", "num_steps", "first_step", "key_low", "key_high"])
def walk_evenly(
    indptr,
    indices,
    eids,
    nodes,
    stops,
    traces,
    chosen,
    num_walks,
    num_steps,
    first_step,
    key_low,
    key_high,
    WALKS: tl.constexpr,
):
    """The node and the edge of every step; a thread walks."""
    i = tl.program_id(0).to(tl.int64) * WALKS + tl.arange(0, WALKS)
    inside = i < num_walks
    at = tl.load(nodes + i, mask=inside, other=-1).to(tl.int64)
    for s in range(num_steps):
        a, b, c, d = words(
            key_low, key_high, i, tl.full((WALKS,), 0, tl.int32) + first_step + s, STEP
        )
        low = tl.load(indptr + at, mask=at >= 0, other=0).to(tl.int64)
        degree = tl.load(indptr + at + 1, mask=at >= 0, other=0).to(tl.int64) - low
        goes_on = (degree > 0) & (fraction(c, d) >= tl.load(stops + s))
        place = low + (fraction(a, b) * degree.to(tl.float64)).to(tl.int64)
        node = tl.load(indices + place, mask=goes_on, other=-1)
        tl.store(traces + i * num_steps + s, node, mask=inside)
        eid = tl.load(eids + place, mask=goes_on, other=-1)
        tl.store(chosen + i * num_steps + s, eid, mask=inside)
        at = node.to(tl.int64)
