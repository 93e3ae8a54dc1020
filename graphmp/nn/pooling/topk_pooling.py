"""TopKPooling: the nodes of greatest score stay."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...graph import Graph
from ..functional import Pooled, topk_pooling
from ..functional.node_drop import check_ratio


class NodeDrop(nn.Module):
    """The base of layers that keep the nodes of greatest score of each graph.

    Args:
        ratio: which part of the nodes of each graph stays, rounded up, above 0 and up to 1; or, an
            int, how many.
        min_score: the score from which on nodes stay, in place of ``ratio``; scores are then a
            softmax over the nodes of each graph. The node of greatest score always stays.
        multiplier: a factor of the features of the nodes that stay.
        nonlinearity: applied to the scores, unless ``min_score`` is set; None for the identity.

    Raises:
        GraphTypeError: a ratio that is no number.
        GraphValueError: a ratio that keeps nothing, or more than all.
    """

    def __init__(
        self,
        ratio: float,
        min_score: float | None,
        multiplier: float,
        nonlinearity: Callable[[Tensor], Tensor] | None,
    ) -> None:
        super().__init__()
        check_ratio(ratio)
        self.ratio = ratio
        self.min_score = min_score
        self.multiplier = multiplier
        self.nonlinearity = nonlinearity

    def options(self) -> dict[str, Any]:
        """Keyword arguments of the functions that drop nodes."""
        return {
            "ratio": self.ratio,
            "min_score": self.min_score,
            "multiplier": self.multiplier,
            "nonlinearity": self.nonlinearity,
        }

    def extra_repr(self) -> str:
        """Show the selection in ``repr``."""
        limit = f"ratio={self.ratio}" if self.min_score is None else f"min_score={self.min_score}"
        return limit if self.multiplier == 1 else f"{limit}, multiplier={self.multiplier}"


class TopKPooling(NodeDrop):
    r"""Top-k pooling.

    From `Graph U-Nets <https://arxiv.org/abs/1905.05178>`__ (Gao and Ji, ICML 2019). A node has
    the score

    .. math::
        s_v = \sigma\Big(\frac{p^T x_v}{\|p\|}\Big)

    and the nodes of each graph whose scores are greatest stay, with the edges between them; their
    new features are :math:`s_v x_v`, through which :math:`p` learns. With ``min_score`` the scores
    are a softmax of :math:`p^T x_v` over the nodes of each graph, from `Understanding Attention and
    Generalization in Graph Neural Networks <https://arxiv.org/abs/1905.02850>`__ (Knyazev, Taylor
    and Amer, NeurIPS 2019).

    Args:
        in_feats: size of a node's features.
        ratio: which part of the nodes of each graph stays, rounded up, above 0 and up to 1; or, an
            int, how many. Of equal nodes the first stays.
        min_score: the score from which on nodes stay, in place of ``ratio``. The node of greatest
            score always stays.
        multiplier: a factor of the features of the nodes that stay.
        nonlinearity: the function :math:`\sigma`; None for none.

    Attributes:
        weight: (1, in_feats), the vector :math:`p`.

    Shapes:
        - feat: (N, in_feats).
        - output: see :class:`Pooled`.

    Raises:
        GraphTypeError: a ratio that is no number.
        GraphValueError: a ratio that keeps nothing, or more than all.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1, 2], [1, 2, 0])), gm.graph(([0, 1], [1, 0]))])
        >>> pool = gm.nn.TopKPooling(1, ratio=0.6)
        >>> _ = torch.nn.init.ones_(pool.weight)
        >>> feat = torch.tensor([[3.0], [1.0], [2.0], [5.0], [4.0]])
        >>> smaller, feat, nodes, scores = pool(g, feat)
        >>> nodes, smaller.batch_num_nodes(), smaller.batch_num_edges()
        (tensor([0, 2, 3, 4]), tensor([2, 2]), tensor([1, 2]))
    """

    def __init__(
        self,
        in_feats: int,
        ratio: float = 0.5,
        min_score: float | None = None,
        multiplier: float = 1.0,
        nonlinearity: Callable[[Tensor], Tensor] | None = torch.tanh,
    ) -> None:
        super().__init__(ratio, min_score, multiplier, nonlinearity)
        self.in_feats = in_feats
        self.weight = nn.Parameter(torch.empty(1, in_feats))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        r"""Reset the vector, evenly from :math:`-1 / \sqrt{in\_feats}` to its opposite."""
        bound = 1 / math.sqrt(max(self.in_feats, 1))
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, graph: Graph, feat: Tensor) -> Pooled:
        """Drop nodes.

        Args:
            graph: a graph or a batch of graphs, of one node type.
            feat: (N, in_feats).

        Returns:
            The smaller graph, the features of its nodes, (n, in_feats), their ids and their scores.

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        return topk_pooling(graph, feat, self.weight, **self.options())
