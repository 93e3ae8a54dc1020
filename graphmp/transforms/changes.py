"""Adding and removing nodes and edges in a new graph; a graph's own methods do it in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..graph import Graph


def add_nodes(
    g: Graph, num: int, data: Mapping[str, Tensor] | None = None, ntype: str | None = None
) -> Graph:
    """A graph with ``num`` more nodes; see :meth:`graphmp.Graph.add_nodes`."""
    new = g.clone()
    new.add_nodes(num, data, ntype)
    return new


def add_edges(
    g: Graph, u: Any, v: Any, data: Mapping[str, Tensor] | None = None, etype: Any = None
) -> Graph:
    """A graph with more edges; see :meth:`graphmp.Graph.add_edges`."""
    new = g.clone()
    new.add_edges(u, v, data, etype)
    return new


def remove_nodes(g: Graph, nids: Any, ntype: str | None = None, store_ids: bool = False) -> Graph:
    """A graph without some nodes and their edges; see :meth:`graphmp.Graph.remove_nodes`."""
    new = g.clone()
    new.remove_nodes(nids, ntype, store_ids)
    return new


def remove_edges(g: Graph, eids: Any, etype: Any = None, store_ids: bool = False) -> Graph:
    """A graph without some edges; see :meth:`graphmp.Graph.remove_edges`."""
    new = g.clone()
    new.remove_edges(eids, etype, store_ids)
    return new
