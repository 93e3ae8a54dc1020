"""Random walks and searches in plain torch: all walks, and all nodes of a level, at once.

Communities are found node by node, in plain Python.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from ..contract import Csr
from ..philox import fraction, words
from ..sampling_spec import MAX_TRIES, MAX_WEIGHT, MIN_WEIGHT, WalkSpec
from ..segments import rows_of
from .sampling import candidates, checked, in_proportion

_STEP, _TRY = 3, 4  # the last word of a counter: what it is drawn for


class _Walkers(NamedTuple):
    """The walks that are still going.

    Attributes:
        walks: (n,) their indices in the start nodes.
        nodes: (n,) the node of each.
        previous: (n,) the node that each was at before, or None.
    """

    walks: Tensor
    nodes: Tensor
    previous: Tensor | None

    def where(self, mask: Tensor) -> _Walkers:
        """The walks where ``mask`` is set, or at these indices."""
        previous = None if self.previous is None else self.previous[mask]
        return _Walkers(self.walks[mask], self.nodes[mask], previous)


def walk(csr: Csr, nodes: Tensor, spec: WalkSpec) -> tuple[Tensor, Tensor]:
    """Walk at random; see the contract."""
    indptr, indices, eids = csr
    traces = nodes.new_full((len(nodes), len(spec.stops)), -1)
    edges = torch.full_like(traces, -1)
    walks = (nodes >= 0).nonzero().view(-1)
    walkers = _Walkers(walks, nodes[walks].long(), None)
    for s in range(len(spec.stops)):
        a, b, c, d = words(spec.seed, walkers.walks, spec.start + s, _STEP)
        has_edges = indptr[walkers.nodes + 1] > indptr[walkers.nodes]
        goes_on = has_edges & (fraction(c, d) >= spec.stops[s])
        walkers = walkers.where(goes_on)
        positions = _next(csr, walkers, spec.start + s, fraction(a, b)[goes_on], spec)
        goes_on = positions >= 0
        walks, previous, positions = (
            walkers.walks[goes_on],
            walkers.nodes[goes_on],
            positions[goes_on],
        )
        traces[walks, s], edges[walks, s] = indices[positions], eids[positions]
        walkers = _Walkers(walks, indices[positions].long(), previous)
    return traces, edges


def _next(csr: Csr, walkers: _Walkers, step: int, uniform: Tensor, spec: WalkSpec) -> Tensor:
    """The position of the edge that each walk takes, or -1 if all weights are 0."""
    if spec.pairs is None:
        walkers = walkers._replace(previous=None)
    if spec.weights is None and walkers.previous is None:
        low, degree = _edges_of(csr, walkers.nodes)
        return low + (uniform * degree).long()
    positions = torch.full_like(walkers.nodes, -1)
    if spec.weights is None:
        positions = _by_rejection(csr, walkers, step, spec)
    left = (positions < 0).nonzero().view(-1)
    positions[left] = _by_weight(csr, walkers.where(left), uniform[left], spec)
    return positions


def _by_rejection(csr: Csr, walkers: _Walkers, step: int, spec: WalkSpec) -> Tensor:
    """Edges by rejection sampling; -1 if every try is rejected."""
    positions = torch.full_like(walkers.nodes, -1)
    low, degree = _edges_of(csr, walkers.nodes)
    for t in range(MAX_TRIES):
        left = ((positions < 0) & (degree > t)).nonzero().view(-1)
        if len(left) == 0:
            break
        a, b, c, d = words(spec.seed, walkers.walks[left], step, _TRY + t)
        candidate = low[left] + (fraction(a, b) * degree[left]).long()
        others, previous = csr.indices[candidate].long(), walkers.where(left).previous
        factor = _factors(csr, others, previous, spec)
        is_accepted = fraction(c, d) * max(spec.back, 1.0, spec.far) < factor
        positions[left] = torch.where(is_accepted, candidate, -1)
    return positions


def _edges_of(csr: Csr, nodes: Tensor) -> tuple[Tensor, Tensor]:
    """The first position and the degree of each node, int64."""
    low = csr.indptr[nodes]
    return low.long(), (csr.indptr[nodes + 1] - low).long()


def _factors(csr: Csr, others: Tensor, previous: Tensor | None, spec: WalkSpec) -> Tensor:
    """What multiplies the weights of edges to ``others`` in a second-order step: (n,) float64."""
    assert spec.pairs is not None
    assert previous is not None
    pair = others * (len(csr.indptr) - 1) + previous
    index = torch.searchsorted(spec.pairs, pair).clamp(max=len(spec.pairs) - 1)
    factor = torch.where(spec.pairs[index] == pair, 1.0, spec.far).double()
    return torch.where(others == previous, spec.back, factor)


def _by_weight(csr: Csr, walkers: _Walkers, uniform: Tensor, spec: WalkSpec) -> Tensor:
    """Edges in proportion to their weights, or -1 where all weights are 0."""
    row, candidate = candidates(csr.indptr, walkers.nodes)
    weights = torch.ones(len(row), dtype=torch.float64, device=row.device)
    if spec.weights is not None:
        weights = checked(spec.weights, csr.edge_ids[candidate])
        row, candidate, weights = row[weights > 0], candidate[weights > 0], weights[weights > 0]
    if walkers.previous is not None:
        others = csr.indices[candidate].long()
        factors = _factors(csr, others, walkers.previous[row], spec)
        weights = (weights * factors).clamp(MIN_WEIGHT, MAX_WEIGHT)
    degrees = torch.bincount(row, minlength=len(walkers.nodes))
    some = (degrees > 0).nonzero().view(-1)
    positions = torch.full_like(walkers.nodes, -1)
    positions[some] = candidate[in_proportion(weights, degrees, some, uniform[some])]
    return positions


def levels(csr: Csr, needed: Tensor) -> Tensor:
    """Find the nodes that edges reach, level by level; see the contract."""
    nodes = max(needed.shape[1], 1)
    rest, level = needed.flatten().clone(), torch.full_like(needed, -1).view(-1)
    frontier, number = (rest == 0).nonzero().view(-1), 0  # search * nodes + node
    while frontier.numel():
        level[frontier] = number
        ends = frontier % nodes
        row, positions = candidates(csr.indptr, ends)
        reached = (frontier - ends)[row] + csr.indices[positions]
        rest.index_add_(0, reached, rest.new_full(reached.shape, -1))
        reached = torch.unique(reached)
        frontier = reached[(rest[reached] <= 0) & (level[reached] < 0)]
        number += 1
    return level.view_as(needed)


def first_edges(csr: Csr, levels: Tensor) -> Tensor:
    """Find the edges through which searches reach nodes; see the contract."""
    rows, others = rows_of(csr.indptr, len(csr.indices)).long(), csr.indices.long()
    none = torch.iinfo(levels.dtype).max
    edge_ids = torch.full_like(levels, none)
    for level, least in zip(levels, edge_ids, strict=True):
        before = level[others]
        is_earlier = (before >= 0) & (before < level[rows])
        least.scatter_reduce_(0, rows[is_earlier], csr.edge_ids[is_earlier], "amin")
    return edge_ids.masked_fill_(edge_ids == none, -1)


def communities(csr: Csr, max_size: int, rounds: int) -> Tensor:
    """Find groups of nodes with many edges among them; see the contract."""
    indptr, indices = csr.indptr.tolist(), csr.indices.tolist()
    labels = list(range(len(indptr) - 1))
    sizes = [1] * len(labels)
    for _ in range(rounds):
        before = labels.copy()
        for v, (begin, end) in enumerate(pairwise(indptr)):
            sizes[labels[v]] -= 1
            neighbours = [labels[u] for u in indices[begin:end] if sizes[labels[u]] < max_size]
            labels[v] = _first_most_frequent(neighbours, labels[v])
            sizes[labels[v]] += 1
        if labels == before:
            break
    return csr.indices.new_tensor(labels)


def _first_most_frequent(labels: list[int], default: int) -> int:
    """The label that reaches the greatest count first."""
    counts: dict[int, int] = {}
    best = default
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
        if counts[label] > counts.get(best, 0):
            best = label
    return best
