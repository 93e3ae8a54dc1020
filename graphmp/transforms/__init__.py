"""Transforms: a new graph from a graph; the old one stays as it is."""

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
from .types import to_heterogeneous, to_homogeneous

__all__ = [
    "add_edges",
    "add_nodes",
    "add_reverse_edges",
    "add_self_loop",
    "compact_graphs",
    "remove_edges",
    "remove_nodes",
    "remove_self_loop",
    "reverse",
    "to_bidirected",
    "to_heterogeneous",
    "to_homogeneous",
    "to_simple",
]
