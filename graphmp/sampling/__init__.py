"""Sampling: neighbours, walks and negative edges, drawn at random from a graph."""

from .negative import global_uniform_negative_sampling
from .neighbors import sample_block, sample_neighbors
from .pinsage import PinSAGESampler, RandomWalkNeighborSampler
from .topk import select_topk
from .walks import node2vec_random_walk, pack_traces, random_walk

__all__ = [
    "PinSAGESampler",
    "RandomWalkNeighborSampler",
    "global_uniform_negative_sampling",
    "node2vec_random_walk",
    "pack_traces",
    "random_walk",
    "sample_block",
    "sample_neighbors",
    "select_topk",
]
