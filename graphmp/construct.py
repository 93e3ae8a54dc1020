"""Making graphs from edges: ``graph``, ``heterograph``, ``create_block``, and random ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from . import _checks
from .adjacency import Adjacency, Compressed
from .errors import GraphIndexError, GraphTypeError, GraphValueError
from .graph import Graph
from .metagraph import DEFAULT_ETYPE, DEFAULT_NTYPE, CanonicalEtype, Metagraph

Counts: TypeAlias = dict[str, int]


def graph(
    data: Any,
    *,
    num_nodes: int | None = None,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph of one node type and one edge type.

    Args:
        data: the edges, in the order of their ids, as one of: a tuple ``(u, v)`` of tensors,
            arrays or lists; a list of pairs; ``("coo", (u, v))``; ``("csr", (indptr, indices,
            eids))``, which groups edges by source; ``("csc", (indptr, indices, eids))``, which
            groups them by destination. Empty ``eids`` number the edges in the order given.
        num_nodes: the number of nodes; the largest id + 1 unless given.
        idtype: int32 or int64; that of the tensors unless given, int64 for lists.
        device: where the graph goes; where the tensors are unless given.

    Returns:
        The graph.

    Raises:
        GraphIndexError: a negative id, or one that is not below ``num_nodes``.
        GraphTypeError: ids that are not integers, or of two id types.
        GraphValueError: different numbers of sources and destinations.

    Example:
        >>> import graphmp as gm
        >>> gm.graph(([0, 1], [1, 2]))
        Graph(num_nodes=3, num_edges=2,
              ndata_schemes={}
              edata_schemes={})
    """
    etype = (DEFAULT_NTYPE, DEFAULT_ETYPE, DEFAULT_NTYPE)
    counts = None if num_nodes is None else {DEFAULT_NTYPE: _checks.count(num_nodes, "num_nodes")}
    return heterograph({etype: data}, counts, idtype=idtype, device=device)


def heterograph(
    data_dict: Mapping[CanonicalEtype, Any],
    num_nodes_dict: Mapping[str, int] | None = None,
    *,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph of several node or edge types.

    Args:
        data_dict: for each ``(source type, name, destination type)`` the edges, as :func:`graph`
            takes them.
        num_nodes_dict: the number of nodes of each type; the largest id + 1 unless given.
        idtype: int32 or int64; that of the tensors unless given, int64 for lists.
        device: where the graph goes; where the tensors are unless given.

    Returns:
        The graph; its types are sorted.

    Raises:
        GraphIndexError: a negative id, or one that is not below the number of nodes.
        GraphTypeError: a key that is no triple of strings, ids that are not integers.
        GraphValueError: different numbers of sources and destinations, two devices, or a node
            type missing in ``num_nodes_dict``.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({
        ...     ("user", "follows", "user"): ([0, 1], [1, 2]),
        ...     ("user", "plays", "game"): ([0, 2], [1, 0]),
        ... })
        >>> g.num_nodes("user"), g.num_edges("plays")
        (3, 2)
    """
    edges = _parsed(data_dict, idtype, device)
    counts: Counts = {}
    for (s, _, d), (_, _, num_src, num_dst) in edges.items():
        counts[s] = max(counts.get(s, 0), num_src)
        counts[d] = max(counts.get(d, 0), num_dst)
    if num_nodes_dict is not None:
        counts = _given_counts(counts, num_nodes_dict, "num_nodes_dict")
    adjacencies = {
        etype: _adjacency(layout, parts, counts[etype[0]], counts[etype[2]])
        for etype, (layout, parts, _, _) in edges.items()
    }
    return Graph(Metagraph(edges, counts), adjacencies, counts, **_placed(idtype, device))


def create_block(
    data_dict: Any,
    num_src_nodes: Any = None,
    num_dst_nodes: Any = None,
    *,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a block: a graph whose sources and destinations are different nodes.

    Args:
        data_dict: the edges, as :func:`graph` takes them; or a dict of them by ``(source type,
            name, destination type)``.
        num_src_nodes: the number of sources, or a dict by type; the largest id + 1 unless given.
        num_dst_nodes: the number of destinations, or a dict by type; likewise.
        idtype: int32 or int64; that of the tensors unless given, int64 for lists.
        device: where the block goes; where the tensors are unless given.

    Returns:
        A graph with ``is_block``; features are in ``srcdata``, ``dstdata`` and ``edata``.

    Raises:
        GraphIndexError: a negative id, or one that is not below the number of nodes.
        GraphTypeError: ids that are not integers.
        GraphValueError: different numbers of sources and destinations.

    Example:
        >>> import graphmp as gm
        >>> gm.create_block(([0, 1, 2], [0, 0, 1]), num_src_nodes=4, num_dst_nodes=2)
        Block(num_src_nodes=4, num_dst_nodes=2, num_edges=3)
    """
    if not isinstance(data_dict, Mapping):
        data_dict = {(DEFAULT_NTYPE, DEFAULT_ETYPE, DEFAULT_NTYPE): data_dict}
    edges = _parsed(data_dict, idtype, device)
    src: Counts = {}
    dst: Counts = {}
    for (s, _, d), (_, _, num_src, num_dst) in edges.items():
        src[s] = max(src.get(s, 0), num_src)
        dst[d] = max(dst.get(d, 0), num_dst)
    if num_src_nodes is not None:
        src = _given_counts(src, _by_type(num_src_nodes, src, "num_src_nodes"), "num_src_nodes")
    if num_dst_nodes is not None:
        dst = _given_counts(dst, _by_type(num_dst_nodes, dst, "num_dst_nodes"), "num_dst_nodes")
    adjacencies = {
        etype: _adjacency(layout, parts, src[etype[0]], dst[etype[2]])
        for etype, (layout, parts, _, _) in edges.items()
    }
    return Graph(Metagraph(edges, src, dst), adjacencies, src, dst, **_placed(idtype, device))


def from_edge_index(
    edge_index: Any,
    num_nodes: int | None = None,
    *,
    idtype: torch.dtype | None = None,
    device: Any = None,
) -> Graph:
    """Make a graph of a ``[2, E]`` tensor of sources and destinations.

    Args:
        edge_index: (2, E) integers.
        num_nodes: the number of nodes; the largest id + 1 unless given.
        idtype: int32 or int64; that of the tensor unless given.
        device: where the graph goes; where the tensor is unless given.

    Raises:
        GraphValueError: another shape.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.from_edge_index(torch.tensor([[0, 1], [1, 2]])).num_nodes()
        3
    """
    shape = tuple(edge_index.shape) if hasattr(edge_index, "shape") else (len(edge_index),)
    if shape[0] != 2 or len(shape) > 2:
        raise GraphValueError(f"edge_index must have shape (2, E), but {shape} came.")
    ends = (edge_index[0], edge_index[1])
    return graph(ends, num_nodes=num_nodes, idtype=idtype, device=device)


def rand_graph(
    num_nodes: int,
    num_edges: int,
    idtype: torch.dtype = torch.int64,
    device: Any = None,
) -> Graph:
    """Make a graph of different random edges, uniformly among all pairs, self-loops included.

    ``torch.manual_seed`` decides which.

    Args:
        num_nodes: the number of nodes.
        num_edges: the number of edges, at most ``num_nodes`` squared.
        idtype: int32 or int64.
        device: where the graph goes.

    Raises:
        GraphValueError: more edges than pairs, or a negative number.

    Example:
        >>> import graphmp as gm
        >>> gm.rand_graph(10, 30).num_edges()
        30
    """
    nodes = _checks.count(num_nodes, "num_nodes")
    ends = _random_pairs(nodes, nodes, _checks.count(num_edges, "num_edges"))
    return graph(ends, num_nodes=nodes, idtype=idtype, device=device)


def rand_bipartite(
    utype: str,
    etype: str,
    vtype: str,
    num_src_nodes: int,
    num_dst_nodes: int,
    num_edges: int,
    idtype: torch.dtype = torch.int64,
    device: Any = None,
) -> Graph:
    """Make a bipartite graph of different random edges, uniformly among all pairs.

    Args:
        utype: the sources' type.
        etype: the relation's name.
        vtype: the destinations' type.
        num_src_nodes: the number of sources.
        num_dst_nodes: the number of destinations.
        num_edges: the number of edges, at most the number of pairs.
        idtype: int32 or int64.
        device: where the graph goes.

    Raises:
        GraphValueError: more edges than pairs, a negative number, or one type at both ends.

    Example:
        >>> import graphmp as gm
        >>> gm.rand_bipartite("user", "buys", "game", 5, 4, 10).canonical_etypes
        [('user', 'buys', 'game')]
    """
    if utype == vtype:
        raise GraphValueError(f"The two ends need different types, but both are {utype!r}.")
    counts = {
        utype: _checks.count(num_src_nodes, "num_src_nodes"),
        vtype: _checks.count(num_dst_nodes, "num_dst_nodes"),
    }
    ends = _random_pairs(counts[utype], counts[vtype], _checks.count(num_edges, "num_edges"))
    return heterograph({(utype, etype, vtype): ends}, counts, idtype=idtype, device=device)


def _random_pairs(num_src: int, num_dst: int, num_edges: int) -> tuple[Tensor, Tensor]:
    """Different pairs in random order."""
    pairs = num_src * num_dst
    if num_edges > pairs:
        raise GraphValueError(f"{num_edges} different edges do not fit into {pairs} pairs.")
    if 4 * num_edges > pairs:
        keys = torch.randperm(pairs)[:num_edges]
    else:
        keys = torch.empty(0, dtype=torch.int64)
        while keys.numel() < num_edges:  # at most a quarter is taken, so few rounds
            more = torch.randint(pairs, (num_edges - keys.numel(),))
            keys = torch.unique(torch.cat([keys, more]))
        keys = keys[torch.randperm(num_edges)]
    return keys.div(max(num_dst, 1), rounding_mode="floor"), keys % max(num_dst, 1)


# ---- reading what users give

_Edges: TypeAlias = tuple[str, tuple[Tensor, ...], int, int]


def _placed(idtype: torch.dtype | None, device: Any) -> dict[str, Any]:
    """Id type and device of a graph without relations."""
    place = torch.empty(0, device=device).device
    return {"idtype": idtype or torch.int64, "device": place}


def _parsed(
    data_dict: Mapping[CanonicalEtype, Any], idtype: torch.dtype | None, device: Any
) -> dict[CanonicalEtype, _Edges]:
    """For each relation its layout, checked tensors, and the least number of nodes at each end."""
    if not isinstance(data_dict, Mapping):
        raise GraphTypeError(
            "Edges of several types are a dict {(source type, name, destination type): edges}, "
            f"but {_checks.kind(data_dict)} came: for one type use graph()."
        )
    parts = {}
    for etype, data in data_dict.items():
        is_triple = isinstance(etype, tuple) and len(etype) == 3
        if not is_triple or not all(isinstance(name, str) for name in etype):
            raise GraphTypeError(
                "An edge type is a triple (source type, name, destination type) of strings, "
                f"but {etype!r} came."
            )
        parts[etype] = _layout(data)
    chosen = _common_idtype(parts.values(), idtype)
    place = None if device is None else torch.empty(0, device=device).device
    tensors = {t: (name, _tensors(arrays, chosen, place)) for t, (name, arrays) in parts.items()}
    devices = {tensor.device for _, arrays in tensors.values() for tensor in arrays}
    if len(devices) > 1:
        names = " and ".join(sorted(map(str, devices)))
        raise GraphValueError(f"Edges lie on {names}: give device= or move them to one.")
    return {t: _measured(name, arrays) for t, (name, arrays) in tensors.items()}


def _layout(data: Any) -> tuple[str, tuple[Any, ...]]:
    """The layout's name and its arrays."""
    if isinstance(data, tuple) and len(data) == 2 and isinstance(data[0], str):
        name, arrays = data
        if name not in ("coo", "csr", "csc"):
            raise GraphValueError(f"A layout is 'coo', 'csr' or 'csc', but {name!r} came.")
        wanted = 2 if name == "coo" else 3
        if not isinstance(arrays, (tuple, list)) or len(arrays) != wanted:
            raise GraphValueError(f"Layout {name!r} takes {wanted} arrays.")
        return name, tuple(arrays)
    if isinstance(data, tuple):
        if len(data) != 2:
            raise GraphValueError(
                f"Edges are a tuple (sources, destinations), but {len(data)} parts came."
            )
        return "coo", data
    if isinstance(data, (Tensor, np.ndarray)) or not isinstance(data, Iterable):
        raise GraphTypeError(
            "Edges are a tuple (sources, destinations) or a list of pairs, but "
            f"{_checks.kind(data)} came: for a (2, E) tensor use from_edge_index, for a SciPy "
            "matrix from_scipy, for NetworkX from_networkx."
        )
    pairs = list(data)
    if any(not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in pairs):
        raise GraphValueError(
            "Edges are a tuple (sources, destinations) or a list of pairs, but a list came whose "
            "items are no pairs."
        )
    return "coo", ([u for u, _ in pairs], [v for _, v in pairs])


def _common_idtype(
    parts: Iterable[tuple[str, tuple[Any, ...]]], idtype: torch.dtype | None
) -> torch.dtype:
    """The id type asked for, or that of the tensors, or int64."""
    if idtype is not None:
        return _checks.id_dtype(idtype)
    found = {
        array.dtype
        for _, arrays in parts
        for array in arrays
        if isinstance(array, Tensor) and array.numel()
    }
    if len(found) > 1:
        names = " and ".join(sorted(map(str, found)))
        raise GraphTypeError(f"Ids of {names} came: cast them to one, or give idtype=.")
    return _checks.id_dtype(found.pop()) if found else torch.int64


def _tensors(
    arrays: tuple[Any, ...], idtype: torch.dtype, device: torch.device | None
) -> tuple[Tensor, ...]:
    made = []
    for array in arrays:
        given = array
        if isinstance(array, Tensor):
            if array.numel() and array.dtype not in _checks.ID_DTYPES:
                raise GraphTypeError(f"Ids are int32 or int64, but {_checks.kind(array)} came.")
            given = array.to(idtype)
        place = device or (array.device if isinstance(array, Tensor) else torch.device("cpu"))
        if isinstance(given, Tensor):
            given = given.to(place)
        made.append(_checks.id_tensor(given, idtype, place, "Edge ends"))
    return tuple(made)


def _measured(layout: str, arrays: tuple[Tensor, ...]) -> _Edges:
    """Check the arrays of one relation and count the nodes that they name."""
    if layout == "coo":
        u, v = arrays
        if u.numel() != v.numel():
            raise GraphValueError(
                f"Edges need as many sources as destinations, but {u.numel()} and {v.numel()} "
                "came."
            )
        return layout, arrays, _least(u), _least(v)
    indptr, indices, eids = arrays
    if indptr.numel() == 0 or indptr[0] != 0 or bool((indptr.diff() < 0).any()):
        raise GraphValueError("indptr must start with 0 and never fall.")
    if int(indptr[-1]) != indices.numel():
        raise GraphValueError(
            f"indptr ends with {int(indptr[-1])}, but there are {indices.numel()} indices."
        )
    if eids.numel() == 0:
        eids = torch.arange(indices.numel(), dtype=indices.dtype, device=indices.device)
    every = torch.arange(indices.numel(), dtype=eids.dtype, device=eids.device)
    if eids.numel() != indices.numel() or not torch.equal(torch.sort(eids).values, every):
        raise GraphValueError(f"Edge ids must be each of 0 to {indices.numel() - 1} once.")
    rows, others = indptr.numel() - 1, _least(indices)
    ends = (rows, others) if layout == "csr" else (others, rows)
    return layout, (indptr, indices, eids), *ends


def _least(ids: Tensor) -> int:
    """The least number of nodes that these ids need."""
    if ids.numel() == 0:
        return 0
    low, high = torch.aminmax(ids)
    if int(low) < 0:
        raise GraphIndexError(f"Node ids must not be negative, but {int(low)} came.")
    return int(high) + 1


def _given_counts(least: Counts, given: Mapping[str, int], argument: str) -> Counts:
    """Numbers of nodes that a user gave, checked against the ids."""
    if not isinstance(given, Mapping):
        raise GraphTypeError(
            f"{argument} is a dict {{node type: number}}, but {_checks.kind(given)} came."
        )
    counts = {t: _checks.count(n, f"The number of nodes of type {t!r}") for t, n in given.items()}
    for ntype, needed in least.items():
        if ntype not in counts:
            raise GraphValueError(f"{argument} lacks node type {ntype!r}.")
        if needed > counts[ntype]:
            raise GraphIndexError(
                f"The edges name node {needed - 1} of type {ntype!r}, but the number of nodes "
                f"given is {counts[ntype]}."
            )
    return counts


def _by_type(given: Any, types: Counts, argument: str) -> Mapping[str, int]:
    if isinstance(given, Mapping):
        return given
    if len(types) != 1:
        raise GraphTypeError(f"With several node types {argument} is a dict {{type: number}}.")
    return {next(iter(types)): given}


def _adjacency(layout: str, parts: tuple[Tensor, ...], num_src: int, num_dst: int) -> Adjacency:
    if layout == "coo":
        return Adjacency.from_coo(parts[0], parts[1], num_src, num_dst)
    indptr, indices, eids = parts
    rows = num_src if layout == "csr" else num_dst
    missing = rows + 1 - indptr.numel()
    if missing:
        indptr = torch.cat([indptr, indptr[-1:].expand(missing)])
    order = _edges_in_order(indptr, eids)
    form = Compressed(indptr, indices[order], eids[order])
    return Adjacency.from_compressed(form, num_src, num_dst, layout)


def _edges_in_order(indptr: Tensor, eids: Tensor) -> Tensor:
    """Positions with the edges of each row in ascending edge id."""
    by_id = torch.argsort(eids)
    rows = torch.repeat_interleave(
        torch.arange(indptr.numel() - 1, device=indptr.device), indptr.diff().long()
    )
    return by_id[torch.argsort(rows[by_id], stable=True)]
