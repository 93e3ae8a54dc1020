"""Explainers: which features and edges a prediction depends on.

Files:
    gnn_explainer: GNNExplainer.
    hetero_gnn_explainer: HeteroGNNExplainer.
    masks: Learnt masks of features and edges.
"""
