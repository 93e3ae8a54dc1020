"""Functional forms of layers; parameters are arguments.

``graph_conv`` is the functional form of ``GraphConv``, and so on. Papers and formulas are in the
layers' docstrings, conventions in :mod:`graphmp.nn`. A function checks its arguments but, unlike a
layer, allows nodes of in-degree 0. It applies no activation.

Layers that contain other modules, such as recurrent units, have no functional form. Attention is in
:mod:`graphmp.ops`: ``gat_attention``, ``gatv2_attention``, ``dot_attention``.

Files:
    convolutions: Single-step convolutions.
    dropout: Dropout, alone or after a ReLU.
    edge_weights: Normalisation of edge weights.
    merging: Combination of several features of a node or a pair.
    node_drop: Pooling that keeps the nodes of greatest score.
    pooling: Readouts of each graph of a batch.
    propagation: Multi-step propagation.
    triples: Scores of triples.
    typed: Linear maps chosen by type.
"""

from __future__ import annotations

from ...ops.edge_softmax import edge_softmax
from .convolutions import agnn_conv, gin_conv, gine_conv, graph_conv, lightgcn_conv, lrgccf_conv
from .dropout import dropout
from .edge_weights import edge_weight_norm
from .merging import edge_predictor, jumping_knowledge
from .node_drop import Pooled, sag_pooling, topk_pooling
from .pooling import (
    avg_pooling,
    global_attention_pooling,
    max_pooling,
    sort_pooling,
    sum_pooling,
    weight_and_sum,
)
from .propagation import appnp_conv, cheb_conv, gcn2_conv, label_propagation, tag_conv
from .triples import trans_e, trans_r
from .typed import typed_linear

__all__ = [
    "Pooled",
    "agnn_conv",
    "appnp_conv",
    "avg_pooling",
    "cheb_conv",
    "dropout",
    "edge_predictor",
    "edge_softmax",
    "edge_weight_norm",
    "gcn2_conv",
    "gin_conv",
    "gine_conv",
    "global_attention_pooling",
    "graph_conv",
    "jumping_knowledge",
    "label_propagation",
    "lightgcn_conv",
    "lrgccf_conv",
    "max_pooling",
    "sag_pooling",
    "sort_pooling",
    "sum_pooling",
    "tag_conv",
    "topk_pooling",
    "trans_e",
    "trans_r",
    "typed_linear",
    "weight_and_sum",
]
