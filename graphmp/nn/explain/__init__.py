"""Explainers: which features and edges a prediction depends on.

Files:
    flat_edges: Nodes and edges numbered across all types.
    gnn_explainer: GNNExplainer.
    hetero_gnn_explainer: HeteroGNNExplainer.
    hetero_pg_explainer: HeteroPGExplainer.
    hetero_subgraphx: HeteroSubgraphX.
    masks: Learnt masks of features and edges.
    model_calls: How explainers call a model.
    pg_explainer: PGExplainer.
    subgraphx: SubgraphX.
    tree_search: Search for the most important part of a graph.
"""
