"""LightGCNConv: propagation of LightGCN, without parameters."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...graph import Graph
from ..functional import lightgcn_conv


class LightGCNConv(nn.Module):
    r"""Light graph convolution, for recommendation.

    From `LightGCN <https://arxiv.org/abs/2002.02126>`__ (He et al., SIGIR 2020).

    .. math:: h_v' = \sum_{u \in N(v)} \frac{w_{uv}}{\sqrt{d^+_u d^-_v}} h_u

    With :math:`d^-` in-degrees and :math:`d^+` out-degrees, which count edges whatever their
    weights; the edge weight :math:`w_{uv}` is 1 by default. There is nothing to learn, no
    self-loop and no activation. The paper's representation is the mean of the embeddings and of
    the outputs of several such steps.

    Shapes:
        - feat: (num_src, \*), or a pair with that first.
        - edge_weight: (E,), or (E, …) that broadcasts with the features.
        - output: (num_dst, \*), 0 for in-degree 0.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.heterograph({("user", "likes", "item"): ([0, 0, 1], [0, 1, 1])})
        >>> items = gm.nn.LightGCNConv()(g, torch.tensor([[1.0], [4.0]]))
        >>> items.view(-1)
        tensor([0.7071, 3.3284])
    """

    def forward(self, graph: Graph, feat: Any, edge_weight: Tensor | None = None) -> Tensor:
        r"""Propagate.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*) features; or a pair with that first.
            edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.

        Returns:
            (num_dst, \*).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        return lightgcn_conv(graph, feat, edge_weight)
