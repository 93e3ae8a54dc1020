"""DGNConv: directional aggregation along vector fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ... import ops
from ...errors import GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from .._shared.inputs import read_ends, split_ends
from .pna_conv import PNAConv, aggregate_messages

_DIRECTION = re.compile(r"dir([123])-(av|dx)")


class DGNConv(PNAConv):
    r"""Directional graph network.

    From `Directional Graph Networks <https://arxiv.org/abs/2010.02863>`__ (Beaini et al., ICML
    2021). It is :class:`PNAConv` with more aggregators, which weight the messages :math:`m_{uv}`
    into a node by the differences of the k-th eigenvector :math:`\phi_k` of the graph's Laplacian,
    or of any other field:

    .. math::
        f_{uv}^k &= \frac{\phi_k(u) - \phi_k(v)}
            {\sum_{w \in N(v)} |\phi_k(w) - \phi_k(v)|}

        \mathrm{dir}k\text{-}\mathrm{av} &= \sum_{u \in N(v)} |f_{uv}^k|\, m_{uv}

        \mathrm{dir}k\text{-}\mathrm{dx} &= \Big|\sum_{u \in N(v)} f_{uv}^k (m_{uv} - h_v)\Big|

    where :math:`f` is 0 if all differences are.

    Args:
        in_size: size of a node's input.
        out_size: size of a node's output.
        aggregators: those of :class:`PNAConv`, and ``"dir1-av"``, ``"dir1-dx"`` and so on for the
            first three columns of ``eig_vec``.
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
        - eig_vec: (num_src, K); or a pair of that and (num_dst, K).
        - output: (num_dst, out_size).

    Raises:
        GraphValueError: unknown aggregators or scalers, or towers that do not divide the sizes.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1], [1, 2, 0]))
        >>> conv = gm.nn.DGNConv(6, 4, ["dir1-av", "dir1-dx", "sum"], ["identity"], delta=2.5)
        >>> conv(g, torch.rand(3, 6), eig_vec=torch.rand(3, 1)).shape
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
        super().__init__(
            in_size,
            out_size,
            aggregators,
            scalers,
            delta,
            dropout,
            num_towers,
            edge_feat_size,
            residual,
        )
        matches = map(_DIRECTION.fullmatch, aggregators)
        self.num_directions = max((int(match[1]) for match in matches if match), default=0)

    @staticmethod
    def known_aggregators() -> tuple[str, ...]:
        """The names of the aggregators: those of PNAConv, and the directional ones."""
        directional = (f"dir{k}-{kind}" for k in (1, 2, 3) for kind in ("av", "dx"))
        return (*PNAConv.known_aggregators(), *directional)

    def forward(
        self,
        graph: Graph,
        node_feat: Any,
        edge_feat: Tensor | None = None,
        eig_vec: Any = None,
    ) -> Tensor:
        """Convolve.

        Args:
            graph: a graph or block of one edge type.
            node_feat: (num_src, in_size) features; or a pair of that and (num_dst, in_size).
            edge_feat: (E, edge_feat_size), if the layer reads them.
            eig_vec: (num_src, K) the fields, K at least the greatest number in an aggregator's
                name; or a pair of that and (num_dst, K). Not read without such aggregators.

        Returns:
            (num_dst, out_size).

        Raises:
            GraphValueError: features of edges where the layer reads none, or none where it does;
                too few fields.
        """
        if not self.num_directions:
            return super().forward(graph, node_feat, edge_feat)
        ends = self.read_nodes(graph, node_feat)
        flows = self._flows(graph, eig_vec)
        return self.convolve(graph, ends, edge_feat, partial(_aggregate_along, flows))

    def _flows(self, graph: Graph, eig_vec: Any) -> Tensor:
        """(E, K): the normalised differences of the fields at the two ends of each edge."""
        ends = read_ends(graph, eig_vec, (None, None), self.mixing_weight, "eig_vec")
        src, dst = split_ends(ends, ends.feat)
        for field in (src, dst):
            if field.ndim != 2 or field.shape[1] < self.num_directions:
                raise GraphValueError(
                    f"eig_vec: expected shape (N, {self.num_directions}) or wider, got a shape "
                    f"of {tuple(field.shape)}."
                )
        differences = ops.gsddmm(ends.adjacency, "sub", src, dst)
        totals = ops.gspmm(ends.adjacency, "copy_rhs", "sum", None, differences.abs())
        totals = totals.masked_fill(totals == 0, 1)
        return ops.gsddmm(ends.adjacency, "div", differences, totals, "e", "v")


def _aggregate_along(
    flows: Tensor, adjacency: Adjacency, messages: Tensor, name: str, own: Tensor
) -> Tensor:
    """(num_dst, in_size): the messages reduced by one aggregator, which may be directional."""
    match = _DIRECTION.fullmatch(name)
    if match is None:
        return aggregate_messages(adjacency, messages, name, own)
    flow = flows[:, int(match[1]) - 1, None].to(messages.dtype)
    if match[2] == "av":
        return ops.gspmm(adjacency, "copy_rhs", "sum", None, flow.abs() * messages)
    total = ops.gspmm(adjacency, "copy_rhs", "sum", None, flow * messages)
    factor = ops.gspmm(adjacency, "copy_rhs", "sum", None, flow)
    return torch.abs(total - factor * own)
