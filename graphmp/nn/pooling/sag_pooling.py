"""SAGPooling: the nodes of greatest score stay; a graph layer computes the scores."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...graph import Graph
from .._shared.inputs import checked_nodes
from ..conv.graph_conv import GraphConv
from ..functional import Pooled, sag_pooling
from .topk_pooling import NodeDrop


class SAGPooling(NodeDrop):
    r"""Self-attention graph pooling.

    From `Self-Attention Graph Pooling <https://arxiv.org/abs/1904.08082>`__ (Lee, Lee and Kang,
    ICML 2019). A node has the score

    .. math::
        s_v = \sigma\big(\mathrm{conv}(G, X)_v\big)

    and the nodes of each graph whose scores are greatest stay, with the edges between them; their
    new features are :math:`s_v x_v`. With ``min_score`` the scores are a softmax over the nodes of
    each graph.

    The paper's convolution sees each node itself: add self-loops to each graph before they are
    batched. Nodes that stay keep theirs.

    Args:
        in_feats: size of a node's features.
        ratio: which part of the nodes of each graph stays, rounded up, above 0 and up to 1; or, an
            int, how many. Of equal nodes the first stays.
        conv: a layer that gives (N, 1) of a graph and features; ``GraphConv(in_feats, 1)`` by
            default, which rejects nodes of in-degree 0.
        min_score: the score from which on nodes stay, in place of ``ratio``. The node of greatest
            score always stays.
        multiplier: a factor of the features of the nodes that stay.
        nonlinearity: the function :math:`\sigma`; None for none.

    Attributes:
        conv: the layer.

    Shapes:
        - feat: (N, in_feats).
        - output: see :class:`Pooled`.

    Raises:
        GraphTypeError: a ratio that is no number.
        GraphValueError: a ratio that keeps nothing, or more than all.

    Example:
        >>> import torch, graphmp as gm
        >>> graphs = [gm.graph(([0, 1, 2], [1, 2, 0])), gm.graph(([0, 1], [1, 0]))]
        >>> g = gm.batch([gm.add_self_loop(graph) for graph in graphs])
        >>> smaller, feat, nodes, scores = gm.nn.SAGPooling(4, ratio=0.5)(g, torch.rand(5, 4))
        >>> smaller.batch_num_nodes(), feat.shape
        (tensor([2, 1]), torch.Size([3, 4]))
    """

    def __init__(
        self,
        in_feats: int,
        ratio: float = 0.5,
        conv: nn.Module | None = None,
        min_score: float | None = None,
        multiplier: float = 1.0,
        nonlinearity: Callable[[Tensor], Tensor] | None = torch.tanh,
    ) -> None:
        super().__init__(ratio, min_score, multiplier, nonlinearity)
        self.in_feats = in_feats
        self.conv = GraphConv(in_feats, 1) if conv is None else conv

    def forward(self, graph: Graph, feat: Tensor) -> Pooled:
        """Drop nodes.

        Args:
            graph: a graph or a batch of graphs, of one node type and one edge type.
            feat: (N, in_feats).

        Returns:
            The smaller graph, the features of its nodes, (n, in_feats), their ids and their scores.

        Raises:
            GraphValueError: features of a wrong shape or on another device, a block, several types,
                or a layer that does not give a number for each node.
        """
        checked_nodes(graph, feat, self.in_feats)
        return sag_pooling(graph, feat, self.conv(graph, feat), **self.options())
