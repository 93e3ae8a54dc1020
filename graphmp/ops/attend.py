"""Attention on flat operands, differentiable; :mod:`.attention` checks and documents it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from .. import kernels
from ..adjacency import Adjacency
from ..kernels.contract import Attention, accumulator
from ..kernels.philox import dropout_mask
from .edge_softmax import edge_softmax
from .spmm import contract


class Call(NamedTuple):
    """What is not a tensor; see :class:`~graphmp.kernels.contract.Attention`."""

    kind: str
    heads: int
    slope: float
    dropout: float
    seed: int

    def given(self, tensors: tuple[Tensor | None, ...]) -> Attention:
        """What the kernels take."""
        ready = [None if t is None else t.contiguous() for t in tensors]
        return Attention(self.kind, self.heads, *ready, self.slope, self.dropout, self.seed)  # type: ignore[call-arg,arg-type]


def attend(
    adjacency: Adjacency,
    call: Call,
    value: Tensor,
    flat: dict[str, Any],
    wanted: bool,
) -> Any:
    """Attend.

    Args:
        adjacency: the edges.
        call: what is not a tensor.
        value: (num_src, *, heads, size).
        flat: ``left``, ``right``, ``edge``, ``weight`` and ``slant``, (rows, heads * k) each, of
            one dtype with ``value``; the last three may be None.
        wanted: give the attention too.

    Returns:
        (num_dst, *, heads, size); if ``wanted`` a pair of that and (E, *, heads).
    """
    shape = tuple(value.shape[1:])
    values = value.reshape(len(value), math.prod(shape))
    tensors = (flat["left"], flat["right"], values, flat["edge"], flat["weight"], flat["slant"])
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        out, attention = _Attend.apply(adjacency, call, wanted, *tensors)  # type: ignore[no-untyped-call]
    else:
        out, _, attention = kernels.attention(adjacency.csc, call.given(tensors), wanted)
    out = out.to(value.dtype).view(adjacency.num_dst, *shape)
    return (out, attention.view(adjacency.num_edges, *shape[:-1])) if wanted else out


class _Attend(torch.autograd.Function):
    """Attention; the backward pass makes scores anew from one peak and total for each row."""

    @staticmethod
    def forward(ctx: Any, adjacency: Adjacency, call: Call, wanted: bool, *tensors: Any) -> Any:
        given = call.given(tensors)
        out, stats, attention = kernels.attention(adjacency.csc, given, wanted)
        ctx.adjacency, ctx.call = adjacency, call
        ctx.save_for_backward(*tensors, out, stats, attention)
        ctx.set_materialize_grads(False)
        return out.to(given.value.dtype), attention

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        *tensors, out, stats, attention = ctx.saved_tensors
        wanted = ctx.needs_input_grad[3:]
        if torch.is_grad_enabled():
            found = _composed_gradients(ctx.adjacency, ctx.call, tensors, grads, wanted)
        else:
            made = (out, stats, attention)
            found = _gradients(ctx.adjacency, ctx.call, tensors, made, grads)
        return None, None, None, *(g if w else None for g, w in zip(found, wanted, strict=True))


def _gradients(
    adjacency: Adjacency, call: Call, tensors: Any, made: Any, grads: Any
) -> tuple[Tensor | None, ...]:
    """The gradients of all operands, by kernels."""
    (out, stats, attention), (grad, attention_grad) = made, grads
    given = call.given(tensors)
    grad = given.value.new_zeros(out.shape) if grad is None else grad
    grad = grad.contiguous()
    delta = _by_head(out * grad, call.heads).sum(-1)
    if attention_grad is not None:
        shape, edges = (call.heads,), ("e", "e")
        delta = delta + contract(adjacency, "v", "mul", attention, attention_grad, edges, shape)
    stats = torch.cat([stats, delta], 1)
    value, left, scores, weight = kernels.attention_gradient(
        adjacency.csr, given, stats, grad, attention_grad
    )
    right = kernels.score_gradient(adjacency.csc, given, scores)
    slant = None
    if given.slant is not None:
        slant = _column_sums(left * given.left) + _column_sums(right * given.right)
        left, right = left.mul_(given.slant), right.mul_(given.slant)
    parts = (left, right, value, scores, weight, slant)
    return tuple(None if part is None else part.to(grad.dtype) for part in parts)


def _composed_gradients(
    adjacency: Adjacency, call: Call, tensors: Any, grads: Any, wanted: Any
) -> tuple[Tensor | None, ...]:
    """The gradients of the operands that want one, differentiable themselves."""
    results = _composed(adjacency, call, *tensors)
    pairs = [(r, g) for r, g in zip(results, grads, strict=True) if g is not None]
    inputs = [t for t, w in zip(tensors, wanted, strict=True) if w]
    outputs, upstream = [r for r, _ in pairs], [g for _, g in pairs]
    made = iter(
        torch.autograd.grad(outputs, inputs, upstream, create_graph=True, allow_unused=True)
    )
    return tuple(next(made) if w else None for w in wanted)


def _composed(
    adjacency: Adjacency,
    call: Call,
    left: Tensor,
    right: Tensor,
    value: Tensor,
    edge: Tensor | None,
    weight: Tensor | None,
    slant: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Output and attention by operations that have derivatives of every order."""
    heads, ends = call.heads, ("u", "v")
    left, right, value = (_by_head(t, heads) for t in (left, right, value))
    if call.kind == "dot":
        scores = contract(adjacency, "e", "mul", left, right, ends, (heads, 1))
    else:
        scores = contract(adjacency, "e", "add", left, right, ends, tuple(left.shape[1:]))
    if slant is not None:
        bent = leaky_relu(scores, call.slope) * _by_head(slant, heads)
        scores = bent.sum(-1, keepdim=True)
    if edge is not None:
        scores = scores + edge.unsqueeze(-1)
    if call.kind == "add":
        scores = leaky_relu(scores, call.slope)
    attention = edge_softmax(adjacency, scores)
    if call.dropout > 0:
        eids = torch.arange(adjacency.num_edges, device=value.device)
        dtype = accumulator(value.dtype)
        mask = dropout_mask(call.seed, eids, heads, call.dropout, dtype)
        attention = attention * mask.to(value.dtype).unsqueeze(-1)
    if weight is not None:
        attention = attention * weight.unsqueeze(-1)
    shape = tuple(value.shape[1:])
    out = contract(adjacency, "v", "mul", value, attention, ("u", "e"), shape)
    return out.flatten(1), attention.squeeze(-1)


def _column_sums(tensor: Tensor) -> Tensor:
    """(1, columns), the same for every number of threads: torch splits the sum of one column."""
    return tensor.cumsum(0)[-1:] if tensor.shape[1] == 1 and len(tensor) else tensor.sum(0, True)


def _by_head(tensor: Tensor, heads: int) -> Tensor:
    """(rows, heads * size) as (rows, heads, size)."""
    return tensor.view(len(tensor), heads, tensor.shape[1] // max(heads, 1))
