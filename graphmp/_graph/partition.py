"""Graph partitioning: parts of similar size with few edges between them."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .. import _checks
from ..errors import GraphRuntimeError, GraphTypeError, GraphValueError, GraphWarning
from .arguments import refuse_types
from .structure import Structure

Ints = NDArray[np.int64]


MODES = ("k-way", "recursive")
OBJECTIVES = ("cut", "vol")


def metis_partition_assignment(
    g: Structure,
    k: int,
    balance_ntypes: Any = None,
    balance_edges: bool = False,
    mode: str = "k-way",
    objtype: str = "cut",
) -> Tensor:
    """Divide the nodes of a graph into parts of similar size with few edges between them.

    Uses METIS if ``pymetis`` is installed. Otherwise, and for balanced node types, which
    ``pymetis`` does not support, nodes are ordered such that neighbours are close to each other
    (reverse Cuthill-McKee, from SciPy), and the order is cut into parts: these are balanced, but
    cut more edges.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of parts, from 1 to the number of nodes.
        balance_ntypes: (N,) integers, node types of which each is balanced over the parts.
        balance_edges: balance the number of edges, not of nodes.
        mode: METIS' algorithm, ``"k-way"`` or ``"recursive"`` bisection.
        objtype: what METIS minimizes with ``"k-way"``: the edges between parts (``"cut"``), or the
            communication volume (``"vol"``).

    Returns:
        (N,) int64, the part of each node, on the CPU.

    Raises:
        GraphRuntimeError: neither pymetis nor SciPy is installed.
        GraphTypeError: node types that are not integers.
        GraphValueError: a graph of several types; a number of parts that is not from 1 to the
            number of nodes; an unknown mode or objective.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 0, 3, 2]))
        >>> types = torch.zeros(4, dtype=torch.int64)
        >>> gm.metis_partition_assignment(g, 2, types).bincount()
        tensor([2, 2])
    """
    types = check_parts(g, k, mode, balance_ntypes)
    if objtype not in OBJECTIVES:
        raise GraphValueError(f"Expected objtype to be 'cut' or 'vol', got {objtype!r}.")
    indptr, indices = _neighbours(g)
    sizes = np.diff(indptr) if balance_edges else np.ones(g.num_nodes(), np.int64)
    if types is None and find_spec("pymetis") is not None:
        return torch.from_numpy(_by_metis(indptr, indices, k, sizes, mode, objtype))
    if find_spec("scipy") is None:
        raise GraphRuntimeError(
            "Expected pymetis or SciPy to be installed, to partition a graph; pip install pymetis."
        )
    if types is None:
        warnings.warn(
            "pymetis is not installed, so a simpler method partitions the graph, which cuts more "
            "edges; pip install pymetis",
            GraphWarning,
            stacklevel=3,
        )
    each = np.zeros(len(sizes), np.int64) if types is None else types.cpu().numpy()
    return torch.from_numpy(_cut(_local_order(indptr, indices), sizes, each, k))


def check_parts(g: Structure, k: Any, mode: Any, balance_ntypes: Any) -> Tensor | None:
    """Check the arguments of a partition.

    Returns:
        (N,) int64 node types to balance, or None.
    """
    refuse_types(g)
    if not 1 <= _checks.count(k, "k") <= g.num_nodes():
        raise GraphValueError(
            f"Expected k to be from 1 to {g.num_nodes()}, the number of nodes, got {k}."
        )
    if mode not in MODES:
        raise GraphValueError(f"Expected mode to be 'k-way' or 'recursive', got {mode!r}.")
    if balance_ntypes is None:
        return None
    types: Tensor = torch.as_tensor(balance_ntypes)
    if types.is_floating_point():
        raise GraphTypeError(
            f"Expected balance_ntypes to be integers, got {_checks.kind(balance_ntypes)}."
        )
    if types.shape != (g.num_nodes(),):
        raise GraphValueError(
            f"Expected balance_ntypes to have shape ({g.num_nodes()},), got {tuple(types.shape)}."
        )
    return types.long()


def _neighbours(g: Structure) -> tuple[Ints, Ints]:
    """The undirected neighbours of each node, as a compressed layout."""
    u, v = (ends.long().cpu() for ends in (g.adjacency.src, g.adjacency.dst))
    u, v = torch.cat([u, v]), torch.cat([v, u])
    u, v = u[u != v], v[u != v]
    keys = torch.unique(u * g.num_nodes() + v)
    u, v = keys // max(g.num_nodes(), 1), keys % max(g.num_nodes(), 1)
    counts = torch.bincount(u, minlength=g.num_nodes())
    return np.concatenate([[0], counts.cumsum(0).numpy()]), v.numpy()


def _by_metis(indptr: Ints, indices: Ints, k: int, sizes: Ints, mode: str, objective: str) -> Ints:
    import pymetis

    adjacency = pymetis.CSRAdjacency(indptr, indices)
    weights, recursive = np.maximum(sizes, 1), mode == "recursive"
    options = pymetis.Options()
    if not recursive:
        options.objtype = OBJECTIVES.index(objective)
    _, parts = pymetis.part_graph(
        k, adjacency, vweights=weights, recursive=recursive, options=options
    )
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
