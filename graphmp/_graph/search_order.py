"""Message passing in the order of a search, as functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import _checks
from .._message_passing.aggregate import ApplyFunction, MessageFunction, ReduceFunction
from .depth_first import dfs_labeled_edges_generator
from .traversal import bfs_nodes_generator, topological_nodes_generator


def prop_nodes(
    graph: Any,
    nodes_generator: Iterable[Any],
    message_func: MessageFunction,
    reduce_func: ReduceFunction,
    apply_node_func: ApplyFunction = None,
) -> None:
    """Pull at one set of nodes after another; see :meth:`graphmp.Graph.prop_nodes`.

    Args:
        graph: a graph of one edge type.
        nodes_generator: gives node ids.
        message_func: as in :meth:`~graphmp.Graph.update_all`.
        reduce_func: as in :meth:`~graphmp.Graph.update_all`.
        apply_node_func: as in :meth:`~graphmp.Graph.update_all`.

    Raises:
        GraphTypeError: not a graph, or not an iterable of ids.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["h"] = torch.tensor([1.0, 0.0, 0.0])
        >>> gm.prop_nodes(g, [[1], [2]], fn.copy_u("h", "m"), fn.sum("m", "h"))
        >>> g.ndata["h"]
        tensor([1., 1., 1.])
    """
    _checks.graph(graph).prop_nodes(nodes_generator, message_func, reduce_func, apply_node_func)


def prop_edges(
    graph: Any,
    edges_generator: Iterable[Any],
    message_func: MessageFunction,
    reduce_func: ReduceFunction,
    apply_node_func: ApplyFunction = None,
) -> None:
    """Send along one set of edges after another; see :meth:`graphmp.Graph.prop_edges`.

    Args:
        graph: a graph of one edge type.
        edges_generator: gives edges.
        message_func: as in :meth:`~graphmp.Graph.update_all`.
        reduce_func: as in :meth:`~graphmp.Graph.update_all`.
        apply_node_func: as in :meth:`~graphmp.Graph.update_all`.

    Raises:
        GraphTypeError: not a graph, or not an iterable of ids.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["h"] = torch.tensor([1.0, 0.0, 0.0])
        >>> gm.prop_edges(g, [[0], [1]], fn.copy_u("h", "m"), fn.sum("m", "h"))
        >>> g.ndata["h"]
        tensor([1., 1., 1.])
    """
    _checks.graph(graph).prop_edges(edges_generator, message_func, reduce_func, apply_node_func)


def prop_nodes_bfs(
    graph: Any,
    source: Any,
    message_func: MessageFunction,
    reduce_func: ReduceFunction,
    reverse: bool = False,
    apply_node_func: ApplyFunction = None,
) -> None:
    """Pull at the nodes that a breadth-first search reaches, one distance after another.

    Messages go along the edges, also with ``reverse``, which is the direction of the search.

    Args:
        graph: a graph of one node and one edge type.
        source: id of the start, or several.
        message_func: as in :meth:`~graphmp.Graph.update_all`.
        reduce_func: as in :meth:`~graphmp.Graph.update_all`.
        reverse: search against the edges.
        apply_node_func: as in :meth:`~graphmp.Graph.update_all`.

    Raises:
        GraphIndexError: a start that does not exist.
        GraphTypeError: not a graph.
        GraphValueError: a graph of several types.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.ndata["h"] = torch.tensor([1.0, 2.0, 3.0])
        >>> gm.prop_nodes_bfs(g, 0, fn.copy_u("h", "m"), fn.sum("m", "h"))
        >>> g.ndata["h"]
        tensor([3., 3., 3.])
    """
    nodes = bfs_nodes_generator(_checks.graph(graph), source, reverse)
    graph.prop_nodes(nodes, message_func, reduce_func, apply_node_func)


def prop_nodes_topo(
    graph: Any,
    message_func: MessageFunction,
    reduce_func: ReduceFunction,
    reverse: bool = False,
    apply_node_func: ApplyFunction = None,
) -> None:
    """Pull at all nodes of an acyclic graph, in topological order.

    Messages go along the edges, also with ``reverse``, which is the direction of the order.

    Args:
        graph: a graph of one node and one edge type, without cycles.
        message_func: as in :meth:`~graphmp.Graph.update_all`.
        reduce_func: as in :meth:`~graphmp.Graph.update_all`.
        reverse: order the nodes against the edges.
        apply_node_func: as in :meth:`~graphmp.Graph.update_all`.

    Raises:
        GraphTypeError: not a graph.
        GraphValueError: a cycle, or a graph of several types.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> g = gm.graph(([0, 1, 0], [2, 2, 1]))
        >>> g.ndata["h"] = torch.ones(3)
        >>> gm.prop_nodes_topo(
        ...     g, fn.copy_u("h", "m"), fn.sum("m", "s"), apply_node_func=lambda nodes: {
        ...         "h": nodes.data["s"] + 1}
        ... )
        >>> g.ndata["h"]
        tensor([1., 2., 4.])
    """
    nodes = topological_nodes_generator(_checks.graph(graph), reverse)
    graph.prop_nodes(nodes, message_func, reduce_func, apply_node_func)


def prop_edges_dfs(
    graph: Any,
    source: Any,
    message_func: MessageFunction,
    reduce_func: ReduceFunction,
    reverse: bool = False,
    has_reverse_edge: bool = False,
    has_nontree_edge: bool = False,
    apply_node_func: ApplyFunction = None,
) -> None:
    """Send along the edges of a depth-first search, one step after another.

    Messages go along the edges, also with ``reverse``, which is the direction of the search.

    Args:
        graph: a graph of one node and one edge type.
        source: see :func:`~graphmp.dfs_edges_generator`.
        message_func: as in :meth:`~graphmp.Graph.update_all`.
        reduce_func: as in :meth:`~graphmp.Graph.update_all`.
        reverse: search against the edges.
        has_reverse_edge: see :func:`~graphmp.dfs_labeled_edges_generator`.
        has_nontree_edge: see :func:`~graphmp.dfs_labeled_edges_generator`.
        apply_node_func: as in :meth:`~graphmp.Graph.update_all`.

    Raises:
        GraphIndexError: a start that does not exist.
        GraphTypeError: not a graph.
        GraphValueError: a graph of several types.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["h"] = torch.tensor([1.0, 0.0, 0.0])
        >>> gm.prop_edges_dfs(g, 0, fn.copy_u("h", "m"), fn.sum("m", "h"))
        >>> g.ndata["h"]
        tensor([1., 1., 1.])
    """
    edges = dfs_labeled_edges_generator(
        _checks.graph(graph), source, reverse, has_reverse_edge, has_nontree_edge, False
    )
    graph.prop_edges(edges, message_func, reduce_func, apply_node_func)
