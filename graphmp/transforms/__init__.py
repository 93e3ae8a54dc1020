"""Transforms: a new graph from a graph, which stays as it is; and numbers that describe a graph.

Files:
    augment: Random augmentation as modules: DropEdge, DropNode, FeatMask, AddEdge, NodeShuffle.
    base: Transforms as objects, and several one after the other.
    batch: ``batch``, ``unbatch`` and ``slice_batch``.
    bidirected: Edges in both directions.
    changes: Add and remove nodes and edges in a new graph.
    compact: Remove nodes without edges from one or several graphs.
    diffusion: Graphs of diffusion matrices as modules: PPR, HeatKernel, GDC.
    distances: Shortest paths, and labels of nodes by their distances.
    dtypes: Features in another floating-point dtype.
    farthest: Points that are far from each other.
    halo: The parts of a partitioned graph, with the edges around them.
    homophily: How often edges join nodes with the same label.
    informativeness: What a neighbour's label tells about a node's label.
    laplacian: Eigenvalues and eigenvectors of the normalized Laplacian.
    matching: Neighbours, matched in pairs.
    merge: Graphs over the same nodes, merged.
    normalization: Normalized edge weights and features.
    points: Graphs of points: k nearest neighbours and radius.
    positional: Positional encodings by random walks and by singular vectors.
    products: Powers, products and sums of adjacency matrices.
    sign: Diffused features as a module: SIGNDiffusion.
    structure: Changes of structure as modules, from AddSelfLoop to ToLevi.
    tags: Edges sorted by the tags of their ends.
    types: Conversion between homogeneous and heterogeneous graphs.
"""

from .._graph.line import line_graph
from .._graph.partition import metis_partition_assignment
from .._graph.reorder import reorder_graph
from .._graph.reverse import reverse
from .._graph.self_loops import add_self_loop, remove_self_loop
from .._graph.simple import to_simple, to_simple_graph
from .augment import AddEdge, DropEdge, DropNode, FeatMask, NodeShuffle
from .base import BaseTransform, Compose
from .bidirected import add_reverse_edges, to_bidirected
from .changes import add_edges, add_nodes, remove_edges, remove_nodes
from .compact import compact_graphs
from .diffusion import GDC, PPR, HeatKernel
from .distances import double_radius_node_labeling, shortest_dist
from .dtypes import to_bfloat16, to_double, to_float, to_half
from .farthest import farthest_point_sampler
from .halo import metis_partition, partition_graph_with_halo
from .homophily import adjusted_homophily, edge_homophily, linkx_homophily, node_homophily
from .informativeness import edge_label_informativeness, node_label_informativeness
from .laplacian import LaplacianPE, LapPE, lap_pe, laplacian_lambda_max, laplacian_pe
from .matching import neighbor_matching
from .merge import merge
from .normalization import GCNNorm, RowFeatNormalizer, norm_by_dst
from .points import knn_graph, radius_graph, segmented_knn_graph
from .positional import SVDPE, RandomWalkPE, random_walk_pe, svd_pe
from .products import (
    adj_product_graph,
    adj_sum_graph,
    khop_adj,
    khop_graph,
    metapath_reachable_graph,
)
from .sign import SIGNDiffusion
from .structure import (
    AddMetaPaths,
    AddReverse,
    AddSelfLoop,
    KHopGraph,
    LineGraph,
    RemoveSelfLoop,
    ToLevi,
    ToSimple,
)
from .tags import sort_csc_by_tag, sort_csr_by_tag
from .types import block_to_graph, to_heterogeneous, to_homogeneous

__all__ = [
    "GDC",
    "PPR",
    "SVDPE",
    "AddEdge",
    "AddMetaPaths",
    "AddReverse",
    "AddSelfLoop",
    "BaseTransform",
    "Compose",
    "DropEdge",
    "DropNode",
    "FeatMask",
    "GCNNorm",
    "HeatKernel",
    "KHopGraph",
    "LapPE",
    "LaplacianPE",
    "LineGraph",
    "NodeShuffle",
    "RandomWalkPE",
    "RemoveSelfLoop",
    "RowFeatNormalizer",
    "SIGNDiffusion",
    "ToLevi",
    "ToSimple",
    "add_edges",
    "add_nodes",
    "add_reverse_edges",
    "add_self_loop",
    "adj_product_graph",
    "adj_sum_graph",
    "adjusted_homophily",
    "block_to_graph",
    "compact_graphs",
    "double_radius_node_labeling",
    "edge_homophily",
    "edge_label_informativeness",
    "farthest_point_sampler",
    "khop_adj",
    "khop_graph",
    "knn_graph",
    "lap_pe",
    "laplacian_lambda_max",
    "laplacian_pe",
    "line_graph",
    "linkx_homophily",
    "merge",
    "metapath_reachable_graph",
    "metis_partition",
    "metis_partition_assignment",
    "neighbor_matching",
    "node_homophily",
    "node_label_informativeness",
    "norm_by_dst",
    "partition_graph_with_halo",
    "radius_graph",
    "random_walk_pe",
    "remove_edges",
    "remove_nodes",
    "remove_self_loop",
    "reorder_graph",
    "reverse",
    "segmented_knn_graph",
    "shortest_dist",
    "sort_csc_by_tag",
    "sort_csr_by_tag",
    "svd_pe",
    "to_bfloat16",
    "to_bidirected",
    "to_double",
    "to_float",
    "to_half",
    "to_heterogeneous",
    "to_homogeneous",
    "to_simple",
    "to_simple_graph",
]
