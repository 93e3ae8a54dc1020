r"""Graph neural network layers: torch modules called with a graph and features.

Constructors and parameter names are DGL's, so that its checkpoints load.

Conventions of all layers:

- *Graphs.* A layer takes a graph, a batch or a block of one edge type. Pass the slice
  ``graph[etype]`` of a graph of several types, or use :class:`HeteroGraphConv`. A layer that
  passes messages repeatedly needs a graph whose destinations are its sources. Pooling layers take
  a graph or a batch of one node type, not a block.
- *Features.* One tensor, (num_src, …), serves both ends: in a graph between nodes of one type they
  are the same nodes, in a block the destinations are the first rows. For other bipartite graphs,
  and whenever the ends have their own features, pass a pair ``(sources, destinations)`` of
  (num_src, …) and (num_dst, …). A ``\*`` in a shape is any number of dimensions.
- *Devices and dtypes.* Features are on the graph's device and of the parameters' dtype. Integers
  and bools are converted; under ``torch.autocast`` any floating dtype is accepted.
- *In-degree 0.* A sum, mean or maximum without messages is 0. A layer with
  ``allow_zero_in_degree`` rejects graphs with such nodes by default.
- *Errors.* GraphTypeError for features that are not tensors, or of another floating dtype;
  GraphValueError for a wrong number of rows, size or device, one tensor where a pair is needed,
  and a graph that a layer does not support. ``Raises`` lists only the other errors.

Files:
    _shared: Shared by several layers: inputs, heads, degrees, steps.
    base: MessagePassing, the base class of custom layers.
    conv: Graph convolutions.
    dropout: Dropout.
    edge_predictor: EdgePredictor: scores of node pairs.
    embedding: Embeddings of nodes and relations.
    explain: Explainers of predictions.
    functional: Layers as functions of their parameters.
    hetero: HeteroGraphConv and other containers for several types.
    jumping_knowledge: JumpingKnowledge.
    optim: Optimizers of NodeEmbedding.
    point_graphs: KNNGraph, SegmentedKNNGraph and RadiusGraph, and distances of points.
    pooling: Readout and hierarchical pooling layers.
    pytorch: DGL's alias of this package.
    sequential: Sequential.
    transformer: Graph transformers and encodings of positions.
    typed_linear: TypedLinear.
    weight_basis: WeightBasis.
"""

from __future__ import annotations

from . import functional, optim, pytorch
from .base import MessagePassing
from .conv.agnn_conv import AGNNConv
from .conv.appnp_conv import APPNPConv
from .conv.atomic_conv import AtomicConv
from .conv.cf_conv import CFConv
from .conv.cheb_conv import ChebConv
from .conv.cugraph_gat_conv import CuGraphGATConv
from .conv.cugraph_rel_graph_conv import CuGraphRelGraphConv
from .conv.cugraph_sage_conv import CuGraphSAGEConv
from .conv.dense_cheb_conv import DenseChebConv
from .conv.dense_graph_conv import DenseGraphConv
from .conv.dense_sage_conv import DenseSAGEConv
from .conv.dgn_conv import DGNConv
from .conv.dotgat_conv import DotGatConv
from .conv.edge_conv import EdgeConv
from .conv.edge_gat_conv import EdgeGATConv
from .conv.edge_weight_norm import EdgeWeightNorm
from .conv.egat_conv import EGATConv
from .conv.egnn_conv import EGNNConv
from .conv.gat_conv import GATConv
from .conv.gated_graph_conv import GatedGraphConv
from .conv.gatedgcn_conv import GatedGCNConv
from .conv.gatv2_conv import GATv2Conv
from .conv.gcn2_conv import GCN2Conv
from .conv.gin_conv import GINConv
from .conv.gine_conv import GINEConv
from .conv.gmm_conv import GMMConv
from .conv.graph_conv import GraphConv
from .conv.group_rev_res import GroupRevRes
from .conv.hgt_conv import HGTConv
from .conv.label_propagation import LabelPropagation
from .conv.lightgcn_conv import LightGCNConv
from .conv.lrgccf_conv import LRGCCFConv
from .conv.nn_conv import NNConv
from .conv.pna_conv import PNAConv
from .conv.rel_graph_conv import RelGraphConv
from .conv.sage_conv import SAGEConv
from .conv.sg_conv import SGConv
from .conv.tag_conv import TAGConv
from .conv.transformer_conv import TransformerConv
from .conv.twirls_conv import TWIRLSConv
from .conv.twirls_unfolding import TWIRLSUnfoldingAndAttention
from .dropout import Dropout
from .edge_predictor import EdgePredictor
from .embedding.deep_walk import DeepWalk
from .embedding.meta_path2vec import MetaPath2Vec
from .embedding.node_embedding import NodeEmbedding
from .embedding.trans_e import TransE
from .embedding.trans_r import TransR
from .explain.gnn_explainer import GNNExplainer
from .explain.hetero_gnn_explainer import HeteroGNNExplainer
from .explain.hetero_pg_explainer import HeteroPGExplainer
from .explain.hetero_subgraphx import HeteroSubgraphX
from .explain.pg_explainer import PGExplainer
from .explain.subgraphx import SubgraphX
from .functional import edge_softmax
from .hetero import HeteroEmbedding, HeteroGraphConv, HeteroLinear
from .jumping_knowledge import JumpingKnowledge
from .point_graphs import KNNGraph, RadiusGraph, SegmentedKNNGraph, pairwise_squared_distance
from .pooling.global_attention_pooling import GlobalAttentionPooling
from .pooling.sag_pooling import SAGPooling
from .pooling.set2set import Set2Set
from .pooling.set_transformer import SetTransformerDecoder, SetTransformerEncoder
from .pooling.simple import AvgPooling, MaxPooling, SumPooling
from .pooling.sort_pooling import SortPooling
from .pooling.topk_pooling import TopKPooling
from .pooling.weight_and_sum import WeightAndSum
from .sequential import Sequential
from .transformer.biased_mha import BiasedMHA
from .transformer.degree_encoder import DegreeEncoder
from .transformer.egt_layer import EGTLayer
from .transformer.graphormer_layer import GraphormerLayer
from .transformer.lap_pos_encoder import LapPosEncoder
from .transformer.path_encoder import PathEncoder
from .transformer.spatial_encoder import SpatialEncoder, SpatialEncoder3d
from .typed_linear import TypedLinear
from .weight_basis import WeightBasis

__all__ = [
    "AGNNConv",
    "APPNPConv",
    "AtomicConv",
    "AvgPooling",
    "BiasedMHA",
    "CFConv",
    "ChebConv",
    "CuGraphGATConv",
    "CuGraphRelGraphConv",
    "CuGraphSAGEConv",
    "DGNConv",
    "DeepWalk",
    "DegreeEncoder",
    "DenseChebConv",
    "DenseGraphConv",
    "DenseSAGEConv",
    "DotGatConv",
    "Dropout",
    "EGATConv",
    "EGNNConv",
    "EGTLayer",
    "EdgeConv",
    "EdgeGATConv",
    "EdgePredictor",
    "EdgeWeightNorm",
    "GATConv",
    "GATv2Conv",
    "GCN2Conv",
    "GINConv",
    "GINEConv",
    "GMMConv",
    "GNNExplainer",
    "GatedGCNConv",
    "GatedGraphConv",
    "GlobalAttentionPooling",
    "GraphConv",
    "GraphormerLayer",
    "GroupRevRes",
    "HGTConv",
    "HeteroEmbedding",
    "HeteroGNNExplainer",
    "HeteroGraphConv",
    "HeteroLinear",
    "HeteroPGExplainer",
    "HeteroSubgraphX",
    "JumpingKnowledge",
    "KNNGraph",
    "LRGCCFConv",
    "LabelPropagation",
    "LapPosEncoder",
    "LightGCNConv",
    "MaxPooling",
    "MessagePassing",
    "MetaPath2Vec",
    "NNConv",
    "NodeEmbedding",
    "PGExplainer",
    "PNAConv",
    "PathEncoder",
    "RadiusGraph",
    "RelGraphConv",
    "SAGEConv",
    "SAGPooling",
    "SGConv",
    "SegmentedKNNGraph",
    "Sequential",
    "Set2Set",
    "SetTransformerDecoder",
    "SetTransformerEncoder",
    "SortPooling",
    "SpatialEncoder",
    "SpatialEncoder3d",
    "SubgraphX",
    "SumPooling",
    "TAGConv",
    "TWIRLSConv",
    "TWIRLSUnfoldingAndAttention",
    "TopKPooling",
    "TransE",
    "TransR",
    "TransformerConv",
    "TypedLinear",
    "WeightAndSum",
    "WeightBasis",
    "edge_softmax",
    "functional",
    "optim",
    "pairwise_squared_distance",
    "pytorch",
]
