"""CFConv: continuous-filter convolution of SchNet."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import softplus

from ... import ops
from ...graph import Graph
from .._shared.inputs import read_edges, read_source


class ShiftedSoftplus(nn.Module):
    r"""The softplus less its value at zero: :math:`\log(1 + e^x) - \log 2`.

    Example:
        >>> import torch
        >>> ShiftedSoftplus()(torch.zeros(1))
        tensor([0.])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply it to every element.

        Args:
            x: any shape.

        Returns:
            The same shape.
        """
        return softplus(x) - math.log(2.0)


class CFConv(nn.Module):
    r"""Continuous-filter convolution.

    From `SchNet <https://arxiv.org/abs/1706.08566>`__ (Schütt et al., NeurIPS 2017).

    .. math::
        h_v' = s\Big(b_o + W_o \sum_{u \in N(v)} (W_n h_u + b_n) \odot
            s\big(b_2 + W_2\, s(b_1 + W_1 e_{uv})\big)\Big)

    with :math:`s(x) = \log(1 + e^x) - \log 2`.

    Args:
        node_in_feats: size of a node's input.
        edge_in_feats: size of an edge's input.
        hidden_feats: size of the filters.
        out_feats: size of a node's output.

    Attributes:
        project_edge: makes the filters of the edges' input.
        project_node: linear map of the sources.
        project_out: linear map of the sums and the activation.

    Shapes:
        - node_feats: (num_src, node_in_feats), or a pair with that first.
        - edge_feats: (E, edge_in_feats).
        - output: (num_dst, out_feats).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> gm.nn.CFConv(5, 4, 7, 2)(g, torch.ones(3, 5), torch.ones(2, 4)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self, node_in_feats: int, edge_in_feats: int, hidden_feats: int, out_feats: int
    ) -> None:
        super().__init__()
        self.project_edge = nn.Sequential(
            nn.Linear(edge_in_feats, hidden_feats),
            ShiftedSoftplus(),
            nn.Linear(hidden_feats, hidden_feats),
            ShiftedSoftplus(),
        )
        self.project_node = nn.Linear(node_in_feats, hidden_feats)
        self.project_out = nn.Sequential(nn.Linear(hidden_feats, out_feats), ShiftedSoftplus())
        self._edge_in_feats = edge_in_feats

    def forward(self, g: Graph, node_feats: Any, edge_feats: Tensor) -> Tensor:
        """Convolve.

        Args:
            g: a graph or block of one edge type.
            node_feats: (num_src, node_in_feats) features; or a pair with that first.
            edge_feats: (E, edge_in_feats).

        Returns:
            (num_dst, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        like, size = self.project_node.weight, self.project_node.in_features
        adjacency, src = read_source(g, node_feats, size, like)
        edge_feats = read_edges(adjacency, edge_feats, "edge_feats", self._edge_in_feats, like)
        h, filters = self.project_node(src), self.project_edge(edge_feats)
        out = ops.gspmm(adjacency, "mul", "sum", h, filters.to(h.dtype))
        return self.project_out(out)  # type: ignore[no-any-return]
