"""The loops of attention's gradient, a few rows at a time; see :mod:`.attention`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd import addresses, vector
from ..simd.llvm import LANES
from .attention import (
    ADD,
    DOT,
    EDGE,
    HERE,
    LEAKY,
    draw,
    end_of_block,
    large_enough,
    make_scores,
    mix,
    scratch,
)
from .spmm_tiled import AHEAD


@jit
def _flow_back(
    heads: int,
    form: Any,
    bend: float,
    stats: Any,
    weight: Any,
    mask: Any,
    attention_grad: Any,
    share: Any,
    flow: Any,
    out_scores: Any,
    out_weight: Any,
    base: int,
    end: int,
) -> None:
    """In ``share`` scores become attention; in ``flow`` its gradient becomes that of the scores."""
    _, indices, eids = form
    for j in range(base, end):
        e, v = np.int64(eids[j]), np.int64(indices[j])
        for h in range(0, heads, LANES):
            lanes = min(heads - h, LANES)
            score = vector.load(share, (0,), j - base, h, LANES)
            peak = vector.load(stats, (0,), v, h, lanes)
            total = vector.load(stats, (0,), v, heads + h, lanes)
            delta = vector.load(stats, (0,), v, 2 * heads + h, lanes)
            alpha = vector.div(vector.exp(vector.sub(vector.leaky(score, bend), peak)), total)
            grad = vector.load(flow, (0,), j - base, h, LANES)
            if len(attention_grad) > 0:
                grad = vector.add(grad, vector.load(attention_grad, (0,), e, h, lanes))
            weighed = alpha
            if len(mask) > 0:
                weighed = vector.mul(weighed, vector.load(mask, (0,), j - base, h, LANES))
            if len(weight) > 0:
                vector.store(out_weight, e, h, vector.mul(weighed, grad), lanes)
                weighed = vector.mul(weighed, vector.load(weight, (0,), e, h, lanes))
            vector.store(share, j - base, h, weighed, LANES)
            grad = vector.sub(vector.mul(weighed, grad), vector.mul(alpha, delta))
            grad = vector.mul(grad, vector.steep(score, bend))
            vector.store(flow, j - base, h, grad, LANES)
            vector.store(out_scores, e, h, grad, lanes)


@jit
def _reach(
    kind: int,
    heads: int,
    form: Any,
    own: Any,
    other: Any,
    slope: float,
    flow: Any,
    flow_at: int,
    fit: Any,
    out: Any,
    span: Any,
) -> None:
    """The gradient of scores reaches the operand that lies at the rows; see the contract."""
    (indptr, indices, eids), (base, first, last) = form, span
    if kind == ADD:
        for r in range(first, last):
            for h in range(0, heads, LANES):
                lanes = min(heads - h, LANES)
                acc = vector.fill(flow, (0,), 0)
                for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
                    k = addresses.edge_row(flow_at, j - base, j, indices, eids)
                    acc = vector.add(acc, vector.load(flow, (0,), k, h, lanes))
                vector.store(out, r, h, acc, lanes)
    else:
        beside = own if kind == LEAKY else own[:0]
        mix(form, other, beside, slope, flow, flow_at, fit, out, span)


@jit
def attend_gradient_rows(
    kind: int,
    form: Any,
    left: Any,
    right: Any,
    value: Any,
    edge: Any,
    weight: Any,
    bow: Any,
    chance: Any,
    blocks: Any,
    fit: Any,
    score_fit: Any,
    stats: Any,
    grad: Any,
    attention_grad: Any,
    out_value: Any,
    out_left: Any,
    out_scores: Any,
    out_weight: Any,
    first: int,
    last: int,
) -> None:
    """The gradients of attention at the sources and edges; see the contract. Rows are sources."""
    (indptr, _, eids), (seed, threshold) = form, chance
    heads = np.int64(stats.shape[1]) // 3
    bend = bow[1] if kind == ADD else 1.0
    share, flow = scratch(0, heads, stats), scratch(0, heads, stats)
    mask = scratch(0, heads, stats)
    row = np.int64(first)
    while row < last:
        stop = end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        span = (base, row, stop)
        share = large_enough(share, end - base, heads)
        flow = large_enough(flow, end - base, heads)
        make_scores(kind, heads, form, left, 0, right, 1, edge, bow, blocks, share, span)
        make_scores(DOT, heads, form, value, 0, grad, 1, edge[:0], bow, blocks, flow, span)
        if threshold > 0:
            mask = draw(heads, eids, seed, threshold, base, end, mask)
        _flow_back(
            heads,
            form, bend, stats, weight, mask, attention_grad, share, flow, out_scores, out_weight,
            base, end,
        )  # fmt: skip
        mix(form, grad, grad[:0], 1.0, share, HERE, fit, out_value, span)
        _reach(kind, heads, form, left, right, bow[1], flow, HERE, score_fit, out_left, span)
        row = stop


@jit
def score_gradient_rows(
    kind: int,
    form: Any,
    own: Any,
    other: Any,
    slope: float,
    flow: Any,
    fit: Any,
    out: Any,
    first: int,
    last: int,
) -> None:
    """The gradient of scores at one end; see the contract."""
    span = (np.int64(0), np.int64(first), np.int64(last))
    _reach(kind, np.int64(flow.shape[1]), form, own, other, slope, flow, EDGE, fit, out, span)


@jit
def softmax_gradient_rows(
    indptr: Any, eids: Any, weights: Any, grads: Any, out: Any, stats: Any, first: int, last: int
) -> None:
    """``out[e] = weights[e] * (grads[e] - sum of weights * grads over the edges of the row)``."""
    end_of_all, heads = np.int64(len(eids)) - 1, np.int64(weights.shape[1])
    share, flow = scratch(0, heads, stats), scratch(0, heads, stats)
    row = np.int64(first)
    while row < last:
        stop = end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        share = large_enough(share, end - base, heads)
        flow = large_enough(flow, end - base, heads)
        for j in range(base, end):
            e, ahead = np.int64(eids[j]), np.int64(eids[min(j + AHEAD, end_of_all)])
            for h in range(0, heads, LANES):
                addresses.prefetch(weights, (0,), ahead, h)
                addresses.prefetch(grads, (0,), ahead, h)
                addresses.prefetch(out, (0,), ahead, h)
                lanes = min(heads - h, LANES)
                a = vector.load(weights, (0,), e, h, lanes)
                vector.store(share, j - base, h, a, LANES)
                b = vector.load(grads, (0,), e, h, lanes)
                vector.store(flow, j - base, h, b, LANES)
        for r in range(row, stop):
            for h in range(0, heads, LANES):
                total = vector.fill(share, (0,), 0)
                for j in range(np.int64(indptr[r]) - base, np.int64(indptr[r + 1]) - base):
                    a = vector.load(share, (0,), j, h, LANES)
                    b = vector.load(flow, (0,), j, h, LANES)
                    total = vector.add(total, vector.mul(a, b))
                for j in range(np.int64(indptr[r]) - base, np.int64(indptr[r + 1]) - base):
                    a = vector.load(share, (0,), j, h, LANES)
                    b = vector.sub(vector.load(flow, (0,), j, h, LANES), total)
                    e = np.int64(eids[j + base])
                    vector.store(out, e, h, vector.mul(a, b), min(heads - h, LANES))
        row = stop
