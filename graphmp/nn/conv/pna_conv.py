"""Convolution by several aggregators, scaled by degree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ... import ops
from ...errors import GraphValueError
from ...graph import Graph
from .._shared.inputs import at_ends, check_edges, checked, in_dtype_of

REDUCERS = ("mean", "max", "min", "sum")
MOMENTS = {"var": 2, "std": 2, "moment3": 3, "moment4": 4, "moment5": 5}
SCALERS: dict[str, Callable[[Tensor, float], Tensor | float]] = {
    "identity": lambda log_degree, delta: 1.0,  # noqa: ARG005
    "amplification": lambda log_degree, delta: log_degree / delta,
    "attenuation": lambda log_degree, delta: delta / log_degree,
}


class PNAConv(nn.Module):
    r"""Principal neighbourhood aggregation.

    From `Principal Neighbourhood Aggregation for Graph Nets <https://arxiv.org/abs/2004.05718>`__
    (Corso et al., NeurIPS 2020).

    .. math::
        h_v' &= h_v + \mathrm{LeakyReLU}\big(W \,\|_t\, h_v^t + b\big)

        h_v^t &= \mathrm{norm}\Big(\tfrac{1}{\sqrt{N}} U_t\big(h_v,
            \|_{s, a}\; s(d_v)\; a_{u \in N(v)}\, M_t(h_u, h_v, e_{uv})\big)\Big)

    for each tower :math:`t`, which sees its part of the features, each scaler :math:`s` and each
    aggregator :math:`a`. N is the number of destinations, or of those of a graph in a batch, and
    the norm batch normalisation. The scalers of a node of in-degree d are 1,
    :math:`\log(d + 1) / \delta` (``"amplification"``) and its inverse (``"attenuation"``).

    Args:
        in_size: size of a node's input.
        out_size: size of a node's output.
        aggregators: of ``"mean"``, ``"max"``, ``"min"``, ``"sum"``, ``"std"``, ``"var"`` and the
            roots of moments ``"moment3"``, ``"moment4"``, ``"moment5"``.
        scalers: of ``"identity"``, ``"amplification"``, ``"attenuation"``.
        delta: the mean of :math:`\log(d + 1)` over the nodes of the training graphs.
        dropout: dropout of each tower.
        num_towers: the number of towers; it divides both sizes.
        edge_feat_size: size of an edge's input; 0 for none.
        residual: add the input; only where it has the size of the output.

    Attributes:
        towers: for each tower the linear maps ``M`` and ``U``, and ``batchnorm``.
        mixing_layer: the last linear map and its activation.

    Shapes:
        - node_feat: (num_src, in_size), of which a block takes the first rows for its
          destinations; or a pair of that and (num_dst, in_size).
        - edge_feat: (E, edge_feat_size).
        - output: (num_dst, out_size).

    Raises:
        GraphValueError: unknown aggregators or scalers, or towers that do not divide the sizes.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1], [1, 2, 0]))
        >>> conv = gm.nn.PNAConv(6, 4, ["mean", "std"], ["identity", "amplification"], delta=0.7)
        >>> conv(g, torch.rand(3, 6)).shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        in_size: int,
        out_size: int,
        aggregators: Sequence[str],
        scalers: Sequence[str],
        delta: float,
        dropout: float = 0.0,
        num_towers: int = 1,
        edge_feat_size: int = 0,
        residual: bool = True,
    ) -> None:
        super().__init__()
        if in_size % num_towers or out_size % num_towers:
            raise GraphValueError(
                f"num_towers must divide both sizes, but {num_towers} does not divide "
                f"{(in_size, out_size)}."
            )
        self.in_size, self.out_size, self.edge_feat_size = in_size, out_size, edge_feat_size
        self.residual = residual and in_size == out_size
        sizes = (in_size // num_towers, out_size // num_towers, edge_feat_size)
        self.towers = nn.ModuleList(
            [_Tower(sizes, aggregators, scalers, delta, dropout) for _ in range(num_towers)]
        )
        self.mixing_layer = nn.Sequential(nn.Linear(out_size, out_size), nn.LeakyReLU())

    def forward(self, graph: Graph, node_feat: Any, edge_feat: Tensor | None = None) -> Tensor:
        """Convolve.

        Args:
            graph: a graph or block of one edge type.
            node_feat: (num_src, in_size) features; or a pair of that and (num_dst, in_size).
            edge_feat: (E, edge_feat_size), if the layer reads them.

        Returns:
            (num_dst, out_size).

        Raises:
            GraphTypeError: features that are not tensors.
            GraphValueError: features of a wrong shape or on another device; features of edges
                where the layer reads none, or none where it does; one tensor where the
                destinations are not among the sources.
        """
        sizes = (self.in_size, self.in_size)
        ends = at_ends(graph, checked(graph, node_feat, sizes, "node_feat", self))
        if (edge_feat is None) != (self.edge_feat_size == 0):
            raise GraphValueError(
                f"The layer reads {self.edge_feat_size} features of an edge, but edge_feat "
                f"{'is None' if edge_feat is None else 'came'}."
            )
        if edge_feat is not None:
            check_edges(graph, edge_feat, "edge_feat", self.edge_feat_size)
            edge_feat = in_dtype_of(self, edge_feat, "edge_feat")
        parts = zip(*(h.chunk(len(self.towers), -1) for h in ends), strict=True)
        found = [
            tower(graph, source, own, edge_feat)
            for tower, (source, own) in zip(self.towers, parts, strict=True)
        ]
        out: Tensor = self.mixing_layer(torch.cat(found, -1))
        return out + ends[1] if self.residual else out


class _Tower(nn.Module):
    """One tower, on its part of the features."""

    def __init__(
        self,
        sizes: tuple[int, int, int],
        aggregators: Sequence[str],
        scalers: Sequence[str],
        delta: float,
        dropout: float,
    ) -> None:
        super().__init__()
        self.aggregators = _known(aggregators, (*REDUCERS, *MOMENTS), "aggregators")
        self.scalers, self.delta = _known(scalers, tuple(SCALERS), "scalers"), delta
        in_size, out_size, edge_size = sizes
        views = len(aggregators) * len(scalers) + 1
        self.M = nn.Linear(2 * in_size + edge_size, in_size)
        self.U = nn.Linear(views * in_size, out_size)
        self.dropout = nn.Dropout(dropout)
        self.batchnorm = nn.BatchNorm1d(out_size)

    def forward(
        self, graph: Graph, source: Tensor, own: Tensor, edge_feat: Tensor | None
    ) -> Tensor:
        """Convolve."""
        messages = self._messages(graph, source, own, edge_feat)
        found = torch.cat([self._reduced(graph, messages, name) for name in self.aggregators], -1)
        wide = torch.promote_types(found.dtype, torch.float32)
        degrees = graph.adjacency.in_degrees.clamp(min=1).to(wide).view(-1, 1)
        log_degree = (degrees + 1).log().to(found.dtype)
        scaled = [found * SCALERS[name](log_degree, self.delta) for name in self.scalers]
        h = self.U(torch.cat([own.to(found.dtype), *scaled], -1))
        h = h * _node_counts(graph).to(wide).rsqrt().to(h.dtype)
        return self.dropout(self.batchnorm(h))  # type: ignore[no-any-return]

    def _messages(
        self, graph: Graph, source: Tensor, own: Tensor, edge_feat: Tensor | None
    ) -> Tensor:
        """(E, in_size): the map by parts, those of nodes before they are copied to edges."""
        size = source.shape[-1]
        sizes = [size, size, self.M.in_features - 2 * size]
        from_source, from_own, from_edge = torch.split(self.M.weight, sizes, 1)
        left, right = linear(source, from_source), linear(own, from_own, self.M.bias)
        met = ops.gsddmm(graph, "add", left, right)
        return met if edge_feat is None else met + linear(edge_feat, from_edge)

    def _reduced(self, graph: Graph, messages: Tensor, name: str) -> Tensor:
        """(num_dst, in_size): what one aggregator makes of the messages."""
        if name in REDUCERS:
            return ops.gspmm(graph, "copy_rhs", name, None, messages)
        order = MOMENTS[name]
        mean = ops.gspmm(graph, "copy_rhs", "mean", None, messages)
        apart = ops.gsddmm(graph, "sub", messages, mean, "e", "v") ** order
        moment = ops.gspmm(graph, "copy_rhs", "mean", None, apart)
        if name == "var":
            return moment
        is_zero = moment == 0  # whose root has no derivative
        root = moment.masked_fill(is_zero, 1).abs() ** (1 / order)
        return (moment.sign() * root).masked_fill(is_zero, 0)


def _known(given: Sequence[str], names: tuple[str, ...], what: str) -> tuple[str, ...]:
    """The names given, each of them known."""
    for name in given:
        if name not in names:
            raise GraphValueError(f"{what} are of {', '.join(names)}, but {name!r} came.")
    return tuple(given)


def _node_counts(graph: Graph) -> Tensor:
    """For each destination the number of destinations of its graph: (num_dst, 1)."""
    edges = graph.adjacency
    if graph.is_block:
        return torch.full((edges.num_dst, 1), edges.num_dst, device=graph.device)
    counts = graph.batch_num_nodes(graph.canonical_etypes[0][2])
    return counts.repeat_interleave(counts, output_size=edges.num_dst).view(-1, 1)
