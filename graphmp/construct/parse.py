"""Edge data: reading and checking the edges that users give, in any layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency
from .._storage.metagraph import CanonicalEtype
from ..errors import GraphIndexError, GraphTypeError, GraphValueError
from ..kernels.contract import Csr

Counts: TypeAlias = dict[str, int]
Edges: TypeAlias = tuple[str, tuple[Tensor, ...], int, int]


def empty_place(idtype: torch.dtype | None, device: Any) -> dict[str, Any]:
    """Id type and device of a graph without relations."""
    where = _checks.device(device)
    return {"idtype": idtype or torch.int64, "device": where}


def parse(
    data_dict: Mapping[Any, Any], idtype: torch.dtype | None, device: Any
) -> dict[CanonicalEtype, Edges]:
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
    target = None if device is None else _checks.device(device)
    tensors = {t: (name, _tensors(arrays, chosen)) for t, (name, arrays) in parts.items()}
    devices = {tensor.device for _, arrays in tensors.values() for tensor in arrays}
    if len(devices) > 1 and target is None:
        names = " and ".join(sorted(map(str, devices)))
        raise GraphValueError(f"Edges lie on {names}: give device= or move them to one.")
    edges = {t: _measured(name, arrays) for t, (name, arrays) in tensors.items()}
    if target is None:
        return edges
    return {
        t: (name, tuple(array.to(target) for array in arrays), num_src, num_dst)
        for t, (name, arrays, num_src, num_dst) in edges.items()
    }


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
    is_graph = hasattr(data, "tocoo") or hasattr(data, "nodes")  # of SciPy, of NetworkX
    is_other = isinstance(data, (Tensor, np.ndarray, Mapping, str)) or is_graph
    if is_other or not isinstance(data, Iterable):
        raise GraphTypeError(
            "Edges are a tuple (sources, destinations) or a list of pairs, but "
            f"{_checks.kind(data)} came: for a (2, E) tensor use from_edge_index, for a dict by "
            "edge type heterograph, for a SciPy matrix from_scipy, for NetworkX from_networkx."
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


def _tensors(arrays: tuple[Any, ...], idtype: torch.dtype) -> tuple[Tensor, ...]:
    made = []
    for array in arrays:
        given = array
        if isinstance(array, Tensor):
            if array.numel() and array.dtype not in _checks.ID_DTYPES:
                raise GraphTypeError(f"Ids are int32 or int64, but {_checks.kind(array)} came.")
            if idtype == torch.int32 and array.dtype == torch.int64:
                _checks.in_range(array, 2**31, "Edge ends in int32")
            given = array.to(idtype)
        place = array.device if isinstance(array, Tensor) else torch.device("cpu")
        made.append(_checks.id_tensor(given, idtype, place, "Edge ends"))
    return tuple(made)


def _measured(layout: str, arrays: tuple[Tensor, ...]) -> Edges:
    """Check the arrays of one relation and count the nodes that they name."""
    if layout == "coo":
        u, v = arrays
        if u.numel() != v.numel():
            raise GraphValueError(
                f"Edges need as many sources as destinations, but {u.numel()} and {v.numel()} came."
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


def given_counts(least: Counts, given: Mapping[str, int], argument: str) -> Counts:
    """Numbers of nodes that a user gave, checked against the ids."""
    if not isinstance(given, Mapping):
        raise GraphTypeError(
            f"{argument} is a dict {{node type: number}}, but {_checks.kind(given)} came."
        )
    for ntype in given:
        if not isinstance(ntype, str):
            raise GraphTypeError(f"A node type is a string, but {_checks.kind(ntype)} came.")
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


def counts_by_type(given: Any, types: Counts, argument: str) -> Mapping[str, int]:
    """Numbers of nodes by type, where a user may give one number for the only type.

    Raises:
        GraphTypeError: one number for several types.
    """
    if isinstance(given, Mapping):
        return given
    if len(types) != 1:
        raise GraphTypeError(f"With several node types {argument} is a dict {{type: number}}.")
    return {next(iter(types)): given}


def build(layout: str, parts: tuple[Tensor, ...], num_src: int, num_dst: int) -> Adjacency:
    """Make an adjacency of checked arrays in the layout they came in.

    Args:
        layout: ``"coo"``, ``"csr"`` or ``"csc"``.
        parts: the arrays of the layout.
        num_src: the number of sources.
        num_dst: the number of destinations.
    """
    if layout == "coo":
        return Adjacency.from_coo(parts[0], parts[1], num_src, num_dst)
    indptr, indices, eids = parts
    rows = num_src if layout == "csr" else num_dst
    missing = rows + 1 - indptr.numel()
    if missing:
        indptr = torch.cat([indptr, indptr[-1:].expand(missing)])
    order = _edges_in_order(indptr, eids)
    form = Csr(indptr, indices[order], eids[order])
    return Adjacency.from_compressed(form, num_src, num_dst, layout)


def _edges_in_order(indptr: Tensor, eids: Tensor) -> Tensor:
    """Positions with the edges of each row in ascending edge id."""
    by_id = torch.argsort(eids)
    rows = torch.repeat_interleave(
        torch.arange(indptr.numel() - 1, device=indptr.device), indptr.diff().long()
    )
    return by_id[torch.argsort(rows[by_id], stable=True)]
