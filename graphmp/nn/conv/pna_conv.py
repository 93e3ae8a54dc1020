"""PNAConv: principal neighbourhood aggregation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ... import ops
from ...errors import GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from .._shared.inputs import (
    Ends,
    read_ends,
    read_optional_edges,
    split_ends,
)
from .._shared.options import check_option
from ..dropout import Dropout

REDUCERS = ("mean", "max", "min", "sum")
MOMENTS = {"var": 2, "std": 2, "moment3": 3, "moment4": 4, "moment5": 5}
SCALERS: dict[str, Callable[[Tensor, float], Tensor | float]] = {
    "identity": lambda log_degree, delta: 1.0,  # noqa: ARG005
    "amplification": lambda log_degree, delta: log_degree / delta,
    "attenuation": lambda log_degree, delta: delta / log_degree,
}
# Reduces messages (E, size) at the destinations, by the aggregator's name; their own features last.
Aggregate: TypeAlias = Callable[[Adjacency, Tensor, str, Tensor], Tensor]


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
        - node_feat: (num_src, in_size); or a pair of that and (num_dst, in_size).
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
                f"num_towers: expected a divisor of both sizes, got {num_towers}, which does not "
                f"divide {(in_size, out_size)}."
            )
        for name in aggregators:
            check_option(name, self.known_aggregators(), "aggregators")
        self.in_size, self.out_size, self.edge_feat_size = in_size, out_size, edge_feat_size
        self.residual = residual and in_size == out_size
        sizes = (in_size // num_towers, out_size // num_towers, edge_feat_size)
        self.towers = nn.ModuleList(
            [PNAConvTower(sizes, aggregators, scalers, delta, dropout) for _ in range(num_towers)]
        )
        self.mixing_layer = nn.Sequential(nn.Linear(out_size, out_size), nn.LeakyReLU())

    @property
    def mixing_weight(self) -> Tensor:
        """(out_size, out_size): the last linear map's weight."""
        linear: Any = self.mixing_layer[0]
        return linear.weight  # type: ignore[no-any-return]

    @staticmethod
    def known_aggregators() -> tuple[str, ...]:
        """The names of the aggregators."""
        return (*REDUCERS, *MOMENTS)

    def forward(self, graph: Graph, node_feat: Any, edge_feat: Tensor | None = None) -> Tensor:
        """Convolve.

        Args:
            graph: a graph or block of one edge type.
            node_feat: (num_src, in_size) features; or a pair of that and (num_dst, in_size).
            edge_feat: (E, edge_feat_size), if the layer reads them.

        Returns:
            (num_dst, out_size).

        Raises:
            GraphValueError: features of edges where the layer reads none, or none where it does.
        """
        ends = self.read_nodes(graph, node_feat)
        return self.convolve(graph, ends, edge_feat, aggregate_messages)

    def read_nodes(self, graph: Graph, node_feat: Any) -> Ends:
        """Check the features of nodes."""
        sizes = (self.in_size, self.in_size)
        return read_ends(graph, node_feat, sizes, self.mixing_weight, "node_feat")

    def convolve(
        self, graph: Graph, ends: Ends, edge_feat: Tensor | None, aggregate: Aggregate
    ) -> Tensor:
        """Convolve with the aggregators of a function.

        Args:
            graph: as in :meth:`forward`.
            ends: the edges and the checked features of nodes.
            edge_feat: as in :meth:`forward`.
            aggregate: reduces messages by the name of an aggregator.

        Returns:
            (num_dst, out_size).
        """
        adjacency, (src, dst) = ends.adjacency, split_ends(ends, ends.feat)
        size, like = self.edge_feat_size, self.mixing_weight
        edge_feat = read_optional_edges(adjacency, edge_feat, "edge_feat", size, like)
        counts = _node_counts(graph, ends)
        parts = zip(self.towers, *(h.chunk(len(self.towers), -1) for h in (src, dst)), strict=True)
        towers = [tower(adjacency, counts, *part, edge_feat, aggregate) for tower, *part in parts]
        out: Tensor = self.mixing_layer(torch.cat(towers, -1))
        return out + dst if self.residual else out


class PNAConvTower(nn.Module):
    """One tower of a PNAConv, on its part of the features.

    Args:
        sizes: of a node's input, a node's output and an edge's input.
        aggregators: as in :class:`PNAConv`.
        scalers: likewise.
        delta: likewise.
        dropout: likewise.
    """

    def __init__(
        self,
        sizes: tuple[int, int, int],
        aggregators: Sequence[str],
        scalers: Sequence[str],
        delta: float,
        dropout: float,
    ) -> None:
        super().__init__()
        for name in scalers:
            check_option(name, tuple(SCALERS), "scalers")
        self.aggregators, self.scalers, self.delta = tuple(aggregators), tuple(scalers), delta
        in_size, out_size, edge_size = sizes
        views = len(aggregators) * len(scalers) + 1
        self.M = nn.Linear(2 * in_size + edge_size, in_size)
        self.U = nn.Linear(views * in_size, out_size)
        self.dropout = Dropout(dropout)
        self.batchnorm = nn.BatchNorm1d(out_size)

    def forward(
        self,
        adjacency: Adjacency,
        counts: Tensor,
        src: Tensor,
        dst: Tensor,
        edge_feat: Tensor | None,
        aggregate: Aggregate,
    ) -> Tensor:
        """Convolve.

        Args:
            adjacency: the edges.
            counts: (num_dst, 1) for each destination the number of destinations of its graph.
            src: (num_src, size).
            dst: (num_dst, size).
            edge_feat: (E, edge size), or None.
            aggregate: reduces messages by the name of an aggregator.

        Returns:
            (num_dst, new size).
        """
        messages = self._messages(adjacency, src, dst, edge_feat)
        views = [aggregate(adjacency, messages, name, dst) for name in self.aggregators]
        total = torch.cat(views, -1)
        wide = torch.promote_types(total.dtype, torch.float32)
        degrees = adjacency.in_degrees.clamp(min=1).to(wide).view(-1, 1)
        log_degree = (degrees + 1).log().to(total.dtype)
        scaled = [total * SCALERS[name](log_degree, self.delta) for name in self.scalers]
        h = self.U(torch.cat([dst.to(total.dtype), *scaled], -1))
        h = h * counts.to(wide).rsqrt().to(h.dtype)
        return self.dropout(self.batchnorm(h))  # type: ignore[no-any-return]

    def _messages(
        self, adjacency: Adjacency, src: Tensor, dst: Tensor, edge_feat: Tensor | None
    ) -> Tensor:
        """(E, in_size): the map in parts; node features are mapped before the copy to edges."""
        size = src.shape[-1]
        sizes = [size, size, self.M.in_features - 2 * size]
        from_src, from_dst, from_edge = torch.split(self.M.weight, sizes, 1)
        left, right = linear(src, from_src), linear(dst, from_dst, self.M.bias)
        messages = ops.gsddmm(adjacency, "add", left, right)
        return messages if edge_feat is None else messages + linear(edge_feat, from_edge)


def aggregate_messages(
    adjacency: Adjacency,
    messages: Tensor,
    name: str,
    own: Tensor | None = None,  # noqa: ARG001
) -> Tensor:
    """Reduce messages by one aggregator.

    Args:
        adjacency: the edges.
        messages: (E, size).
        name: the aggregator's.
        own: not read, as by aggregators of other layers: (num_dst, size).

    Returns:
        (num_dst, size).
    """
    if name in REDUCERS:
        return ops.gspmm(adjacency, "copy_rhs", name, None, messages)
    order = MOMENTS[name]
    mean = ops.gspmm(adjacency, "copy_rhs", "mean", None, messages)
    powers = ops.gsddmm(adjacency, "sub", messages, mean, "e", "v") ** order
    moment = ops.gspmm(adjacency, "copy_rhs", "mean", None, powers)
    if name == "var":
        return moment
    is_zero = moment == 0  # the root of zero has no derivative
    root = moment.masked_fill(is_zero, 1).abs() ** (1 / order)
    return (moment.sign() * root).masked_fill(is_zero, 0)


def _node_counts(graph: Graph, ends: Ends) -> Tensor:
    """For each destination, the number of destinations of its graph: (num_dst, 1)."""
    num_dst = ends.adjacency.num_dst
    if ends.is_block:
        return torch.full((num_dst, 1), num_dst, device=graph.device)
    counts = graph._sizes_by_nodes(graph.canonical_etypes[0][2])
    return counts.repeat_interleave(counts, output_size=num_dst).view(-1, 1)
