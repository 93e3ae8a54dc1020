"""The names of ``dgl.utils`` that read the inputs of layers and samplers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .containers import is_listlike

__all__ = [
    "check_all_same_device",
    "check_all_same_idtype",
    "check_device",
    "check_eq_shape",
    "context_of",
    "dtype_of",
    "expand_as_pair",
    "get_num_threads",
    "parse_edges_arg_to_eid",
    "prepare_tensor",
    "prepare_tensor_dict",
    "prepare_tensor_or_dict",
    "set_num_threads",
    "to_device",
]

get_num_threads, set_num_threads = torch.get_num_threads, torch.set_num_threads


def expand_as_pair(input_: Any, g: Graph | None = None) -> tuple[Any, Any]:
    """The inputs of sources and of destinations.

    Args:
        input_: a pair, which is returned as it is; a tensor; or a dict of tensors by node type.
        g: the graph. The destinations of a block are its first sources.

    Returns:
        A pair of tensors or of dicts.
    """
    if isinstance(input_, tuple):
        return input_
    if g is None or not g.is_block:
        return input_, input_
    if isinstance(input_, Mapping):
        return input_, {ntype: h[: g.num_dst_nodes(ntype)] for ntype, h in input_.items()}
    return input_, input_[: g.num_dst_nodes()]


def check_eq_shape(input_: Any) -> None:
    """Check that sources and destinations have features of one shape.

    Args:
        input_: a tensor or a pair.

    Raises:
        GraphValueError: the shapes of a pair differ behind the number of nodes.
    """
    source, own = expand_as_pair(input_)
    if source.shape[1:] != own.shape[1:]:
        raise GraphValueError(
            f"Expected features of one shape at sources and destinations, got "
            f"{tuple(source.shape[1:])} and {tuple(own.shape[1:])}; map them to one size first."
        )


def _first(data: Any) -> Any:
    """A tensor of a mapping or a list, or the tensor itself."""
    if isinstance(data, Mapping):
        return next(iter(data.values()))
    return next(iter(data)) if is_listlike(data) else data


def context_of(data: Any) -> torch.device:
    """The device of a tensor, or of the tensors in a dict or list."""
    return _first(data).device  # type: ignore[no-any-return]


def dtype_of(data: Any) -> torch.dtype:
    """The dtype of a tensor, or of the tensors in a dict."""
    return _first(data).dtype  # type: ignore[no-any-return]


def check_device(data: Any, device: torch.device) -> bool:
    """Whether a tensor, or every tensor of a dict, is on a device."""
    tensors = data.values() if isinstance(data, Mapping) else [data]
    return all(tensor.device == torch.device(device) for tensor in tensors)


def to_device(data: Any, device: torch.device) -> Any:
    """A tensor, or a dict of tensors, on a device."""
    if isinstance(data, Mapping):
        return {key: each.to(device) for key, each in data.items()}
    return data.to(device)


def prepare_tensor(g: Graph, data: Any, name: str) -> Tensor:
    """Ids as a tensor.

    Args:
        g: the graph, whose id type and device they have.
        data: a tensor, a list or an int.
        name: the argument, which errors name.

    Returns:
        (n,), the ids.

    Raises:
        GraphError: a tensor of another dtype or device, or values that are no integers.
    """
    ids = data if isinstance(data, Tensor) else torch.as_tensor(data)
    if not isinstance(data, Tensor) and not (ids.numel() and ids.is_floating_point()):
        ids = ids.to(g.idtype).to(g.device)
    if ids.dtype != g.idtype or ids.device != g.device or ids.dim() > 1:
        raise GraphTypeError(
            f"{name}: expected ids of {g.idtype} on {g.device} in one dimension, got "
            f"{ids.dtype} on {ids.device} of shape {tuple(ids.shape)}; convert them."
        )
    return ids.reshape(-1)


def prepare_tensor_dict(g: Graph, data: Mapping[Any, Any], name: str) -> dict[Any, Tensor]:
    """:func:`prepare_tensor` of each value."""
    return {key: prepare_tensor(g, ids, f"{name}[{key!r}]") for key, ids in data.items()}


def prepare_tensor_or_dict(g: Graph, data: Any, name: str) -> Any:
    """:func:`prepare_tensor`, or of a dict, of each value."""
    if isinstance(data, Mapping):
        return prepare_tensor_dict(g, data, name)
    return prepare_tensor(g, data, name)


def parse_edges_arg_to_eid(g: Graph, edges: Any, etid: int, argname: str = "edges") -> Tensor:
    """The ids of edges.

    Args:
        g: the graph.
        edges: ids, or a pair of sources and destinations.
        etid: the number of the edge type.
        argname: the argument, which errors name.

    Returns:
        (n,), the ids.
    """
    if not isinstance(edges, tuple):
        return prepare_tensor(g, edges, argname)
    u, v = (prepare_tensor(g, end, f"{argname}[{i}]") for i, end in enumerate(edges))
    ids: Tensor = g.edge_ids(u, v, etype=g.canonical_etypes[etid])
    return ids


def _check_same(values: list[Any], name: str, kind: str) -> None:
    """Check that all graphs of a list have one value."""
    different = [i for i, value in enumerate(values) if value != values[0]]
    if different:
        raise GraphValueError(
            f"{name}: expected graphs of one {kind}, got {values[0]} and, at position "
            f"{different[0]}, {values[different[0]]}; convert one of them."
        )


def check_all_same_idtype(glist: list[Graph], name: str) -> None:
    """Check that all graphs have ids of one type."""
    _check_same([g.idtype for g in glist], name, "id type")


def check_all_same_device(glist: list[Graph], name: str) -> None:
    """Check that all graphs are on one device."""
    _check_same([g.device for g in glist], name, "device")
