"""Attention in plain torch; scores and attention of all edges are stored, (E, heads)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from ..contract import Attention, Csr, accumulator
from ..philox import dropout_mask
from ..segments import rows_of
from .adding import add_rows
from .softmax import finite, positive


def attention(
    csr: Csr, spec: Attention, with_attention: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Attend; see the contract."""
    row, (_, indices, eids) = _rows(csr), csr
    scores = _activated(spec, _scores(spec, indices, row, eids))
    index = row.view(-1, 1).expand_as(scores)
    zeros = scores.new_zeros(csr.indptr.numel() - 1, spec.heads)
    peak = finite(zeros.scatter_reduce(0, index, scores, "amax", include_self=False))
    exponentials = (scores - peak[row]).exp()
    total = positive(add_rows(zeros, row, exponentials))
    alpha = _dropped(spec, eids, exponentials / total[row])
    if spec.weight is not None:
        alpha = alpha * spec.weight[eids]
    out = _sum(row, alpha.unsqueeze(-1) * _by_head(spec, spec.value)[indices], len(zeros))
    stats, dtype = torch.cat([peak, total], 1), spec.value.dtype
    attention = _in_edge_order(alpha.to(dtype), eids) if with_attention else None
    return out, out.to(dtype), stats, attention


def attention_gradient(
    csr: Csr, spec: Attention, stats: Tensor, grad: Tensor, attention_grad: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The gradients at sources and edges; see the contract."""
    row, (_, indices, eids) = _rows(csr), csr
    scores = _scores(spec, row, indices, eids)
    peak, total, delta = stats[indices].chunk(3, 1)
    softmax = (_activated(spec, scores) - peak).exp() / total
    upstream = _by_head(spec, grad)[indices]
    alpha_grad = (_by_head(spec, spec.value)[row] * upstream).sum(-1)
    if attention_grad is not None:
        alpha_grad = alpha_grad + attention_grad[eids]
    alpha, weight_grad = _dropped(spec, eids, softmax), None
    if spec.weight is not None:
        weight_grad = _in_edge_order(alpha * alpha_grad, eids)
        alpha = alpha * spec.weight[eids]
    score_grad = alpha * alpha_grad - softmax * delta
    if spec.kind == "add":
        score_grad = score_grad * _leaky_relu_grad(spec, scores)
    rows = csr.indptr.numel() - 1
    value_grad = _sum(row, alpha.unsqueeze(-1) * upstream, rows).to(spec.value.dtype)
    left_grad = _sum(row, _operand_grad(spec, row, indices, score_grad, is_left=True), rows)
    return value_grad, left_grad, _in_edge_order(score_grad, eids), weight_grad


def score_gradient(csr: Csr, spec: Attention, scores: Tensor) -> Tensor:
    """The gradient of scores at the destinations; see the contract."""
    row, (_, indices, eids) = _rows(csr), csr
    right_grad = _operand_grad(spec, indices, row, scores[eids], is_left=False)
    return _sum(row, right_grad, csr.indptr.numel() - 1)


def row_dots(left: Tensor, right: Tensor, heads: int) -> Tensor:
    """Dot products of rows, head by head; see the contract."""
    return (left * right).view(len(left), heads, left.shape[1] // max(heads, 1)).sum(-1)


def _operand_grad(
    spec: Attention, u: Tensor, v: Tensor, score_grad: Tensor, is_left: bool
) -> Tensor:
    """The gradient of each edge's score at the left or the right operand: (E, heads, k)."""
    score_grad = score_grad.unsqueeze(-1)
    if spec.kind == "add":
        return score_grad
    left, right = _by_head(spec, spec.left)[u], _by_head(spec, spec.right)[v]
    if spec.kind == "dot":
        return score_grad * (right if is_left else left)
    return score_grad * _leaky_relu_grad(spec, left + right)


def _scores(spec: Attention, u: Tensor, v: Tensor, eids: Tensor) -> Tensor:
    """Scores, before the leaky ReLU of kind ``"add"``: (E, heads)."""
    left, right = _by_head(spec, spec.left)[u], _by_head(spec, spec.right)[v]
    if spec.kind == "add":
        scores = (left + right).sum(-1)  # one element for each head
    elif spec.kind == "dot":
        scores = (left * right).sum(-1)
    else:
        assert spec.attn_vector is not None  # the contract requires it for this kind
        attn_vector = _by_head(spec, spec.attn_vector)
        scores = (attn_vector * leaky_relu(left + right, spec.negative_slope)).sum(-1)
    return scores if spec.edge is None else scores + spec.edge[eids]


def _activated(spec: Attention, scores: Tensor) -> Tensor:
    return leaky_relu(scores, spec.negative_slope) if spec.kind == "add" else scores


def _leaky_relu_grad(spec: Attention, x: Tensor) -> Tensor:
    """The derivative of the leaky ReLU at ``x``."""
    return torch.full_like(x, spec.negative_slope).masked_fill_(x > 0, 1)


def _dropped(spec: Attention, eids: Tensor, alpha: Tensor) -> Tensor:
    """Attention after dropout."""
    if spec.dropout == 0:
        return alpha
    return alpha * dropout_mask(spec.seed, eids, spec.heads, spec.dropout, alpha.dtype)


def _by_head(spec: Attention, tensor: Tensor) -> Tensor:
    """(rows, heads, head size), in the accumulator's dtype."""
    head_size = tensor.shape[1] // max(spec.heads, 1)
    return tensor.to(accumulator(tensor.dtype)).view(len(tensor), spec.heads, head_size)


def _in_edge_order(values: Tensor, eids: Tensor) -> Tensor:
    """Values at the positions of a layout, in edge id order."""
    out = torch.empty_like(values)
    out[eids.long()] = values
    return out


def _sum(row: Tensor, values: Tensor, rows: int) -> Tensor:
    """Values of edges, (E, heads, k), summed into rows: (rows, heads * k)."""
    flat = values.reshape(len(values), values.shape[1:].numel())
    return add_rows(flat.new_zeros(rows, flat.shape[1]), row, flat)


def _rows(csr: Csr) -> Tensor:
    """The row of each position: (E,) int64."""
    return rows_of(csr.indptr, len(csr.indices)).long()
