"""Pooling to a smaller graph: the nodes of greatest score stay."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize

from .. import ops
from ..errors import GraphTypeError, GraphValueError
from ..frame import EID
from ..graph import Graph
from ..readout import topk_nodes
from ..subgraph import node_subgraph
from .inputs import checked_nodes


class Pooled(NamedTuple):
    """A smaller graph, as layers give it that drop nodes.

    Attributes:
        graph: the nodes that stay and the edges between them, with the features of the larger
            graph, ids of it in the field ``"_ID"``, and batch information.
        feat: (n, …) new features of the nodes that stay.
        nodes: (n,) their ids in the larger graph, ascending.
        scores: (n,) their scores.
    """

    graph: Graph
    feat: Tensor
    nodes: Tensor
    scores: Tensor


class NodeDrop(nn.Module):
    """What layers share that keep the nodes of each graph whose scores are greatest.

    Args:
        ratio: which part of the nodes of each graph stays, rounded up, above 0 and up to 1; or, an
            int, how many.
        min_score: the score from which on nodes stay, in place of ``ratio``; scores are then a
            softmax over the nodes of each graph. The node of greatest score always stays.
        multiplier: a factor of the features of the nodes that stay.
        nonlinearity: makes scores of what the layer gives each node, unless ``min_score`` is
            given; None for none.

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
        if type(ratio) not in (int, float):
            raise GraphTypeError(f"ratio must be a number, but {ratio!r} came.")
        if not ratio > 0 or (type(ratio) is float and ratio > 1):
            raise GraphValueError(
                f"ratio must be above 0 and up to 1, or a number of nodes, but {ratio} came."
            )
        self.ratio = ratio
        self.min_score = min_score
        self.multiplier = multiplier
        self.nonlinearity = nonlinearity

    def drop(self, graph: Graph, feat: Tensor, raw: Tensor) -> Pooled:
        """Keep some nodes.

        Args:
            graph: a graph or a batch of graphs, of one node type.
            feat: (N, …).
            raw: (N,) what the layer gives each node.

        Returns:
            The graph of the nodes that stay; their features are multiplied by their scores.
        """
        sizes = graph.batch_num_nodes()
        if self.min_score is not None:
            scores = ops.segment_softmax(sizes, raw)
        else:
            scores = raw if self.nonlinearity is None else self.nonlinearity(raw)
        nodes = self._staying(graph, sizes, scores.detach())
        kept = scores[nodes]
        factor = kept.view(-1, *(1,) * (feat.ndim - 1)) * self.multiplier
        return Pooled(_smaller(graph, nodes), feat[nodes] * factor, nodes, kept)

    def _staying(self, graph: Graph, sizes: Tensor, scores: Tensor) -> Tensor:
        """The ids of the nodes that stay, ascending."""
        if self.min_score is not None:
            peaks = ops.segment_reduce(sizes, scores, "max").clamp(max=self.min_score)
            stays = scores >= ops.segment_broadcast(sizes, peaks)
            return stays.nonzero().view(-1).to(sizes.dtype)
        counts = self._counts(sizes)
        with graph.local_scope():
            graph.ndata["score"] = scores
            places = topk_nodes(graph, "score", int(counts.max()))[1]
        ranks = torch.arange(places.shape[1], device=places.device)
        starts = (sizes.cumsum(0) - sizes).view(-1, 1)
        nodes = (starts + places)[ranks < counts.view(-1, 1)]
        return nodes.sort().values.to(sizes.dtype)

    def _counts(self, sizes: Tensor) -> Tensor:
        """How many nodes of each graph stay."""
        if isinstance(self.ratio, int):
            return sizes.clamp(max=self.ratio)
        part = sizes.double() * self.ratio
        return (part - 1e-9 * part).ceil().to(sizes.dtype)  # 0.1 times 30 may be above 3

    def extra_repr(self) -> str:
        """Show what stays in ``repr``."""
        given = f"ratio={self.ratio}" if self.min_score is None else f"min_score={self.min_score}"
        return given if self.multiplier == 1 else f"{given}, multiplier={self.multiplier}"


def _smaller(graph: Graph, nodes: Tensor) -> Graph:
    """Some nodes, ascending, and the edges between them, as a batch of as many graphs."""
    made = node_subgraph(graph, nodes)
    made.set_batch_num_nodes(_remaining(graph.batch_num_nodes(), nodes))
    edges = {
        etype: _remaining(graph.batch_num_edges(etype), made.edges[etype].data[EID])
        for etype in graph.canonical_etypes
    }
    made.set_batch_num_edges(edges)
    return made


def _remaining(sizes: Tensor, ids: Tensor) -> Tensor:
    """How many of ascending ids each graph has."""
    limits = torch.searchsorted(ids, sizes.cumsum(0))
    return limits.diff(prepend=limits.new_zeros(1)).to(sizes.dtype)


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
        r"""Draw the vector anew, evenly from :math:`-1 / \sqrt{in\_feats}` to its opposite."""
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
            GraphTypeError: something else than a graph and a tensor.
            GraphValueError: features of a wrong shape or on another device, a block, or several
                node types.
        """
        checked_nodes(graph, feat, self.in_feats)
        weight = self.weight if self.min_score is not None else normalize(self.weight, dim=1)
        return self.drop(graph, feat, linear(feat, weight).squeeze(-1))
