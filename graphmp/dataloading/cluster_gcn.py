"""Cluster-GCN: subgraphs of parts of the graph that are densely connected within."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.subgraph import node_subgraph
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .features import set_edge_lazy_features, set_node_lazy_features
from .partition import partition
from .sampler import Sampler

MODES = ("k-way", "recursive")


class ClusterGCNSampler(Sampler):
    """The subgraph of some parts of the graph; the parts are the seeds.

    From `Cluster-GCN: An Efficient Algorithm for Training Deep and Large Graph Convolutional
    Networks <https://arxiv.org/abs/1905.07953>`__ (Chiang et al., KDD 2019). Nodes are divided
    once, when the sampler is made: by METIS if ``pymetis`` is installed (``pip install pymetis``),
    else by a simple method that cuts more edges.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of parts.
        cache_path: a file that keeps the parts; used if it is of this graph and of these arguments,
            written anew if not. None for no file.
        balance_ntypes: (N,) a type for each node; every part gets as many nodes of each.
        balance_edges: let every part have as many edges, not as many nodes.
        mode: how METIS divides: ``"k-way"`` or ``"recursive"``.
        prefetch_ndata: names of node features that are read while the batch is made.
        prefetch_edata: likewise of edge features.
        output_device: where the subgraph goes; the graph's device unless given.

    Raises:
        GraphRuntimeError: neither pymetis nor SciPy is installed.
        GraphValueError: a graph of several types; a number of parts that is not from 1 to the
            number of nodes; a file that holds something else than parts.

    Example:
        >>> import graphmp as gm
        >>> g = gm.data.KarateClubDataset()[0]
        >>> types = g.ndata["label"]
        >>> sampler = ClusterGCNSampler(g, 4, cache_path=None, balance_ntypes=types)
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
        _check(g, k, mode)
        types = None if balance_ntypes is None else _types(g, balance_ntypes)
        self.k = k
        self.prefetch_ndata, self.prefetch_edata = prefetch_ndata, prefetch_edata
        self.output_device = output_device
        name = _fingerprint(g, types, k, balance_edges, mode)
        path = None if cache_path is None else Path(cache_path).expanduser()
        parts = None if path is None else _read(path, name)
        if parts is None:
            parts = partition(
                g,
                k,
                balance_ntypes=types,
                balance_edges=balance_edges,
                recursive=mode == "recursive",
            )
            if path is not None:
                torch.save({"graphmp parts of": name, "parts": parts}, path)
        self.partition_node_ids = torch.argsort(parts, stable=True).to(g.idtype)
        self.partition_offset = torch.bincount(parts, minlength=k).cumsum(0).tolist()

    def sample(self, g: Graph, indices: Any) -> Any:
        """Make the subgraph of some parts.

        Args:
            g: the graph that was divided.
            indices: (n,) distinct numbers of parts, from 0 to k - 1.

        Returns:
            The subgraph of their nodes, part after part.

        Raises:
            GraphIndexError: a part that is not there.
        """
        _ = g.adjacency.csc  # made once, it lets node_subgraph look at the nodes' edges alone
        numbers = self.check_seeds(g, indices).tolist()
        starts = [0, *self.partition_offset]
        parts = [self.partition_node_ids[starts[i] : starts[i + 1]] for i in numbers]
        found = node_subgraph(g, torch.cat(parts).to(g.device))
        set_node_lazy_features(found, self.prefetch_ndata)
        set_edge_lazy_features(found, self.prefetch_edata)
        return found if self.output_device is None else found.to(self.output_device)

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that seeds are parts, and that the graph has as many nodes as that of the parts."""
        if g.num_nodes() != len(self.partition_node_ids):
            raise GraphValueError(
                f"The graph that was divided has {len(self.partition_node_ids)} nodes, but one of "
                f"{g.num_nodes()} came."
            )
        return _checks.in_range(super().check_seeds(g, indices), self.k, "Numbers of parts")


def _check(g: Graph, k: Any, mode: Any) -> None:
    if not g.is_homogeneous:
        raise GraphValueError(
            "ClusterGCNSampler wants a graph of one node type and one edge type: call "
            "graphmp.to_homogeneous on it."
        )
    if not 1 <= _checks.count(k, "k") <= g.num_nodes():
        raise GraphValueError(f"k must be from 1 to {g.num_nodes()}, the nodes, but {k} came.")
    if mode not in MODES:
        raise GraphValueError(f"mode is 'k-way' or 'recursive', but {mode!r} came.")


def _types(g: Graph, given: Any) -> Tensor:
    types: Tensor = torch.as_tensor(given)
    if types.is_floating_point():
        raise GraphTypeError(f"Types of nodes are integers, but {_checks.kind(given)} came.")
    if types.shape != (g.num_nodes(),):
        raise GraphValueError(
            f"balance_ntypes must have shape ({g.num_nodes()},), but {tuple(types.shape)} came."
        )
    return types.long()


def _fingerprint(g: Graph, types: Tensor | None, *settings: Any) -> str:
    """What the parts depend on, in short."""
    found = hashlib.sha256(repr((g.num_nodes(), *settings)).encode())
    columns: Sequence[Tensor] = [*g.edges(), *([] if types is None else [types])]
    for column in columns:
        found.update(column.long().cpu().contiguous().numpy().data)
    return found.hexdigest()


def _read(path: Path, name: str) -> Tensor | None:
    """The parts in a file, if they are those of ``name``.

    Raises:
        GraphValueError: the file holds something else than parts.
    """
    if not path.exists():
        return None
    try:
        found = torch.load(path, weights_only=True)
        parts: Tensor = found["parts"]
        return parts if found["graphmp parts of"] == name else None
    except Exception as error:  # whatever reading a strange file raises
        raise GraphValueError(
            f"{str(path)!r} is no file of parts that graphmp wrote: remove it, or give another "
            "cache_path."
        ) from error
