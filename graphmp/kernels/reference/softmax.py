"""Softmax over the edges of each row, in plain torch."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr, accumulator
from ..segments import permuted, rows_of
from .adding import add_rows


def softmax(csr: Csr, logits: Tensor, with_grouped: bool) -> tuple[Tensor, Tensor | None]:
    """Softmax over the edges of each row; see the contract."""
    row, flat = _rows_by_edge(csr), _flat(logits)
    zeros = flat.new_zeros(csr.indptr.numel() - 1, flat.shape[1])
    index = row.view(-1, 1).expand_as(flat)
    peak = finite(zeros.scatter_reduce(0, index, flat, "amax", include_self=False))
    exponentials = (flat - peak[row]).exp()
    total = positive(add_rows(zeros, row, exponentials))
    weights = (exponentials / total[row]).to(logits.dtype).view(logits.shape)
    return weights, weights.index_select(0, csr.edge_ids) if with_grouped else None


def finite(peak: Tensor) -> Tensor:
    """Numbers to subtract: the peaks, or 0 for -inf, since -inf - -inf is NaN."""
    return peak.masked_fill(peak == -torch.inf, 0)


def positive(total: Tensor) -> Tensor:
    """Numbers to divide by: the totals, or 1 where every edge is at -inf and gets 0."""
    return total.masked_fill(total == 0, 1)


def softmax_gradient(csr: Csr, grouped: Tensor, grads: Tensor) -> Tensor:
    """The gradient of the softmax; see the contract."""
    row, flat, upstream = _rows_by_edge(csr), _flat(permuted(grouped, csr.edge_ids)), _flat(grads)
    zeros = flat.new_zeros(csr.indptr.numel() - 1, flat.shape[1])
    total = add_rows(zeros, row, flat * upstream)
    return (flat * (upstream - total[row])).to(grads.dtype).view(grads.shape)


def _rows_by_edge(csr: Csr) -> Tensor:
    """The row of each edge, in edge id order: (E,) int64."""
    row = torch.empty_like(csr.edge_ids, dtype=torch.int64)
    row[csr.edge_ids.long()] = rows_of(csr.indptr, len(csr.edge_ids)).long()
    return row


def _flat(tensor: Tensor) -> Tensor:
    """Values as (E, elements), in the accumulator's dtype."""
    flat = tensor.reshape(tensor.shape[0], tensor.shape[1:].numel())
    return flat.to(accumulator(tensor.dtype))
