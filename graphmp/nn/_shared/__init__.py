"""Shared by several layers: inputs, heads, degrees, steps.

Files:
    aggregation: Weighted aggregation of neighbours.
    cached_by_tensor: A cache of values read from accelerator tensors.
    degrees: The zero-in-degree check.
    heads: Multi-head features, scores and outputs.
    inputs: Input features of layers: one tensor, a pair, checks.
    lstm: LSTMs under autocast, on every CPU.
    steps: Repeated normalised propagation.
    typed_sources: One source for each node and edge type.
"""
