"""EGNNConv: E(n)-equivariant convolution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ... import ops
from ...graph import Graph
from ...ops import Adjacency
from .._shared.inputs import (
    in_dtype_of,
    read_alike_ends,
    read_ends,
    read_optional_edges,
    split_ends,
)


class EGNNConv(nn.Module):
    r"""Equivariant graph convolution.

    From `E(n) Equivariant Graph Neural Networks <https://arxiv.org/abs/2102.09844>`__ (Satorras,
    Hoogeboom and Welling, ICML 2021).

    .. math::
        m_{uv} &= \phi_e\big(h_u, h_v, \|x_u - x_v\|^2, e_{uv}\big)

        x_v' &= x_v + \mathrm{mean}_{u \in N(v)}
            \frac{x_u - x_v}{\|x_u - x_v\|}\, \phi_x(m_{uv})

        h_v' &= \phi_h\Big(h_v, \sum_{u \in N(v)} m_{uv}\Big)

    The direction of a vector of length 0 is 0. Moving and turning all coordinates moves and turns
    :math:`x'` and leaves :math:`h'`.

    Args:
        in_size: size of a node's input.
        hidden_size: size of the messages.
        out_size: size of a node's output.
        edge_feat_size: size of an edge's input; 0 for none.

    Attributes:
        edge_mlp: the network :math:`\phi_e`.
        node_mlp: the network :math:`\phi_h`.
        coord_mlp: the network :math:`\phi_x`, of one output without a bias.

    Shapes:
        - node_feat: (num_src, in_size); or a pair of that and (num_dst, in_size).
        - coord_feat: (num_src, dim), likewise.
        - edge_feat: (E, edge_feat_size).
        - output: (num_dst, out_size) and (num_dst, dim).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> conv = gm.nn.EGNNConv(5, 7, 2)
        >>> h, x = conv(g, torch.ones(3, 5), torch.rand(3, 3))
        >>> h.shape, x.shape
        (torch.Size([3, 2]), torch.Size([3, 3]))
    """

    def __init__(
        self, in_size: int, hidden_size: int, out_size: int, edge_feat_size: int = 0
    ) -> None:
        super().__init__()
        self.in_size, self.hidden_size, self.out_size = in_size, hidden_size, out_size
        self.edge_feat_size = edge_feat_size
        self.edge_mlp = nn.Sequential(
            nn.Linear(2 * in_size + edge_feat_size + 1, hidden_size),
            nn.SiLU(),
            nn.Linear(hidden_size, hidden_size),
            nn.SiLU(),
        )
        self.node_mlp = nn.Sequential(
            nn.Linear(in_size + hidden_size, hidden_size),
            nn.SiLU(),
            nn.Linear(hidden_size, out_size),
        )
        self.coord_mlp = nn.Sequential(
            nn.Linear(hidden_size, hidden_size),
            nn.SiLU(),
            nn.Linear(hidden_size, 1, bias=False),
        )

    def forward(
        self, graph: Graph, node_feat: Any, coord_feat: Any, edge_feat: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Convolve.

        Args:
            graph: a graph or block of one edge type.
            node_feat: (num_src, in_size) features; or a pair of that and (num_dst, in_size).
            coord_feat: (num_src, dim) coordinates; or a pair of that and (num_dst, dim).
            edge_feat: (E, edge_feat_size), if the layer reads them.

        Returns:
            (num_dst, out_size) and (num_dst, dim).

        Raises:
            GraphValueError: features of edges where the layer reads none, or none where it does.
        """
        first: Any = self.node_mlp[0]
        like, sizes = first.weight, (self.in_size, self.in_size)
        ends = read_ends(graph, node_feat, sizes, like, "node_feat")
        adjacency, (src, dst) = ends.adjacency, split_ends(ends, ends.feat)
        coordinates = split_ends(ends, read_alike_ends(graph, coord_feat, "coord_feat").feat)
        left, right = (in_dtype_of(like, each, "coord_feat") for each in coordinates)
        size = self.edge_feat_size
        edge_feat = read_optional_edges(adjacency, edge_feat, "edge_feat", size, like)
        difference = ops.gsddmm(adjacency, "sub", left, right)
        radial = difference.square().sum(-1, keepdim=True)
        length = radial.masked_fill(radial == 0, 1).sqrt()
        messages = self._messages(adjacency, src, dst, radial, edge_feat)
        moves = self.coord_mlp(messages) * (difference / length)
        total = ops.gspmm(adjacency, "copy_rhs", "sum", None, messages)
        moved = right + ops.gspmm(adjacency, "copy_rhs", "mean", None, moves)
        return self.node_mlp(torch.cat([dst, total.to(dst.dtype)], -1)), moved

    def _messages(
        self,
        adjacency: Adjacency,
        src: Tensor,
        dst: Tensor,
        radial: Tensor,
        edge_feat: Tensor | None,
    ) -> Tensor:
        """(E, hidden_size): the first map in parts; node features are mapped before the copy."""
        maps: list[Any] = list(self.edge_mlp)
        first, *rest = maps
        sizes = [self.in_size, self.in_size, 1, self.edge_feat_size]
        from_src, from_dst, from_radial, from_edge = torch.split(first.weight, sizes, 1)
        left, right = linear(src, from_src), linear(dst, from_dst, first.bias)
        messages = ops.gsddmm(adjacency, "add", left, right) + linear(radial, from_radial)
        if edge_feat is not None:
            messages = messages + linear(edge_feat, from_edge)
        for module in rest:
            messages = module(messages)
        return messages
