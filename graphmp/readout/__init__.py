"""Readouts: reduce, normalise and rank features over each graph of a batch.

Files:
    per_graph: Softmax and broadcasting over each graph of a batch.
    readout: Sums, means, extremes and top-k over each graph of a batch.
    segments: The rows of each graph of a batch as segments of one tensor.
"""

from .per_graph import broadcast_edges, broadcast_nodes, softmax_edges, softmax_nodes
from .readout import (
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

__all__ = [
    "broadcast_edges",
    "broadcast_nodes",
    "max_edges",
    "max_nodes",
    "mean_edges",
    "mean_nodes",
    "min_edges",
    "min_nodes",
    "readout_edges",
    "readout_nodes",
    "softmax_edges",
    "softmax_nodes",
    "sum_edges",
    "sum_nodes",
    "topk_edges",
    "topk_nodes",
]
