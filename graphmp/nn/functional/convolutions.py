"""Single-step convolutions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, normalize

from ... import ops
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from ...ops.eager import is_eager
from ...ops.linear import product
from ...ops.normalized import divided, normalized_messages
from ...ops.results import reshaped
from .._shared.aggregation import add_own, aggregate, maps_first, normalized_aggregate
from .._shared.heads import attend_by_dots
from .._shared.inputs import (
    read_alike_ends,
    read_edges,
    read_ends,
    read_source,
    split_ends,
)
from .._shared.maps import add_bias
from .._shared.options import check_option, check_parameter
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
        feat: (num_src, \*, in_feats) features; or a pair with that first.
        weight: (in_feats, out_feats); without it features keep their size, and may be numbers.
        bias: (out_feats,), added to the result.
        norm: ``"both"``, ``"none"``, ``"left"`` or ``"right"``.
        edge_weight: (E,) or (E, 1), a factor for each edge.

    Returns:
        (num_dst, \*, out_feats).

    Raises:
        GraphValueError: an unknown ``norm``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> x = torch.tensor([[1.0], [2.0], [3.0]])
        >>> gm.nn.functional.graph_conv(g, x, norm="right").view(-1)
        tensor([1.0000, 1.5000, 2.5000])
    """
    powers = exponents(norm)
    if weight is not None:
        check_parameter(weight, (None, None), "weight")
    if bias is not None:
        check_parameter(bias, (None if weight is None else weight.shape[1],), "bias")
    size = None if weight is None else weight.shape[0]
    adjacency, src = read_source(graph, feat, size, weight)
    return convolve(adjacency, src, weight, bias, powers, edge_weight)


def convolve(
    adjacency: Adjacency,
    src: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    powers: tuple[float, float],
    edge_weight: Tensor | None = None,
    cached: bool = False,
) -> Tensor:
    r"""Compute :func:`graph_conv` of arguments that are already checked.

    Args:
        adjacency: the edges.
        src: (num_src, \*, in_feats).
        weight: (in_feats, out_feats), or None.
        bias: (out_feats,), or None.
        powers: exponents of the degrees of sources and destinations.
        edge_weight: (E,) or (E, 1), a factor for each edge.
        cached: with a weight, cache the sum of constant features.

    Returns:
        (num_dst, \*, out_feats).
    """
    if weight is not None and not maps_first(adjacency, src, weight.shape[1], edge_weight, cached):
        h = normalized_aggregate(adjacency, src, edge_weight, *powers, cached)
        return product(h, weight, bias)
    h = src if weight is None else product(src, weight)
    h = normalized_aggregate(adjacency, h, edge_weight, *powers)
    return add_bias(h, bias)


def lightgcn_conv(graph: Graph, feat: Any, edge_weight: Tensor | None = None) -> Tensor:
    r"""Sum the neighbours' features, divided by the roots of both degrees.

    The formula is that of :class:`graphmp.nn.LightGCNConv`.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, \*) features; or a pair with that first.
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.

    Returns:
        (num_dst, \*), 0 for in-degree 0.

    Raises:
        GraphError: see :mod:`graphmp.nn`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.heterograph({("user", "likes", "item"): ([0, 0, 1], [0, 1, 1])})
        >>> gm.nn.functional.lightgcn_conv(g, torch.tensor([1.0, 4.0]))
        tensor([0.7071, 3.3284])
    """
    adjacency, src = read_source(graph, feat, None)
    return normalized_aggregate(adjacency, src, edge_weight, 0.5, 0.5)


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
        GraphValueError: features of a wrong shape or on another device, a weight or bias of a wrong
            shape.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> gm.nn.functional.lrgccf_conv(g, torch.tensor([[1.0], [3.0]]), torch.ones(1, 1)).view(-1)
        tensor([2., 2.])
    """
    check_parameter(weight, (None, None), "weight")
    if bias is not None:
        check_parameter(bias, weight.shape[:1], "bias")
    size = weight.shape[1]
    ends = read_ends(graph, feat, (size, size), weight)
    edges, (src, dst) = ends.adjacency, split_ends(ends, ends.feat)
    left = edges.reversed.divisors(src.dtype, 0.5, more=1)
    right = edges.divisors(src.dtype, 0.5, more=1)
    loop = divided(dst, edges.divisors(dst.dtype, more=1))
    return linear(normalized_messages(edges, src, left, right) + loop, weight, bias)


def agnn_conv(graph: Graph, feat: Any, beta: float | Tensor = 1.0) -> Tensor:
    r"""Attend to neighbours by the cosines between their features and a node's own.

    The formula is that of :class:`graphmp.nn.AGNNConv`. Nothing is stored per edge and
    feature.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, \*, size) features; or a pair of that and (num_dst, \*, size).
        beta: a number, or a tensor of one: the factor of the cosines.

    Returns:
        (num_dst, \*, size), 0 for in-degree 0.

    Raises:
        GraphValueError: several numbers ``beta``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1], [1, 1, 0]))
        >>> gm.nn.functional.agnn_conv(g, torch.tensor([[2.0], [4.0]]), beta=0.0)
        tensor([[4.],
                [3.]])
    """
    ends = read_alike_ends(graph, feat)
    src, dst = split_ends(ends, ends.feat)
    if src.ndim < 2:
        raise GraphValueError(
            f"feat: expected shape (num_src, size), got a shape of {tuple(src.shape)}; cosines "
            "need vectors."
        )
    if not src.is_floating_point():
        raise GraphTypeError(
            f"feat: expected floating point, got {src.dtype}; call .float() on it."
        )
    shape, src = src.shape[1:], src.unsqueeze(-2)  # one head
    query = normalize(dst.unsqueeze(-2), dim=-1) * _number(beta, "beta")
    key = normalize(src, dim=-1)
    out: Tensor = attend_by_dots(ends.adjacency, query, key, src)
    return reshaped(out, out.shape[0], *shape)


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
        GraphValueError: an unknown aggregator; several numbers ``eps``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 1]))
        >>> gm.nn.functional.gin_conv(g, torch.tensor([1.0, 2.0]), eps=0.5)
        tensor([1.5000, 6.0000])
    """
    check_aggregator(aggregator_type)
    ends = read_alike_ends(graph, feat)
    src, dst = split_ends(ends, ends.feat, only_aggregates=True)
    total = aggregate(ends.adjacency, src, edge_weight, aggregator_type)
    return _add_scaled(total, dst, _number(eps, "eps"))


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
        GraphValueError: several numbers ``eps``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 1]))
        >>> gm.nn.functional.gine_conv(g, torch.tensor([1.0, 2.0]), torch.tensor([-3.0, 5.0]))
        tensor([1., 9.])
    """
    ends = read_alike_ends(graph, node_feat, "node_feat")
    adjacency, (src, dst) = ends.adjacency, split_ends(ends, ends.feat)
    read_edges(adjacency, edge_feat, "edge_feat")
    if edge_feat.shape[1:] != src.shape[1:]:
        raise GraphValueError(
            f"edge_feat: expected the size of node_feat, {tuple(src.shape[1:])}, got "
            f"{tuple(edge_feat.shape[1:])}; map it by a linear layer first."
        )
    messages = ops.gsddmm(adjacency, "add", src, edge_feat, "u", "e").relu()
    total = ops.gspmm(adjacency, "copy_rhs", "sum", None, messages)
    return _add_scaled(total, dst, _number(eps, "eps"))


def check_aggregator(aggregator_type: str) -> None:
    """Check the name of the reducer of :func:`gin_conv`.

    Raises:
        GraphOptionError: an unknown aggregator.
    """
    check_option(aggregator_type, AGGREGATORS, "aggregator_type")


def _add_scaled(total: Tensor, dst: Tensor, eps: float | Tensor) -> Tensor:
    """Add ``1 + eps`` times a node's own features, in one pass unless they are integers.

    A factor that is known to be 1 costs no pass in the backward.
    """
    if not dst.is_floating_point():
        return total + (1 + eps) * dst
    if isinstance(eps, Tensor):
        if not (is_eager() and eps.is_cpu) or eps.requires_grad:
            return torch.addcmul(total, dst, 1 + eps.to(dst.device))
        eps = float(eps)
    return add_own(total, dst, 1 + eps)


def _number(value: float | Tensor, name: str) -> float | Tensor:
    """A number; a tensor of one without dimensions, so that it changes no dtype."""
    if not isinstance(value, Tensor):
        return value
    if value.numel() != 1:
        raise GraphValueError(
            f"{name}: expected one number, got a tensor of shape {tuple(value.shape)}."
        )
    return value.view(())
