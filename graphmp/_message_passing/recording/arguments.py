"""Arguments of torch's functions: which functions are meant, and what is recorded of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..._storage.adjacency import Adjacency
from .lazy import OF_SHAPES, LazyTensor
from .values import Leaf, Value, leaves_of, of_edges

_HOMES = (torch, Tensor, torch._C.TensorBase, F, torch.special, torch.linalg)


def named(name: str) -> set[Any]:
    """All of torch's functions of a name."""
    functions = {getattr(home, name, None) for home in _HOMES}
    return {function for function in functions if callable(function)}


# Of a tensor's shape, dtype and device alone.
OF_SHAPES |= {
    getattr(Tensor, name).__get__
    for name in (
        "device",
        "dtype",
        "grad_fn",
        "is_cpu",
        "is_cuda",
        "is_leaf",
        "is_meta",
        "is_quantized",
        "is_sparse",
        "itemsize",
        "layout",
        "ndim",
        "requires_grad",
        "shape",
    )
}.union(
    *map(
        named,
        (
            "__len__",
            "dim",
            "element_size",
            "get_device",
            "is_complex",
            "is_contiguous",
            "is_floating_point",
            "ndimension",
            "nelement",
            "numel",
            "size",
            "stride",
            "storage_offset",
        ),
    )
)


class NotRecordedError(Exception):
    """A call that is not recorded."""


def first_lazy(args: Sequence[Any]) -> Any:
    """The first lazy tensor among arguments, or None."""
    return next((a for a in args if isinstance(a, LazyTensor)), None)


def value_of(edges: Adjacency, rank: int, argument: Any) -> Value | float:
    """An argument as a value that broadcasts with values of ``rank`` dimensions, rows included.

    Raises:
        NotRecordedError: it is not such a number or tensor.
    """
    if isinstance(argument, (bool, int, float)):
        return float(argument)
    if not isinstance(argument, Tensor) or argument.ndim > rank:
        raise NotRecordedError
    if isinstance(argument, LazyTensor):
        if argument.edges is not edges or argument.ndim != rank:
            raise NotRecordedError
        return argument.value
    if argument.device != edges.device:
        raise NotRecordedError
    if argument.ndim < rank:
        return Leaf(argument.unsqueeze(0), "1")
    if argument.shape[0] == edges.num_edges:
        return of_edges(argument)
    if argument.shape[0] == 1:
        return Leaf(argument, "1")
    raise NotRecordedError


def ends_of(values: Sequence[Any]) -> set[str]:
    """The ends of values that vary by edge."""
    return {leaf.end for value in values for leaf in leaves_of(value)} - {"1"}


def lazy(edges: Adjacency, value: Value) -> Any:
    """A lazy tensor of a value."""
    return LazyTensor.of(edges, value)


def dimension(dim: Any, rank: int) -> int:
    """A feature dimension as one that is not negative.

    Raises:
        NotRecordedError: it is the dimension of the rows, or no number.
    """
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise NotRecordedError
    position = int(dim) + rank if dim < 0 else int(dim)
    if not 0 < position < rank:
        raise NotRecordedError
    return position


def argument(args: Any, kwargs: Any, position: int, name: str, default: Any = None) -> Any:
    """An argument of a call, which is given by position or by name."""
    if len(args) > position:
        return args[position]
    return kwargs.get(name, default)
