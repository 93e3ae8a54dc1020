"""Nodes and edges in another order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.frame import EID, NID
from .._storage.locality import communities
from ..errors import GraphRuntimeError, GraphValueError
from .arguments import refuse_types
from .export import adj_external
from .partition import metis_partition_assignment
from .state import GraphState
from .structure import AnyGraph, Structure
from .subgraph import edge_subgraph, edges_by_id, induced

NODE_ORDERS = ("rcmk", "community", "degree", "metis", "custom")
EDGE_ORDERS = ("src", "dst", "custom")


def reorder_graph(
    g: AnyGraph,
    node_permute_algo: str | None = None,
    edge_permute_algo: str = "src",
    store_ids: bool = True,
    permute_config: Mapping[str, Any] | None = None,
) -> AnyGraph:
    """Number the nodes and the edges in another order, for example to read memory in order.

    Args:
        g: a graph of one node type and one edge type.
        node_permute_algo: None keeps the order of nodes; ``"rcmk"`` is reverse Cuthill-McKee
            (needs SciPy), which numbers neighbours close to each other; ``"community"`` puts
            communities one after the other, found by label propagation; ``"degree"`` puts nodes
            with many edges first, stably; ``"metis"`` puts the parts of
            :func:`metis_partition_assignment` one after the other; ``"custom"`` is an order of
            your own. ``"community"`` is for sums on a CPU over graphs that have communities.
        edge_permute_algo: sort edges by source (``"src"``) or destination (``"dst"``), stably, or
            ``"custom"``, an order of your own.
        store_ids: write original ids to ``ndata["_ID"]`` and ``edata["_ID"]``.
        permute_config: ``{"k": number of parts}`` for ``"metis"``, ``{"nodes_perm": ids}`` and
            ``{"edges_perm": ids}`` for ``"custom"``: the original id of each new node and edge.

    Returns:
        A new graph with the same features in the new order.

    Raises:
        GraphIndexError: an id out of range in a custom order.
        GraphRuntimeError: ``"rcmk"`` without SciPy.
        GraphValueError: a graph of several types, an unknown algorithm, a missing
            ``permute_config``, or a custom order without some node or edge.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([2, 0, 1], [0, 1, 2]))
        >>> gm.reorder_graph(g).edges(), gm.reorder_graph(g).edata["_ID"]
        ((tensor([0, 1, 2]), tensor([1, 2, 0])), tensor([1, 2, 0]))
        >>> turned = {"nodes_perm": [2, 1, 0]}
        >>> gm.reorder_graph(g, "custom", permute_config=turned).edges()
        (tensor([0, 1, 2]), tensor([2, 0, 1]))
    """
    refuse_types(g)
    config = permute_config or {}
    nodes = _node_order(g, node_permute_algo, config)
    edges = edges_by_id(g.adjacency, g._arange(g.num_edges()))
    every = {g.canonical_etypes[0]: edges}
    renumbered = induced(g, every, {g.ntypes[0]: nodes}, store_ids=False)
    order = _edge_order(renumbered, edge_permute_algo, config)
    new = edge_subgraph(renumbered, order, relabel_nodes=False, store_ids=False)
    if store_ids:
        for frame, name, ids in zip(new._frames.all(), (NID, EID), (nodes, order), strict=True):
            frame[name] = ids
    return new


def _node_order(g: Structure, algorithm: Any, config: Mapping[str, Any]) -> Tensor:
    """The original id of each new node."""
    if algorithm is None:
        return g._arange(g.num_nodes())
    if algorithm == "rcmk":
        return _reverse_cuthill_mckee(g)
    if algorithm == "community":
        labels, _ = communities(*g.adjacency.ends, (g.num_nodes(), g.num_nodes()))
        return torch.argsort(labels, stable=True).to(g.idtype)
    if algorithm == "degree":
        degrees = g.adjacency.in_degrees + g.adjacency.out_degrees
        return torch.argsort(degrees, descending=True, stable=True).to(g.idtype)
    if algorithm == "metis":
        parts = metis_partition_assignment(g, _option(config, "k", "metis"))
        return torch.argsort(parts, stable=True).to(g.device, g.idtype)
    if algorithm == "custom":
        return _permutation(g, config, "nodes_perm", g.num_nodes())
    raise GraphValueError(
        f"Expected node_permute_algo to be None or one of {', '.join(NODE_ORDERS)}, got "
        f"{algorithm!r}."
    )


def _edge_order(g: Structure, algorithm: Any, config: Mapping[str, Any]) -> Tensor:
    """The original id of each new edge."""
    if algorithm == "custom":
        return _permutation(g, config, "edges_perm", g.num_edges())
    if algorithm not in EDGE_ORDERS:
        raise GraphValueError(
            f"Expected edge_permute_algo to be one of {', '.join(EDGE_ORDERS)}, got {algorithm!r}."
        )
    return (g.adjacency.csr if algorithm == "src" else g.adjacency.csc).edge_ids


def _reverse_cuthill_mckee(g: Structure) -> Tensor:
    try:
        from scipy.sparse import csgraph
    except ImportError as error:
        raise GraphRuntimeError(
            "node_permute_algo='rcmk' needs SciPy, which is not installed: pip install scipy."
        ) from error
    if g.num_nodes() == 0:  # SciPy raises
        return g._arange(0)
    order = csgraph.reverse_cuthill_mckee(adj_external(g, scipy_fmt="csr"))
    return torch.from_numpy(order.copy()).to(g.device, g.idtype)


def _permutation(g: GraphState, config: Mapping[str, Any], name: str, count: int) -> Tensor:
    """The checked order that a user chose, with every id once."""
    order = g._ids(_option(config, name, "custom"), count, f"permute_config[{name!r}]")
    if order.numel() != count or torch.unique(order).numel() != count:
        raise GraphValueError(
            f"Expected permute_config[{name!r}] to have each of {count} ids once, got "
            f"{order.numel()} ids, {torch.unique(order).numel()} of them distinct."
        )
    return order


def _option(config: Mapping[str, Any], name: str, algorithm: str) -> Any:
    if name not in config:
        raise GraphValueError(
            f"Algorithm {algorithm!r} needs permute_config with the key {name!r}, got "
            f"{_checks.kind(dict(config))}."
        )
    return config[name]
