"""The gradients of attention; :mod:`.attention` explains how a program works."""

from __future__ import annotations

import triton
import triton.language as tl

from .pieces import load_piece
from .scores import (
    aligned_width,
    dropout_mask,
    from_halves,
    load_edge_terms,
    load_edges,
    load_heads,
    load_row,
    scores,
    store_piece,
)

NUMBERS = [
    *("heads", "width", "size", "edge_heads", "weight_heads", "upstream_heads"),
    *("key_low", "key_high", "threshold"),
]


@triton.jit
def operand_gradient(score_grad, own, other, slope, KIND: tl.constexpr):
    """The gradient of scores at the operand ``own``: (edges, heads, elements)."""
    if KIND == "add":
        grad = score_grad[:, :, None]
    elif KIND == "dot":
        grad = score_grad[:, :, None] * other
    else:
        grad = score_grad[:, :, None] * tl.where(own + other > 0, 1, slope)
    return grad


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
    attn_vector,
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
    threshold,
    scale_high,
    scale_low,
    slope_high,
    slope_low,
    KIND: tl.constexpr,
    ALIGN: tl.constexpr,
    EDGES: tl.constexpr,
    HEADS: tl.constexpr,
    WIDTH: tl.constexpr,
    SIZE: tl.constexpr,
):
    """The gradients at a source and at its edges, of one piece; rows are sources."""
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        width, size = aligned_width(width, KIND, ALIGN), size // ALIGN * ALIGN
        DTYPE: tl.constexpr = stats.dtype.element_ty
        scale = from_halves(scale_high, scale_low, DTYPE)
        slope = from_halves(slope_high, slope_low, DTYPE)
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        k, element, is_head = tl.arange(0, WIDTH), tl.arange(0, SIZE), (head < heads)[None, :]
        x = load_row(left, row, head, heads, k, width, DTYPE)
        z = load_row(value, row, head, heads, element, size, DTYPE)
        attn = load_row(attn_vector, 0, head, heads, k, width, DTYPE) if KIND == "leaky" else None
        to_value = tl.zeros((EDGES, HEADS, SIZE), DTYPE)
        to_left = tl.zeros((EDGES, HEADS, WIDTH), DTYPE)
        for first in range(start, end, EDGES):
            is_edge, v, e = load_edges(indices, eids, first + lane, end)
            mask, at = is_edge[:, None] & is_head, e[:, None] * heads + head[None, :]
            y = load_heads(right, v, is_edge, head, heads, k, width, DTYPE)
            g = load_heads(grad, v, is_edge, head, heads, element, size, DTYPE)
            of_row = stats + (v * heads * 3)[:, None] + head[None, :]
            peak = tl.load(of_row, mask=mask, other=0)
            total = tl.load(of_row + heads, mask=mask, other=1)
            delta = tl.load(of_row + heads * 2, mask=mask, other=0)
            score = scores(x, y, attn, edge, e, is_edge, head, heads, edge_heads, slope, KIND)
            leaky_relu_grad = tl.where(score > 0, 1, slope) if KIND == "add" else 1
            alpha = tl.exp(tl.where(mask, score * leaky_relu_grad, float("-inf")) - peak) / total
            attention = dropout_mask(e, key_low, key_high, threshold, scale, EDGES, HEADS) * alpha
            attention_grad = tl.sum(z * g, 2)
            attention_grad += load_edge_terms(
                upstream, e, is_edge, head, heads, upstream_heads, 0.0
            ).to(DTYPE)
            has_weight = is_edge[:, None] & (head < weight_heads)[None, :]
            tl.store(out_weight + at, attention * attention_grad, mask=has_weight)
            attention *= load_edge_terms(weight, e, is_edge, head, heads, weight_heads, 1.0).to(
                DTYPE
            )
            to_value += attention[:, :, None] * g
            score_grad = tl.where(mask, attention * attention_grad - alpha * delta, 0)
            score_grad *= leaky_relu_grad
            tl.store(out_scores + at, score_grad, mask=mask)
            to_left += operand_gradient(score_grad, x, y, slope, KIND)
        slot = tl.load(slots + tl.program_id(0))
        store_piece(out_value, partial_value, row, slot, to_value, heads, size, head, element)
        store_piece(out_left, partial_left, row, slot, to_left, heads, width, head, k)


@triton.jit(do_not_specialize=["heads", "width"])
def gradient_of_scores(
    rows,
    starts,
    ends,
    slots,
    indices,
    eids,
    left,
    right,
    score_grads,
    partials,
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
    """The gradient of scores at the destinations, of one piece; rows are destinations."""
    row, start, end = load_piece(rows, starts, ends)
    if row >= 0:
        width = aligned_width(width, KIND, ALIGN)
        DTYPE: tl.constexpr = out.dtype.element_ty
        slope = from_halves(slope_high, slope_low, DTYPE)
        lane, head = tl.arange(0, EDGES), tl.program_id(1) * HEADS + tl.arange(0, HEADS)
        k, is_head = tl.arange(0, WIDTH), (head < heads)[None, :]
        y = load_row(right, row, head, heads, k, width, DTYPE) if KIND == "leaky" else None
        total = tl.zeros((EDGES, HEADS, WIDTH), DTYPE)
        for first in range(start, end, EDGES):
            is_edge, u, e = load_edges(indices, eids, first + lane, end)
            at = score_grads + e[:, None] * heads + head[None, :]
            score_grad = tl.load(at, mask=is_edge[:, None] & is_head, other=0)
            x = (
                score_grad
                if KIND == "add"
                else load_heads(left, u, is_edge, head, heads, k, width, DTYPE)
            )
            total += operand_gradient(score_grad, y, x, slope, KIND)
        slot = tl.load(slots + tl.program_id(0))
        store_piece(out, partials, row, slot, total, heads, width, head, k)
