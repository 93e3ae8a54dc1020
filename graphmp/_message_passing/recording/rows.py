"""Functions of rows: each row of the result depends on the same row of one argument alone.

Of a leaf they are computed at its own rows. Views of a value of several ends are the same views of
its leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor

from ..._storage.adjacency import Adjacency
from .arguments import NotRecordedError, argument, dimension, first_lazy, lazy, named
from .lazy import HANDLERS, OF_SHAPES, LazyTensor, changes_in_place
from .values import (
    Elementwise,
    Leaf,
    Value,
    detached,
    elementwise,
    kept_at_edges,
    on_rows,
)


def of_dimension(position: int = 1, name: str = "dim", extra: int = 0, default: Any = None) -> Any:
    """Whether a call has features as its dimension."""

    def check(args: Any, kwargs: Any, rank: int) -> None:
        dims = argument(args, kwargs, position, name, default)
        for dim in dims if isinstance(dims, (tuple, list)) else (dims,):
            dimension(dim, rank + extra)

    return check


def _any_call(args: Any, kwargs: Any, rank: int) -> None:
    """Every call is one of rows."""


def _two_dimensions(args: Any, kwargs: Any, rank: int) -> None:
    dimension(argument(args, kwargs, 1, "dim0"), rank)
    dimension(argument(args, kwargs, 2, "dim1"), rank)


def _flattened(args: Any, kwargs: Any, rank: int) -> None:
    dimension(argument(args, kwargs, 1, "start_dim", 0), rank)


def _permuted(args: Any, kwargs: Any, rank: int) -> None:
    dims = args[1] if len(args) == 2 else args[1:]
    if not isinstance(dims, (tuple, list)) or not dims or dims[0] != 0:
        raise NotRecordedError


def _indexed(args: Any, kwargs: Any, rank: int) -> None:
    """All rows, and numbers, slices and new dimensions of features."""
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    if any(not isinstance(part, (int, slice, type(None), type(...))) for part in index):
        raise NotRecordedError
    if any(isinstance(part, bool) for part in index):
        raise NotRecordedError
    if index[0] is ...:
        if sum(part is not None for part in index[1:]) >= rank:
            raise NotRecordedError
    elif index[0] != slice(None):
        raise NotRecordedError


def _normalized_shape(args: Any, kwargs: Any, rank: int) -> None:
    shape = argument(args, kwargs, 1, "normalized_shape")
    if len(shape) >= rank:
        raise NotRecordedError


def _unless_training(position: int, default: bool) -> Any:
    def check(args: Any, kwargs: Any, rank: int) -> None:
        if argument(args, kwargs, position, "training", default):
            raise NotRecordedError

    return check


_VIEWS: dict[str, Any] = {
    "__getitem__": _indexed,
    "chunk": of_dimension(2, default=0),
    "flatten": _flattened,
    "narrow": of_dimension(),
    "permute": _permuted,
    "select": of_dimension(),
    "split": of_dimension(2, default=0),
    "squeeze": of_dimension(),
    "swapaxes": _two_dimensions,
    "transpose": _two_dimensions,
    "unbind": of_dimension(default=0),
    "unsqueeze": of_dimension(extra=1),
}
_OF_ROWS: dict[str, Any] = {
    "amax": of_dimension(),
    "amin": of_dimension(),
    "argmax": of_dimension(),
    "argmin": of_dimension(),
    "cumsum": of_dimension(),
    "embedding": _any_call,
    "flip": of_dimension(name="dims"),
    "index_select": of_dimension(),
    "layer_norm": _normalized_shape,
    "linear": _any_call,
    "log_softmax": of_dimension(),
    "logsumexp": of_dimension(),
    "max": of_dimension(),
    "mean": of_dimension(),
    "min": of_dimension(),
    "norm": of_dimension(2),
    "normalize": of_dimension(2, default=1),
    "prod": of_dimension(),
    "softmax": of_dimension(),
    "std": of_dimension(),
    "sum": of_dimension(),
    "var": of_dimension(),
    "vector_norm": of_dimension(2),
    "bool": _any_call,
    "byte": _any_call,
    "ceil": _any_call,
    "clone": _any_call,
    "contiguous": _any_call,
    "double": _any_call,
    "dropout": _unless_training(2, True),
    "floor": _any_call,
    "float": _any_call,
    "half": _any_call,
    "bfloat16": _any_call,
    "int": _any_call,
    "isfinite": _any_call,
    "isinf": _any_call,
    "isnan": _any_call,
    "logical_not": _any_call,
    "long": _any_call,
    "nan_to_num": _any_call,
    "round": _any_call,
    "sign": _any_call,
    "tan": _any_call,
    "atan": _any_call,
    "detach": _any_call,
}


def of_rows(check: Any, of_several: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    """A handler of a function of rows, whose first argument is the tensor.

    Args:
        check: raises an error where a call is none of rows.
        of_several: ``(x, func, apply)``: the result for a tensor ``x`` of several ends.
    """

    def handler(func: Any, args: Any, kwargs: Any) -> Any:
        try:
            x = _only_tensor(func, args, kwargs)
            check(args, kwargs, x.ndim)
            apply = partial(_called, func, args[1:], kwargs)
            if not isinstance(x.value, Leaf):
                return of_several(x, func, apply)
            results = on_rows(x.edges, x.value, apply, func.__name__)
            if of_several is _view_of_several:
                return _views(x, apply, results)
            return _lazy_like(x, apply, results)
        except (NotRecordedError, TypeError):  # the call itself raises the latter again
            return NotImplemented

    return handler


def _called(func: Any, rest: Any, kwargs: Any, data: Tensor) -> Any:
    return func(data, *rest, **kwargs)


def _only_tensor(func: Any, args: Any, kwargs: Any) -> LazyTensor:
    """The first argument, which alone is lazy."""
    if not args or not isinstance(args[0], LazyTensor) or changes_in_place(func, args, kwargs):
        raise NotRecordedError
    if first_lazy([*args[1:], *kwargs.values()]) is not None:
        raise NotRecordedError
    return args[0]


def _lazy_like(x: LazyTensor, apply: Any, results: Any) -> Any:
    """Results as lazy tensors, several in the named tuple in which torch returns them."""
    if isinstance(results, Leaf):
        return lazy(x.edges, results)
    sample = apply(torch.empty((1, *x.value.shape), dtype=x.dtype, device="cpu"))
    return type(sample)([lazy(x.edges, result) for result in results])


def _views(x: LazyTensor, apply: Any, results: Any) -> Any:
    """Results as views of a lazy tensor."""
    if not isinstance(results, list):
        return x.view_as(results, apply)
    return tuple(x.view_as(r, partial(_part, apply, i)) for i, r in enumerate(results))


# ---- of values of several ends


def computed_first(x: LazyTensor, func: Any, apply: Any) -> Any:
    """A function that no expression has."""
    raise NotRecordedError


def _unchanged(x: LazyTensor, func: Any, apply: Any) -> Any:
    return lazy(x.edges, x.value)


def _detached(x: LazyTensor, func: Any, apply: Any) -> Any:
    return lazy(x.edges, detached(x.value))


def _view_of_several(x: LazyTensor, func: Any, apply: Any) -> Any:
    """A view: the same view of each leaf, where each has the features that it needs."""
    sample = apply(torch.empty((1, *x.value.shape), device="meta"))
    if isinstance(sample, Tensor):
        return x.view_as(_viewed(x.edges, x.value, apply, sample.ndim), apply)
    parts = [(partial(_part, apply, index), part) for index, part in enumerate(sample)]
    return tuple(x.view_as(_viewed(x.edges, x.value, p, s.ndim), p) for p, s in parts)


def _part(apply: Any, index: int, data: Tensor) -> Tensor:
    """One of several results."""
    return apply(data)[index]  # type: ignore[no-any-return]


def _viewed(edges: Adjacency, value: Value, view: Callable[[Tensor], Tensor], rank: int) -> Value:
    """A view, of ``rank`` dimensions, of a value of several ends."""
    if isinstance(value, Elementwise):
        with suppress(NotRecordedError):
            viewed = partial(_viewed_leaf, edges, value.shape, rank, view)
            return _rebuilt(edges, value, viewed, {})  # type: ignore[no-any-return]
    reason = "a view that its parts do not have"
    return on_rows(edges, kept_at_edges(edges, value, reason), view)  # type: ignore[no-any-return]


def _viewed_leaf(
    edges: Adjacency,
    shape: tuple[int, ...],
    rank: int,
    view: Callable[[Tensor], Tensor],
    leaf: Leaf,
) -> Leaf:
    """A leaf of a value of ``shape``, as one of the value's view, which has ``rank`` dimensions."""
    padded = (1,) * (len(shape) - len(leaf.shape)) + leaf.shape
    if math.prod(padded) == 1:
        ones = (1,) * (rank - 1)
        return on_rows(edges, leaf, lambda data: data.reshape(len(data), *ones))  # type: ignore[no-any-return]
    if padded != shape and leaf.end == "e":  # larger than what the edges have
        raise NotRecordedError

    def full(data: Tensor) -> Tensor:
        return view(data.reshape(len(data), *padded).expand(len(data), *shape))

    return on_rows(edges, leaf, full)  # type: ignore[no-any-return]


def _rebuilt(
    edges: Adjacency,
    part: Value | float,
    viewed: Callable[[Leaf], Leaf],
    known: dict[int, Value],
) -> Any:
    """A value of other leaves; a part that occurs twice stays one part."""
    if isinstance(part, (int, float)):
        return part
    if id(part) not in known:
        if isinstance(part, Elementwise):
            args = [_rebuilt(edges, arg, viewed, known) for arg in part.args]
            known[id(part)] = elementwise(edges, part.op, args, part.dtype)
        else:
            known[id(part)] = viewed(cast(Leaf, part))  # others have been cut, or computed
    return known[id(part)]


def _view(func: Any, args: Any, kwargs: Any) -> Any:
    """``view`` and ``reshape`` that keep the rows."""
    try:
        x = _only_tensor(func, args, kwargs)
        shape = _shape_of_rows(args, kwargs, x.edges.num_edges, math.prod(x.value.shape))
    except NotRecordedError:
        return NotImplemented

    def apply(data: Tensor) -> Tensor:
        return data.reshape(len(data), *shape)

    if isinstance(x.value, Leaf):
        return x.view_as(on_rows(x.edges, x.value, apply), apply)
    return _view_of_several(x, func, apply)


def _shape_of_rows(args: Any, kwargs: Any, num_edges: int, elements: int) -> list[int]:
    """The shape of a row in a new shape, of which -1 is one size at most.

    Raises:
        NotRecordedError: the rows are not those of before.
    """
    sizes = args[1] if len(args) == 2 and isinstance(args[1], (tuple, list)) else args[1:]
    if kwargs or not sizes or not all(isinstance(size, int) for size in sizes):
        raise NotRecordedError
    rows, *shape = sizes
    known = math.prod(size for size in shape if size != -1)
    if -1 in shape:
        if known == 0 or elements % known:
            raise NotRecordedError
        shape[shape.index(-1)] = elements // known
    if rows not in (-1, num_edges) or list(sizes).count(-1) > 1 or math.prod(shape) != elements:
        raise NotRecordedError
    return shape


_OF_SEVERAL = {"clone": _unchanged, "contiguous": _unchanged, "detach": _detached}
for _name, _check in {**_OF_ROWS, **_VIEWS}.items():
    _several = _view_of_several if _name in _VIEWS else _OF_SEVERAL.get(_name, computed_first)
    for _function in named(_name) - OF_SHAPES:
        HANDLERS[_function] = of_rows(_check, _several)
for _function in named("view") | named("reshape"):
    HANDLERS[_function] = _view
