"""Transforms: a new graph from a graph; the old one stays as it is."""

from .chance import BaseTransform, Compose, DropEdge, DropNode, FeatMask
from .changes import add_edges, add_nodes, remove_edges, remove_nodes
from .compact import compact_graphs
from .edges import (
    add_reverse_edges,
    add_self_loop,
    remove_self_loop,
    reverse,
    to_bidirected,
    to_simple,
)
from .line import line_graph
from .points import knn_graph, radius_graph, segmented_knn_graph
from .types import to_heterogeneous, to_homogeneous

__all__ = [
    "BaseTransform",
    "Compose",
    "DropEdge",
    "DropNode",
    "FeatMask",
    "add_edges",
    "add_nodes",
    "add_reverse_edges",
    "add_self_loop",
    "compact_graphs",
    "knn_graph",
    "line_graph",
    "radius_graph",
    "remove_edges",
    "remove_nodes",
    "remove_self_loop",
    "reverse",
    "segmented_knn_graph",
    "to_bidirected",
    "to_heterogeneous",
    "to_homogeneous",
    "to_simple",
]
