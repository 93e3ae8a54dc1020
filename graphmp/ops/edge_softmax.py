"""Softmax of edge values over the edges that share a node; differentiable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._storage.adjacency import Adjacency
from .._storage.frame import ALL
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..kernels.contract import accumulator
from .broadcast import unsqueeze_like
from .formulas import AdjacencyRecord, Maybe
from .gather import gather_rows
from .operation import Operation
from .spmm import contract, spmm


def edge_softmax(graph: Any, logits: Any, eids: Any = ALL, norm_by: str = "dst") -> Any:
    r"""Normalise edge values over the edges that enter, or leave, the same node.

    .. math:: a_{uv} = \frac{\exp(z_{uv})}{\sum_{u' \in N(v)} \exp(z_{u'v})}

    Args:
        graph: a graph with one edge type, or of several types when ``logits`` is a dict.
        logits: floating point tensor (E, \*); or a dict from edge types to such
            tensors, normalised jointly over all types that share a node.
        eids: the edges to normalise over, also as floats that are whole; ``logits`` then has one
            row for each of them.
        norm_by: ``"dst"`` over the edges that enter a node, ``"src"`` over those that leave it.

    Returns:
        A tensor like ``logits``, or a dict of such tensors.

    Raises:
        GraphTypeError: logits that are not floating point, or ids that are not integers.
        GraphValueError: wrong ``norm_by``, or not a row for each edge.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [2, 2, 0]))
        >>> gm.ops.edge_softmax(g, torch.zeros(3))
        tensor([0.5000, 0.5000, 1.0000])
    """
    if norm_by not in ("dst", "src"):
        raise GraphValueError(f"norm_by: expected 'dst' or 'src', got {norm_by!r}.")
    if isinstance(logits, _checks.AnyMapping):
        return _by_type(graph, logits, eids, norm_by)
    adjacency: Adjacency = _checks.adjacency_of(graph)
    if not (isinstance(eids, str) and eids == ALL):
        what = "Edge ids"
        if isinstance(eids, Tensor) and eids.is_floating_point() and eids.equal(eids.trunc()):
            eids = eids.to(adjacency.idtype)
        index = _checks.ids_or_mask(
            eids, adjacency.idtype, adjacency.device, adjacency.num_edges, what
        )
        adjacency = adjacency.subset(index)
    adjacency = adjacency.reversed if norm_by == "src" else adjacency
    return softmax(adjacency, logits, "logits")


def softmax(adjacency: Adjacency, logits: Any, name: str) -> Tensor:
    """Softmax over the edges that enter each node.

    Args:
        adjacency: the edges.
        logits: (E, *feature), floating point.
        name: the argument's name.

    Returns:
        (E, *feature).

    Raises:
        GraphTypeError: not floating point.
        GraphValueError: not a row for each edge.
    """
    weights, _ = _SOFTMAX(AdjacencyRecord(adjacency), _checked(logits, adjacency, name))
    return weights  # type: ignore[no-any-return]


def _checked(logits: Any, adjacency: Adjacency, name: str) -> Tensor:
    """Check logits; under autocast a softmax is computed in float32."""
    _checks.feature(logits, adjacency.num_edges, adjacency.device, name, "edges")
    if not logits.dtype.is_floating_point:
        raise GraphTypeError(
            f"{name}: expected floating point, got {logits.dtype}; call .float() on them."
        )
    if torch.is_autocast_enabled(logits.device.type):
        logits = logits.to(accumulator(logits.dtype))
    return logits  # type: ignore[no-any-return]


def _by_type(graph: Any, logits: Mapping[Any, Tensor], eids: Any, norm_by: str) -> Any:
    """Normalise jointly over the relations that share a node type."""
    if not (isinstance(eids, str) and eids == ALL):
        raise GraphValueError("eids: expected all edges with a dict of logits, got ids; omit eids.")
    adjacencies: Mapping[Any, Adjacency] = graph.adjacencies
    groups: dict[str, list[Any]] = {}
    checked: dict[Any, Tensor] = {}
    etypes = {name: _resolved(graph, name) for name in logits}
    if len(set(etypes.values())) < len(etypes):
        raise GraphValueError(f"logits: expected each edge type once, got {list(logits)}.")
    for name, value in logits.items():
        etype = etypes[name]
        checked[etype] = _checked(value, adjacencies[etype], "logits")
        groups.setdefault(etype[2 if norm_by == "dst" else 0], []).append(etype)
    out: dict[Any, Tensor] = {}
    for group in groups.values():
        views = [adjacencies[t] if norm_by == "dst" else adjacencies[t].reversed for t in group]
        weights = softmax_jointly(views, [checked[t] for t in group])
        out.update(zip(group, weights, strict=True))
    return {name: out[etype] for name, etype in etypes.items()}


def _resolved(graph: Any, name: Any) -> Any:
    """The canonical edge type of a key of ``logits``."""
    if isinstance(name, str):
        return graph.to_canonical_etype(name)
    if name not in graph.adjacencies:
        known = ", ".join(map(repr, graph.adjacencies))
        raise GraphKeyError(f"logits: expected edge types of the graph ({known}), got {name!r}.")
    return name


def softmax_jointly(adjacencies: Sequence[Adjacency], logits: Sequence[Tensor]) -> list[Tensor]:
    """Softmax over all the edges, of every relation, that enter a node.

    Args:
        adjacencies: relations that share their destinations.
        logits: for each the values of its edges, (E_i, *feature).

    Returns:
        The normalised values of each relation.

    Raises:
        GraphValueError: feature shapes that differ.
    """
    shape = tuple(logits[0].shape[1:])
    if any(tuple(z.shape[1:]) != shape for z in logits):
        shapes = ", ".join(str(tuple(z.shape[1:])) for z in logits)
        raise GraphValueError(
            f"logits: expected one feature shape for relations into one node type, got {shapes}."
        )
    wide = [z.to(accumulator(z.dtype)) for z in logits]
    with torch.no_grad():
        peaks = [
            spmm(a, None, "max", z, None, ("e", "e")).masked_fill(_has_no_edge(a, z), -torch.inf)
            for a, z in zip(adjacencies, wide, strict=True)
        ]
        peak = torch.stack(peaks).amax(0)
        peak = peak.masked_fill(peak == -torch.inf, 0)  # so that exp(-inf - peak) is 0, not NaN
    pairs = zip(adjacencies, wide, strict=True)
    scaled = [(z - _to_edges(a, peak)).exp() for a, z in pairs]
    totals = [
        contract(a, "v", "copy", z, None, ("e", "e"), shape)
        for a, z in zip(adjacencies, scaled, strict=True)
    ]
    total = torch.stack(totals).sum(0)
    total = total.masked_fill(total == 0, 1)
    triples = zip(adjacencies, scaled, logits, strict=True)
    return [(s / _to_edges(a, total)).to(z.dtype) for a, s, z in triples]


def _has_no_edge(adjacency: Adjacency, like: Tensor) -> Tensor:
    """Which destinations have no edge: (num_dst, 1, …)."""
    return unsqueeze_like(adjacency.in_degrees == 0, like)


def _to_edges(adjacency: Adjacency, values: Tensor) -> Tensor:
    """Copy values of destinations to their edges."""
    return contract(adjacency, "e", "copy", values, None, ("v", "v"), tuple(values.shape[1:]))


class _Softmax(Operation):
    """Softmax over the edges of each destination.

    The gradient reads the weights as the edges are grouped, so that the caller may change those in
    edge id order.
    """

    name, record, operands, num_saved = "softmax", AdjacencyRecord, ("logits",), 1
    results, visible = ("weights", "grouped"), 2

    def run(
        self, call: AdjacencyRecord, trains: bool, logits: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Run the kernel."""
        return kernels.softmax(call.adjacency.csc, logits, trains)

    def fake(
        self, call: AdjacencyRecord, trains: bool, logits: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Empty results."""
        out = logits.new_empty(logits.shape)
        return out, torch.empty_like(out) if trains else None

    def saved_tensors(
        self, call: AdjacencyRecord, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The grouped weights."""
        return (results[1],)

    def gradients(
        self, call: AdjacencyRecord, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """See :class:`_SoftmaxGradient`; a second derivative comes from the grouped weights."""
        grad, grad_of_grouped = grads
        if grad_of_grouped is not None:
            by_edge = gather_rows(grad_of_grouped, call.adjacency.csc_positions)
            grad = by_edge if grad is None else grad + by_edge
        return (_SOFTMAX_GRADIENT(call, saved[0], grad),)


class _SoftmaxGradient(Operation):
    """``weights * (grads - total)``, total the sum of ``weights * grads`` at the destination.

    The weights are grouped; the gradients and the result are in edge id order.
    """

    name, record, operands, num_saved = "softmax_gradient", AdjacencyRecord, ("grouped", "grads"), 2

    def run(
        self, call: AdjacencyRecord, trains: bool, grouped: Tensor, grads: Tensor
    ) -> tuple[Tensor]:
        """Run the kernel."""
        return (kernels.softmax_gradient(call.adjacency.csc, grouped, grads),)

    def fake(
        self, call: AdjacencyRecord, trains: bool, grouped: Tensor, grads: Tensor
    ) -> tuple[Tensor]:
        """An empty result."""
        return (grads.new_empty(grads.shape),)

    def saved_tensors(
        self, call: AdjacencyRecord, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """Both operands."""
        return tuple(operands)

    def gradients(
        self, call: AdjacencyRecord, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """By sums at the destinations."""
        (grouped, first), (upstream,), edges = saved, grads, call.adjacency
        weights = gather_rows(grouped, edges.csc_positions)

        def total(values: Tensor) -> Tensor:
            shape, ends = tuple(values.shape[1:]), ("e", "e")
            return _to_edges(edges, contract(edges, "v", "mul", weights, values, ends, shape))

        total_upstream = total(upstream)
        to_weights = upstream * (first - total(first)) - total_upstream * first
        to_grouped = gather_rows(to_weights, edges.csc.edge_ids)
        return to_grouped, weights * (upstream - total_upstream)


_SOFTMAX, _SOFTMAX_GRADIENT = _Softmax(), _SoftmaxGradient()
