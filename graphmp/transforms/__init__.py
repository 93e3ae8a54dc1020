"""Transforms: a new graph from a graph; the old one stays as it is.

Files:
    augment: Random augmentation as modules: DropEdge, DropNode, FeatMask.
    batch: ``batch``, ``unbatch`` and ``slice_batch``.
    bidirected: Edges in both directions.
    changes: Add and remove nodes and edges in a new graph.
    compact: Remove nodes without edges from one or several graphs.
    distances: Shortest paths, and labels of nodes by their distances.
    dtypes: Features in another floating-point dtype.
    merge: Graphs over the same nodes, merged.
    points: Graphs of points: k nearest neighbours and radius.
    products: Powers, products and sums of adjacency matrices.
    types: Conversion between homogeneous and heterogeneous graphs.
"""

from .._graph.line import line_graph
from .._graph.partition import metis_partition_assignment
from .._graph.reorder import reorder_graph
from .._graph.reverse import reverse
from .._graph.self_loops import add_self_loop, remove_self_loop
from .._graph.simple import to_simple
from .augment import BaseTransform, Compose, DropEdge, DropNode, FeatMask
from .bidirected import add_reverse_edges, to_bidirected
from .changes import add_edges, add_nodes, remove_edges, remove_nodes
from .compact import compact_graphs
from .distances import double_radius_node_labeling, shortest_dist
from .dtypes import to_bfloat16, to_double, to_float, to_half
from .merge import merge
from .points import knn_graph, radius_graph, segmented_knn_graph
from .products import (
    adj_product_graph,
    adj_sum_graph,
    khop_adj,
    khop_graph,
    metapath_reachable_graph,
)
from .types import block_to_graph, to_heterogeneous, to_homogeneous

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
    "adj_product_graph",
    "adj_sum_graph",
    "block_to_graph",
    "compact_graphs",
    "double_radius_node_labeling",
    "khop_adj",
    "khop_graph",
    "knn_graph",
    "line_graph",
    "merge",
    "metapath_reachable_graph",
    "metis_partition_assignment",
    "radius_graph",
    "remove_edges",
    "remove_nodes",
    "remove_self_loop",
    "reorder_graph",
    "reverse",
    "segmented_knn_graph",
    "shortest_dist",
    "to_bfloat16",
    "to_bidirected",
    "to_double",
    "to_float",
    "to_half",
    "to_heterogeneous",
    "to_homogeneous",
    "to_simple",
]
