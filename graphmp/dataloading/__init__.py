"""Samplers and loaders for minibatch training.

A :class:`DataLoader` iterates over batches of seed nodes or seed edges; a sampler samples for each
batch the input of a model: blocks, a subgraph, or graphs of positive and negative edges. A
:class:`GraphDataLoader` batches whole graphs.

Files:
    cluster_gcn: ClusterGCNSampler.
    collators: Collators for other loaders: NodeCollator and EdgeCollator.
    edge_sampler: Samplers for edge prediction.
    exclusion: Which edges to exclude from sampling.
    features: Features gathered with a batch.
    graph_loader: GraphDataLoader.
    graphsaint: SAINTSampler.
    labor_sampler: LaborSampler.
    loader: DataLoader.
    mapped: Features in a memory-mapped file.
    negative_graph: Graphs of negative pairs.
    negative_sampler: Negative samplers.
    neighbor_sampler: NeighborSampler and MultiLayerFullNeighborSampler.
    older_loaders: NodeDataLoader and EdgeDataLoader.
    prefetch: Threads that compute batches before the training loop reads them.
    sampler: The sampler base classes.
    seeds: Seeds: batches, order, and shards of processes.
    shadow: ShaDowKHopSampler.
    spot_target: SpotTarget, an exclusion of edges at nodes of low degree.
    transfer: Move a batch to a device.
"""

from .._storage.frame import LazyFeature
from . import negative_sampler
from .cluster_gcn import ClusterGCNSampler
from .collators import Collator, EdgeCollator, NodeCollator
from .edge_sampler import EdgePredictionSampler, as_edge_prediction_sampler
from .exclusion import find_exclude_eids
from .features import (
    set_dst_lazy_features,
    set_edge_lazy_features,
    set_node_lazy_features,
    set_src_lazy_features,
)
from .graph_loader import GraphCollator, GraphDataLoader
from .graphsaint import SAINTSampler
from .labor_sampler import LaborSampler
from .loader import DataLoader
from .mapped import MappedFeatures, map_features
from .neighbor_sampler import (
    MultiLayerFullNeighborSampler,
    MultiLayerNeighborSampler,
    NeighborSampler,
)
from .older_loaders import EdgeDataLoader, NodeDataLoader
from .sampler import BlockSampler, Sampler
from .shadow import ShaDowKHopSampler
from .spot_target import SpotTarget

__all__ = [
    "BlockSampler",
    "ClusterGCNSampler",
    "Collator",
    "DataLoader",
    "EdgeCollator",
    "EdgeDataLoader",
    "EdgePredictionSampler",
    "GraphCollator",
    "GraphDataLoader",
    "LaborSampler",
    "LazyFeature",
    "MappedFeatures",
    "MultiLayerFullNeighborSampler",
    "MultiLayerNeighborSampler",
    "NeighborSampler",
    "NodeCollator",
    "NodeDataLoader",
    "SAINTSampler",
    "Sampler",
    "ShaDowKHopSampler",
    "SpotTarget",
    "as_edge_prediction_sampler",
    "find_exclude_eids",
    "map_features",
    "negative_sampler",
    "set_dst_lazy_features",
    "set_edge_lazy_features",
    "set_node_lazy_features",
    "set_src_lazy_features",
]
