"""Reductions of messages, recorded: each is one or a few reductions of a value at edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import torch
from torch import Tensor

from ..function.operators import square_root
from ..ops.edge_softmax import softmax
from .recording import notes
from .recording.arguments import named
from .recording.lazy import LazyTensor
from .recording.purity import Impure
from .recording.values import Leaf, Value, elementwise, reduced, text_of
from .standins import Size, Standin


def is_over_messages(args: Any, kwargs: Any, rank: int) -> bool:
    """Whether a reduction is over dimension 1 alone."""
    name = "dim" if "dim" in kwargs else "axis"
    dim = kwargs.get(name, args[1] if len(args) > 1 else None)
    dim = dim[0] if isinstance(dim, (tuple, list)) and len(dim) == 1 else dim
    return isinstance(dim, int) and not isinstance(dim, (bool, Size)) and dim % rank == 1


def _options(args: Any, kwargs: Any, *allowed: str) -> dict[str, Any]:
    """What a reduction is asked for beside its dimension; only these are known."""
    names = ("keepdim",)
    options = dict(zip(names, args[2:], strict=False))
    options.update({k: v for k, v in kwargs.items() if k not in ("dim", "axis", "input")})
    known = {k: v for k, v in options.items() if k in allowed}
    if any(v is not None for k, v in options.items() if k not in (*allowed, "_stacklevel")):
        raise Impure("it reduces messages with options that are not known")
    return known


def _finished(call: Any, out: Tensor, keepdim: bool) -> Standin:
    rows = call.selected(out)
    return call.at_nodes(rows.unsqueeze(1) if keepdim else rows)  # type: ignore[no-any-return]


def _by_kernel(kernel: str, per_degree: bool = False) -> Callable[..., Any]:
    def reduction(call: Any, value: Value, args: Any, kwargs: Any) -> Any:
        keepdim = bool(_options(args, kwargs, "keepdim").get("keepdim"))
        if not value.dtype.is_floating_point:
            raise Impure("it reduces integers")
        return _finished(call, reduced(call.edges, value, kernel, per_degree), keepdim)

    return reduction


class _Extreme(tuple):  # type: ignore[type-arg]  # (values, indices), as torch returns them
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


def _extreme(kernel: str) -> Callable[..., Any]:
    reduce = _by_kernel(kernel)

    def reduction(call: Any, value: Value, args: Any, kwargs: Any) -> Any:
        return _Extreme((reduce(call, value, args, kwargs),))

    return reduction


def _softmax(call: Any, value: Value, args: Any, kwargs: Any) -> Any:
    options = [v for v in args[2:] if v is not None and not isinstance(v, int)]
    if options or kwargs.get("dtype") is not None or not value.dtype.is_floating_point:
        raise Impure("it normalizes in another dtype")
    text = f"softmax({text_of(value)})" if notes.are_taken() else ""
    logits = LazyTensor.of(call.edges, value).compute()
    weights = softmax(call.edges, logits, "logits")
    notes.note("kernel", lambda: f"{text} over in-edges, kept at the edges", weights.nbytes)
    return call.mailbox(Leaf(weights, "e", None, text))


def _moments(is_root: bool) -> Callable[..., Any]:
    """``var`` and ``std``: the mean first, then the mean of the squared differences from it."""

    def reduction(call: Any, value: Value, args: Any, kwargs: Any) -> Any:
        rest = {k: v for k, v in kwargs.items() if k not in ("unbiased", "correction")}
        if len(args) > 2:
            unbiased, args = args[2], (*args[:2], *args[3:])
        else:
            unbiased = kwargs.get("unbiased", True)
        correction = kwargs.get("correction", int(bool(unbiased)))
        keepdim = bool(_options(args, rest, "keepdim").get("keepdim"))
        if not isinstance(correction, (int, float)) or not value.dtype.is_floating_point:
            raise Impure("it computes a variance of another kind")
        edges, dtype = call.edges, value.dtype
        mean = Leaf(reduced(edges, value, "sum", per_degree=True), "v")
        difference = elementwise(edges, "sub", (value, mean), dtype)
        square = elementwise(edges, "mul", (difference, difference), dtype)
        total = call.selected(reduced(edges, square, "sum"))
        degrees = call.degrees.to(dtype).view(-1, *(1,) * (total.ndim - 1))
        variance = total / (degrees - correction).clamp(min=0)
        out = square_root(variance) if is_root else variance
        return call.at_nodes(out.unsqueeze(1) if keepdim else out)

    return reduction


def _logsumexp(call: Any, value: Value, args: Any, kwargs: Any) -> Any:
    keepdim = bool(_options(args, kwargs, "keepdim").get("keepdim"))
    if not value.dtype.is_floating_point:
        raise Impure("it reduces integers")
    edges, dtype = call.edges, value.dtype
    with torch.no_grad():
        peak = reduced(edges, value, "max")
        peak = torch.where(peak.isfinite(), peak, 0)
    less = elementwise(edges, "sub", (value, Leaf(peak, "v")), dtype)
    total = reduced(edges, elementwise(edges, "exp", (less,), dtype), "sum")
    rows = call.selected(total).log() + call.selected(peak)
    return call.at_nodes(rows.unsqueeze(1) if keepdim else rows)


REDUCTIONS: dict[Any, Callable[..., Any]] = {
    function: reduction
    for name, reduction in {
        "sum": _by_kernel("sum"),
        "mean": _by_kernel("sum", per_degree=True),
        "amax": _by_kernel("max"),
        "amin": _by_kernel("min"),
        "max": _extreme("max"),
        "min": _extreme("min"),
        "softmax": _softmax,
        "var": _moments(is_root=False),
        "std": _moments(is_root=True),
        "logsumexp": _logsumexp,
    }.items()
    for function in named(name)
}
