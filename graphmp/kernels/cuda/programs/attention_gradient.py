"""The gradients of attention; see :mod:`.attention` for how a program works."""

from __future__ import annotations

import triton
import triton.language as tl

from .scores import aligned, dropped, number, of_edges, scores, store_sum, tile

NUMBERS = [
    *("heads", "width", "size", "edge_heads", "weight_heads", "upstream_heads"),
    *("key_low", "key_high", "least"),
]


@triton.jit
def reached(flow, own, other, slope, KIND: tl.constexpr):
    """What the gradients of scores give the operand ``own``: (edges, heads, places)."""
    if KIND == "add":
        made = flow[:, :, None]
    elif KIND == "dot":
        made = flow[:, :, None] * other
    else:
        made = flow[:, :, None] * tl.where(own + other > 0, 1, slope)
    return made


@triton.jit(do_not_specialize=NUMBERS)
def attend_gradient(
    rows,
    starts,
    ends,
    slots,
    indices,
    eids,
    left,
    right,
    value,
    edge,
    weight,
    slant,
    stats,
    grad,
    upstream,
    partial_value,
    partial_left,
    out_value,
    out_left,
    out_scores,
    out_weight,
    heads,
    width,
    size,
    edge_heads,
    weight_heads,
    upstream_heads,
    key_low,
    key_high,
    least,
    keep_high,
    keep_low,
    slope_high,
    slope_low,
    KIND: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
    SIZE: tl.constexpr,
):
    """What reaches a source and its edges, of one piece; rows are sources."""
    row = tl.load(rows + tl.program_id(0)).to(tl.int64)
    if row >= 0:
        width, size = aligned(width, KIND, ALIGN), size // ALIGN * ALIGN
        DTYPE: tl.constexpr = stats.dtype.element_ty
        keep, slope = number(keep_high, keep_low, DTYPE), number(slope_high, slope_low, DTYPE)
        start, end = tl.load(starts + tl.program_id(0)), tl.load(ends + tl.program_id(0))
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        k, place, is_head = tl.arange(0, WIDTH), tl.arange(0, SIZE), (head < heads)[None, :]
        own = tl.zeros((1,), tl.int64) + row
        x = tile(left, own, own >= 0, head, heads, k, width, DTYPE)
        z = tile(value, own, own >= 0, head, heads, place, size, DTYPE)
        bow = (
            tile(slant, own * 0, own >= 0, head, heads, k, width, DTYPE) if KIND == "leaky" else own
        )
        to_value = tl.zeros((EDGES, HEADS, SIZE), DTYPE)
        to_left = tl.zeros((EDGES, HEADS, WIDTH), DTYPE)
        for first in range(start, end, EDGES):
            is_edge = first + lane < end
            v = tl.load(indices + first + lane, mask=is_edge, other=0).to(tl.int64)
            e = tl.load(eids + first + lane, mask=is_edge, other=0).to(tl.int64)
            mask, at = is_edge[:, None] & is_head, e[:, None] * heads + head[None, :]
            y = tile(right, v, is_edge, head, heads, k, width, DTYPE)
            g = tile(grad, v, is_edge, head, heads, place, size, DTYPE)
            of_row = stats + (v * heads * 3)[:, None] + head[None, :]
            peak = tl.load(of_row, mask=mask, other=0)
            total = tl.load(of_row + heads, mask=mask, other=1)
            delta = tl.load(of_row + heads * 2, mask=mask, other=0)
            score = scores(x, y, bow, edge, e, is_edge, head, heads, edge_heads, slope, KIND)
            steepness = tl.where(score > 0, 1, slope) if KIND == "add" else 1
            alpha = tl.exp(tl.where(mask, score * steepness, float("-inf")) - peak) / total
            share = dropped(e, key_low, key_high, least, keep, EDGES, HEADS) * alpha
            flow = tl.sum(z * g, 2)
            flow += of_edges(upstream, e, is_edge, head, heads, upstream_heads, 0.0).to(DTYPE)
            has_weight = is_edge[:, None] & (head < weight_heads)[None, :]
            tl.store(out_weight + at, share * flow, mask=has_weight)
            share *= of_edges(weight, e, is_edge, head, heads, weight_heads, 1.0).to(DTYPE)
            to_value += share[:, :, None] * g
            flow = tl.where(mask, share * flow - alpha * delta, 0) * steepness
            tl.store(out_scores + at, flow, mask=mask)
            to_left += reached(flow, x, y, slope, KIND)
        slot = tl.load(slots + tl.program_id(0)).to(tl.int64)
        if slot < 0:
            store_sum(out_value, row, to_value, heads, size, head, place)
            store_sum(out_left, row, to_left, heads, width, head, k)
        else:
            store_sum(partial_value, slot, to_value, heads, size, head, place)
            store_sum(partial_left, slot, to_left, heads, width, head, k)


@triton.jit(do_not_specialize=["heads", "width"])
def reach(
    rows,
    starts,
    ends,
    slots,
    indices,
    eids,
    left,
    right,
    flows,
    partial,
    out,
    heads,
    width,
    slope_high,
    slope_low,
    KIND: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    """What the gradients of scores give the destinations, of one piece; rows are destinations."""
    row = tl.load(rows + tl.program_id(0)).to(tl.int64)
    if row >= 0:
        width = aligned(width, KIND, ALIGN)
        DTYPE: tl.constexpr = out.dtype.element_ty
        slope = number(slope_high, slope_low, DTYPE)
        start, end = tl.load(starts + tl.program_id(0)), tl.load(ends + tl.program_id(0))
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        k, is_head = tl.arange(0, WIDTH), (head < heads)[None, :]
        own = tl.zeros((1,), tl.int64) + row
        y = tile(right, own, own >= 0, head, heads, k, width, DTYPE) if KIND == "leaky" else own
        made = tl.zeros((EDGES, HEADS, WIDTH), DTYPE)
        for first in range(start, end, EDGES):
            is_edge = first + lane < end
            u = tl.load(indices + first + lane, mask=is_edge, other=0).to(tl.int64)
            e = tl.load(eids + first + lane, mask=is_edge, other=0).to(tl.int64)
            at = flows + e[:, None] * heads + head[None, :]
            flow = tl.load(at, mask=is_edge[:, None] & is_head, other=0)
            x = flow if KIND == "add" else tile(left, u, is_edge, head, heads, k, width, DTYPE)
            made += reached(flow, y, x, slope, KIND)
        slot = tl.load(slots + tl.program_id(0)).to(tl.int64)
        if slot < 0:
            store_sum(out, row, made, heads, width, head, k)
        else:
            store_sum(partial, slot, made, heads, width, head, k)
