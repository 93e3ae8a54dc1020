"""The differentiable attention operation on flat operands; :mod:`.attention` checks them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._C import _are_functorch_transforms_active
from torch.nn.functional import leaky_relu

from .. import kernels, random
from .._storage.adjacency import Adjacency
from ..kernels.contract import Attention, accumulator
from ..kernels.philox import dropout_mask
from .broadcast import autocast_dtype
from .edge_softmax import edge_softmax
from .formulas import Maybe
from .operation import Operation
from .spmm import contract


class AttentionCall(NamedTuple):
    """The edges and constants of a call; see :class:`~graphmp.kernels.contract.Attention`.

    Attributes:
        adjacency: the edges.
        kind: how scores are computed.
        heads: the number of heads.
        negative_slope: of the leaky ReLU below zero.
        dropout: probability that an edge's attention is dropped.
        with_attention: whether to return the attention too.
        is_read_only: whether nothing changes the output in place, so that the gradient reads it
            instead of a copy.
    """

    adjacency: Adjacency
    kind: str
    heads: int
    negative_slope: float
    dropout: float
    with_attention: bool
    is_read_only: bool = False

    def spec(self, tensors: Sequence[Any], seed: Tensor | None) -> Attention:
        """The record of contiguous operands and constants that the kernels read."""
        left, right, value, *others = tensors
        flat = [left, right, value.flatten(1), *others]
        ready = [None if t is None else t.contiguous() for t in flat]
        number = 0 if seed is None else int(seed)
        return Attention(self.kind, self.heads, *ready, self.negative_slope, self.dropout, number)  # type: ignore[call-arg,arg-type]


def attend(
    call: AttentionCall,
    value: Tensor,
    left: Tensor,
    right: Tensor,
    edge: Tensor | None = None,
    weight: Tensor | None = None,
    attn_vector: Tensor | None = None,
    scale: float = 1.0,
) -> Any:
    """Attend, with operands whose shapes and devices are already checked.

    Operands of several dtypes are promoted as torch does. With dropout, a seed is drawn from
    torch's generator; it stays a tensor so that a compiled program draws another at every call.

    Args:
        call: the edges and the constants.
        value: (num_src, *, heads, size), floating point.
        left: (num_src, heads * k).
        right: (num_dst, heads * k).
        edge: (E, heads), added to the scores; None for 0.
        weight: (E, heads), factor of the attention; None for 1.
        attn_vector: (1, heads * k), the vectors of ``"leaky"`` scores; else None.
        scale: factor of ``right``.

    Returns:
        (num_dst, *, heads, size); if ``with_attention`` a pair of that and (E, *, heads).
    """
    left, right, value, *others = _promoted(
        value.dtype, [left, right, value, edge, weight, attn_vector]
    )
    right = right if scale == 1 else right * scale
    seed = random.key_tensor() if call.dropout > 0 else None
    out, attention = _ATTEND(call, left, right, value, *others, seed)
    return (out, attention) if call.with_attention else out


def _promoted(dtype: torch.dtype, operands: list[Any]) -> list[Any]:
    """The operands in one dtype, to which torch promotes ``dtype`` and theirs."""
    for x in operands:
        if x is not None and x.dtype != dtype:
            dtype = torch.promote_types(dtype, x.dtype)
    device = "cpu" if operands[0].is_cpu else operands[0].device.type
    dtype = autocast_dtype(dtype, device) if torch.is_autocast_enabled(device) else dtype
    for position, x in enumerate(operands):
        if x is not None and x.dtype != dtype:
            operands[position] = x.to(dtype)
    return operands


class _Attend(Operation):
    """Attention; the backward pass recomputes scores from two numbers for each row and head."""

    name, record, num_saved = "attention", AttentionCall, 10
    operands = ("left", "right", "values", "edge", "weight", "attn_vector", "seed")
    results, visible = ("out", "attention", "exact", "stats"), 2

    def run(self, call: AttentionCall, trains: bool, *operands: Any) -> tuple[Maybe, ...]:
        """Run the kernel; ``exact`` is the output before rounding, which the gradient reads."""
        *tensors, seed = operands
        spec = call.spec(tensors, seed)
        csc, shape = call.adjacency.csc, operands[2].shape[1:]
        out, rounded, stats, attention = kernels.attention(csc, spec, call.with_attention)
        if trains and rounded is out and not call.is_read_only:
            rounded = out.clone()
        rounded = rounded.view(out.shape[0], *shape)
        if attention is not None:
            attention = attention.view(len(attention), *shape[:-1])
        return (rounded, attention, out, stats) if trains else (rounded, attention, None, None)

    def fake(self, call: AttentionCall, trains: bool, *operands: Any) -> tuple[Maybe, ...]:
        """Empty results."""
        value, edges = operands[2], call.adjacency
        wide = accumulator(value.dtype)
        shape, attention = tuple(value.shape[1:]), None
        out = value.new_empty(edges.num_dst, *shape)
        if call.with_attention:
            attention = value.new_empty(edges.num_edges, *shape[:-1])
        if not trains:
            return out, attention, None, None
        exact = out.new_empty((edges.num_dst, math.prod(shape)), dtype=wide)
        return out, attention, exact, out.new_empty((out.shape[0], 2 * call.heads), dtype=wide)

    def saved_tensors(
        self, call: AttentionCall, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The operands, the exact output, the statistics of rows, and the attention if returned.

        Of the attention a copy, which the caller does not change.
        """
        _, attention, exact, stats = results
        own = _flat(attention).clone() if call.with_attention else None
        return *operands, exact, stats, own

    def gradients(
        self, call: AttentionCall, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """By kernels; by other operations if they must be differentiable themselves."""
        (left, right, value, *others), (seed, *results) = saved[:6], saved[6:]
        tensors = (left, right, _flat(value), *others)
        grads = (
            _flat(grads[0]),
            _flat(grads[1]) if call.with_attention else None,
        )
        if torch.is_grad_enabled():
            gradients = _composed_gradients(call, tensors, seed, grads, needs[:6])
        else:
            gradients = _gradients(call, tensors, seed, results, grads)
        dtype = value.dtype
        each = [
            g.to(dtype) if n and g is not None else None
            for g, n in zip(gradients, needs, strict=False)
        ]
        each[2] = None if each[2] is None else each[2].view(value.shape)
        return *each, None


def _gradients(
    call: AttentionCall, tensors: Any, seed: Maybe, results: Any, grads: Any
) -> tuple[Maybe, ...]:
    """The gradients of all operands, by kernels, some in the accumulator's dtype."""
    (out, stats, attention), (grad, attention_grad), adjacency = results, grads, call.adjacency
    spec = call.spec(tensors, seed)
    grad = spec.value.new_zeros(out.shape) if grad is None else grad
    grad = grad.contiguous()
    delta = kernels.row_dots(out, grad, call.heads)
    if attention_grad is not None:
        shape, edges = (call.heads,), ("e", "e")
        delta = delta + contract(adjacency, "v", "mul", attention, attention_grad, edges, shape)
    stats = torch.cat([stats, delta], 1)
    value, left, scores, weight = kernels.attention_gradient(
        adjacency.csr, spec, stats, grad, attention_grad
    )
    right = kernels.score_gradient(adjacency.csc, spec, scores)
    attn_vector = None
    if spec.attn_vector is not None:
        attn_vector = _column_sums(left * spec.left) + _column_sums(right * spec.right)
        left, right = left.mul_(spec.attn_vector), right.mul_(spec.attn_vector)
    return left, right, value, scores, weight, attn_vector


def _composed_gradients(
    call: AttentionCall, tensors: Any, seed: Maybe, grads: Any, needs: Any
) -> tuple[Maybe, ...]:
    """The gradients of the operands that need one, differentiable themselves."""
    inputs = [t for t, n in zip(tensors, needs, strict=True) if n]
    upstream = tuple(g for g in grads if g is not None)

    def results(*varied: Tensor) -> tuple[Tensor, ...]:
        values = iter(varied)
        operands = [next(values) if n else t for t, n in zip(tensors, needs, strict=True)]
        outputs = _composed(call, seed, *operands)
        return tuple(out for out, g in zip(outputs, grads, strict=True) if g is not None)

    if _are_functorch_transforms_active():  # autograd does not know batched gradients
        gradients = iter(torch.func.vjp(results, *inputs)[1](upstream))
    else:
        outputs = results(*inputs)
        gradients = iter(
            torch.autograd.grad(outputs, inputs, upstream, create_graph=True, allow_unused=True)
        )
    return tuple(next(gradients) if n else None for n in needs)


def _composed(
    call: AttentionCall,
    seed: Maybe,
    left: Tensor,
    right: Tensor,
    value: Tensor,
    edge: Tensor | None,
    weight: Tensor | None,
    attn_vector: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Output and attention by operations that have derivatives of every order."""
    adjacency, heads, ends = call.adjacency, call.heads, ("u", "v")
    left, right, value = (_by_head(t, heads) for t in (left, right, value))
    if call.kind == "dot":
        scores = contract(adjacency, "e", "mul", left, right, ends, (heads, 1))
    else:
        scores = contract(adjacency, "e", "add", left, right, ends, tuple(left.shape[1:]))
    if attn_vector is not None:
        products = leaky_relu(scores, call.negative_slope) * _by_head(attn_vector, heads)
        scores = products.sum(-1, keepdim=True)
    if edge is not None:
        scores = scores + edge.unsqueeze(-1)
    if call.kind == "add":
        scores = leaky_relu(scores, call.negative_slope)
    attention = edge_softmax(adjacency, scores)
    if seed is not None:
        eids = torch.arange(adjacency.num_edges, device=value.device)
        dtype = accumulator(value.dtype)
        mask = dropout_mask(int(seed), eids, heads, call.dropout, dtype)
        attention = attention * mask.to(value.dtype).unsqueeze(-1)
    if weight is not None:
        attention = attention * weight.unsqueeze(-1)
    shape = tuple(value.shape[1:])
    out = contract(adjacency, "v", "mul", value, attention, ("u", "e"), shape)
    return out.flatten(1), attention.squeeze(-1)


def _flat(rows: Any) -> Any:
    """(rows, *, heads, …) with one feature dimension; None stays None."""
    return None if rows is None else rows.reshape(rows.shape[0], math.prod(rows.shape[1:]))


def _column_sums(tensor: Tensor) -> Tensor:
    """(1, columns), the same for every number of threads: torch splits the sum of one column."""
    if tensor.is_cpu and tensor.shape[1] == 1 and len(tensor):
        return tensor.cumsum(0)[-1:]
    return tensor.sum(0, True)


def _by_head(tensor: Tensor, heads: int) -> Tensor:
    """(rows, heads * size) as (rows, heads, size)."""
    return tensor.view(len(tensor), heads, tensor.shape[1] // max(heads, 1))


_ATTEND = _Attend()
