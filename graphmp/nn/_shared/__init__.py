"""Shared by several layers: inputs, heads, degrees, steps.

Files:
    activations: Activations, in the memory of a layer's own result where possible.
    aggregation: Weighted aggregation of neighbours.
    cached_aggregates: Aggregates of constant features, computed once for each graph.
    cached_by_tensor: A cache of values that depend on a tensor.
    degrees: The zero-in-degree check.
    dense: Dense adjacency matrices and the features at their ends.
    first_rows: The first of some rows, whose gradient takes no memory.
    heads: Multi-head features and scores.
    inputs: Input features of layers: one tensor, a pair, checks.
    lstm: LSTMs under autocast, on every CPU.
    maps: Linear maps of both ends and of residuals, their reset, and the end of attention.
    options: Options, functions and parameters, checked.
    padded: Padded batches, with a row for each graph.
    products: The linear maps of a layer: summed, stacked, and with a bias.
    reversible: Reversible residual connections, whose inputs are not stored.
    rows_by_type: Rows in the order of their types.
    steps: Repeated normalised propagation.
    typed_sources: One source for each node and edge type.
"""
