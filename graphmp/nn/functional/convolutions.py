"""One step along the edges: convolutions without modules inside."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import linear, normalize

from ... import ops
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph
from ...ops.normalized import divided
from .._shared.aggregation import aggregate, normalized_aggregate
from .._shared.inputs import (
    at_ends,
    check_edges,
    check_parameter,
    checked,
    checked_alike,
    checked_source,
)
from .edge_weights import exponents

AGGREGATORS = ("sum", "max", "mean")


def graph_conv(
    graph: Graph,
    feat: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    norm: str = "both",
    edge_weight: Tensor | None = None,
) -> Tensor:
    r"""Sum the neighbours' features, normalised, through a linear map.

    The formula is that of :class:`graphmp.nn.GraphConv`.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, \*, in_feats) features; or a pair of which the first is that.
        weight: (in_feats, out_feats); without it features keep their size, and may be numbers.
        bias: (out_feats,), added to the result.
        norm: ``"both"``, ``"none"``, ``"left"`` or ``"right"``.
        edge_weight: (E,) or (E, 1), a factor for each edge.

    Returns:
        (num_dst, \*, out_feats).

    Raises:
        GraphTypeError: features, weights or a bias that are not tensors.
        GraphValueError: an unknown ``norm``; features or weights of a wrong shape or on another
            device.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> graph_conv(g, torch.tensor([[1.0], [2.0], [3.0]]), norm="right").view(-1)
        tensor([1.0000, 1.5000, 2.5000])
    """
    powers = exponents(norm)
    if weight is not None:
        check_parameter(weight, (None, None), "weight")
    if bias is not None:
        check_parameter(bias, (None if weight is None else weight.shape[1],), "bias")
    size = None if weight is None else weight.shape[0]
    h = checked_source(graph, feat, size, like=weight)
    if weight is not None and weight.shape[0] <= weight.shape[1]:
        return linear(normalized_aggregate(graph, h, edge_weight, *powers), weight.t(), bias)
    h = h if weight is None else h @ weight  # the smaller features travel
    h = normalized_aggregate(graph, h, edge_weight, *powers)
    return h if bias is None else h + bias


def lightgcn_conv(graph: Graph, feat: Any, edge_weight: Tensor | None = None) -> Tensor:
    r"""Sum the neighbours' features, divided by the roots of both degrees.

    The formula is that of :class:`graphmp.nn.LightGCNConv`.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, \*) features; or a pair of which the first is that.
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.

    Returns:
        (num_dst, \*), 0 where no edge enters.

    Raises:
        GraphTypeError: features or weights that are not tensors.
        GraphValueError: features or weights of a wrong shape or on another device.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.heterograph({("user", "likes", "item"): ([0, 0, 1], [0, 1, 1])})
        >>> lightgcn_conv(g, torch.tensor([1.0, 4.0]))
        tensor([0.7071, 3.3284])
    """
    source = checked_source(graph, feat, None)
    return normalized_aggregate(graph, source, edge_weight, 0.5, 0.5)


def lrgccf_conv(graph: Graph, feat: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    r"""A step of the normalised adjacency with self-loops, and a linear map.

    The formula is that of :class:`graphmp.nn.LRGCCFConv`.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
        weight: (out_feats, in_feats).
        bias: (out_feats,), added to the result.

    Returns:
        (num_dst, \*, out_feats).

    Raises:
        GraphTypeError: features, a weight or a bias that are not tensors.
        GraphValueError: features of a wrong shape or on another device, a weight or bias of a
            wrong shape, or one tensor where the destinations are not among the sources.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> lrgccf_conv(g, torch.tensor([[1.0], [3.0]]), torch.ones(1, 1)).view(-1)
        tensor([2., 2.])
    """
    check_parameter(weight, (None, None), "weight")
    if bias is not None:
        check_parameter(bias, weight.shape[:1], "bias")
    size = weight.shape[1]
    source, own = at_ends(graph, checked(graph, feat, (size, size), like=weight))
    edges = graph.adjacency
    left = edges.reversed.divisors(source.dtype, 0.5, more=1)
    right = edges.divisors(source.dtype, 0.5, more=1)
    loop = divided(own, edges.divisors(own.dtype, more=1))
    return linear(ops.normalized_sum(graph, source, left, right) + loop, weight, bias)


def agnn_conv(graph: Graph, feat: Any, beta: float | Tensor = 1.0) -> Tensor:
    r"""Attend to neighbours by the cosines between their features and a node's own.

    The formula is that of :class:`graphmp.nn.AGNNConv`. Nothing is stored for an edge and a
    feature.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, \*, size) features; or a pair of that and (num_dst, \*, size).
        beta: a number, or a tensor of one: the factor of the cosines.

    Returns:
        (num_dst, \*, size), 0 where no edge enters.

    Raises:
        GraphTypeError: features that are not tensors.
        GraphValueError: features of a wrong shape or on another device; one tensor where the
            destinations are not among the sources; several numbers ``beta``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1], [1, 1, 0]))
        >>> agnn_conv(g, torch.tensor([[2.0], [4.0]]), beta=0.0)
        tensor([[4.],
                [3.]])
    """
    source, own = at_ends(graph, checked_alike(graph, feat))
    if source.ndim < 2:
        raise GraphValueError(
            f"feat must have shape (num_src, size), but {tuple(source.shape)} came: a number "
            "has no direction."
        )
    if not source.is_floating_point():
        raise GraphTypeError(
            f"feat must be floating point, but {source.dtype} came: call .float() on it."
        )
    source = source.unsqueeze(-2)  # one head
    query = normalize(own.unsqueeze(-2), dim=-1) * _number(beta, "beta")
    out: Tensor = ops.dot_attention(graph, query, normalize(source, dim=-1), source, scale=1.0)
    return out.squeeze(-2)


def gin_conv(
    graph: Graph,
    feat: Any,
    eps: float | Tensor = 0.0,
    aggregator_type: str = "sum",
    edge_weight: Tensor | None = None,
) -> Tensor:
    r"""Reduce the neighbours' features and add :math:`1 + \epsilon` times a node's own.

    The formula is that of :class:`graphmp.nn.GINConv`, before its function :math:`f`.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, \*) features; or a pair of that and (num_dst, \*).
        eps: a number, or a tensor of one.
        aggregator_type: ``"sum"``, ``"max"`` or ``"mean"``.
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.

    Returns:
        (num_dst, \*).

    Raises:
        GraphTypeError: features or weights that are not tensors.
        GraphValueError: an unknown aggregator; features or weights of a wrong shape or on another
            device; one tensor where the destinations are not among the sources; several numbers
            ``eps``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 1]))
        >>> gin_conv(g, torch.tensor([1.0, 2.0]), eps=0.5)
        tensor([1.5000, 6.0000])
    """
    check_aggregator(aggregator_type)
    source, own = at_ends(graph, checked_alike(graph, feat))
    found = aggregate(graph, source, edge_weight, aggregator_type)
    return (1 + _number(eps, "eps")) * own + found


def gine_conv(graph: Graph, node_feat: Any, edge_feat: Tensor, eps: float | Tensor = 0.0) -> Tensor:
    r"""Sum rectified features of neighbours and edges, and add a node's own.

    The formula is that of :class:`graphmp.nn.GINEConv`, before its function :math:`f`.

    Args:
        graph: a graph or block of one edge type.
        node_feat: (num_src, \*) features; or a pair of that and (num_dst, \*).
        edge_feat: (E, \*) features.
        eps: a number, or a tensor of one.

    Returns:
        (num_dst, \*).

    Raises:
        GraphTypeError: features that are not tensors.
        GraphValueError: features of a wrong shape or on another device; one tensor where the
            destinations are not among the sources; several numbers ``eps``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 1]))
        >>> gine_conv(g, torch.tensor([1.0, 2.0]), torch.tensor([-3.0, 5.0]))
        tensor([1., 9.])
    """
    source, own = at_ends(graph, checked_alike(graph, node_feat))
    check_edges(graph, edge_feat, "edge_feat")
    if edge_feat.shape[1:] != source.shape[1:]:
        raise GraphValueError(
            f"edge_feat must have the size of node_feat, {tuple(source.shape[1:])}, but "
            f"{tuple(edge_feat.shape[1:])} came: map it by a linear layer before."
        )
    messages = ops.gsddmm(graph, "add", source, edge_feat, "u", "e").relu()
    found = ops.gspmm(graph, "copy_rhs", "sum", None, messages)
    return (1 + _number(eps, "eps")) * own + found


def check_aggregator(aggregator_type: str) -> None:
    """Check the name of what reduces the neighbours' features in :func:`gin_conv`.

    Raises:
        GraphValueError: an unknown aggregator.
    """
    if aggregator_type not in AGGREGATORS:
        raise GraphValueError(
            f"aggregator_type is one of {', '.join(AGGREGATORS)}, but {aggregator_type!r} came."
        )


def _number(value: float | Tensor, name: str) -> float | Tensor:
    """A number, or a tensor of one without dimensions, which does not change a dtype."""
    if not isinstance(value, Tensor):
        return value
    if value.numel() != 1:
        raise GraphValueError(
            f"{name} must be one number, but a tensor of shape {tuple(value.shape)} came."
        )
    return value.view(())
