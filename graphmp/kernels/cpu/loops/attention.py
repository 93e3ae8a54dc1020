"""The loops of attention: scores, softmax and weighted sum of a few rows at a time.

What belongs to an edge and a head lives in scratch arrays (edges, heads) of some hundred edges,
which stay in the cache; nothing is stored for an edge and a feature. Their rows are whole vectors,
since a load must wait for a masked store to the same place; what is beyond the heads is not read.
A row of more edges gets scratch arrays of its own: 16 to 24 numbers an edge for each eight heads.

What belongs together comes as a tuple: ``form``, the layout; ``span``, the position of the first
edge in scratch and the range of rows; ``bow``, what bends scores: the vector that weighs them and
the slope of the leaky ReLU; ``chance``, the seed and threshold of dropout; ``fit``, how features
meet heads: kind and places of :func:`..simd.vector.load_operand`, and the shape of
the widest tile. ``blocks`` is the shape of as many vectors as heads are summed at once. An
operand's ``at`` says where its row is found, as in :mod:`.spmm_tiled`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit
from ..simd import addresses, sums, vector
from ..simd.llvm import LANES
from . import philox
from .spmm_tiled import AHEAD, LINE

ADD, DOT, LEAKY = 0, 1, 2  # kinds of scores, in the order of the contract
HERE, EDGE = 0, 2  # what belongs to an edge is found by its place in scratch, or by its id
BLOCK = 512  # edges in scratch, unless one row has more


@jit
def scratch(edges: int, heads: int, like: Any) -> Any:
    """A new array of the dtype of another for edges and heads, in whole vectors."""
    return np.empty((edges, (heads + LANES - 1) // LANES * LANES), like.dtype)


@jit
def large_enough(array: Any, edges: int, heads: int) -> Any:
    """A scratch array, or in its place a new one, where it is too small for so many edges."""
    return array if edges <= len(array) else scratch(max(edges, BLOCK), heads, array)


@jit
def draw(heads: int, eids: Any, seed: int, threshold: int, base: int, end: int, mask: Any) -> Any:
    """The factors of dropout, 0 or one over the share that is kept, in ``mask`` or a larger one."""
    whole = np.float64(1 << 32)
    mask = large_enough(mask, end - base, heads)
    kept = whole - threshold
    for j in range(base, end):
        for h in range(0, heads, 4):
            words = philox.words(seed, np.int64(eids[j]), h // 4, 0)
            for k in range(h, min(h + 4, heads)):
                mask[j - base, k] = whole / kept if words[k - h] >= np.uint64(threshold) else 0
    return mask


@jit
def make_scores(
    kind: int,
    heads: int,
    form: Any,
    x: Any,
    x_at: int,
    y: Any,
    y_at: int,
    edge: Any,
    bow: Any,
    shape: Any,
    out: Any,
    span: Any,
) -> None:
    """Scores in scratch. Those of kind ``ADD`` still miss their leaky ReLU."""
    (indptr, indices, eids), (slant, slope), (base, first, last) = form, bow, span
    end_of_all, width = np.int64(len(indices)) - 1, np.int64(x.shape[1]) // heads
    for r in range(first, last):
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            ahead = min(j + AHEAD, end_of_all)
            i = addresses.edge_row(x_at, r, ahead, indices, eids)
            k = addresses.edge_row(y_at, r, ahead, indices, eids)
            for f in range(0, heads * width, LINE):
                addresses.prefetch(x, (0,), i, f)
                addresses.prefetch(y, (0,), k, f)
            i = addresses.edge_row(x_at, r, j, indices, eids)
            k = addresses.edge_row(y_at, r, j, indices, eids)
            if kind == ADD:
                for h in range(0, heads, LANES):
                    lanes = min(heads - h, LANES)
                    made = vector.load(x, (0,), i, h, lanes)
                    made = vector.add(made, vector.load(y, (0,), k, h, lanes))
                    vector.store(out, j - base, h, made, LANES)
            else:
                for h in range(0, heads, len(shape)):
                    acc = vector.fill(out, shape, 0)
                    for f in range(0, width, LANES):
                        lanes = min(width - f, LANES)
                        a = vector.load_blocks(x, shape, i, (h, f), heads, width, lanes)
                        b = vector.load_blocks(y, shape, k, (h, f), heads, width, lanes)
                        if kind == LEAKY:
                            a = vector.leaky(vector.add(a, b), slope)
                            b = vector.load_blocks(slant, shape, 0, (h, f), heads, width, lanes)
                        acc = vector.add(acc, vector.mul(a, b))
                    vector.store(out, j - base, h, sums.totals(acc), LANES)
            if len(edge) > 0:
                e = np.int64(eids[j])
                for h in range(0, heads, LANES):
                    lanes = min(heads - h, LANES)
                    made = vector.load(out, (0,), j - base, h, LANES)
                    made = vector.add(made, vector.load(edge, (0,), e, h, lanes))
                    vector.store(out, j - base, h, made, LANES)


@jit
def _normalise(heads: int, indptr: Any, bend: float, share: Any, stats: Any, span: Any) -> None:
    """Scores become their softmax over each row, whose peak and total are kept."""
    base, first, last = span
    for r in range(first, last):
        begin, end = np.int64(indptr[r]) - base, np.int64(indptr[r + 1]) - base
        for h in range(0, heads, LANES):
            peak, total = vector.fill(share, (0,), -np.inf), vector.fill(share, (0,), 0)
            for j in range(begin, end):
                a = vector.leaky(vector.load(share, (0,), j, h, LANES), bend)
                peak = vector.choose(vector.beats(a, peak, (), (0,)), a, peak)
            for j in range(begin, end):
                a = vector.leaky(vector.load(share, (0,), j, h, LANES), bend)
                a = vector.exp(vector.sub(a, peak))
                total = vector.add(total, a)
                vector.store(share, j, h, a, LANES)
            for j in range(begin, end):
                a = vector.div(vector.load(share, (0,), j, h, LANES), total)
                vector.store(share, j, h, a, LANES)
            if len(stats) > 0:
                lanes = min(heads - h, LANES)
                vector.store(stats, r, h, peak, lanes)
                vector.store(stats, r, heads + h, total, lanes)


@jit
def _weigh(
    heads: int,
    eids: Any,
    weight: Any,
    mask: Any,
    attention: Any,
    share: Any,
    base: int,
    end: int,
) -> None:
    """Multiply the softmax by dropout and the weights of edges; store it if asked for."""
    for j in range(base, end):
        e = np.int64(eids[j])
        for h in range(0, heads, LANES):
            lanes = min(heads - h, LANES)
            a = vector.load(share, (0,), j - base, h, LANES)
            if len(mask) > 0:
                a = vector.mul(a, vector.load(mask, (0,), j - base, h, LANES))
            if len(weight) > 0:
                a = vector.mul(a, vector.load(weight, (0,), e, h, lanes))
            vector.store(share, j - base, h, a, LANES)
            if len(attention) > 0:
                vector.store(attention, e, h, a, lanes)


@jit
def _mix_tile(
    form: Any,
    x: Any,
    own: Any,
    slope: float,
    share: Any,
    share_at: int,
    kind: int,
    places: Any,
    shape: Any,
    column: int,
    lanes: int,
    out: Any,
    span: Any,
) -> None:
    """The columns of one tile of :func:`mix`."""
    (indptr, indices, eids), (base, first, last) = form, span
    end_of_all = np.int64(len(indices)) - 1
    for r in range(first, last):
        acc = vector.fill(x, shape, 0)
        for j in range(np.int64(indptr[r]), np.int64(indptr[r + 1])):
            ahead = min(j + AHEAD, end_of_all)
            addresses.prefetch(x, shape, np.int64(indices[ahead]), column)
            if share_at == EDGE:
                addresses.prefetch(share, (0,), np.int64(eids[ahead]), 0)
            k = addresses.edge_row(share_at, j - base, j, indices, eids)
            a = vector.load(x, shape, np.int64(indices[j]), column, lanes)
            if len(own) > 0:
                a = vector.steep(vector.add(a, vector.load(own, shape, r, column, lanes)), slope)
            b = vector.load_operand(share, shape, k, kind, places, column, lanes)
            acc = vector.add(acc, vector.mul(a, b))
        vector.store(out, r, column, acc, lanes)


@jit
def mix(
    form: Any,
    x: Any,
    own: Any,
    slope: float,
    share: Any,
    share_at: int,
    fit: Any,
    out: Any,
    span: Any,
) -> None:
    """``out[r] = sum over the row of share * x[other end]``, a share for each head.

    With ``own`` it is the sum of ``share * leaky'(x[other end] + own[r])``.
    """
    kind, places, shape = fit
    size, wide = np.int64(x.shape[1]), len(shape) * LANES
    whole = size - size % wide if len(shape) > 1 else 0
    for column in range(0, whole, wide):
        _mix_tile(
            form, x, own, slope, share, share_at, kind, places, shape, column, LANES, out, span
        )
    for column in range(whole, size, LANES):
        lanes = min(size - column, LANES)
        _mix_tile(
            form, x, own, slope, share, share_at, kind, places, (0,), column, lanes, out, span
        )


@jit
def end_of_block(indptr: Any, first: int, last: int) -> int:
    """The end of the rows from ``first`` on whose edges fit into scratch; one row at least."""
    stop = first + 1
    while stop < last and np.int64(indptr[stop + 1]) - np.int64(indptr[first]) <= BLOCK:
        stop += 1
    return stop


@jit
def attend_rows(
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
    out: Any,
    stats: Any,
    attention: Any,
    first: int,
    last: int,
) -> None:
    """Attention of destinations; see the contract. Rows are destinations."""
    (indptr, _, eids), (seed, threshold) = form, chance
    heads = np.int64(stats.shape[1]) // 2
    bend = bow[1] if kind == ADD else 1.0
    share, mask = scratch(0, heads, stats), scratch(0, heads, stats)
    row = np.int64(first)
    while row < last:
        stop = end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        span = (base, row, stop)
        share = large_enough(share, end - base, heads)
        make_scores(kind, heads, form, left, 1, right, 0, edge, bow, blocks, share, span)
        _normalise(heads, indptr, bend, share, stats, span)
        if threshold > 0:
            mask = draw(heads, eids, seed, threshold, base, end, mask)
        if threshold > 0 or len(weight) > 0 or len(attention) > 0:
            _weigh(heads, eids, weight, mask, attention, share, base, end)
        mix(form, value, value[:0], 1.0, share, HERE, fit, out, span)
        row = stop


@jit
def softmax_rows(
    indptr: Any, eids: Any, logits: Any, out: Any, stats: Any, first: int, last: int
) -> None:
    """``out[e] = exp(logits[e]) / sum over the edges of the same row``, without overflow."""
    end_of_all, heads = np.int64(len(eids)) - 1, np.int64(logits.shape[1])
    share = scratch(0, heads, stats)
    row = np.int64(first)
    while row < last:
        stop = end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        share = large_enough(share, end - base, heads)
        for j in range(base, end):
            e, ahead = np.int64(eids[j]), np.int64(eids[min(j + AHEAD, end_of_all)])
            for h in range(0, heads, LANES):
                addresses.prefetch(logits, (0,), ahead, h)
                addresses.prefetch(out, (0,), ahead, h)
                a = vector.load(logits, (0,), e, h, min(heads - h, LANES))
                vector.store(share, j - base, h, a, LANES)
        _normalise(heads, indptr, 1.0, share, stats, (base, row, stop))
        for j in range(base, end):
            for h in range(0, heads, LANES):
                a = vector.load(share, (0,), j - base, h, LANES)
                vector.store(out, np.int64(eids[j]), h, a, min(heads - h, LANES))
        row = stop
