"""Attention written by hand: a softmax over messages and a weighted sum, as one operation.

The weights are not computed until something else than a weighted sum asks for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .._storage.adjacency import Adjacency
from .._storage.gather import gather
from ..ops.attention_op import AttentionCall, attend
from ..ops.edge_softmax import softmax, softmax_jointly
from ..ops.spmm import spmm
from .partials import has_messages
from .recording import notes
from .recording.arguments import named
from .recording.values import Elementwise, Leaf, Value, all_rows, kept_at_edges, text_of
from .reductions import finished, is_over_messages, options
from .standins import Standin


def _all(*names: str) -> set[Any]:
    return {function for name in names for function in named(name)}


_VIEWS = _all("unsqueeze", "squeeze", "view", "reshape", "flatten")
_PRODUCTS = _all("mul", "multiply", "__mul__", "__rmul__")
_QUOTIENTS = _all("div", "divide", "true_divide", "__truediv__")
_DIFFERENCES = _all("sub", "subtract", "__sub__")
_EXPONENTIALS, _SUMS, _MAXIMA = _all("exp"), _all("sum"), _all("max", "amax")
_UNSQUEEZE, _DETACH = _all("unsqueeze"), _all("detach")


def weighted(call: Any, func: Any, args: Any, kwargs: Any) -> Any:
    """A step of attention, or NotImplemented for any other function.

    Args:
        call: the call of the reduce function, of one relation.
        func: the function.
        args: its arguments.
        kwargs: its named arguments.
    """
    if func in _QUOTIENTS and not kwargs:
        logits = _of_quotient(*args)
        return NotImplemented if logits is None else torch.softmax(logits, 1)
    first = args[0] if args else None
    if not isinstance(first, Standin):
        return NotImplemented
    if func in _VIEWS and first.logits is not None:
        viewed = call.of_messages(func, (call.mailbox([first.logits]), *args[1:]), kwargs)
        later = partial(_messages_of, call, func, args, kwargs)
        return call.deferred(viewed, later, logits=viewed.messages[0])
    if func in _PRODUCTS and not kwargs and len(args) == 2:
        return _product(call, func, args)
    if func in _SUMS and first.product is not None and is_over_messages(args, kwargs, first.ndim):
        keepdim = bool(options(args, kwargs, "keepdim").get("keepdim"))
        return finished(call, _sum(call.relations[0], first.product), keepdim)
    return NotImplemented


def deferred_softmax(call: Any, logits: Value) -> Standin:
    """A softmax over messages of one relation, which is computed if its numbers are needed."""
    (edges,) = call.relations
    if _scores(logits) is None:
        logits = kept_at_edges(edges, logits)
    later = partial(softmax_at_edges, [edges], [logits])
    return call.deferred(call.mailbox([logits]), later, logits=logits)  # type: ignore[no-any-return]


def softmax_at_edges(adjacencies: Sequence[Adjacency], values: Sequence[Value]) -> tuple[Leaf, ...]:
    """A softmax over the edges that enter a node, of every relation, stored at the edges.

    Where all logits are minus infinity it is NaN, as torch's is; that of edges elsewhere is 0.
    """
    logits = [kept_at_edges(*pair).data for pair in zip(adjacencies, values, strict=True)]
    if len(logits) == 1:
        weights = [softmax(adjacencies[0], logits[0], "logits")]
    else:
        weights = softmax_jointly(adjacencies, logits)
    if any(bool((z == -torch.inf).any()) for z in logits):
        factors = _nan_where_all_are_masked(adjacencies, logits)
        weights = [w * f for w, f in zip(weights, factors, strict=True)]
    text, num_bytes = "softmax({}) over in-edges, kept at the edges", sum(w.nbytes for w in weights)
    notes.note("kernel", lambda: text.format(text_of(values[0])), num_bytes)
    return tuple(Leaf(w, "e", None, notes.last()) for w in weights)


def _nan_where_all_are_masked(
    adjacencies: Sequence[Adjacency], logits: Sequence[Tensor]
) -> list[Tensor]:
    """1 at the edges of each relation, or NaN where a node has no logit but minus infinity."""
    with torch.no_grad():
        peaks = [
            spmm(a, None, "max", z, None, ("e", "e")).masked_fill(~has_messages(a, z), -torch.inf)
            for a, z in zip(adjacencies, logits, strict=True)
        ]
        peak = torch.stack(peaks).amax(0)
        factor = torch.where(peak == -torch.inf, torch.nan, torch.ones_like(peak))
        return [gather(factor, a.dst) for a in adjacencies]


def _messages_of(call: Any, func: Any, args: Any, kwargs: Any) -> Any:
    return call.of_messages(func, args, kwargs).messages


# ---- a softmax of several steps


def _of_quotient(top: Any, bottom: Any) -> Standin | None:
    """The logits of ``exp(e - e.max(1)) / exp(…).sum(1)``; None for other quotients."""
    difference = _argument(top, _EXPONENTIALS)
    if difference is None or difference.origin is None:
        return None
    func, args, kwargs = difference.origin
    if func not in _DIFFERENCES or kwargs or not _is_of(top, bottom, _SUMS, _UNSQUEEZE):
        return None
    logits, peak = args
    is_peak = isinstance(logits, Standin) and _is_of(logits, peak, _MAXIMA, _UNSQUEEZE | _DETACH)
    return logits if is_peak else None


def _argument(result: Any, functions: set[Any]) -> Standin | None:
    """The only argument of one of some functions that gave messages."""
    if not isinstance(result, Standin) or result.rows is not None or result.origin is None:
        return None
    func, args, kwargs = result.origin
    return args[0] if func in functions and len(args) == 1 and not kwargs else None


def _is_of(messages: Standin, rows: Any, functions: set[Any], views: set[Any]) -> bool:
    """Whether rows are a reduction of messages, or a view of one, that broadcasts with them."""
    if not isinstance(rows, Standin) or rows.rows is None or rows.ndim != messages.ndim:
        return False
    if tuple(rows.rows.shape[1:]) != (1, *messages.shape[2:]):
        return False
    while rows.origin is not None and rows.origin[0] in views:
        rows = rows.origin[1][0]
    return rows.origin is not None and rows.origin[0] in functions and rows.origin[1][0] is messages


# ---- the weighted sum


def _product(call: Any, func: Any, args: Any) -> Any:
    """Weights times features of the sources, or NotImplemented for other products."""
    for weights, features in (args, args[::-1]):
        if not isinstance(weights, Standin) or weights.logits is None:
            continue
        is_mailbox = isinstance(features, Standin) and features.rows is None
        if not is_mailbox or features.logits is not None or features.ndim != weights.ndim:
            continue
        logits, (value,) = weights.logits, features.messages
        if _heads(logits, value) is not None and _is_attention(logits):
            later = partial(_messages_of, call, func, args, {})
            return call.deferred(features, later, product=(logits, value))
    return NotImplemented


def _heads(logits: Value, value: Value) -> tuple[int, int] | None:
    """The number of heads and the size of each; None for what is no attention of the sources."""
    if not isinstance(value, Leaf) or value.end != "u" or value.dtype != logits.dtype:
        return None
    if torch.is_autocast_enabled(value.data.device.type):
        return None
    shape, size = value.shape, math.prod(value.shape)
    if size == 0:
        return None
    if math.prod(logits.shape) == 1:
        return 1, size
    if logits.shape == (*shape[:-1], 1):
        return size // shape[-1], shape[-1]
    return None


def _is_attention(logits: Value) -> bool:
    """Whether attention computes a softmax of logits, and sooner than a softmax and a sum do.

    It leaves out what is minus infinity, also where a node has nothing else. Several heads of
    scores that are stored at the edges take longer.
    """
    scores = _scores(logits)
    if scores is None or not (scores.left or scores.right or math.prod(logits.shape) == 1):
        return False
    leaves = (*scores.left, *scores.right, *scores.edge)
    least = sum(float(leaf.data.detach().amin()) for leaf in leaves)
    return least > -math.inf


def _sum(edges: Adjacency, product: tuple[Value, Leaf]) -> Tensor:
    """The sum of features of the sources, weighted by a softmax: (num_dst, …)."""
    logits, value = product
    heads, size = _heads(logits, value) or (1, 1)
    scores = _scores(logits)
    assert scores is not None  # it is attention
    features = all_rows(edges, value).reshape(-1, heads, size)
    ends = ((scores.left, edges.num_src), (scores.right, edges.num_dst))
    left, right = (_total(edges, leaves, features, rows) for leaves, rows in ends)
    edge = _total(edges, scores.edge, features, edges.num_edges) if scores.edge else None
    call = AttentionCall(edges, "add", heads, scores.negative_slope, 0.0, False)
    out: Tensor = attend(call, features, left, right, edge)
    notes.note("kernel", lambda: f"attention({text_of(logits)}, {text_of(value)})", out.nbytes)
    out = out.reshape(-1, *value.shape)
    notes.name(out, notes.last())
    return out


def _total(edges: Adjacency, leaves: tuple[Leaf, ...], like: Tensor, rows: int) -> Tensor:
    """The sum of leaves of one end, (rows, heads)."""
    total = like.new_zeros(rows, like.shape[1])
    for leaf in leaves:
        total = all_rows(edges, leaf).reshape(-1, like.shape[1]) + total
    return total


class _Scores(NamedTuple):
    """Logits as attention reads them: leaves that are added, and a leaky ReLU.

    Attributes:
        left: leaves of the sources.
        right: leaves of the destinations.
        edge: leaves of the edges.
        negative_slope: of the leaky ReLU; 1 for none.
    """

    left: tuple[Leaf, ...]
    right: tuple[Leaf, ...]
    edge: tuple[Leaf, ...]
    negative_slope: float


def _scores(logits: Value) -> _Scores | None:
    """Logits that are the leaky ReLU of a sum of leaves, or None."""
    total: Any = logits
    negative_slope = 1.0
    if isinstance(logits, Elementwise) and logits.op == "where":
        condition, total, scaled = logits.args
        slope = _slope_of(scaled, total)
        if not _is(condition, "gt", total, 0.0) or slope is None:
            return None
        negative_slope = slope
    leaves = _terms(total)
    if leaves is None or any(leaf.shape != logits.shape for leaf in leaves):
        return None
    left, right, edge = (tuple(x for x in leaves if x.end == end) for end in "uve")
    return _Scores(left, right, edge, negative_slope)


def _is(value: Any, op: str, *args: Any) -> bool:
    """Whether a value is an operator of some arguments."""
    if not isinstance(value, Elementwise) or value.op != op:
        return False
    return all(a is b or a == b for a, b in zip(value.args, args, strict=True))


def _slope_of(scaled: Any, total: Any) -> float | None:
    """The number by which a value is multiplied, or None."""
    if not isinstance(scaled, Elementwise) or scaled.op != "mul" or scaled.args[0] is not total:
        return None
    return scaled.args[1] if isinstance(scaled.args[1], float) else None


def _terms(value: Any) -> list[Leaf] | None:
    """The leaves that a value adds; None if it is no sum of leaves of one of the ends each."""
    if isinstance(value, Leaf):
        return [value] if value.end in ("u", "v", "e") else None
    if not isinstance(value, Elementwise) or value.op != "add":
        return None
    parts = [_terms(arg) for arg in value.args]
    return None if None in parts else [leaf for part in parts for leaf in part or ()]
