"""Uniform random walks; :class:`graphmp.kernels.sampling_spec.WalkSpec` defines the numbers."""

from __future__ import annotations

import triton
import triton.language as tl

from .philox import philox, uniform
from .sampling import indices_of_program, load_segments

STEP = tl.constexpr(3)  # what random numbers are drawn for


@triton.jit(do_not_specialize=["num_walks", "num_steps", "first_step", "key_low", "key_high"])
def walk_evenly(
    indptr,
    indices,
    eids,
    nodes,
    stops,
    traces,
    out_edge_ids,
    num_walks,
    num_steps,
    first_step,
    key_low,
    key_high,
    WALKS: tl.constexpr,
):
    """The node and the edge id of every step; each thread is one walk."""
    i, inside = indices_of_program(num_walks, WALKS)
    node_at = tl.load(nodes + i, mask=inside, other=-1).to(tl.int64)
    for s in range(num_steps):
        a, b, c, d = philox(
            key_low, key_high, i, tl.full((WALKS,), 0, tl.int32) + first_step + s, STEP
        )
        low, degree = load_segments(indptr, node_at, node_at >= 0)
        continues = (degree > 0) & (uniform(c, d) >= tl.load(stops + s))
        position = low + (uniform(a, b) * degree.to(tl.float64)).to(tl.int64)
        node = tl.load(indices + position, mask=continues, other=-1)
        tl.store(traces + i * num_steps + s, node, mask=inside)
        eid = tl.load(eids + position, mask=continues, other=-1)
        tl.store(out_edge_ids + i * num_steps + s, eid, mask=inside)
        node_at = node.to(tl.int64)
