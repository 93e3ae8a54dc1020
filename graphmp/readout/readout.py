"""Readouts: reduce or rank the nodes, or the edges, of each graph in a batch.

A graph that is no batch counts as a batch of one. Rows of results are in the order of the graphs.
Everything is differentiable, and the same inputs give the same bits.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..graph import Graph
from .segments import edges_by_graph, nodes_by_graph


def readout_nodes(
    graph: Graph,
    feat: str,
    weight: str | None = None,
    *,
    op: str = "sum",
    ntype: str | None = None,
) -> Tensor:
    """Reduce a feature of the nodes of each graph in a batch.

    Args:
        graph: a graph or a batch, not a block.
        feat: field of the nodes, (N, *feature).
        weight: field of what each node's feature is multiplied by first, (N, …) that broadcasts
            with it. A mean still divides by the number of nodes.
        op: ``"sum"``, ``"mean"``, ``"max"`` or ``"min"``.
        ntype: the node type; not needed when there is one.

    Returns:
        (batch size, *feature); 0 for a graph without nodes.

    Raises:
        GraphKeyError: an unknown field or type.
        GraphTypeError: not a graph, or not the name of a field.
        GraphValueError: an unknown ``op``, weights that do not broadcast, a block, or no ``ntype``
            where there are several.

    Example:
        >>> import torch, graphmp as gm
        >>> both = gm.batch([gm.graph(([0], [1])), gm.graph(([0, 1], [1, 2]))])
        >>> both.ndata["h"] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> gm.readout_nodes(both, "h", op="max")
        tensor([2., 5.])
    """
    return nodes_by_graph(graph, ntype).reduced(feat, weight, op)


def readout_edges(
    graph: Graph, feat: str, weight: str | None = None, *, op: str = "sum", etype: Any = None
) -> Tensor:
    """Reduce a feature of the edges of each graph in a batch.

    Args:
        graph: a graph or a batch.
        feat: field of the edges, (E, *feature).
        weight: field of what each edge's feature is multiplied by first, (E, …) that broadcasts
            with it. A mean still divides by the number of edges.
        op: ``"sum"``, ``"mean"``, ``"max"`` or ``"min"``.
        etype: the edge type, a name or a triple; not needed when there is one.

    Returns:
        (batch size, *feature); 0 for a graph without edges.

    Raises:
        GraphKeyError: an unknown field or type.
        GraphTypeError: not a graph, or not the name of a field.
        GraphValueError: an unknown ``op``, weights that do not broadcast, or no ``etype`` where
            there are several.

    Example:
        >>> import torch, graphmp as gm
        >>> both = gm.batch([gm.graph(([0], [1])), gm.graph(([0, 1], [1, 2]))])
        >>> both.edata["w"] = torch.tensor([1.0, 2.0, 3.0])
        >>> gm.readout_edges(both, "w", op="mean")
        tensor([1.0000, 2.5000])
    """
    return edges_by_graph(graph, etype).reduced(feat, weight, op)


def sum_nodes(
    graph: Graph, feat: str, weight: str | None = None, *, ntype: str | None = None
) -> Tensor:
    """:func:`readout_nodes` with ``op="sum"``.

    Args:
        graph: a graph or a batch.
        feat: field of the nodes, (N, *feature).
        weight: field of what the feature is multiplied by first.
        ntype: the node type; not needed when there is one.

    Returns:
        (batch size, *feature).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.ndata["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.sum_nodes(g, "h")
        tensor([9.])
    """
    return readout_nodes(graph, feat, weight, op="sum", ntype=ntype)


def sum_edges(graph: Graph, feat: str, weight: str | None = None, *, etype: Any = None) -> Tensor:
    """:func:`readout_edges` with ``op="sum"``.

    Args:
        graph: a graph or a batch.
        feat: field of the edges, (E, *feature).
        weight: field of what the feature is multiplied by first.
        etype: the edge type; not needed when there is one.

    Returns:
        (batch size, *feature).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.edata["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.sum_edges(g, "h")
        tensor([9.])
    """
    return readout_edges(graph, feat, weight, op="sum", etype=etype)


def mean_nodes(
    graph: Graph, feat: str, weight: str | None = None, *, ntype: str | None = None
) -> Tensor:
    """:func:`readout_nodes` with ``op="mean"``.

    Args:
        graph: a graph or a batch.
        feat: field of the nodes, (N, *feature).
        weight: field of what the feature is multiplied by first; the sum is divided by the
            number of nodes all the same.
        ntype: the node type; not needed when there is one.

    Returns:
        (batch size, *feature).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.ndata["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.mean_nodes(g, "h")
        tensor([3.])
    """
    return readout_nodes(graph, feat, weight, op="mean", ntype=ntype)


def mean_edges(graph: Graph, feat: str, weight: str | None = None, *, etype: Any = None) -> Tensor:
    """:func:`readout_edges` with ``op="mean"``.

    Args:
        graph: a graph or a batch.
        feat: field of the edges, (E, *feature).
        weight: field of what the feature is multiplied by first; the sum is divided by the
            number of edges all the same.
        etype: the edge type; not needed when there is one.

    Returns:
        (batch size, *feature).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.edata["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.mean_edges(g, "h")
        tensor([3.])
    """
    return readout_edges(graph, feat, weight, op="mean", etype=etype)


def max_nodes(
    graph: Graph, feat: str, weight: str | None = None, *, ntype: str | None = None
) -> Tensor:
    """:func:`readout_nodes` with ``op="max"``.

    Args:
        graph: a graph or a batch.
        feat: field of the nodes, (N, *feature).
        weight: field of what the feature is multiplied by first.
        ntype: the node type; not needed when there is one.

    Returns:
        (batch size, *feature).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.ndata["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.max_nodes(g, "h")
        tensor([6.])
    """
    return readout_nodes(graph, feat, weight, op="max", ntype=ntype)


def max_edges(graph: Graph, feat: str, weight: str | None = None, *, etype: Any = None) -> Tensor:
    """:func:`readout_edges` with ``op="max"``.

    Args:
        graph: a graph or a batch.
        feat: field of the edges, (E, *feature).
        weight: field of what the feature is multiplied by first.
        etype: the edge type; not needed when there is one.

    Returns:
        (batch size, *feature).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.edata["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.max_edges(g, "h")
        tensor([6.])
    """
    return readout_edges(graph, feat, weight, op="max", etype=etype)


def min_nodes(
    graph: Graph, feat: str, weight: str | None = None, *, ntype: str | None = None
) -> Tensor:
    """:func:`readout_nodes` with ``op="min"``.

    Args:
        graph: a graph or a batch.
        feat: field of the nodes, (N, *feature).
        weight: field of what the feature is multiplied by first.
        ntype: the node type; not needed when there is one.

    Returns:
        (batch size, *feature).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.ndata["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.min_nodes(g, "h")
        tensor([1.])
    """
    return readout_nodes(graph, feat, weight, op="min", ntype=ntype)


def min_edges(graph: Graph, feat: str, weight: str | None = None, *, etype: Any = None) -> Tensor:
    """:func:`readout_edges` with ``op="min"``.

    Args:
        graph: a graph or a batch.
        feat: field of the edges, (E, *feature).
        weight: field of what the feature is multiplied by first.
        etype: the edge type; not needed when there is one.

    Returns:
        (batch size, *feature).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.edata["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.min_edges(g, "h")
        tensor([1.])
    """
    return readout_edges(graph, feat, weight, op="min", etype=etype)


def topk_nodes(
    graph: Graph,
    feat: str,
    k: int,
    *,
    descending: bool = True,
    sortby: int | None = None,
    ntype: str | None = None,
) -> tuple[Tensor, Tensor]:
    """The ``k`` nodes of each graph in a batch that have the largest features.

    Of equal nodes the first comes first; NaN counts as the greatest number.

    Args:
        graph: a graph or a batch.
        feat: field of the nodes, (N, *feature).
        k: how many.
        descending: the largest first; else the smallest first.
        sortby: the column of a feature (N, D) by which whole rows are sorted; each element of
            the feature is sorted on its own by default.
        ntype: the node type; not needed when there is one.

    Returns:
        The features, (batch size, k, *feature), 0 where a graph has fewer nodes; and the position
        of each among the nodes of its graph, int64, -1 where a graph has fewer: (batch size, k),
        without ``sortby`` (batch size, k, *feature).

    Raises:
        GraphIndexError: a column that is not there.
        GraphValueError: a negative ``k``, or ``sortby`` for a feature that has no columns; and as
            :func:`readout_nodes`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 0])), gm.graph(([0], [0]))])
        >>> g.ndata["h"] = torch.tensor([[1.0, 9.0], [2.0, 8.0], [3.0, 7.0]])
        >>> rows, positions = gm.topk_nodes(g, "h", 1, sortby=0)
        >>> rows.tolist(), positions.tolist()
        ([[[2.0, 8.0]], [[3.0, 7.0]]], [[1], [0]])
    """
    return nodes_by_graph(graph, ntype).top(feat, k, descending, sortby)


def topk_edges(
    graph: Graph,
    feat: str,
    k: int,
    *,
    descending: bool = True,
    sortby: int | None = None,
    etype: Any = None,
) -> tuple[Tensor, Tensor]:
    """The ``k`` edges of each graph in a batch that have the largest features.

    Of equal edges the first comes first; NaN counts as the greatest number.

    Args:
        graph: a graph or a batch.
        feat: field of the edges, (E, *feature).
        k: how many.
        descending: the largest first; else the smallest first.
        sortby: the column of a feature (E, D) by which whole rows are sorted; each element of
            the feature is sorted on its own by default.
        etype: the edge type; not needed when there is one.

    Returns:
        The features, (batch size, k, *feature), 0 where a graph has fewer edges; and the position
        of each among the edges of its graph, int64, -1 where a graph has fewer: (batch size, k),
        without ``sortby`` (batch size, k, *feature).

    Raises:
        GraphIndexError: a column that is not there.
        GraphValueError: a negative ``k``, or ``sortby`` for a feature that has no columns; and as
            :func:`readout_edges`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 0])), gm.graph(([0], [0]))])
        >>> g.edata["h"] = torch.tensor([[1.0, 9.0], [2.0, 8.0], [3.0, 7.0]])
        >>> rows, positions = gm.topk_edges(g, "h", 1, sortby=0)
        >>> rows.tolist(), positions.tolist()
        ([[[2.0, 8.0]], [[3.0, 7.0]]], [[1], [0]])
    """
    return edges_by_graph(graph, etype).top(feat, k, descending, sortby)
