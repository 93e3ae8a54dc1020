"""Functions of features: linear maps, concatenation, sums, norms, and constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..._storage.adjacency import Adjacency
from ...function.operators import square_root
from . import notes
from .arguments import (
    NotRecordedError,
    argument,
    dimension,
    ends_of,
    first_lazy,
    lazy,
    named,
    value_of,
)
from .lazy import HANDLERS, LazyTensor
from .rows import computed_first, of_dimension, of_rows
from .values import (
    Concatenated,
    Elementwise,
    Leaf,
    Linear,
    Value,
    cancels,
    elementwise,
    on_rows,
    summed_features,
    text_of,
)


def _linear(func: Any, args: Any, kwargs: Any) -> Any:
    """Features times a weight, moved to the nodes where the features are sums of leaves."""
    x = args[0] if args else kwargs.get("input")
    weight = argument(args, kwargs, 1, "weight")
    bias = argument(args, kwargs, 2, "bias")
    if not isinstance(x, LazyTensor) or first_lazy([weight, bias]) is not None:
        return NotImplemented
    if not isinstance(weight, Tensor) or weight.ndim != 2 or x.ndim < 2:
        return NotImplemented
    return lazy(x.edges, _mapped(x.edges, x.value, weight, bias))


def _product(func: Any, args: Any, kwargs: Any) -> Any:
    """``x @ weight``."""
    if kwargs or len(args) != 2 or not isinstance(args[0], LazyTensor):
        return NotImplemented
    x, weight = args
    if isinstance(weight, LazyTensor) or not isinstance(weight, Tensor) or x.ndim < 2:
        return NotImplemented
    if weight.ndim == 1:
        leaf = x.value if isinstance(x.value, Leaf) else None
        if leaf is None or leaf.data.ndim < 2:
            return NotImplemented
        return lazy(x.edges, on_rows(x.edges, leaf, lambda data: data @ weight, "matmul"))
    if weight.ndim != 2:
        return NotImplemented
    return lazy(x.edges, _mapped(x.edges, x.value, weight.t(), None))


def _mapped(edges: Adjacency, value: Value, weight: Tensor, bias: Tensor | None) -> Value:
    """A linear map of a value."""
    if isinstance(value, Concatenated) and value.axis == len(value.shape) - 1:
        sizes = [part.shape[-1] for part in value.parts]
        pairs = zip(value.parts, torch.split(weight, sizes, 1), strict=True)
        maps = [_mapped(edges, part, w, None if i else bias) for i, (part, w) in enumerate(pairs)]
        total = maps[0]
        for part in maps[1:]:
            dtype = torch.promote_types(total.dtype, part.dtype)
            total = elementwise(edges, "add", (total, part), dtype)
        return total
    if isinstance(value, Elementwise) and value.op in ("add", "sub"):
        first, second = value.args
        is_split = _spans(first, value.shape) and _spans(second, value.shape)
        if is_split and not cancels(edges, value):
            left = _mapped(edges, first, weight, bias)  # type: ignore[arg-type]
            right = _mapped(edges, second, weight, None)  # type: ignore[arg-type]
            dtype = torch.promote_types(left.dtype, right.dtype)
            return elementwise(edges, value.op, (left, right), dtype)
    if isinstance(value, Leaf) and value.end == "e" and weight.shape[1] == 1 < weight.shape[0]:
        return _outer(edges, value, weight, bias)
    if isinstance(value, Leaf):
        return on_rows(edges, value, lambda data: F.linear(data, weight, bias), "linear")  # type: ignore[no-any-return]
    few = weight.new_empty(0, weight.shape[1], dtype=value.dtype)
    shape = (*value.shape[:-1], weight.shape[0])
    row = Leaf(weight.unsqueeze(0), "1")
    own = None if bias is None else Leaf(bias.unsqueeze(0), "1")
    return Linear(value, row, own, shape, F.linear(few, weight, bias).dtype)


def _outer(edges: Adjacency, value: Leaf, weight: Tensor, bias: Tensor | None) -> Value:
    """A linear map of one number at each edge: of products, which need not be stored."""
    dtype = F.linear(value.data[:0], weight, bias).dtype
    column = Leaf(weight.to(dtype).t(), "1")
    product = elementwise(edges, "mul", (value, column), dtype)
    if bias is not None:
        shared = Leaf(bias.to(dtype).unsqueeze(0), "1")
        product = elementwise(edges, "add", (product, shared), dtype)
    return replace(product, text=f"linear({text_of(value)})" if notes.are_taken() else "")  # type: ignore[arg-type]


def _spans(part: Value | float, shape: tuple[int, ...]) -> bool:
    """Whether a value has all features of a map's input."""
    return not isinstance(part, (int, float)) and part.shape[-1:] == shape[-1:]


def _concatenate(func: Any, args: Any, kwargs: Any) -> Any:
    """``cat`` along features."""
    tensors = argument(args, kwargs, 0, "tensors")
    dim = argument(args, kwargs, 1, "dim", kwargs.get("axis", 0))
    if not isinstance(tensors, (tuple, list)) or kwargs.get("out") is not None:
        return NotImplemented
    first = first_lazy(tensors)
    edges, rank = first.edges, first.ndim
    try:
        dim = dimension(dim, rank)
        values: list[Any] = [value_of(edges, rank, tensor) for tensor in tensors]
    except NotRecordedError:
        return NotImplemented
    if any(isinstance(value, float) or _is_single(value) for value in values):
        return NotImplemented
    shapes = {_without(value.shape, dim - 1) for value in values}
    if len(shapes) > 1 or len({value.dtype for value in values}) > 1:
        return NotImplemented
    size = sum(value.shape[dim - 1] for value in values)
    shape = (*first.shape[1:dim], size, *first.shape[dim + 1 :])
    if len(ends_of(values)) == 1 and all(isinstance(value, Leaf) for value in values):
        rows = [on_rows(edges, value, lambda data: data) for value in values]
        data = torch.cat([row.data for row in rows], dim)
        return lazy(edges, Leaf(data, rows[0].end, rows[0].rows))
    parts: list[Any] = []
    for value in values:
        is_same = isinstance(value, Concatenated) and value.axis == dim - 1
        parts += value.parts if is_same else [value]
    return lazy(edges, Concatenated(tuple(parts), dim - 1, shape, first.dtype))


def _is_single(value: Any) -> bool:
    """Whether a value is one row that edges share, which ``cat`` does not repeat."""
    return isinstance(value, Leaf) and value.end == "1"


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def _sum_features(scale: bool) -> Callable[..., Any]:
    """``sum`` and ``mean`` of features."""

    def handler(func: Any, args: Any, kwargs: Any) -> Any:
        x = args[0] if args else None
        if not isinstance(x, LazyTensor) or kwargs.get("dtype") is not None or len(args) > 3:
            return NotImplemented
        dims = argument(args, kwargs, 1, "dim", kwargs.get("axis"))
        keeps = bool(argument(args, kwargs, 2, "keepdim", False))
        try:
            dims = dims if isinstance(dims, (tuple, list)) else (dims,)
            axes = sorted({dimension(dim, x.ndim) - 1 for dim in dims})
        except NotRecordedError:
            return NotImplemented
        value, edges = x.value, x.edges
        if isinstance(value, Leaf):
            rest = args[1:]
            rows = on_rows(edges, value, lambda d: func(d, *rest, **kwargs), func.__name__)
            return lazy(edges, rows)
        if not value.dtype.is_floating_point:
            return NotImplemented
        total: Leaf = summed_features(edges, value, axes)
        count = math.prod(value.shape[axis] for axis in axes)
        rest = [size for axis, size in enumerate(value.shape) if axis not in axes]

        def finish(data: Tensor) -> Tensor:
            data = data / count if scale else data
            return data if keeps else data.reshape(len(data), *rest)

        return lazy(edges, on_rows(edges, total, finish))

    return handler


def _norm_of_features(func: Any, args: Any, kwargs: Any) -> Any:
    """The Euclidean norm of features of several ends."""
    x = args[0] if args else None
    p = argument(args, kwargs, 1, "p", kwargs.get("ord", 2))
    if not isinstance(x, LazyTensor) or p not in (2, "fro", None) or len(args) > 4:
        return NotImplemented
    dim = argument(args, kwargs, 2, "dim")
    if isinstance(x.value, Leaf):
        return of_rows(of_dimension(2), computed_first)(func, args, kwargs)
    try:
        axis = dimension(
            dim[0] if isinstance(dim, (tuple, list)) and len(dim) == 1 else dim, x.ndim
        )
    except NotRecordedError:
        return NotImplemented
    keeps = bool(argument(args, kwargs, 3, "keepdim", False))
    edges, value = x.edges, x.value
    square = elementwise(edges, "mul", (value, value), value.dtype)
    total = summed_features(edges, square, [axis - 1])

    def finish(data: Tensor) -> Tensor:
        root = square_root(data)
        return root if keeps else root.squeeze(axis)

    return lazy(edges, on_rows(edges, total, finish))


def _filled(number: Any) -> Callable[..., Any]:
    """``ones_like`` and its siblings: one row for all edges."""

    def handler(func: Any, args: Any, kwargs: Any) -> Any:
        x = args[0] if args else None
        if not isinstance(x, LazyTensor) or kwargs or len(args) != (1 if number is not None else 2):
            return NotImplemented
        value = number if number is not None else args[1]
        if not isinstance(value, (int, float, bool)):
            return NotImplemented
        data = torch.full((1, *x.value.shape), value, dtype=x.dtype, device=x.device)
        return lazy(x.edges, Leaf(data, "1"))

    return handler


_HANDLERS: dict[str, Callable[..., Any]] = {
    "linear": _linear,
    "matmul": _product,
    "__matmul__": _product,
    "mm": _product,
    "cat": _concatenate,
    "concat": _concatenate,
    "concatenate": _concatenate,
    "sum": _sum_features(scale=False),
    "mean": _sum_features(scale=True),
    "norm": _norm_of_features,
    "vector_norm": _norm_of_features,
    "zeros_like": _filled(0),
    "ones_like": _filled(1),
    "full_like": _filled(None),
}
for _name, _handler in _HANDLERS.items():
    for _function in named(_name):
        HANDLERS[_function] = _handler
