"""Graph: nodes, edges and features of one or several types."""

from __future__ import annotations

from ._graph import display
from ._graph.arguments import edge_argument
from ._graph.batch_info import BatchInfo
from ._graph.conversion import Conversion
from ._graph.describe import describe
from ._graph.export import adj, adj_external, adj_tensors, inc, to_networkx
from ._graph.feature_storage import get_edge_storage, get_node_storage
from ._graph.features import FeatureAccess
from ._graph.line import line_graph
from ._graph.mutation import Mutation
from ._graph.neighbourhood import khop_in_subgraph, khop_out_subgraph
from ._graph.propagation import Propagation
from ._graph.pytree import register
from ._graph.queries import Queries
from ._graph.reorder import reorder_graph
from ._graph.reverse import reverse
from ._graph.self_loops import add_self_loop, remove_self_loop
from ._graph.simple import to_simple
from ._graph.structure import Structure
from ._graph.subgraph import edge_subgraph, in_subgraph, node_subgraph, out_subgraph
from ._graph.type_subgraph import edge_type_subgraph, node_type_subgraph, relations
from ._graph.verbs import Verbs
from .sampling import (
    global_uniform_negative_sampling,
    sample_etype_neighbors,
    sample_labors,
    sample_neighbors,
    sample_neighbors_biased,
    sample_neighbors_fused,
    select_topk,
)


class Graph(Verbs, Propagation, Mutation, Conversion, BatchInfo, FeatureAccess, Queries, Structure):
    """A directed graph with features, of one or several node and edge types.

    Made by :func:`~graphmp.graph`, :func:`~graphmp.heterograph` and their relatives. A graph of
    one node and one edge type needs no type names anywhere; of several, methods take ``ntype`` or
    ``etype``. A block, as sampling gives it, is a graph whose sources and destinations are
    different nodes.

    Features are in ``ndata``, ``edata``, ``srcdata``, ``dstdata``, ``nodes[ntype].data`` and
    ``edges[etype].data``.

    Attributes, methods and functions bound as methods, by where they are defined:

    state: adjacencies, idtype, device.
    structure: ntypes, etypes, canonical_etypes, srctypes, dsttypes, metagraph,
        to_canonical_etype, get_ntype_id, get_ntype_id_from_src, get_ntype_id_from_dst,
        get_etype_id, is_block, is_homogeneous, is_multigraph, is_unibipartite, adjacency,
        adjacency_of, num_nodes, num_src_nodes, num_dst_nodes, num_edges, number_of_nodes,
        number_of_src_nodes, number_of_dst_nodes, number_of_edges, in_degrees, out_degrees.
    queries: has_nodes, has_edges_between, edge_ids, find_edges, all_edges, in_edges, out_edges,
        predecessors, successors.
    arguments: edge_argument.
    features: ndata, edata, srcdata, dstdata, nodes, srcnodes, dstnodes, edges, node_attr_schemes,
        edge_attr_schemes, set_n_initializer, set_e_initializer, local_scope.
    batch_info: batch_size, batch_num_nodes, batch_num_edges, set_batch_num_nodes,
        set_batch_num_edges.
    conversion: to, cpu, int, long, astype, local_var, clone, formats, create_formats_,
        materialize_data, pin_memory_, unpin_memory_, is_pinned, record_stream.
    feature_storage: get_node_storage, get_edge_storage.
    mutation: add_nodes, add_edges, remove_nodes, remove_edges.
    describe: describe.
    verbs: update_all, multi_update_all, apply_edges, apply_nodes, filter_nodes, filter_edges.
    propagation: send_and_recv, pull, push, prop_nodes, prop_edges.
    subgraph: subgraph, edge_subgraph, in_subgraph, out_subgraph.
    neighbourhood: khop_in_subgraph, khop_out_subgraph.
    type_subgraph: node_type_subgraph, edge_type_subgraph.
    self_loops: add_self_loop, remove_self_loop.
    reverse: reverse.
    simple: to_simple.
    line: line_graph.
    reorder: reorder_graph.
    sampling: sample_neighbors, sample_neighbors_biased, sample_etype_neighbors, sample_labors,
        sample_neighbors_fused, select_topk, global_uniform_negative_sampling.
    export: adj, adjacency_matrix, adj_external, adj_tensors, inc, incidence_matrix,
        to_networkx.
    shared_graphs, in compat: shared_memory.
    cugraph, in compat: to_cugraph.
    """

    edge_argument = edge_argument

    get_node_storage = get_node_storage
    get_edge_storage = get_edge_storage

    __getitem__ = relations
    subgraph = node_subgraph
    edge_subgraph = edge_subgraph
    in_subgraph = in_subgraph
    out_subgraph = out_subgraph
    khop_in_subgraph = khop_in_subgraph
    khop_out_subgraph = khop_out_subgraph
    node_type_subgraph = node_type_subgraph
    edge_type_subgraph = edge_type_subgraph

    add_self_loop = add_self_loop
    remove_self_loop = remove_self_loop
    reverse = reverse
    to_simple = to_simple
    line_graph = line_graph
    reorder_graph = reorder_graph

    sample_neighbors = sample_neighbors
    sample_neighbors_fused = sample_neighbors_fused
    sample_neighbors_biased = sample_neighbors_biased
    sample_etype_neighbors = sample_etype_neighbors
    sample_labors = sample_labors
    select_topk = select_topk
    global_uniform_negative_sampling = global_uniform_negative_sampling

    adj = adj
    adjacency_matrix = adj
    adj_external = adj_external
    adj_tensors = adj_tensors
    inc = inc
    incidence_matrix = inc
    to_networkx = to_networkx

    describe = describe
    __repr__ = display.text
    _repr_html_ = display.html

    @property
    def _graph(self) -> Graph:
        """The graph itself, as programs for DGL pass its index to kernels."""
        return self


register(Graph)
