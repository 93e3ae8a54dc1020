"""The names of ``dgl.utils`` that read the inputs of layers and samplers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..errors import GraphValueError
from ..graph import Graph
from .containers import is_listlike

__all__ = [
    "check_device",
    "check_eq_shape",
    "compensate",
    "context_of",
    "dtype_of",
    "expand_as_pair",
    "gather_pinned_tensor_rows",
    "get_num_threads",
    "relabel",
    "scatter_pinned_tensor_rows",
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


def compensate(ids: Tensor, origin_ids: Tensor) -> Tensor:
    """The ids that are not among others.

    Args:
        ids: (n,), ids of ``origin_ids``.
        origin_ids: (m,), ascending.

    Returns:
        The other ids, ascending.
    """
    return origin_ids[~torch.isin(origin_ids, ids)]


def relabel(x: Tensor) -> tuple[Tensor, Tensor]:
    """Number ids from 0, in ascending order.

    Args:
        x: (n,), ids.

    Returns:
        The ids by new number, and the new numbers by id, 0 where an id does not occur.
    """
    ids, numbers = torch.unique(x), torch.zeros(int(x.max()) + 1, dtype=x.dtype, device=x.device)
    numbers[ids.long()] = torch.arange(len(ids), dtype=x.dtype, device=x.device)
    return ids, numbers


def gather_pinned_tensor_rows(tensor: Tensor, rows: Tensor) -> Tensor:
    """Rows of a tensor on the CPU, on the device of the row numbers.

    Args:
        tensor: (n, …), on the CPU.
        rows: (m,), on any device.

    Returns:
        (m, …), on the device of ``rows``.
    """
    return tensor[rows.to(tensor.device)].to(rows.device)


def scatter_pinned_tensor_rows(dest: Tensor, rows: Tensor, source: Tensor) -> None:
    """Write rows of a tensor on the CPU from a tensor on another device.

    Args:
        dest: (n, …), on the CPU.
        rows: (m,), different, on any device.
        source: (m, …), on any device.
    """
    dest[rows.to(dest.device)] = source.to(dest.device)
