"""Partitions: the nodes of a graph in parts of about one size, with few edges between parts."""

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
    """Divide the nodes of a graph into parts.

    METIS does it where ``pymetis`` is installed. Else, and where node types are balanced, which
    ``pymetis`` cannot do, nodes are laid in a row in which neighbours are near each other (reverse
    Cuthill-McKee, from SciPy), and the row is cut: the sizes are right, but more edges are cut.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of parts.
        balance_ntypes: (N,) types of nodes, of which every part is to have as many; or None.
        balance_edges: let every part have as many edges, not as many nodes.
        recursive: let METIS divide into two again and again, not into ``k`` at once.

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
        raise GraphRuntimeError("Dividing a graph into parts needs METIS: pip install pymetis")
    if balance_ntypes is None:
        warnings.warn(
            "pymetis is not installed, so the parts are those of a simple method, which cuts more "
            "edges: pip install pymetis",
            GraphWarning,
            stacklevel=3,
        )
    types = np.zeros(len(sizes), np.int64)
    if balance_ntypes is not None:
        types = balance_ntypes.cpu().numpy()
    return torch.from_numpy(_cut(_in_a_row(indptr, indices), sizes, types, k))


def _neighbours(g: Graph) -> tuple[Ints, Ints]:
    """Where each node's neighbours start and end, and the neighbours, of either direction."""
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
    _, found = pymetis.part_graph(k, adjacency, vweights=weights, recursive=recursive)
    return np.asarray(found, np.int64)


def _in_a_row(indptr: Ints, indices: Ints) -> Ints:
    """The nodes in an order in which neighbours are near each other."""
    from scipy import sparse

    nodes = len(indptr) - 1
    matrix = sparse.csr_matrix((np.ones(len(indices), np.int8), indices, indptr), (nodes, nodes))
    order: Any = sparse.csgraph.reverse_cuthill_mckee(matrix, symmetric_mode=True)
    return np.asarray(order, np.int64)


def _cut(order: Ints, sizes: Ints, types: Ints, k: int) -> Ints:
    """Cut a row of nodes into parts of one size, the nodes of each type by themselves."""
    parts = np.zeros(len(order), np.int64)
    for each in np.unique(types):
        row = order[types[order] == each]
        before = np.cumsum(sizes[row]) - sizes[row] / 2
        parts[row] = np.minimum(before * k // max(sizes[row].sum(), 1), k - 1)
    return parts
