"""Pooling to a smaller graph: the nodes of greatest score stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear, normalize

from ... import _checks, ops
from ..._graph.subgraph import node_subgraph
from ..._storage.frame import EID
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph
from ...kernels.segments import remaining
from ...ops.broadcast import unsqueeze_like
from .._shared.inputs import checked_nodes, in_dtype_of
from .._shared.options import check_parameter


class Pooled(NamedTuple):
    """The result of pooling that drops nodes.

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


def topk_pooling(
    graph: Graph,
    feat: Tensor,
    weight: Tensor,
    ratio: float = 0.5,
    min_score: float | None = None,
    multiplier: float = 1.0,
    nonlinearity: Callable[[Tensor], Tensor] | None = torch.tanh,
) -> Pooled:
    """Keep the nodes of each graph that lie farthest along a vector.

    The formula is that of :class:`graphmp.nn.TopKPooling`.

    Args:
        graph: a graph or a batch of graphs, of one node type.
        feat: (N, in_feats).
        weight: (1, in_feats), the vector.
        ratio: which part of the nodes of each graph stays, rounded up, above 0 and up to 1; or, an
            int, how many. Of equal nodes the first stays.
        min_score: the score from which on nodes stay, in place of ``ratio``; scores are then a
            softmax over the nodes of each graph. The node of greatest score always stays.
        multiplier: a factor of the features of the nodes that stay.
        nonlinearity: makes the scores, unless ``min_score`` is set; None for the identity.

    Returns:
        The smaller graph, the features of its nodes, (n, in_feats), their ids and their scores.

    Raises:
        GraphTypeError: something else than a graph and tensors, or a ratio that is no number.
        GraphValueError: features or a weight of a wrong shape, features on another device, a
            block, several node types, or a ratio that keeps nothing or more than all.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1, 2], [1, 2, 0])), gm.graph(([0, 1], [1, 0]))])
        >>> feat = torch.tensor([[3.0], [1.0], [2.0], [5.0], [4.0]])
        >>> weight = torch.ones(1, 1)
        >>> smaller, feat, nodes, scores = gm.nn.functional.topk_pooling(g, feat, weight, ratio=0.6)
        >>> nodes, smaller.batch_num_nodes(), smaller.batch_num_edges()
        (tensor([0, 2, 3, 4]), tensor([2, 2]), tensor([1, 2]))
    """
    check_parameter(weight, (1, None), "weight")
    checked_nodes(graph, feat, weight.shape[1])
    feat = in_dtype_of(weight, feat, "feat")
    along = weight if min_score is not None else normalize(weight, dim=1)
    return sag_pooling(graph, feat, linear(feat, along), ratio, min_score, multiplier, nonlinearity)


def sag_pooling(
    graph: Graph,
    feat: Tensor,
    score: Tensor,
    ratio: float = 0.5,
    min_score: float | None = None,
    multiplier: float = 1.0,
    nonlinearity: Callable[[Tensor], Tensor] | None = torch.tanh,
) -> Pooled:
    """Keep the nodes of each graph whose scores are greatest.

    The formula is that of :class:`graphmp.nn.SAGPooling`, of whose convolution ``score`` is the
    result.

    Args:
        graph: a graph or a batch of graphs, of one node type.
        feat: (N, …).
        score: (N, 1), before ``nonlinearity`` or the softmax.
        ratio: as in :func:`topk_pooling`.
        min_score: as in :func:`topk_pooling`.
        multiplier: as in :func:`topk_pooling`.
        nonlinearity: as in :func:`topk_pooling`.

    Returns:
        The smaller graph, the features of its nodes, (n, …), their ids and their scores.

    Raises:
        GraphTypeError: something else than a graph and tensors, or a ratio that is no number.
        GraphValueError: features or scores of a wrong shape or on another device, a block,
            several node types, or a ratio that keeps nothing or more than all.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> x, score = torch.ones(3, 1), torch.tensor([[3.0], [1.0], [2.0]])
        >>> gm.nn.functional.sag_pooling(g, x, score, ratio=2, nonlinearity=None).feat
        tensor([[3.],
                [2.]])
    """
    check_ratio(ratio)
    sizes = checked_nodes(graph, feat)
    _checks.feature(score, graph.num_nodes(), graph.device, "score", "nodes")
    if score.shape[1:] != (1,):
        raise GraphValueError(
            "score: expected the output of conv, of shape (N, 1), one number for each node, got a "
            f"shape of {tuple(score.shape)}."
        )
    scores = score.squeeze(-1)
    if min_score is not None:
        scores = ops.segment_softmax(sizes, scores)
        nodes = _above(sizes, scores.detach(), min_score)
    else:
        scores = scores if nonlinearity is None else nonlinearity(scores)
        nodes = _greatest(sizes, scores.detach(), _counts(sizes, ratio))
    scores = scores[nodes]
    factor = unsqueeze_like(scores, feat) * multiplier
    return Pooled(_smaller(graph, nodes), feat[nodes] * factor, nodes, scores)


def check_ratio(ratio: Any) -> None:
    """Check the fraction or the number of nodes that stay.

    Raises:
        GraphTypeError: no number.
        GraphValueError: nothing would stay, or more than all.
    """
    if isinstance(ratio, bool) or not isinstance(ratio, (int, float)):
        raise GraphTypeError(f"ratio: expected a number, got {ratio!r}.")
    if not ratio > 0 or (isinstance(ratio, float) and ratio > 1):
        raise GraphValueError(
            f"ratio: expected a number above 0 and up to 1, or a number of nodes, got {ratio}."
        )


def _above(sizes: Tensor, scores: Tensor, min_score: float) -> Tensor:
    """The ids, ascending, of nodes that reach a score or that no other of their graph exceeds."""
    peaks = ops.segment_reduce(sizes, scores, "max").clamp(max=min_score)
    stays = scores >= ops.segment_broadcast(sizes, peaks)
    return stays.nonzero().view(-1).to(sizes.dtype)


def _greatest(sizes: Tensor, scores: Tensor, counts: Tensor) -> Tensor:
    """The ids, ascending, of the nodes of greatest score, so many of each graph."""
    order = ops.segment_argsort(sizes, scores, descending=True)
    ends = ops.segment_broadcast(sizes, sizes.cumsum(0) - sizes + counts)
    is_among = torch.arange(len(order), device=order.device) < ends
    return order[is_among].sort().values.to(sizes.dtype)


def _counts(sizes: Tensor, ratio: float) -> Tensor:
    """How many nodes of each graph stay."""
    if isinstance(ratio, int):
        return sizes.clamp(max=ratio)
    part = sizes.double() * ratio
    return (part - 1e-9 * part).ceil().to(sizes.dtype)  # 0.1 times 30 may be above 3


def _smaller(graph: Graph, nodes: Tensor) -> Graph:
    """Some nodes, ascending, and the edges between them, as a batch of as many graphs."""
    smaller = node_subgraph(graph, nodes)
    smaller.set_batch_num_nodes(remaining(graph._sizes_by_nodes(), nodes))
    edges = {
        etype: remaining(graph._sizes_by_edges(etype), smaller.edges[etype].data[EID].sort().values)
        for etype in graph.canonical_etypes
    }
    smaller.set_batch_num_edges(edges)
    return smaller
