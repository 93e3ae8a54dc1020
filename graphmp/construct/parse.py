"""Parse: read and check the edges that users pass, in any layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from .. import _checks, kernels
from .._storage.adjacency import Adjacency
from .._storage.metagraph import CanonicalEtype, of_type
from ..errors import GraphIndexError, GraphTypeError, GraphValueError
from ..kernels.contract import Csr
from ..kernels.segments import permuted, rows_of

Counts: TypeAlias = dict[str, int]
ParsedEdges: TypeAlias = tuple[str, tuple[Tensor, ...], int, int]
# Ids, the least and the greatest, 0 and -1 without ids; and whether they ascend if that is known.
_Copy: TypeAlias = tuple[Tensor, int, int, bool | None]

_CPU = torch.device("cpu")
_LARGE = 1 << 16  # ids from which a copy is worth a backend's call


def empty_place(idtype: torch.dtype | None, device: Any) -> dict[str, Any]:
    """Id type and device of a graph without relations."""
    where = _checks.device(device)
    return {"idtype": idtype or torch.int64, "device": where}


def parse(
    data_dict: Mapping[Any, Any], idtype: torch.dtype | None, device: Any
) -> dict[CanonicalEtype, ParsedEdges]:
    """For each relation its layout, checked tensors, and the least number of nodes at each end."""
    if not isinstance(data_dict, _checks.AnyMapping):
        raise GraphTypeError(
            "Expected a dict {(source type, name, destination type): edges}, got "
            f"{_checks.kind(data_dict)}; for one type use graphmp.graph."
        )
    parts = {}
    for etype, data in data_dict.items():
        is_triple = isinstance(etype, tuple) and len(etype) == 3
        if not is_triple or not all(isinstance(name, str) for name in etype):
            raise GraphTypeError(
                "Expected an edge type as a triple (source type, name, destination type) of "
                f"strings, got {etype!r}."
            )
        parts[etype] = _layout(data)
    chosen = _common_idtype(parts.values(), idtype)
    target = None if device is None else _checks.device(device)
    every = [array for _, arrays in parts.values() for array in arrays]
    devices = {array.device if isinstance(array, Tensor) else _CPU for array in every}
    if len(devices) > 1 and target is None:
        names = " and ".join(sorted(map(str, devices)))
        raise GraphValueError(
            f"Expected edges on one device, got {names}; pass device=, or move them to one."
        )
    edges = {
        t: _measured(name, [_copied(array, chosen) for array in arrays])
        for t, (name, arrays) in parts.items()
    }
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
            raise GraphValueError(f"Expected a layout 'coo', 'csr' or 'csc', got {name!r}.")
        number = 2 if name == "coo" else 3
        if not isinstance(arrays, (tuple, list)) or len(arrays) != number:
            raise GraphValueError(
                f"Expected a tuple of {number} arrays for layout {name!r}, got "
                f"{_checks.kind(arrays)}."
            )
        return name, tuple(arrays)
    if isinstance(data, tuple):
        if len(data) != 2:
            raise GraphValueError(
                f"Expected edges as a tuple (sources, destinations), got {len(data)} parts."
            )
        return "coo", data
    if hasattr(data, "coo"):
        raise GraphTypeError(
            f"Expected edges as a tuple (sources, destinations), got a {type(data).__name__}; pass "
            "its .coo()."
        )
    is_graph = hasattr(data, "tocoo") or hasattr(data, "nodes")  # of SciPy, of NetworkX
    is_table = hasattr(data, "to_numpy")
    is_array = is_table or isinstance(data, (Tensor, np.ndarray))
    is_other = is_array or is_graph or isinstance(data, (_checks.AnyMapping, str))
    if is_other or not isinstance(data, Iterable):
        raise GraphTypeError(
            "Expected edges as a tuple (sources, destinations) or a list of pairs, got "
            f"{_checks.kind(data)}; for a (2, E) tensor use from_edge_index, for a dict by edge "
            "type heterograph, for a SciPy matrix from_scipy, for NetworkX from_networkx."
        )
    pairs = list(data)
    if any(not isinstance(pair, (tuple, list)) or len(pair) != 2 for pair in pairs):
        raise GraphValueError(
            "Expected edges as a tuple (sources, destinations) or a list of pairs, got a list with "
            "items that are not pairs."
        )
    return "coo", ([u for u, _ in pairs], [v for _, v in pairs])


def _common_idtype(
    parts: Iterable[tuple[str, tuple[Any, ...]]], idtype: torch.dtype | None
) -> torch.dtype:
    """The id type asked for, or that of the tensors, or int64."""
    if idtype is not None:
        return _checks.id_dtype(idtype)
    tensors = [a for _, arrays in parts for a in arrays if isinstance(a, Tensor)]
    dtypes = {tensor.dtype for tensor in tensors if tensor.numel()}
    empty = {tensor.dtype for tensor in tensors if tensor.dtype in _checks.ID_DTYPES}
    if not dtypes and len(empty) == 1:
        dtypes = empty  # torch.tensor([]) has no dtype of ids
    if len(dtypes) > 1:
        names = " and ".join(sorted(map(str, dtypes)))
        raise GraphTypeError(
            f"Expected ids of one dtype, got {names}; cast them to one, or pass idtype=."
        )
    return _checks.id_dtype(dtypes.pop()) if dtypes else torch.int64


def _copied(value: Any, idtype: torch.dtype) -> _Copy:
    """An array in a new tensor of the id type, on its own device, with what is known of its ids.

    A graph checks its ids once; what is done to the arrays afterwards does not reach it.
    """
    ids = value if isinstance(value, Tensor) else _as_tensor(value, idtype)
    _checks.stored(ids, "Edge ends")
    if not ids.numel():
        ids = ids.to(idtype)  # torch.tensor([]) has no dtype of ids
    elif ids.dtype not in _checks.ID_DTYPES:
        raise GraphTypeError(f"Expected ids of int32 or int64, got {_checks.kind(ids)}.")
    ids = _checks.id_tensor(ids, ids.dtype, ids.device, "Edge ends")
    if ids.numel() < _LARGE:
        low, high = map(int, torch.aminmax(ids)) if ids.numel() else (0, -1)
        copy, ascend = ids.to(idtype, copy=True), None
    else:
        [(copy, low, high, ascend)] = kernels.copy_ids([ids], idtype)
    if ids.dtype != idtype == torch.int32 and not 0 <= low <= high < 2**31:
        if isinstance(value, Tensor):
            _checks.in_range(ids, 2**31, "Edge ends in int32")
        else:
            _checks.id_tensor(value, idtype, ids.device, "Edge ends")
    return copy, low, high, ascend


def _as_tensor(value: Any, idtype: torch.dtype) -> Tensor:
    """Ids that are not in a tensor in one; that of an array of ids shares its memory."""
    is_plain = type(value) is np.ndarray and value.dtype in (np.int32, np.int64)
    if is_plain and value.flags.carray and value.ndim == 1:
        return torch.from_numpy(value)
    return _checks.id_tensor(value, idtype, _CPU, "Edge ends")


def _measured(layout: str, copies: list[_Copy]) -> ParsedEdges:
    """Check the arrays of one relation and count the nodes that they name."""
    arrays = tuple(ids for ids, *_ in copies)
    if layout == "coo":
        u, v = arrays
        if u.numel() != v.numel():
            raise GraphValueError(
                f"Expected as many sources as destinations, got {u.numel()} and {v.numel()}."
            )
        return layout, arrays, _least(copies[0]), _least(copies[1])
    indptr, indices, _ = arrays
    _, low, high, ascend = copies[0]
    if ascend is None:
        _checks.indptr(indptr, indices.numel())
    else:
        _checks.row_limits(low, high, ascend, indices.numel())
    rows, others = indptr.numel() - 1, _least(copies[1])
    ends = (rows, others) if layout == "csr" else (others, rows)
    return layout, _in_order(*arrays), *ends


def _in_order(indptr: Tensor, indices: Tensor, eids: Tensor) -> tuple[Tensor, ...]:
    """Check edge ids unless there are none; the edges with those of each row in their order."""
    if not eids.numel():
        return indptr, indices, eids
    are_all = ascend = False
    if eids.numel() == indices.numel():
        are_all, ascend = kernels.check_edge_ids(indptr, eids)
    if not are_all:
        raise GraphValueError(
            f"Expected each edge id from 0 to {indices.numel() - 1} once, got others."
        )
    if ascend:
        return indptr, indices, eids
    rows = permuted(rows_of(indptr, eids.numel()), eids)
    return kernels.compress(rows, permuted(indices, eids), indptr.numel() - 1)


def _least(copy: _Copy) -> int:
    """The least number of nodes that these ids need."""
    _, low, high, _ = copy
    if low < 0:
        raise GraphIndexError(f"Expected node ids that are not negative, got {low}.")
    return high + 1


def checked_counts(least: Counts, numbers: Mapping[str, int], argument: str) -> Counts:
    """The numbers of nodes that a user passed, checked against the ids."""
    if not isinstance(numbers, _checks.AnyMapping):
        raise GraphTypeError(
            f"Expected {argument} as a dict {{node type: number}}, got {_checks.kind(numbers)}."
        )
    for ntype in numbers:
        if not isinstance(ntype, str):
            raise GraphTypeError(f"Expected a node type as a string, got {_checks.kind(ntype)}.")
    counts = {t: _checks.size(n, f"The number of nodes{of_type(t)}") for t, n in numbers.items()}
    for ntype, needed in least.items():
        if ntype not in counts:
            raise GraphValueError(f"Expected a number of nodes{of_type(ntype)} in {argument}.")
        if needed > counts[ntype]:
            raise GraphIndexError(
                f"Expected edges between the {counts[ntype]} nodes{of_type(ntype)}, got an edge "
                f"with node {needed - 1}."
            )
    return counts


def counts_by_type(numbers: Any, types: Counts, argument: str) -> Mapping[str, int]:
    """Numbers of nodes by type, where a user may pass one number for the only type.

    Raises:
        GraphTypeError: one number for several types.
    """
    if isinstance(numbers, _checks.AnyMapping):
        return numbers
    if len(types) != 1:
        raise GraphTypeError(
            f"Expected {argument} as a dict {{type: number}}, as there are {len(types)} node "
            f"types, got {_checks.kind(numbers)}."
        )
    return {next(iter(types)): numbers}


def build(layout: str, parts: tuple[Tensor, ...], num_src: int, num_dst: int) -> Adjacency:
    """Make an adjacency of checked arrays, in their own layout.

    Args:
        layout: ``"coo"``, ``"csr"`` or ``"csc"``.
        parts: the arrays of the layout; edge ids may be empty, and are numbered then.
        num_src: the number of sources.
        num_dst: the number of destinations.
    """
    if layout == "coo":
        return Adjacency.from_coo(parts[0], parts[1], num_src, num_dst)
    indptr, indices, eids = parts
    rows = _checks.held(num_src if layout == "csr" else num_dst, "The number of nodes")
    missing = rows + 1 - indptr.numel()
    if missing:
        indptr = torch.cat([indptr, indptr[-1:].expand(missing)])
    if not eids.numel():
        return Adjacency.from_rows(indptr, indices, num_src, num_dst, layout)
    return Adjacency.from_compressed(Csr(indptr, indices, eids), num_src, num_dst, layout)
