"""The oracle: message passing as loops over edges and nodes, in plain torch, autograd included.

Slow and obvious on purpose. Nothing of the library is used here. Operands are (rows, *feature)
tensors; ``src`` and ``dst`` are lists of node ids in edge id order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Ids = Sequence[int]


def _dot(lhs: Tensor, rhs: Tensor) -> Tensor:
    """Row by row; a feature without dimensions is one number."""
    return (lhs * rhs).sum(-1, keepdim=True) if lhs.ndim > 1 else lhs * rhs


OPERATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda lhs, rhs: lhs + rhs,
    "sub": lambda lhs, rhs: lhs - rhs,
    "mul": lambda lhs, rhs: lhs * rhs,
    "div": lambda lhs, rhs: lhs / rhs,
    "dot": _dot,
}


def _first(inbox: Tensor, beats: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The message that no other beats, the first among equals; NaN beats every number."""
    best = inbox[0]
    for message in inbox[1:]:
        wins = beats(message, best) | (message.isnan() & ~best.isnan())
        best = torch.where(wins, message, best)
    return best


def _variance(inbox: Tensor) -> Tensor:
    return ((inbox - inbox.mean(0)) ** 2).mean(0)


def _deviation(inbox: Tensor) -> Tensor:
    """The root of the variance; constant, hence without gradient, where the variance is 0."""
    variance = _variance(inbox)
    spread = variance > 0
    return torch.where(spread, torch.where(spread, variance, 1.0).sqrt(), 0.0)


def _product(inbox: Tensor) -> Tensor:
    product = inbox[0]
    for message in inbox[1:]:
        product = product * message
    return product


def _logsumexp(inbox: Tensor) -> Tensor:
    shift = inbox.detach().amax(0)
    return (inbox - shift).exp().sum(0).log() + shift


REDUCERS: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda inbox: inbox.sum(0),
    "mean": lambda inbox: inbox.sum(0) / len(inbox),
    "max": lambda inbox: _first(inbox, torch.gt),
    "min": lambda inbox: _first(inbox, torch.lt),
    "prod": _product,
    "var": _variance,
    "std": _deviation,
    "logsumexp": _logsumexp,
}


def binary(op: str, lhs: Tensor, rhs: Tensor) -> Tensor:
    """``lhs op rhs`` of equally many rows, whose features meet right-aligned."""
    rank = max(lhs.ndim, rhs.ndim)
    left, right = (x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:]) for x in (lhs, rhs))
    return OPERATORS[op](left, right)


def messages(name: str, src: Ids, dst: Ids, *operands: Tensor) -> Tensor:
    """What the message ``name`` (``"copy_u"``, ``"u_mul_e"``, …) sends: (E, *feature)."""
    ends = {"u": src, "v": dst, "e": range(len(src))}
    if name.startswith("copy_"):
        return _rows(operands[0], ends[name[-1]])
    left, op, right = name.split("_")
    return binary(op, _rows(operands[0], ends[left]), _rows(operands[1], ends[right]))


def reduce(name: str, inbox: Tensor, dst: Ids, num_dst: int) -> Tensor:
    """(num_dst, *feature): messages (E, *feature) reduced where they meet, 0 where none does."""
    nothing = inbox[:0].sum(0).to(inbox.dtype)
    rows = [
        REDUCERS[name](inbox[edges]) if edges else nothing for edges in _edges_into(dst, num_dst)
    ]
    return torch.stack(rows) if rows else inbox[:0]


def update_all(
    message: str, reducer: str, src: Ids, dst: Ids, num_dst: int, *operands: Tensor
) -> Tensor:
    """``reduce`` of ``messages``."""
    return reduce(reducer, messages(message, src, dst, *operands), dst, num_dst)


def winners(name: str, inbox: Tensor, dst: Ids, num_dst: int) -> Tensor:
    """The edge that gives each maximum or minimum, the first among equals; -1 without edges."""
    flat = inbox.reshape(len(inbox), inbox.shape[1:].numel())
    won = torch.full((num_dst, flat.shape[1]), -1)
    for node, edges in enumerate(_edges_into(dst, num_dst)):
        if edges:
            best = REDUCERS[name](flat[edges])
            same = (flat[edges] == best) | (flat[edges].isnan() & best.isnan())
            won[node] = torch.tensor(edges)[same.int().argmax(0)]
    return won


def edge_softmax(logits: Tensor, dst: Ids, num_dst: int) -> Tensor:
    """(E, *feature): ``exp(logit)`` over the sum of it at the edges that enter the same node."""
    rows: dict[int, Tensor] = {}
    for edges in _edges_into(dst, num_dst):
        if edges:
            peak = logits[edges].detach().amax(0)
            weights = (logits[edges] - peak.masked_fill(peak == -torch.inf, 0)).exp()
            total = weights.sum(0)
            rows.update(zip(edges, weights / total.masked_fill(total == 0, 1), strict=True))
    return torch.stack([rows[edge] for edge in range(len(dst))]) if rows else logits * 1


def scores(
    kind: str,
    src: Ids,
    dst: Ids,
    left: Tensor,
    right: Tensor,
    edge: Tensor | None = None,
    slant: Tensor | None = None,
    slope: float = 0.0,
) -> Tensor:
    """(E, heads): what attention's softmax is taken of.

    Args:
        kind: ``"add"``, ``"dot"`` or ``"leaky"``.
        src: the source of each edge.
        dst: the destination of each edge.
        left: (num_src, heads, k); k is 1 for ``"add"``.
        right: (num_dst, heads, k).
        edge: (E, heads), added.
        slant: (heads, k), the vector of ``"leaky"``.
        slope: of the leaky ReLU below zero.
    """

    def leaky(x: Tensor) -> Tensor:
        return torch.where(x > 0, x, slope * x)

    lhs, rhs = _rows(left, src), _rows(right, dst)
    term = 0.0 if edge is None else edge
    if kind == "add":
        return leaky((lhs + rhs).sum(-1) + term)
    if kind == "dot":
        return (lhs * rhs).sum(-1) + term
    assert slant is not None  # what the kind needs
    return (slant * leaky(lhs + rhs)).sum(-1) + term


def attend(
    logits: Tensor,
    value: Tensor,
    src: Ids,
    dst: Ids,
    num_dst: int,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """(num_dst, heads, size) and (E, heads): sums of ``value``, and the attention that weighs them.

    Args:
        logits: (E, heads), the scores.
        value: (num_src, heads, size).
        src: the source of each edge.
        dst: the destination of each edge.
        num_dst: the number of destinations.
        weight: (E, heads), a factor of the softmax.
        mask: (E, heads), the factors of dropout.
    """
    attention = edge_softmax(logits, dst, num_dst)
    for factor in (weight, mask):
        attention = attention if factor is None else attention * factor
    inbox = attention.unsqueeze(-1) * _rows(value, src)
    return reduce("sum", inbox, dst, num_dst), attention


def _rows(operand: Tensor, ids: Ids) -> Tensor:
    rows = [operand[i] for i in ids]
    return torch.stack(rows) if rows else operand[:0]


def _edges_into(dst: Ids, num_dst: int) -> list[list[int]]:
    """For each node the edges that enter it, ascending."""
    found: list[list[int]] = [[] for _ in range(num_dst)]
    for edge, node in enumerate(dst):
        found[node].append(edge)
    return found
