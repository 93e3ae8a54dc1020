"""Graph partitioning: parts of similar size with few edges between them."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import GraphRuntimeError, GraphWarning
from ..graph import Graph

Ints = NDArray[np.int64]


def partition(
    g: Graph, k: int, *, balance_ntypes: Tensor | None, balance_edges: bool, recursive: bool
) -> Tensor:
    """Partition the nodes of a graph.

    Uses METIS if ``pymetis`` is installed. Otherwise, and for balanced node types, which
    ``pymetis`` does not support, nodes are ordered such that neighbours are close to each other
    (reverse Cuthill-McKee, from SciPy), and the order is cut into parts: these are balanced, but
    cut more edges.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of parts.
        balance_ntypes: (N,) node types, each of which is balanced over the parts; or None.
        balance_edges: whether to balance the number of edges, not of nodes.
        recursive: whether METIS uses recursive bisection, not k-way partitioning.

    Returns:
        (N,) int64, the part of each node, on the CPU.

    Raises:
        GraphRuntimeError: neither pymetis nor SciPy is installed.
    """
    indptr, indices = _neighbours(g)
    sizes = np.diff(indptr) if balance_edges else np.ones(g.num_nodes(), np.int64)
    if balance_ntypes is None and find_spec("pymetis") is not None:
        return torch.from_numpy(_by_metis(indptr, indices, k, sizes, recursive))
    if find_spec("scipy") is None:
        raise GraphRuntimeError(
            "Expected pymetis or SciPy to be installed, to partition a graph; pip install pymetis."
        )
    if balance_ntypes is None:
        warnings.warn(
            "pymetis is not installed, so a simpler method partitions the graph, which cuts more "
            "edges; pip install pymetis",
            GraphWarning,
            stacklevel=3,
        )
    types = np.zeros(len(sizes), np.int64)
    if balance_ntypes is not None:
        types = balance_ntypes.cpu().numpy()
    return torch.from_numpy(_cut(_local_order(indptr, indices), sizes, types, k))


def _neighbours(g: Graph) -> tuple[Ints, Ints]:
    """The undirected neighbours of each node, as a compressed layout."""
    u, v = (ends.long().cpu() for ends in g.edges())
    u, v = torch.cat([u, v]), torch.cat([v, u])
    u, v = u[u != v], v[u != v]
    keys = torch.unique(u * g.num_nodes() + v)
    u, v = keys // max(g.num_nodes(), 1), keys % max(g.num_nodes(), 1)
    counts = torch.bincount(u, minlength=g.num_nodes())
    return np.concatenate([[0], counts.cumsum(0).numpy()]), v.numpy()


def _by_metis(indptr: Ints, indices: Ints, k: int, sizes: Ints, recursive: bool) -> Ints:
    import pymetis

    adjacency = pymetis.CSRAdjacency(indptr, indices)
    weights = np.maximum(sizes, 1)
    _, parts = pymetis.part_graph(k, adjacency, vweights=weights, recursive=recursive)
    return np.asarray(parts, np.int64)


def _local_order(indptr: Ints, indices: Ints) -> Ints:
    """The nodes in an order in which neighbours are close to each other."""
    from scipy import sparse

    nodes = len(indptr) - 1
    matrix = sparse.csr_matrix((np.ones(len(indices), np.int8), indices, indptr), (nodes, nodes))
    order: Any = sparse.csgraph.reverse_cuthill_mckee(matrix, symmetric_mode=True)
    return np.asarray(order, np.int64)


def _cut(order: Ints, sizes: Ints, types: Ints, k: int) -> Ints:
    """Cut an order of nodes into parts of equal size, separately for each type."""
    parts = np.zeros(len(order), np.int64)
    for each in np.unique(types):
        row = order[types[order] == each]
        before = np.cumsum(sizes[row]) - sizes[row] / 2
        parts[row] = np.minimum(before * k // max(sizes[row].sum(), 1), k - 1)
    return parts
