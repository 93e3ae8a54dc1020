"""Softmax and broadcasting over the nodes, or the edges, of each graph in a batch.

A graph that is no batch counts as a batch of one. Everything is differentiable, and the same
inputs give the same bits.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..graph import Graph
from .segments import edges_by_graph, nodes_by_graph


def softmax_nodes(graph: Graph, feat: str, *, ntype: str | None = None) -> Tensor:
    """Softmax of a feature over the nodes of each graph in a batch.

    Args:
        graph: a graph or a batch.
        feat: field of the nodes, floating point, (N, *feature).
        ntype: the node type; not needed when there is one.

    Returns:
        (N, *feature).

    Raises:
        GraphTypeError: a feature that is not floating point; and as :func:`~graphmp.readout_nodes`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 0])), gm.graph(([0], [0]))])
        >>> g.ndata["h"] = torch.zeros(3)
        >>> gm.softmax_nodes(g, "h")
        tensor([0.5000, 0.5000, 1.0000])
    """
    return nodes_by_graph(graph, ntype).softmax(feat)


def softmax_edges(graph: Graph, feat: str, *, etype: Any = None) -> Tensor:
    """Softmax of a feature over the edges of each graph in a batch.

    Args:
        graph: a graph or a batch.
        feat: field of the edges, floating point, (E, *feature).
        etype: the edge type; not needed when there is one.

    Returns:
        (E, *feature).

    Raises:
        GraphTypeError: a feature that is not floating point; and as :func:`~graphmp.readout_edges`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 0])), gm.graph(([0], [0]))])
        >>> g.edata["h"] = torch.zeros(3)
        >>> gm.softmax_edges(g, "h")
        tensor([0.5000, 0.5000, 1.0000])
    """
    return edges_by_graph(graph, etype).softmax(feat)


def broadcast_nodes(graph: Graph, graph_feat: Tensor, *, ntype: str | None = None) -> Tensor:
    """Repeat a feature of each graph for each of its nodes.

    Args:
        graph: a graph or a batch.
        graph_feat: (batch size, *feature); for a single graph also (*feature), with a warning.
        ntype: the node type; not needed when there is one.

    Returns:
        (N, *feature).

    Raises:
        GraphTypeError: not a graph, or not a tensor.
        GraphValueError: not a row for each graph; and as :func:`~graphmp.readout_nodes`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 0])), gm.graph(([0], [0]))])
        >>> gm.broadcast_nodes(g, torch.tensor([3.0, 4.0]))
        tensor([3., 3., 4.])
    """
    return nodes_by_graph(graph, ntype).broadcast(graph_feat)


def broadcast_edges(graph: Graph, graph_feat: Tensor, *, etype: Any = None) -> Tensor:
    """Repeat a feature of each graph for each of its edges.

    Args:
        graph: a graph or a batch.
        graph_feat: (batch size, *feature); for a single graph also (*feature), with a warning.
        etype: the edge type; not needed when there is one.

    Returns:
        (E, *feature).

    Raises:
        GraphTypeError: not a graph, or not a tensor.
        GraphValueError: not a row for each graph; and as :func:`~graphmp.readout_edges`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 0])), gm.graph(([0], [0]))])
        >>> gm.broadcast_edges(g, torch.tensor([3.0, 4.0]))
        tensor([3., 3., 4.])
    """
    return edges_by_graph(graph, etype).broadcast(graph_feat)
