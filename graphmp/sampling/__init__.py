"""Random sampling: neighbours, walks and negative edges.

Files:
    arguments: Checks of the arguments that several functions share.
    biased: Neighbour sampling with a weight for each tag.
    block: ``to_block``: a bipartite graph of sampled edges for one layer.
    by_edge_type: Neighbour sampling with a fanout for each range of edge ids.
    labor: LABOR sampling, where seed nodes share neighbours.
    negative: Uniform negative edges.
    neighbors: Uniform and weighted neighbour sampling.
    pinsage: Neighbours by visits of random walks (PinSAGE).
    topk: The edges of greatest or least weight of each node.
    walks: Random walks, metapath walks and node2vec walks.
"""

from .biased import sample_neighbors_biased
from .by_edge_type import sample_etype_neighbors
from .labor import sample_labors
from .negative import global_uniform_negative_sampling
from .neighbors import sample_block, sample_neighbors, sample_neighbors_fused
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
    "sample_etype_neighbors",
    "sample_labors",
    "sample_neighbors",
    "sample_neighbors_biased",
    "sample_neighbors_fused",
    "select_topk",
]
