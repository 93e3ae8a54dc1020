"""Attention in plain torch, with what belongs to an edge in memory."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from ..contract import Attention, Csr, accumulator
from ..philox import dropout_mask
from .adding import add_rows


def attention(csr: Csr, given: Attention, wanted: bool) -> tuple[Tensor, Tensor, Tensor | None]:
    """Attend; see the contract."""
    row, (_, indices, eids) = _rows(csr), csr
    scores = _bent(given, _scores(given, indices, row, eids))
    index = row.view(-1, 1).expand_as(scores)
    zeros = scores.new_zeros(csr.indptr.numel() - 1, given.heads)
    peak = zeros.scatter_reduce(0, index, scores, "amax", include_self=False)
    weights = (scores - peak[row]).exp()
    total = add_rows(zeros, row, weights)
    alpha = _masked(given, eids, weights / total[row])
    if given.weight is not None:
        alpha = alpha * given.weight[eids]
    out = _sum(row, alpha.unsqueeze(-1) * _by_head(given, given.value)[indices], len(zeros))
    kept = None
    if wanted:
        kept = alpha.new_empty(alpha.shape, dtype=given.value.dtype)
        kept[eids.long()] = alpha.to(kept.dtype)
    return out, torch.cat([peak, total], 1), kept


def attention_gradient(
    csr: Csr, given: Attention, stats: Tensor, grad: Tensor, attention_grad: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The gradient at sources and edges; see the contract."""
    row, (_, indices, eids) = _rows(csr), csr
    scores = _scores(given, row, indices, eids)
    peak, total, delta = stats[indices].chunk(3, 1)
    alpha = (_bent(given, scores) - peak).exp() / total
    upstream = _by_head(given, grad)[indices]
    flow = (_by_head(given, given.value)[row] * upstream).sum(-1)
    if attention_grad is not None:
        flow = flow + attention_grad[eids]
    share, to_weight = _masked(given, eids, alpha), None
    if given.weight is not None:
        to_weight = torch.empty_like(share)
        to_weight[eids.long()] = share * flow
        share = share * given.weight[eids]
    flow = share * flow - alpha * delta
    if given.kind == "add":
        flow = flow * _steepness(given, scores)
    to_scores = torch.empty_like(flow)
    to_scores[eids.long()] = flow
    rows = csr.indptr.numel() - 1
    to_value = _sum(row, share.unsqueeze(-1) * upstream, rows).to(given.value.dtype)
    return (
        to_value,
        _sum(row, _reached(given, row, indices, flow, True), rows),
        to_scores,
        to_weight,
    )


def score_gradient(csr: Csr, given: Attention, scores: Tensor) -> Tensor:
    """The gradient of scores at the destinations; see the contract."""
    row, (_, indices, eids) = _rows(csr), csr
    made = _reached(given, indices, row, scores[eids], False)
    return _sum(row, made, csr.indptr.numel() - 1)


def _reached(given: Attention, u: Tensor, v: Tensor, flow: Tensor, is_left: bool) -> Tensor:
    """What each edge gives the left operand, or the right one: (E, heads, k)."""
    flow = flow.unsqueeze(-1)
    if given.kind == "add":
        return flow
    left, right = _by_head(given, given.left)[u], _by_head(given, given.right)[v]
    if given.kind == "dot":
        return flow * (right if is_left else left)
    return flow * _steepness(given, left + right)


def _scores(given: Attention, u: Tensor, v: Tensor, eids: Tensor) -> Tensor:
    """Scores, before the leaky ReLU of kind ``"add"``: (E, heads)."""
    left, right = _by_head(given, given.left)[u], _by_head(given, given.right)[v]
    if given.kind == "add":
        made = (left + right).sum(-1)  # of one element, or of none without heads
    elif given.kind == "dot":
        made = (left * right).sum(-1)
    else:
        assert given.attn_vector is not None  # what the kind needs
        made = (
            _by_head(given, given.attn_vector) * leaky_relu(left + right, given.negative_slope)
        ).sum(-1)
    return made if given.edge is None else made + given.edge[eids]


def _bent(given: Attention, scores: Tensor) -> Tensor:
    return leaky_relu(scores, given.negative_slope) if given.kind == "add" else scores


def _steepness(given: Attention, x: Tensor) -> Tensor:
    """The derivative of the leaky ReLU at ``x``."""
    return torch.full_like(x, given.negative_slope).masked_fill_(x > 0, 1)


def _masked(given: Attention, eids: Tensor, alpha: Tensor) -> Tensor:
    if given.dropout == 0:
        return alpha
    return alpha * dropout_mask(given.seed, eids, given.heads, given.dropout, alpha.dtype)


def _by_head(given: Attention, tensor: Tensor) -> Tensor:
    """(rows, heads, size of a head), in the accumulator's dtype."""
    width = tensor.shape[1] // max(given.heads, 1)
    return tensor.to(accumulator(tensor.dtype)).view(len(tensor), given.heads, width)


def _sum(row: Tensor, values: Tensor, rows: int) -> Tensor:
    """Values of edges, (E, heads, k), summed into rows: (rows, heads * k)."""
    flat = values.reshape(len(values), values.shape[1:].numel())
    return add_rows(flat.new_zeros(rows, flat.shape[1]), row, flat)


def _rows(csr: Csr) -> Tensor:
    """The row of each position: (E,) int64."""
    lengths = csr.indptr.diff().long()
    rows = torch.arange(len(lengths), device=lengths.device)
    return torch.repeat_interleave(rows, lengths, output_size=len(csr.indices))
