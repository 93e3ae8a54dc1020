"""The loops of attention: scores, softmax and weighted sum of a block of rows at a time.

Values of an edge and a head lie in scratch arrays; see :mod:`.scratch`. Nothing is stored for an
edge and a feature. Arguments that belong together are plain tuples:

- ``csr``: ``(indptr, indices, eids, order)``, as in :mod:`.spmm_tiled`. Rows of scratch arrays and
  of blocks are places in the order, those of operands and results are rows of the graph.
- ``activation``: ``(attn_vector, negative_slope)`` of :class:`~graphmp.kernels.contract.Attention`.
- ``dropout``: ``(seed, threshold)`` of :mod:`graphmp.kernels.philox`.
- ``row_block``: ``(base, first, last)``: the position of the first edge in scratch, and the rows.
- ``layout``: how features meet heads: ``(kind, columns, shape, factors, blocks)``. ``kind`` and
  ``columns`` are those of :func:`..simd.vector.load_operand`, ``shape`` is that of the widest
  tile. Where tiles have whole heads or parts of one, ``factors`` is as long as a tile has heads;
  else it is ``()``, and ``blocks`` the shape of as many vectors as heads are summed at once.

The ``kind`` of the scores is ``()``, ``(0,)`` or ``(0, 0)``, for additive scores, dot products and
dot products after a leaky ReLU: loops are compiled for each. An optional operand without rows is
left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...contract import ROW
from ..runtime.jit import inner, jit
from ..simd import addresses, philox, vector
from ..simd.llvm import LANES
from . import scratch
from .scores import compute_scores
from .softmax import exponentials
from .weighted import weighted_sum


@inner
def dropout_mask(heads: Any, eids: Any, dropout: Any, base: int, end: int, mask: Any) -> Any:
    """Write the factors of dropout, 0 or 1 / (1 - p), to ``mask`` or a larger scratch array."""
    number = scratch.number_of(heads)
    seed, threshold = dropout
    mask = scratch.large_enough(mask, end - base, heads)
    whole = np.float64(1 << 32)
    factor = whole / (whole - threshold)  # of the 2**32 words, those from the threshold on pass
    for j in range(base, end, LANES):
        for h in range(0, number, philox.WORDS):
            numbers = (min(number - h, philox.WORDS), end - j)
            philox.store_factors(mask, j - base, h, numbers, (eids, j), (seed, threshold, factor))
    return mask


@inner
def _apply_dropout_and_weight(
    heads: Any,
    csr: Any,
    weight: Any,
    mask: Any,
    attention: Any,
    alpha: Any,
    stats: Any,
    row_block: Any,
) -> None:
    """Multiply exponentials by dropout and the weights of edges.

    Divided by their sums, they are stored as the attention unless that has no rows.
    """
    number = scratch.number_of(heads)
    (indptr, _, eids, order), (base, first, last) = csr, row_block
    for p in range(first, last):
        r = addresses.row_at(order, p)
        for h in range(0, number, LANES):
            lanes = min(number - h, LANES)
            total = vector.load(stats, (0,), r, number + h, lanes)
            for j in range(np.int64(indptr[p]), np.int64(indptr[p + 1])):
                e = np.int64(eids[j])
                a = vector.load(alpha, (0,), j - base, h, lanes)
                if len(mask) > 0:
                    a = vector.mul(a, vector.load(mask, (0,), j - base, h, lanes))
                if len(weight) > 0:
                    a = vector.mul(a, vector.load(weight, (0,), e, h, lanes))
                vector.store(alpha, j - base, h, a, lanes)
                if len(attention) > 0:
                    vector.store(attention, e, h, vector.div(a, total), lanes)


@jit
def attention_rows(
    kind: Any,
    csr: Any,
    operands: Any,
    activation: Any,
    dropout: Any,
    layouts: Any,
    results: Any,
    first: int,
    last: int,
) -> None:
    """Attention of destinations, the rows; see the contract.

    Args:
        kind: of the scores; see :mod:`.attention`.
        csr: the edges.
        operands: ``(left, right, value, edge, weight)``.
        activation: see the module.
        dropout: see the module.
        layouts: the layouts of ``left`` and of ``value``, and the heads; see :mod:`.scratch`.
        results: ``(out, rounded, stats, attention)``: arrays that receive the results; ``rounded``
            may be without rows.
        first: the first row.
        last: one past the last row.
    """
    (indptr, _, eids, order), (left, right, value, edge, weight) = csr, operands
    (score_layout, layout, heads), (out, rounded, stats, attention) = layouts, results
    rows, number = np.int64(stats.shape[0]), scratch.number_of(heads)
    totals = stats.reshape((2 * rows, number))
    has_dropout = dropout[1] > 0
    scores, alpha = scratch.new(0, heads, stats), scratch.new(0, heads, stats)
    no_mask = scratch.new(0, heads, stats)[:0]
    mask = no_mask
    row = np.int64(first)
    while row < last:
        stop = scratch.end_of_block(indptr, row, last)
        base, end = np.int64(indptr[row]), np.int64(indptr[stop])
        row_block = (base, row, stop)
        scores = scratch.large_enough(scores, end - base, heads)
        alpha = scratch.large_enough(alpha, end - base, heads)
        compute_scores(
            kind, heads, csr, (right, left), edge, activation, score_layout, scores, row_block
        )
        exponentials(heads, (indptr, order), scores, alpha, stats, row_block, row)
        if has_dropout:
            mask = dropout_mask(heads, eids, dropout, base, end, mask)
        if has_dropout or len(weight) > 0 or len(attention) > 0:
            _apply_dropout_and_weight(heads, csr, weight, mask, attention, alpha, stats, row_block)
        none, sums = (value[:0], 1.0), (out, rounded)
        weighted_sum(csr, value, none, (alpha, ROW), totals, layout, sums, row_block)
        row = stop
