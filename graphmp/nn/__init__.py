"""Layers of graph neural networks: torch modules that take a graph and features.

A layer works on whole graphs, on bipartite graphs and on blocks. Features are one tensor, of which
a block takes the first rows for its destinations, or a pair ``(sources, destinations)``.
Constructors and parameter names are DGL's, so that its checkpoints load.
"""

from __future__ import annotations

from . import functional
from .dotgat_conv import DotGatConv
from .edge_gat_conv import EdgeGATConv
from .edge_weight_norm import EdgeWeightNorm
from .egat_conv import EGATConv
from .gat_conv import GATConv
from .gatv2_conv import GATv2Conv
from .gin_conv import GINConv
from .gine_conv import GINEConv
from .graph_conv import GraphConv
from .hetero import HeteroEmbedding, HeteroGraphConv, HeteroLinear
from .rel_graph_conv import RelGraphConv
from .sage_conv import SAGEConv
from .sequential import Sequential
from .typed_linear import TypedLinear

__all__ = [
    "DotGatConv",
    "EGATConv",
    "EdgeGATConv",
    "EdgeWeightNorm",
    "GATConv",
    "GATv2Conv",
    "GINConv",
    "GINEConv",
    "GraphConv",
    "HeteroEmbedding",
    "HeteroGraphConv",
    "HeteroLinear",
    "RelGraphConv",
    "SAGEConv",
    "Sequential",
    "TypedLinear",
    "functional",
]
