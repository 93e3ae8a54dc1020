"""GatedGCNConv: graph convolution with edge gates and edge features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import Graph
from ...ops.results import unsaved
from .._shared.inputs import read_edges, read_ends, split_ends
from .._shared.options import checked_function
from ..dropout import Dropout


class GatedGCNConv(nn.Module):
    r"""Gated graph convolution with residuals, GatedGCN.

    From `Benchmarking Graph Neural Networks <https://arxiv.org/abs/2003.00982>`__ (Dwivedi et al.,
    JMLR 2023).

    .. math::
        e_{uv}' &= D h_u + E h_v + C e_{uv}

        h_v' &= A h_v + \frac{\sum_{u \in N(v)} \sigma(e_{uv}') \odot B h_u}
            {\sum_{u \in N(v)} \sigma(e_{uv}') + \epsilon}

    with :math:`\sigma` the sigmoid and :math:`\epsilon = 10^{-6}`. Batch normalisation, activation,
    residual and dropout follow, for nodes and for edges. The features of the edges are a result, so
    they are stored.

    Args:
        input_feats: size of a node's input.
        edge_feats: size of an edge's input.
        output_feats: size of the output of nodes and edges.
        dropout: dropout of both results.
        batch_norm: normalise both.
        residual: add the inputs; only where both have the size of the output.
        activation: applied to both.

    Attributes:
        A, B, C, D, E: the linear maps.
        bn_node: batch normalisation of the nodes, there also if it is not used.
        bn_edge: batch normalisation of the edges, likewise.

    Shapes:
        - feat: (num_src, input_feats);
          or a pair of that and (num_dst, input_feats).
        - edge_feat: (E, edge_feats).
        - output: (num_dst, output_feats) and (E, output_feats).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> conv = gm.nn.GatedGCNConv(5, 4, 2)
        >>> nodes, edges = conv(g, torch.ones(3, 5), torch.ones(2, 4))
        >>> nodes.shape, edges.shape
        (torch.Size([3, 2]), torch.Size([2, 2]))
    """

    def __init__(
        self,
        input_feats: int,
        edge_feats: int,
        output_feats: int,
        dropout: float = 0,
        batch_norm: bool = True,
        residual: bool = True,
        activation: Callable[[Tensor], Tensor] | None = torch.relu,
    ) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.batch_norm = batch_norm
        self.residual = residual and input_feats == edge_feats == output_feats
        self.A = nn.Linear(input_feats, output_feats)
        self.B = nn.Linear(input_feats, output_feats)
        self.D = nn.Linear(input_feats, output_feats)
        self.E = nn.Linear(input_feats, output_feats)
        self.C = nn.Linear(edge_feats, output_feats)
        self.bn_node = nn.BatchNorm1d(output_feats)
        self.bn_edge = nn.BatchNorm1d(output_feats)
        self.activation = checked_function(activation, "activation")

    def forward(self, graph: Graph, feat: Any, edge_feat: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, input_feats) features; or a pair of that and (num_dst, input_feats).
            edge_feat: (E, edge_feats).

        Returns:
            (num_dst, output_feats) and (E, output_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        size = self.A.in_features
        ends = read_ends(graph, feat, (size, size), self.A.weight)
        adjacency, (src, dst) = ends.adjacency, split_ends(ends, ends.feat)
        edge_feat = read_edges(adjacency, edge_feat, "edge_feat", self.C.in_features, self.C.weight)
        edges = ops.gsddmm(adjacency, "add", self.D(src), self.E(dst)) + self.C(edge_feat)
        gates = edges.sigmoid()
        total = ops.gspmm(adjacency, "copy_rhs", "sum", None, gates)
        nodes = ops.gspmm(adjacency, "mul", "sum", self.B(src), gates) / (total + 1e-6)
        return (
            self._finish(self.A(dst) + nodes, self.bn_node, dst),
            self._finish(edges, self.bn_edge, edge_feat),
        )

    def _finish(self, h: Tensor, norm: nn.Module, feat: Tensor) -> Tensor:
        """Batch normalisation, activation, residual, dropout."""
        h = norm(h) if self.batch_norm else h
        h = h if self.activation is None else unsaved(self.activation(h))
        return self.dropout(h + feat if self.residual else h)  # type: ignore[no-any-return]
