"""Tensors at edges that are computed when somebody needs their numbers.

A message function receives them as ``edges.src`` and ``edges.dst``. What it does with them in torch
is recorded where it can be (:mod:`.functions`), and done on the numbers where it cannot, so that
every function runs once and computes what it says.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch._C import DisableTorchFunctionSubclass
from torch.utils._pytree import tree_map

from ..._storage.adjacency import Adjacency
from .values import Leaf, Value, at_edges, detached, kept_at_edges, leaves_of, with_leaves

# Filled by :mod:`.functions`: the handler of each function that is recorded, and the functions of a
# tensor's shape, dtype and device alone.
HANDLERS: dict[Any, Callable[..., Any]] = {}
OF_SHAPES: set[Any] = set()

_IN_PLACE_BY_POSITION = ("celu", "elu", "hardtanh", "leaky_relu", "rrelu", "selu", "threshold")


def changes_in_place(func: Any, args: Any, kwargs: Any) -> bool:
    """Whether a call changes one of its arguments."""
    name = getattr(func, "__name__", "")
    is_named = name.endswith("_") and not name.endswith("__")
    is_flag = name in _IN_PLACE_BY_POSITION and any(arg is True for arg in args)
    is_asked = bool(kwargs.get("inplace")) or kwargs.get("out") is not None
    return is_named or is_flag or is_asked or name in ("__setitem__", "__set__")


class LazyTensor(Tensor):
    """A tensor (E, *feature) that holds how it is computed.

    Attributes:
        edges: the edges of its rows.
        value: how it is computed.
    """

    edges: Adjacency
    value: Value
    _tensor: Tensor | None
    _views: list[tuple[weakref.ref[LazyTensor], Callable[[Tensor], Any]]]
    _root: LazyTensor | None

    @staticmethod
    def of(edges: Adjacency, value: Value, base: LazyTensor | None = None) -> LazyTensor:
        """A tensor of a value."""
        data = [leaf.data for leaf in leaves_of(value)]
        if not any(tensor.requires_grad for tensor in data):
            lazy = _empty(edges, value)
        elif torch.is_grad_enabled():
            lazy = _Recorded.apply(edges, value, *data)  # type: ignore[no-untyped-call]
        else:  # what is computed later, with gradients, has none of this
            value = detached(value)
            lazy = _empty(edges, value)
        lazy.edges, lazy.value, lazy._tensor = edges, value, None
        lazy._views, lazy._root = [], base
        return lazy  # type: ignore[no-any-return]

    def compute(self, reason: str = "") -> Tensor:
        """The tensor itself, computed once; the reason is for notes."""
        if self._tensor is None:
            with DisableTorchFunctionSubclass():
                has_gradient = self.requires_grad
            with torch.set_grad_enabled(has_gradient):  # as when it was recorded
                self.value = kept_at_edges(self.edges, self.value, reason)
            self._tensor = self.value.data
        return self._tensor

    def view_as(self, value: Value, replay: Callable[[Tensor], Any]) -> LazyTensor:  # type: ignore[override]
        """A view of this tensor: one that changes with it."""
        view = LazyTensor.of(self.edges, value, self)
        self._views.append((weakref.ref(view), replay))
        return view

    def about_to_change(self) -> Tensor:
        """The tensor itself, of which all views that exist are views now."""
        root = self
        while root._root is not None:
            root = root._root
        root.compute()
        root._replay()
        return self.compute()

    def _replay(self) -> None:
        for reference, replay in self._views:
            view = reference()
            if view is not None:
                view._tensor = replay(self.compute())
                view.value = Leaf(view._tensor, "e")
                view._replay()
        self._views = []

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Record a function of torch, or compute its arguments and call it."""
        kwargs = kwargs or {}
        if func in OF_SHAPES:
            with DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        handler = HANDLERS.get(func)
        # Without gradients, the result of a tensor that has one is computed: it may become that of
        # a function with a backward of its own.
        is_recorded = torch.is_grad_enabled() or not _has_gradient((args, kwargs))
        if handler is not None and is_recorded:
            result = handler(func, args, kwargs)
            if result is not NotImplemented:
                return result
        if changes_in_place(func, args, kwargs):
            return _change(func, args, kwargs)
        compute = partial(computed, reason=f"{getattr(func, '__name__', func)} is not recorded")
        return func(*tree_map(compute, args), **tree_map(compute, kwargs))

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Compute the arguments of a function of which Python was not told."""
        with DisableTorchFunctionSubclass():
            return func(*tree_map(computed, args), **tree_map(computed, kwargs or {}))


def computed(argument: Any, reason: str = "") -> Any:
    """An argument, computed if it is a lazy tensor."""
    return argument.compute(reason) if isinstance(argument, LazyTensor) else argument


def _has_gradient(arguments: Any) -> bool:
    """Whether one of some arguments is lazy and needs a gradient."""
    if isinstance(arguments, (tuple, list)):
        return any(map(_has_gradient, arguments))
    if isinstance(arguments, dict):
        return any(map(_has_gradient, arguments.values()))
    if not isinstance(arguments, LazyTensor):
        return False
    with DisableTorchFunctionSubclass():
        return arguments.requires_grad


def _change(func: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    """Call a function that changes an argument; a result that is the argument stays lazy."""
    lazies = [a for a in (*args, *kwargs.values()) if isinstance(a, LazyTensor)]
    for lazy in lazies:
        lazy.about_to_change()
    result = func(*tree_map(computed, args), **tree_map(computed, kwargs))
    return next((lazy for lazy in lazies if lazy._tensor is result), result)


def _empty(edges: Adjacency, value: Value) -> Any:
    """A lazy tensor without a gradient."""
    shape = (edges.num_edges, *value.shape)
    return Tensor._make_wrapper_subclass(
        LazyTensor, shape, dtype=value.dtype, device=edges.device, requires_grad=False
    )


class _Recorded(torch.autograd.Function):
    """Where a lazy tensor stands in autograd, for code that torch does not tell Python of."""

    @staticmethod
    def forward(ctx: Any, edges: Adjacency, value: Value, *_: Tensor) -> Any:
        ctx.edges, ctx.value, ctx.leaves = edges, value, leaves_of(value)
        return _empty(edges, value)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        is_again = torch.is_grad_enabled()
        with torch.enable_grad():  # two leaves may be one tensor, and have a gradient each
            leaves = [replace(leaf, data=leaf.data.view_as(leaf.data)) for leaf in ctx.leaves]
            others = dict(zip(map(id, ctx.leaves), leaves, strict=True))
            out = at_edges(ctx.edges, with_leaves(ctx.value, lambda leaf: others[id(leaf)]))
        needed = [leaf.data for leaf in leaves if leaf.data.requires_grad]
        grads = iter(
            torch.autograd.grad(out, needed, grad, create_graph=is_again, allow_unused=True)
        )
        return None, None, *(next(grads) if x.data.requires_grad else None for x in leaves)
