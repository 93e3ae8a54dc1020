"""DotGatConv: graph attention by scaled dot products."""

from __future__ import annotations

from typing import Any

from ...graph import Graph
from .._shared.activations import finish
from .._shared.heads import attend_by_dots, project
from .._shared.inputs import Sizes, read_ends
from .._shared.maps import LinearHeads


class DotGatConv(LinearHeads):
    r"""Graph attention with several heads, scored by dot products as in a transformer.

    The scores are those of `Attention Is All You Need <https://arxiv.org/abs/1706.03762>`__
    (Vaswani et al., NeurIPS 2017), the neighbourhoods those of `Graph Attention Networks
    <https://arxiv.org/abs/1710.10903>`__ (Veličković et al., ICLR 2018).

    .. math::
        h_v' &= \sum_{u \in N(v)} \alpha_{uv} W_{src} h_u

        \alpha_{uv} &= \mathrm{softmax}_{u \in N(v)}
            \frac{(W_{src} h_u)^T W_{dst} h_v}{\sqrt{out\_feats}}

    for each head separately. Nothing is stored per edge and feature.

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations, which
            then have weights of their own.
        out_feats: size of a node's output for each head.
        num_heads: the number of heads.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is zero.

    Attributes:
        fc: linear map of both ends, without a bias; or ``fc_src`` and ``fc_dst`` for a pair.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
        - output: (num_dst, \*, num_heads, out_feats); attention (E, \*, num_heads, 1).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> conv = gm.nn.DotGatConv(5, 2, num_heads=3)
        >>> out, attention = conv(g, torch.ones(3, 5), get_attention=True)
        >>> out.shape, attention.shape
        (torch.Size([3, 3, 2]), torch.Size([5, 3, 1]))
    """

    def __init__(
        self,
        in_feats: Sizes,
        out_feats: int,
        num_heads: int,
        allow_zero_in_degree: bool = False,
    ) -> None:
        super().__init__(in_feats, out_feats, num_heads, allow_zero_in_degree)

    def forward(self, graph: Graph, feat: Any, get_attention: bool = False) -> Any:
        r"""Attend.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
            get_attention: return the attention too.

        Returns:
            (num_dst, \*, num_heads, out_feats). With ``get_attention`` a pair of that and the
            attention (E, \*, num_heads, 1).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        maps, sizes = self.linear_maps(), (self._in_src_feats, self._in_dst_feats)
        ends = read_ends(graph, feat, sizes, maps[0].weight)
        self.check_in_degrees(ends.adjacency)
        src, dst = project(ends, maps, self._num_heads)
        scale = max(self._out_feats, 1) ** -0.5
        result = attend_by_dots(ends.adjacency, dst, src, src, scale, with_attention=get_attention)
        return finish(result, ends)
