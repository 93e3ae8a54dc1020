"""graphmp: graph neural networks with message passing, in Python.

Make a graph with :func:`graph` or :func:`heterograph`, put features into its ``ndata`` and
``edata``, and pass messages with ``graph.update_all(message, reduce)``, whose functions come from
:mod:`graphmp.function` or are your own. :mod:`graphmp.ops` does the same on tensors,
:mod:`graphmp.nn` has layers, :mod:`graphmp.data` data sets, :mod:`graphmp.transforms` functions
that make a graph of a graph.

Files:
    _checks: Validate arguments; each function returns the checked value or raises.
    _graph: The parts of class Graph: its state, and a file for each family of methods.
    _message_passing: Message passing over relations, with builtin and user functions.
    _storage: What a graph stores: its types, the edges of each relation, and columns of features.
    compat: DGL's names, for programs that import them.
    construct: Functions that create graphs from edges, SciPy, NetworkX and edge indices.
    data: Data sets: read from files, embedded, or generated.
    dataloading: Samplers and data loaders for minibatch training.
    errors: The exceptions that graphmp raises.
    function: Builtin message and reduce functions.
    graph: Class Graph.
    init: Initializers that fill rows of features that were not written.
    io: Files of graphs and tensors, saved and loaded without running code.
    kernels: The primitives that graphs run on, and the backends that implement them.
    nn: Graph neural network layers: torch modules that take a graph and features.
    ops: Differentiable operations on a graph and tensors, without frames.
    random: The library's random seed.
    readout: Readouts: reduce, normalise and rank features over each graph of a batch.
    sampling: Sample neighbours, random walks and negative edges; blocks.
    sparse: Sparse matrices: ``A @ X`` instead of messages, as in ``dgl.sparse``.
    transforms: Functions that return a changed graph; batches of graphs.
    tune: Settings of the machine that make programs faster.
"""

from . import (
    data,
    dataloading,
    function,
    init,
    io,
    kernels,
    nn,
    ops,
    sampling,
    sparse,
    transforms,
    tune,
)
from ._checks import validate_ids
from ._graph.apply_each import apply_each
from ._graph.depth_first import dfs_edges_generator, dfs_labeled_edges_generator
from ._graph.describe import Description
from ._graph.edgewise import copy_u, copy_v, u_add_v, u_div_v, u_dot_v, u_mul_v, u_sub_v
from ._graph.explain import Explanation, explain
from ._graph.export import to_edge_index, to_networkx
from ._graph.line import line_graph
from ._graph.neighbourhood import khop_in_subgraph, khop_out_subgraph
from ._graph.partition import metis_partition_assignment
from ._graph.plot import draw
from ._graph.reorder import reorder_graph
from ._graph.reverse import reverse
from ._graph.search_order import (
    prop_edges,
    prop_edges_dfs,
    prop_nodes,
    prop_nodes_bfs,
    prop_nodes_topo,
)
from ._graph.self_loops import add_self_loop, remove_self_loop
from ._graph.simple import to_simple, to_simple_graph
from ._graph.subgraph import edge_subgraph, in_subgraph, node_subgraph, out_subgraph
from ._graph.traversal import bfs_edges_generator, bfs_nodes_generator, topological_nodes_generator
from ._graph.type_subgraph import edge_type_subgraph, node_type_subgraph
from ._message_passing.recording.fusion import fuse_functions
from ._message_passing.udf import EdgeBatch, NodeBatch
from ._storage.frame import ALL, EID, ETYPE, NID, NTYPE, LazyFeature
from .construct.dgl_graph import DGLGraph
from .construct.from_edges import (
    create_block,
    from_edge_index,
    graph,
    heterograph,
    rand_bipartite,
    rand_graph,
)
from .construct.from_other import (
    bipartite_from_networkx,
    bipartite_from_scipy,
    from_networkx,
    from_scipy,
)
from .dataloading.features import (
    set_dst_lazy_features,
    set_edge_lazy_features,
    set_node_lazy_features,
    set_src_lazy_features,
)
from .errors import (
    DGLError,
    GraphAttributeError,
    GraphError,
    GraphImportError,
    GraphIndexError,
    GraphKeyError,
    GraphModuleNotFoundError,
    GraphNotImplementedError,
    GraphOptionError,
    GraphRuntimeError,
    GraphTypeError,
    GraphValueError,
    GraphWarning,
)
from .graph import Graph
from .io import load_graphs, save_graphs
from .random import seed
from .readout.per_graph import broadcast_edges, broadcast_nodes, softmax_edges, softmax_nodes
from .readout.readout import (
    max_edges,
    max_nodes,
    mean_edges,
    mean_nodes,
    min_edges,
    min_nodes,
    readout_edges,
    readout_nodes,
    sum_edges,
    sum_nodes,
    topk_edges,
    topk_nodes,
)
from .sampling.block import to_block
from .transforms import (
    GDC,
    PPR,
    SVDPE,
    AddEdge,
    AddMetaPaths,
    AddReverse,
    AddSelfLoop,
    BaseTransform,
    Compose,
    DropEdge,
    DropNode,
    FeatMask,
    GCNNorm,
    HeatKernel,
    KHopGraph,
    LaplacianPE,
    LapPE,
    LineGraph,
    NodeShuffle,
    RandomWalkPE,
    RemoveSelfLoop,
    RowFeatNormalizer,
    SIGNDiffusion,
    ToLevi,
    ToSimple,
    add_edges,
    add_nodes,
    add_reverse_edges,
    adj_product_graph,
    adj_sum_graph,
    adjusted_homophily,
    block_to_graph,
    compact_graphs,
    double_radius_node_labeling,
    edge_homophily,
    edge_label_informativeness,
    khop_adj,
    khop_graph,
    knn_graph,
    lap_pe,
    laplacian_lambda_max,
    laplacian_pe,
    linkx_homophily,
    merge,
    metapath_reachable_graph,
    metis_partition,
    node_homophily,
    node_label_informativeness,
    norm_by_dst,
    partition_graph_with_halo,
    radius_graph,
    random_walk_pe,
    remove_edges,
    remove_nodes,
    segmented_knn_graph,
    shortest_dist,
    sort_csc_by_tag,
    sort_csr_by_tag,
    svd_pe,
    to_bfloat16,
    to_bidirected,
    to_double,
    to_float,
    to_half,
    to_heterogeneous,
    to_homogeneous,
)
from .transforms.batch import batch, slice_batch, unbatch

# isort: split
# The last, because it answers for names that are missing, also for modules not yet imported.
from . import compat

DGLHeteroGraph = DGLGraph
__version__ = "0.1.0"

__all__ = [
    "ALL",
    "EID",
    "ETYPE",
    "GDC",
    "NID",
    "NTYPE",
    "PPR",
    "SVDPE",
    "AddEdge",
    "AddMetaPaths",
    "AddReverse",
    "AddSelfLoop",
    "BaseTransform",
    "Compose",
    "DGLError",
    "DGLGraph",
    "DGLHeteroGraph",
    "Description",
    "DropEdge",
    "DropNode",
    "EdgeBatch",
    "Explanation",
    "FeatMask",
    "GCNNorm",
    "Graph",
    "GraphAttributeError",
    "GraphError",
    "GraphImportError",
    "GraphIndexError",
    "GraphKeyError",
    "GraphModuleNotFoundError",
    "GraphNotImplementedError",
    "GraphOptionError",
    "GraphRuntimeError",
    "GraphTypeError",
    "GraphValueError",
    "GraphWarning",
    "HeatKernel",
    "KHopGraph",
    "LapPE",
    "LaplacianPE",
    "LazyFeature",
    "LineGraph",
    "NodeBatch",
    "NodeShuffle",
    "RandomWalkPE",
    "RemoveSelfLoop",
    "RowFeatNormalizer",
    "SIGNDiffusion",
    "ToLevi",
    "ToSimple",
    "__version__",
    "add_edges",
    "add_nodes",
    "add_reverse_edges",
    "add_self_loop",
    "adj_product_graph",
    "adj_sum_graph",
    "adjusted_homophily",
    "apply_each",
    "batch",
    "bfs_edges_generator",
    "bfs_nodes_generator",
    "bipartite_from_networkx",
    "bipartite_from_scipy",
    "block_to_graph",
    "broadcast_edges",
    "broadcast_nodes",
    "compact_graphs",
    "compat",
    "copy_u",
    "copy_v",
    "create_block",
    "data",
    "dataloading",
    "dfs_edges_generator",
    "dfs_labeled_edges_generator",
    "double_radius_node_labeling",
    "draw",
    "edge_homophily",
    "edge_label_informativeness",
    "edge_subgraph",
    "edge_type_subgraph",
    "explain",
    "from_edge_index",
    "from_networkx",
    "from_scipy",
    "function",
    "fuse_functions",
    "graph",
    "heterograph",
    "in_subgraph",
    "init",
    "io",
    "kernels",
    "khop_adj",
    "khop_graph",
    "khop_in_subgraph",
    "khop_out_subgraph",
    "knn_graph",
    "lap_pe",
    "laplacian_lambda_max",
    "laplacian_pe",
    "line_graph",
    "linkx_homophily",
    "load_graphs",
    "max_edges",
    "max_nodes",
    "mean_edges",
    "mean_nodes",
    "merge",
    "metapath_reachable_graph",
    "metis_partition",
    "metis_partition_assignment",
    "min_edges",
    "min_nodes",
    "nn",
    "node_homophily",
    "node_label_informativeness",
    "node_subgraph",
    "node_type_subgraph",
    "norm_by_dst",
    "ops",
    "out_subgraph",
    "partition_graph_with_halo",
    "prop_edges",
    "prop_edges_dfs",
    "prop_nodes",
    "prop_nodes_bfs",
    "prop_nodes_topo",
    "radius_graph",
    "rand_bipartite",
    "rand_graph",
    "random_walk_pe",
    "readout_edges",
    "readout_nodes",
    "remove_edges",
    "remove_nodes",
    "remove_self_loop",
    "reorder_graph",
    "reverse",
    "sampling",
    "save_graphs",
    "seed",
    "segmented_knn_graph",
    "set_dst_lazy_features",
    "set_edge_lazy_features",
    "set_node_lazy_features",
    "set_src_lazy_features",
    "shortest_dist",
    "slice_batch",
    "softmax_edges",
    "softmax_nodes",
    "sort_csc_by_tag",
    "sort_csr_by_tag",
    "sparse",
    "sum_edges",
    "sum_nodes",
    "svd_pe",
    "to_bfloat16",
    "to_bidirected",
    "to_block",
    "to_double",
    "to_edge_index",
    "to_float",
    "to_half",
    "to_heterogeneous",
    "to_homogeneous",
    "to_networkx",
    "to_simple",
    "to_simple_graph",
    "topk_edges",
    "topk_nodes",
    "topological_nodes_generator",
    "transforms",
    "tune",
    "u_add_v",
    "u_div_v",
    "u_dot_v",
    "u_mul_v",
    "u_sub_v",
    "unbatch",
    "validate_ids",
]


def _name_publicly() -> None:
    """Make what is exported say so: reprs, documentation and pickles name the public path.

    Completion offers what is exported, not the files of a package.
    """
    modules = (compat, data, dataloading, function, init, io, ops, sampling, sparse, transforms)
    inner = (*modules, nn, nn.functional, nn.optim, tune)
    for path, exported in [*((m.__name__, vars(m)) for m in inner), (__name__, globals())]:
        exported.setdefault("__dir__", sorted(exported["__all__"]).copy)
        for name in exported["__all__"]:
            value = exported[name]
            if callable(value) and getattr(value, "__module__", "").startswith(__name__):
                value.__module__ = path


_name_publicly()
