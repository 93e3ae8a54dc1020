"""Cluster-GCN: subgraphs induced by the parts of a graph partition."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.partition import check_parts, metis_partition_assignment
from .._graph.subgraph import node_subgraph
from ..errors import GraphValueError
from ..graph import Graph
from .features import set_edge_lazy_features, set_node_lazy_features
from .sampler import Sampler


class ClusterGCNSampler(Sampler):
    """Samples the subgraph induced by some parts of the graph; the seeds are parts.

    From `Cluster-GCN: An Efficient Algorithm for Training Deep and Large Graph Convolutional
    Networks <https://arxiv.org/abs/1905.07953>`__ (Chiang et al., KDD 2019). The constructor
    partitions the nodes: by METIS if ``pymetis`` is installed (``pip install pymetis``), else by a
    simpler method that cuts more edges.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of parts.
        cache_path: a file for the parts; read if it has those of this graph and these arguments,
            else written. None for no file.
        balance_ntypes: (N,) a type for each node; every type is balanced over the parts.
        balance_edges: whether to balance the number of edges, not of nodes.
        mode: the method of METIS: ``"k-way"`` or ``"recursive"``.
        prefetch_ndata: names of node features to gather with the batch.
        prefetch_edata: likewise of edge features.
        output_device: the device of the subgraph; the graph's device by default.

    Raises:
        GraphRuntimeError: neither pymetis nor SciPy is installed.
        GraphValueError: a graph of several types; a number of parts that is not from 1 to the
            number of nodes; a file that does not have parts.

    Example:
        >>> import graphmp as gm
        >>> g = gm.data.KarateClubDataset()[0]
        >>> types = g.ndata["label"]
        >>> sampler = gm.dataloading.ClusterGCNSampler(g, 4, cache_path=None, balance_ntypes=types)
        >>> loader = gm.dataloading.DataLoader(g, range(4), sampler, batch_size=2, shuffle=True)
        >>> sum(subgraph.num_nodes() for subgraph in loader)
        34
    """

    def __init__(
        self,
        g: Graph,
        k: int,
        cache_path: str | Path | None = "cluster_gcn.pkl",
        balance_ntypes: Any = None,
        balance_edges: bool = False,
        mode: str = "k-way",
        prefetch_ndata: Any = None,
        prefetch_edata: Any = None,
        output_device: Any = None,
    ) -> None:
        types = check_parts(g, k, mode, balance_ntypes)
        self.k = k
        self.prefetch_ndata, self.prefetch_edata = prefetch_ndata, prefetch_edata
        self.output_device = output_device
        name = _fingerprint(g, types, k, balance_edges, mode)
        path = None if cache_path is None else Path(cache_path).expanduser()
        parts = None if path is None else _read(path, name)
        if parts is None:
            parts = metis_partition_assignment(g, k, types, balance_edges, mode)
            if path is not None:
                torch.save({"graphmp parts of": name, "parts": parts}, path)
        self.partition_node_ids = torch.argsort(parts, stable=True).to(g.idtype)
        self.partition_offset = torch.bincount(parts, minlength=k).cumsum(0).tolist()

    def sample(self, g: Graph, partition_ids: Any) -> Any:
        """Sample the subgraph of some parts.

        Args:
            g: the graph that was partitioned.
            partition_ids: (n,) part ids, from 0 to k - 1; one that is repeated counts once.

        Returns:
            The subgraph induced by their nodes, which are grouped by part.

        Raises:
            GraphIndexError: a part id out of range.
        """
        _ = g.adjacency.csc  # built once, so that node_subgraph reads the nodes' edges only
        numbers = _checks.once(self.check_seeds(g, partition_ids)).tolist()
        starts = [0, *self.partition_offset]
        parts = [self.partition_node_ids[starts[i] : starts[i + 1]] for i in numbers]
        subgraph = node_subgraph(g, torch.cat(parts).to(g.device))
        set_node_lazy_features(subgraph, self.prefetch_ndata)
        set_edge_lazy_features(subgraph, self.prefetch_edata)
        return subgraph if self.output_device is None else subgraph.to(self.output_device)

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that seeds are part ids, and that the graph has as many nodes as the partition."""
        if g.num_nodes() != len(self.partition_node_ids):
            raise GraphValueError(
                "Expected the graph that was partitioned, which has "
                f"{len(self.partition_node_ids)} nodes, got one of {g.num_nodes()}."
            )
        return _checks.in_range(super().check_seeds(g, indices), self.k, "Numbers of parts")


def _fingerprint(g: Graph, types: Tensor | None, *settings: Any) -> str:
    """A hash of everything that the parts depend on."""
    digest = hashlib.sha256(repr((g.num_nodes(), *settings)).encode())
    columns: Sequence[Tensor] = [*g.edges(), *([] if types is None else [types])]
    for column in columns:
        digest.update(column.long().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _read(path: Path, name: str) -> Tensor | None:
    """The parts in a file, if they are those of ``name``.

    Raises:
        GraphValueError: the file does not have parts, or its folder does not exist.
    """
    if not path.parent.is_dir():
        raise GraphValueError(
            f"Expected cache_path to lie in a folder that exists, got {str(path)!r}; create the "
            "folder, or pass None."
        )
    if not path.exists():
        return None
    try:
        content = torch.load(path, weights_only=True)
        parts: Tensor = content["parts"]
        return parts if content["graphmp parts of"] == name else None
    except Exception as error:  # reading an unknown file can raise anything
        raise GraphValueError(
            f"Expected {str(path)!r} to be a file of parts that graphmp wrote, got another file; "
            "remove it, or pass another cache_path."
        ) from error
