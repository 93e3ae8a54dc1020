"""Adding and removing nodes and edges in a new graph; a graph's own methods do it in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..graph import Graph


def add_nodes(
    g: Graph, num: int, data: Mapping[str, Tensor] | None = None, ntype: str | None = None
) -> Graph:
    """A graph with ``num`` more nodes; see :meth:`graphmp.Graph.add_nodes`.

    Args:
        g: the graph, which stays as it is.
        num: how many.
        data: features of the new nodes; fields left out get their initializer's rows.
        ntype: the node type; not needed when there is one.

    Example:
        >>> import graphmp as gm
        >>> gm.add_nodes(gm.graph(([0], [1])), 2).num_nodes()
        4
    """
    new = g.clone()
    new.add_nodes(num, data, ntype)
    return new


def add_edges(
    g: Graph, u: Any, v: Any, data: Mapping[str, Tensor] | None = None, etype: Any = None
) -> Graph:
    """A graph with more edges; see :meth:`graphmp.Graph.add_edges`.

    Args:
        g: the graph, which stays as it is.
        u: source id, or several.
        v: destination id, or several; a single id goes with each of the others.
        data: features of the new edges; fields left out get their initializer's rows.
        etype: the edge type; not needed when there is one.

    Example:
        >>> import graphmp as gm
        >>> gm.add_edges(gm.graph(([0], [1])), 0, [0, 1]).edges()
        (tensor([0, 0, 0]), tensor([1, 0, 1]))
    """
    new = g.clone()
    new.add_edges(u, v, data, etype)
    return new


def remove_nodes(g: Graph, nids: Any, ntype: str | None = None, store_ids: bool = False) -> Graph:
    """A graph without some nodes and their edges; see :meth:`graphmp.Graph.remove_nodes`.

    Args:
        g: the graph, which stays as it is.
        nids: an id, or several.
        ntype: the node type; not needed when there is one.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.

    Example:
        >>> import graphmp as gm
        >>> gm.remove_nodes(gm.graph(([0, 1], [1, 2])), 0).edges()
        (tensor([0]), tensor([1]))
    """
    new = g.clone()
    new.remove_nodes(nids, ntype, store_ids)
    return new


def remove_edges(g: Graph, eids: Any, etype: Any = None, store_ids: bool = False) -> Graph:
    """A graph without some edges; see :meth:`graphmp.Graph.remove_edges`.

    Args:
        g: the graph, which stays as it is.
        eids: an id, or several.
        etype: the edge type; not needed when there is one.
        store_ids: write original ids to ``edata["_ID"]``.

    Example:
        >>> import graphmp as gm
        >>> gm.remove_edges(gm.graph(([0, 1], [1, 2])), 0).edges()
        (tensor([1]), tensor([2]))
    """
    new = g.clone()
    new.remove_edges(eids, etype, store_ids)
    return new
