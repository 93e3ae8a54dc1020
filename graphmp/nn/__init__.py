"""Layers of graph neural networks: torch modules that take a graph and features.

A layer works on whole graphs, on bipartite graphs and on blocks. Features are one tensor, of which
a block takes the first rows for its destinations, or a pair ``(sources, destinations)``.
Constructors and parameter names are DGL's, so that its checkpoints load.
"""

from __future__ import annotations

from . import functional
from .gat_conv import GATConv
from .graph_conv import GraphConv
from .sage_conv import SAGEConv

__all__ = ["GATConv", "GraphConv", "SAGEConv", "functional"]
