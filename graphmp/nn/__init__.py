"""Layers of graph neural networks: torch modules that take a graph and features.

A layer works on whole graphs, on bipartite graphs and on blocks. Features are one tensor, of which
a block takes the first rows for its destinations, or a pair ``(sources, destinations)``.
Constructors and parameter names are DGL's, so that its checkpoints load.
"""

from __future__ import annotations

from . import functional, pytorch
from .agnn_conv import AGNNConv
from .appnp_conv import APPNPConv
from .cf_conv import CFConv
from .cheb_conv import ChebConv
from .deep_walk import DeepWalk
from .dotgat_conv import DotGatConv
from .edge_conv import EdgeConv
from .edge_gat_conv import EdgeGATConv
from .edge_predictor import EdgePredictor
from .edge_weight_norm import EdgeWeightNorm
from .egat_conv import EGATConv
from .egnn_conv import EGNNConv
from .functional import edge_softmax
from .gat_conv import GATConv
from .gated_graph_conv import GatedGraphConv
from .gatedgcn_conv import GatedGCNConv
from .gatv2_conv import GATv2Conv
from .gcn2_conv import GCN2Conv
from .gin_conv import GINConv
from .gine_conv import GINEConv
from .global_attention_pooling import GlobalAttentionPooling
from .gmm_conv import GMMConv
from .gnn_explainer import GNNExplainer
from .graph_conv import GraphConv
from .hetero import HeteroEmbedding, HeteroGraphConv, HeteroLinear
from .hetero_gnn_explainer import HeteroGNNExplainer
from .hgt_conv import HGTConv
from .jumping_knowledge import JumpingKnowledge
from .label_propagation import LabelPropagation
from .lightgcn_conv import LightGCNConv
from .lrgccf_conv import LRGCCFConv
from .message_passing import MessagePassing
from .meta_path2vec import MetaPath2Vec
from .nn_conv import NNConv
from .pna_conv import PNAConv
from .point_graphs import KNNGraph, RadiusGraph, SegmentedKNNGraph
from .pooling import AvgPooling, MaxPooling, SumPooling
from .rel_graph_conv import RelGraphConv
from .sag_pooling import SAGPooling
from .sage_conv import SAGEConv
from .sequential import Sequential
from .set2set import Set2Set
from .sg_conv import SGConv
from .sort_pooling import SortPooling
from .tag_conv import TAGConv
from .topk_pooling import TopKPooling
from .trans_e import TransE
from .trans_r import TransR
from .transformer_conv import TransformerConv
from .typed_linear import TypedLinear
from .weight_and_sum import WeightAndSum

__all__ = [
    "AGNNConv",
    "APPNPConv",
    "AvgPooling",
    "CFConv",
    "ChebConv",
    "DeepWalk",
    "DotGatConv",
    "EGATConv",
    "EGNNConv",
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
    "HGTConv",
    "HeteroEmbedding",
    "HeteroGNNExplainer",
    "HeteroGraphConv",
    "HeteroLinear",
    "JumpingKnowledge",
    "KNNGraph",
    "LRGCCFConv",
    "LabelPropagation",
    "LightGCNConv",
    "MaxPooling",
    "MessagePassing",
    "MetaPath2Vec",
    "NNConv",
    "PNAConv",
    "RadiusGraph",
    "RelGraphConv",
    "SAGEConv",
    "SAGPooling",
    "SGConv",
    "SegmentedKNNGraph",
    "Sequential",
    "Set2Set",
    "SortPooling",
    "SumPooling",
    "TAGConv",
    "TopKPooling",
    "TransE",
    "TransR",
    "TransformerConv",
    "TypedLinear",
    "WeightAndSum",
    "edge_softmax",
    "functional",
    "pytorch",
]
