"""Readouts: reduce or rank the nodes, or the edges, of each graph in a batch.

A graph that is no batch counts as a batch of one. Rows of results are in the order of the graphs.
Everything is differentiable, and the same inputs give the same bits.
"""

from __future__ import annotations

from typing import Any, Protocol

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


class NodeReadout(Protocol):
    """A readout of nodes by one operation, such as :func:`sum_nodes`."""

    def __call__(
        self, graph: Graph, feat: str, weight: str | None = None, *, ntype: str | None = None
    ) -> Tensor:
        """Reduce a feature of the nodes of each graph in a batch."""


class EdgeReadout(Protocol):
    """A readout of edges by one operation, such as :func:`sum_edges`."""

    def __call__(
        self, graph: Graph, feat: str, weight: str | None = None, *, etype: Any = None
    ) -> Tensor:
        """Reduce a feature of the edges of each graph in a batch."""


_DOCSTRING = """:func:`readout_{rows}` with ``op="{op}"``.

    Args:
        graph: a graph or a batch.
        feat: field of the {rows}, ({size}, *feature).
        weight: field of what the feature is multiplied by first{weighted}.
        {letter}type: the {row} type; not needed when there is one.

    Returns:
        (batch size, *feature); 0 for a graph without {rows}.

    Raises:
        GraphError: as :func:`readout_{rows}`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.{letter}data["h"] = torch.tensor([1.0, 2.0, 6.0])
        >>> gm.{op}_{rows}(g, "h")
        tensor([{result}.])
    """


def _readouts(op: str, result: int) -> tuple[NodeReadout, EdgeReadout]:
    """Create the readouts of nodes and of edges by ``op``, whose example gives ``result``."""

    def by_node(
        graph: Graph, feat: str, weight: str | None = None, *, ntype: str | None = None
    ) -> Tensor:
        return readout_nodes(graph, feat, weight, op=op, ntype=ntype)

    def by_edge(graph: Graph, feat: str, weight: str | None = None, *, etype: Any = None) -> Tensor:
        return readout_edges(graph, feat, weight, op=op, etype=etype)

    readouts: tuple[tuple[Any, str, str], ...] = ((by_node, "node", "N"), (by_edge, "edge", "E"))
    for function, row, size in readouts:
        rows, letter = f"{row}s", row[0]
        divided = f"; the sum is still divided by the number of {rows}" if op == "mean" else ""
        function.__name__ = function.__qualname__ = f"{op}_{rows}"
        function.__doc__ = _DOCSTRING.format(
            op=op, row=row, rows=rows, letter=letter, size=size, weighted=divided, result=result
        )
    return by_node, by_edge


sum_nodes, sum_edges = _readouts("sum", 9)
mean_nodes, mean_edges = _readouts("mean", 3)
max_nodes, max_edges = _readouts("max", 6)
min_nodes, min_edges = _readouts("min", 1)


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
