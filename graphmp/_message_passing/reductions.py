"""Reductions of messages, recorded: each is one or a few reductions of a value at edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, TypeAlias, cast

import torch
from torch import Tensor

from ..function.operators import square_root
from ..kernels.contract import accumulator
from .partials import in_dtype, reduced_in_parts
from .recording import notes
from .recording.arguments import named
from .recording.purity import Impure
from .recording.values import (
    Leaf,
    Value,
    detached,
    elementwise,
    kept_at_edges,
    leaves_of,
    text_of,
)
from .standins import Size, Standin

Values: TypeAlias = Sequence[Value]  # one for each relation


def is_over_messages(args: Any, kwargs: Any, rank: int) -> bool:
    """Whether a reduction is over dimension 1 alone."""
    name = "dim" if "dim" in kwargs else "axis"
    dim = kwargs.get(name, args[1] if len(args) > 1 else None)
    dim = dim[0] if isinstance(dim, (tuple, list)) and len(dim) == 1 else dim
    return isinstance(dim, int) and not isinstance(dim, (bool, Size)) and dim % rank == 1


def options(args: Any, kwargs: Any, *allowed: str) -> dict[str, Any]:
    """What a reduction is asked for beside its dimension; only these are known."""
    names = ("keepdim",)
    wanted = dict(zip(names, args[2:], strict=False))
    wanted.update({k: v for k, v in kwargs.items() if k not in ("dim", "axis", "input")})
    known = {k: v for k, v in wanted.items() if k in allowed}
    if any(v is not None for k, v in wanted.items() if k not in (*allowed, "_stacklevel")):
        raise Impure("it reduces messages with options that are not known")
    return known


def finished(call: Any, out: Tensor, keepdim: bool) -> Standin:
    """A stand-in for reduced messages, (N, …)."""
    return _at_nodes(call, call.selected(out), keepdim)


def _at_nodes(call: Any, rows: Tensor, keepdim: bool) -> Standin:
    """A stand-in for reduced messages of the nodes that have some."""
    return call.at_nodes(rows.unsqueeze(1) if keepdim else rows)  # type: ignore[no-any-return]


def _by_kernel(name: str) -> Callable[..., Any]:
    """A reduction that is a builtin with a kernel."""

    def reduction(call: Any, values: Values, args: Any, kwargs: Any) -> Any:
        keepdim = bool(options(args, kwargs, "keepdim").get("keepdim"))
        _check_numbers(values)
        return finished(call, call.reduced(values, name), keepdim)

    return reduction


def _product(call: Any, values: Values, args: Any, kwargs: Any) -> Any:
    keepdim = bool(options(args, kwargs, "keepdim").get("keepdim"))
    _check_numbers(values)
    out = reduced_in_parts(call.incoming, values, lambda messages: messages.prod(1))
    notes.note("parts", lambda: f"prod({text_of(values[0])}) over in-edges", out.nbytes)
    notes.name(out, notes.last())
    return finished(call, out, keepdim)


class Extreme(tuple):  # type: ignore[type-arg]  # (values, indices), as torch returns them
    """The result of ``max`` and ``min``, of which the values are known."""

    __slots__ = ()

    @property
    def values(self) -> Any:
        """The largest or smallest messages."""
        return tuple.__getitem__(self, 0)

    @property
    def indices(self) -> NoReturn:
        """Which messages they are."""
        raise Impure("it reads which message is the largest")

    def __getitem__(self, index: Any) -> Any:
        return self.values if index == 0 else self.indices

    def __iter__(self) -> Iterator[Any]:
        return iter((self.values, None))


def _extreme(name: str) -> Callable[..., Any]:
    reduce = _by_kernel(name)

    def reduction(call: Any, values: Values, args: Any, kwargs: Any) -> Any:
        return Extreme((reduce(call, values, args, kwargs),))

    return reduction


class _Shared(torch.autograd.Function):
    """The largest messages, with the gradient of the mean of all that equal them."""

    @staticmethod
    def forward(ctx: Any, mean: Tensor, largest: Tensor) -> Tensor:  # noqa: ARG004
        return largest.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # noqa: ARG004
        return grad, None


def _shared_extreme(name: str) -> Callable[..., Any]:
    """``amax`` and ``amin``, whose gradient is shared by equal messages."""
    reduce = _by_kernel(name)

    def reduction(call: Any, values: Values, args: Any, kwargs: Any) -> Any:
        leaves = [leaf for value in values for leaf in leaves_of(value)]
        if not torch.is_grad_enabled() or not any(leaf.data.requires_grad for leaf in leaves):
            return reduce(call, values, args, kwargs)
        keepdim = bool(options(args, kwargs, "keepdim").get("keepdim"))
        _check_numbers(values)
        # A value that is computed again may be rounded in another way, and equal nothing.
        stored = [
            value if isinstance(value, Leaf) else kept_at_edges(edges, value, "it is compared")
            for edges, value in zip(call.relations, values, strict=True)
        ]
        dtype, wide = values[0].dtype, _widened(call, stored)
        fixed = list(map(detached, wide))
        largest = call.selected(call.reduced(fixed, name))
        peaks = [call.at_destinations(edges, largest) for edges in call.relations]
        equal, zeros = _each(call, "eq", fixed, peaks), [0.0] * len(wide)
        ones = _each(call, "where", equal, [1.0] * len(wide), zeros)
        count = call.selected(call.reduced(ones, "sum"))
        total = call.selected(call.reduced(_each(call, "where", equal, wide, zeros), "sum"))
        rows = _Shared.apply((total / count).to(dtype), largest.to(dtype))  # type: ignore[no-untyped-call]
        return _at_nodes(call, rows, keepdim)

    return reduction


def _check_numbers(values: Values) -> None:
    """Check that messages are floating point.

    Raises:
        Impure: they are integers, booleans or complex numbers.
    """
    if not values[0].dtype.is_floating_point:
        raise Impure("it reduces integers")


def _softmax(call: Any, values: Values, args: Any, kwargs: Any) -> Any:
    others = [v for v in args[2:] if v is not None and not isinstance(v, int)]
    if others or kwargs.get("dtype") is not None or not values[0].dtype.is_floating_point:
        raise Impure("it normalizes in another dtype")
    return call.softmax(values)


def _moments(is_root: bool) -> Callable[..., Any]:
    """``var`` and ``std``: the mean first, then the mean of the squared differences from it.

    What the rounding of the mean adds to each difference is in their sum, and is subtracted.
    """

    def reduction(call: Any, values: Values, args: Any, kwargs: Any) -> Any:
        rest = {k: v for k, v in kwargs.items() if k not in ("unbiased", "correction")}
        if len(args) > 2:
            unbiased, args = args[2], (*args[:2], *args[3:])
        else:
            unbiased = kwargs.get("unbiased", True)
        correction = kwargs.get("correction", int(bool(unbiased)))
        keepdim = bool(options(args, rest, "keepdim").get("keepdim"))
        if not isinstance(correction, (int, float)):
            raise Impure("it computes a variance of another kind")
        _check_numbers(values)
        dtype, wide = values[0].dtype, _widened(call, values)
        differences = _less(call, wide, call.selected(call.reduced(wide, "mean")))
        squares = _each(call, "mul", differences, differences)
        total = call.selected(call.reduced(squares, "sum"))
        rest = call.selected(call.reduced(differences, "sum"))
        degrees = call.degrees.to(total.dtype).view(-1, *(1,) * (total.ndim - 1))
        total = (total - rest * rest / degrees).clamp(min=0)
        variance = total / (degrees - correction).clamp(min=0)
        out = (square_root(variance) if is_root else variance).to(dtype)
        return _at_nodes(call, out, keepdim)

    return reduction


def _logsumexp(call: Any, values: Values, args: Any, kwargs: Any) -> Any:
    keepdim = bool(options(args, kwargs, "keepdim").get("keepdim"))
    _check_numbers(values)
    wide = _widened(call, values)
    with torch.no_grad():
        peak = call.selected(call.reduced(wide, "max"))
        peak = torch.where(peak.isfinite(), peak, 0)
    total = call.selected(call.reduced(_each(call, "exp", _less(call, wide, peak)), "sum"))
    rows = (total.log() + peak).to(values[0].dtype)
    return _at_nodes(call, rows, keepdim)


def _widened(call: Any, values: Values) -> list[Value]:
    """Messages in the accumulator's dtype, so that what comes between is not rounded to a half."""
    dtype = accumulator(values[0].dtype)
    return [in_dtype(e, v, dtype) for e, v in zip(call.relations, values, strict=True)]


def _less(call: Any, values: Values, rows: Tensor) -> list[Value]:
    """Messages less a row of the node that each enters."""
    return _each(call, "sub", values, [call.at_destinations(e, rows) for e in call.relations])


def _each(call: Any, op: str, *args: Sequence[Value | float]) -> list[Value]:
    """An operator of the messages of each relation; the first argument has no numbers."""
    dtype = cast(Value, args[0][0]).dtype
    return [elementwise(e, op, each, dtype) for e, *each in zip(call.relations, *args, strict=True)]


REDUCTIONS: dict[Any, Callable[..., Any]] = {
    function: reduction
    for name, reduction in {
        "sum": _by_kernel("sum"),
        "mean": _by_kernel("mean"),
        "amax": _shared_extreme("max"),
        "amin": _shared_extreme("min"),
        "max": _extreme("max"),
        "min": _extreme("min"),
        "prod": _product,
        "softmax": _softmax,
        "var": _moments(is_root=False),
        "std": _moments(is_root=True),
        "logsumexp": _logsumexp,
    }.items()
    for function in named(name)
}
