"""Random sampling: neighbours, walks and negative edges.

Files:
    arguments: Checks of the arguments that several functions share.
    block: ``to_block``: a bipartite graph of sampled edges for one layer.
    labor: LABOR sampling, where destinations share sources.
    negative: Uniform negative edges.
    neighbors: Uniform and weighted neighbour sampling.
    pinsage: Neighbours by visits of random walks (PinSAGE).
    topk: The edges of greatest or least weight of each node.
    walks: Random walks, metapath walks and node2vec walks.
"""

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
