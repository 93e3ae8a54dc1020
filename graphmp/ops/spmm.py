"""Messages of two operands, reduced at one end of their edges or kept there; differentiable.

One function, :func:`contract`, computes messages and sums them into the sources or the
destinations, or keeps them at the edges. The gradient of each operand is again such a call, into
the operand's own end, so that derivatives of every order run on the same kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._C import _are_functorch_transforms_active
from torch.compiler import is_compiling

from .. import _checks, kernels
from .._storage.adjacency import Adjacency
from ..errors import GraphTypeError
from ..function import BinaryOp
from ..kernels.contract import Operand
from ..kernels.plan import Plan, broadcast_shape, maps_on, plan
from .argmax import gather_at_argmax, scatter_to_argmax
from .broadcast import (
    find_message_shape,
    message_shape,
    on_edges,
    promote,
    unsqueeze_like,
)
from .formulas import Maybe
from .normalized import divided, normalized
from .operation import Operation
from .products import ProductGradient

# Which row of an operand an edge reads, in the edges grouped by either end. Messages kept at edges
# are computed from edges grouped by destination, so that the destination's row stays in the cache.
_ENDS = {"v": {"v": 0, "u": 1, "e": 2}, "u": {"u": 0, "v": 1, "e": 2}}
_FORMULAS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
}


class Contraction(NamedTuple):
    """One call: the edges, the end where messages are summed, and how they are computed.

    Attributes:
        adjacency: the edges.
        to: ``"u"`` or ``"v"`` sums messages into that end, ``"e"`` keeps them.
        op: ``copy`` (of the left operand), ``add``, ``sub``, ``mul`` or ``div``.
        reduce: ``"sum"``; or ``"max"`` or ``"min"``, for ``"v"`` alone.
        lhs: end at which the left operand lies.
        rhs: end at which the right operand lies.
        lhs_shape: feature shape of the left operand.
        rhs_shape: of the right operand, or ``()``.
        out_shape: of the result; dimensions that are 1 here alone are summed.
        per_degree: whether a sum is divided by the number of messages.
    """

    adjacency: Adjacency
    to: str
    op: str
    reduce: str
    lhs: str
    rhs: str
    lhs_shape: tuple[int, ...]
    rhs_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    per_degree: bool


def spmm(
    adjacency: Adjacency,
    op: BinaryOp | None,
    reduce: str,
    lhs: Tensor,
    rhs: Tensor | None,
    targets: tuple[str, str],
    per_degree: bool = False,
) -> Tensor:
    """Compute a message on every edge and reduce it at the edge's destination.

    Args:
        adjacency: the edges.
        op: row of the operator; None copies ``lhs``.
        reduce: ``"sum"``, ``"max"`` or ``"min"``.
        lhs: (rows, *feature) of the end ``targets[0]``.
        rhs: (rows, *feature) of the end ``targets[1]``, or None for a copy.
        targets: ``"u"``, ``"v"`` or ``"e"`` for each operand.
        per_degree: divide a sum by the number of messages.

    Returns:
        (num_dst, *feature), 0 where no edge enters. Booleans are counted by a sum; integers keep
        their dtype in a sum and become the default float dtype in a mean.
    """
    lhs, rhs, shapes = _message(op, lhs, rhs)
    if (op is not None and op.kernel is None) or lhs.dtype == torch.bool:
        lhs = lhs if op is None and targets[0] == "e" else sddmm(adjacency, op, lhs, rhs, targets)
        lhs = lhs.long() if lhs.dtype == torch.bool and reduce == "sum" else lhs
        targets, op = ("e", "e"), None
        lhs, rhs, shapes = _message(op, lhs, None)
    if per_degree and not (lhs.dtype.is_floating_point or lhs.dtype.is_complex):
        # In float64 no sum of integers wraps before it is divided.
        wide = None if rhs is None else rhs.double()
        mean = spmm(adjacency, op, reduce, lhs.double(), wide, targets, per_degree)
        return mean.to(torch.get_default_dtype())
    kernel = "copy" if op is None else op.kernel
    assert kernel is not None  # other operators were computed above
    call = (adjacency, "v", kernel, reduce, *targets, *shapes, per_degree)
    if reduce == "sum":
        return _sum(call, lhs, rhs)
    if lhs.dtype.is_complex:
        raise GraphTypeError(
            f"{reduce}: expected real numbers, got {lhs.dtype}; reduce their abs() or parts."
        )
    return _EXTREME(Contraction(*call), lhs, rhs)  # type: ignore[no-any-return]


def sddmm(
    adjacency: Adjacency,
    op: BinaryOp | None,
    lhs: Tensor,
    rhs: Tensor | None,
    targets: tuple[str, str],
) -> Tensor:
    """Compute a message on every edge and keep it there.

    Args:
        adjacency: the edges.
        op: row of the operator; None copies ``lhs``.
        lhs: (rows, *feature) of the end ``targets[0]``.
        rhs: (rows, *feature) of the end ``targets[1]``, or None for a copy.
        targets: ``"u"``, ``"v"`` or ``"e"`` for each operand.

    Returns:
        (E, *feature), in edge id order; memory of its own.
    """
    lhs, rhs, (_, _, out_shape) = _message(op, lhs, rhs)
    if op is None and targets[0] == "e":
        return lhs.clone()
    if op is not None and rhs is not None and (op.kernel is None or lhs.dtype == torch.bool):
        is_scalar_dot = op.contracts and lhs.ndim == rhs.ndim == 1  # a last dimension of 1 is added
        rank = 1 if is_scalar_dot else max(lhs.ndim, rhs.ndim) - 1
        ends = {"u": adjacency.src, "v": adjacency.dst, "e": None}
        left = on_edges(lhs, ends[targets[0]], rank)
        messages = op.formula(left, on_edges(rhs, ends[targets[1]], rank))
        owner = "messages that its formula returns"
        _checks.feature(messages, adjacency.num_edges, adjacency.device, op.name, owner)
        return messages.flatten() if is_scalar_dot else messages
    kernel = "copy" if op is None or op.kernel is None else op.kernel
    return contract(adjacency, "e", kernel, lhs, rhs, targets, out_shape)


def contract(
    adjacency: Adjacency,
    to: str,
    op: str,
    lhs: Tensor,
    rhs: Tensor | None,
    targets: tuple[str, str],
    out_shape: tuple[int, ...],
    per_degree: bool = False,
) -> Tensor:
    """Compute messages by a kernel and sum them at one end.

    Args:
        adjacency: the edges.
        to: ``"u"`` or ``"v"`` sums messages into that end, ``"e"`` keeps them.
        op: ``copy`` (of ``lhs``), ``add``, ``sub``, ``mul`` or ``div``.
        lhs: (rows, *feature).
        rhs: (rows, *feature) of the same dtype, or None for a copy.
        targets: the ends at which the operands lie.
        out_shape: feature shape of the result; broadcast dimensions that are 1 here are summed.
        per_degree: divide a sum by the number of messages.

    Returns:
        (rows of ``to``, *out_shape).
    """
    if op == "copy" and to == "e":
        lhs = _narrowed(lhs, out_shape)
        if targets[0] == "e" and lhs.shape[1:] == out_shape:
            return lhs
    left, right = tuple(lhs.shape[1:]), () if rhs is None else tuple(rhs.shape[1:])
    if rhs is not None and to == targets[0] == targets[1] == "e" and op in _FORMULAS:
        full = broadcast_shape(left, right, out_shape)
        if full == out_shape:  # all is at the edges already
            rank = len(full)
            return _FORMULAS[op](on_edges(lhs, None, rank), on_edges(rhs, None, rank))
    return _sum((adjacency, to, op, "sum", *targets, left, right, out_shape, per_degree), lhs, rhs)


def _sum(call: tuple[Any, ...], lhs: Tensor, rhs: Tensor | None) -> Tensor:
    """Compute a sum, described by the fields of a :class:`Contraction`."""
    if is_compiling() or _are_functorch_transforms_active():
        return _SUM(Contraction(*call), lhs, rhs)  # type: ignore[no-any-return]
    if torch.is_grad_enabled() and (lhs.requires_grad or (rhs is not None and rhs.requires_grad)):
        return _SUM.recorded(Contraction(*call), lhs, rhs)  # type: ignore[no-any-return]
    if call[1] == "e":
        return _keep(Contraction(*call), lhs, rhs)
    return _reduce(call, lhs, rhs)[0]  # the same, without the detour


def _narrowed(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sum features to ``shape`` if that is narrower: a gather would repeat them first."""
    full = tuple(tensor.shape[1:])
    padded = (1,) * (len(full) - len(shape)) + shape
    if len(padded) > len(full) or any(p not in (1, f) for p, f in zip(padded, full, strict=True)):
        return tensor
    return tensor.sum_to_size(tensor.shape[0], *padded).view(tensor.shape[0], *shape)


def _message(
    op: BinaryOp | None, lhs: Tensor, rhs: Tensor | None
) -> tuple[Tensor, Tensor | None, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """Both operands in one dtype, and the feature shapes of both and of the message."""
    left = tuple(lhs.shape[1:])
    if op is None or rhs is None:
        return lhs, None, (left, (), left)
    right = tuple(rhs.shape[1:])
    if lhs.dtype != rhs.dtype or not lhs.dtype.is_floating_point:
        lhs, rhs = promote(op, lhs, rhs)
    find = find_message_shape if is_compiling() else message_shape
    return lhs, rhs, (left, right, find(op.name, op.contracts, left, right))


def _reduce(
    call: tuple[Any, ...], lhs: Tensor, rhs: Tensor | None, wants_arg: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Run the kernel that reduces into one end."""
    adjacency, to, op, reduce, left_end, right_end, *shapes, per_degree = call
    ends = _ENDS[to]
    return kernels.spmm(
        adjacency.csc if to == "v" else adjacency.csr,
        op,
        reduce,
        per_degree,
        Operand(lhs, ends[left_end]),
        None if rhs is None else Operand(rhs, ends[right_end]),
        plan(*shapes),
        wants_arg,
    )


def _keep(call: Contraction, lhs: Tensor, rhs: Tensor | None) -> Tensor:
    """Run the kernel that keeps messages at the edges."""
    if rhs is None and lhs.shape[1:] == call.out_shape:
        ids = call.adjacency.src if call.lhs == "u" else call.adjacency.dst
        return kernels.take(lhs.detach(), ids)
    right = None if rhs is None else Operand(rhs, _ENDS["v"][call.rhs])
    left = Operand(lhs, _ENDS["v"][call.lhs])
    features = plan(call.lhs_shape, call.rhs_shape, call.out_shape)
    return kernels.sddmm(call.adjacency.csc, call.op, left, right, features)


def _degrees(adjacency: Adjacency, end: str) -> Tensor:
    return adjacency.in_degrees if end == "v" else adjacency.out_degrees


class _Sum(Operation):
    """A contraction, whose gradients are contractions; saves only what they read."""

    name, record, operands, num_saved = "sum", Contraction, ("lhs_data", "rhs_data"), 2

    def run(
        self, call: Contraction, trains: bool, lhs: Tensor, rhs: Tensor | None
    ) -> tuple[Tensor]:
        """Run the kernel of a contraction."""
        return (_keep(call, lhs, rhs) if call.to == "e" else _reduce(call, lhs, rhs)[0],)

    def fake(
        self, call: Contraction, trains: bool, lhs: Tensor, rhs: Tensor | None
    ) -> tuple[Tensor]:
        """An empty result."""
        return (_like_result(call, lhs),)

    def needs_csr(self, call: Contraction) -> bool:
        """Whether messages go to the sources."""
        return call.to == "u"

    def saved_tensors(
        self, call: Contraction, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The operands that the gradients read."""
        return _factors(call.op, needs, operands)

    def gradients(
        self, call: Contraction, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Contractions into the operands' own ends."""
        (grad,), (lhs, rhs) = grads, map(_conjugate, saved)
        if call.per_degree and call.op == "copy" and call.lhs == "u":
            edges = call.adjacency
            divisor = edges.divisors(grad.dtype)
            return normalized(edges.reversed, grad, divisor, None), None
        if call.per_degree:
            grad = divided(grad, _degrees(call.adjacency, call.to).clamp(min=1))
        if call.op == "mul" and all(needs):
            pair: tuple[Tensor, Tensor] | None = _PRODUCTS.of(call, grad, lhs, rhs)
            if pair is not None:
                return pair
        return (
            _left_gradient(call, grad, rhs) if needs[0] else None,
            _right_gradient(call, grad, lhs, rhs) if needs[1] else None,
        )


def _like_result(call: Contraction, lhs: Tensor) -> Tensor:
    edges = call.adjacency
    rows = {"u": edges.num_src, "v": edges.num_dst, "e": edges.num_edges}[call.to]
    return lhs.new_empty(rows, *call.out_shape)


def _factors(op: str, needs: Sequence[bool], operands: Any) -> tuple[Maybe, Maybe]:
    """The operands that the gradients of ``op`` read."""
    (lhs, rhs), (left, right) = operands, needs
    product = op in ("mul", "div")
    keep_rhs = product and (left or op == "div")
    return lhs if product and right else None, rhs if keep_rhs else None


def _conjugate(factor: Maybe) -> Maybe:
    """A factor of a gradient: the conjugate if it is complex."""
    is_complex = factor is not None and factor.is_complex()
    return factor.conj().resolve_conj() if is_complex else factor  # type: ignore[union-attr]


def _left_gradient(call: Contraction, grad: Tensor, rhs: Tensor | None) -> Tensor:
    """``sum of grad * d message / d lhs`` at the end of ``lhs``."""
    op = call.op if call.op in ("mul", "div") else "copy"
    other, targets = (rhs, (call.to, call.rhs)) if op != "copy" else (None, (call.to, call.to))
    return contract(call.adjacency, call.lhs, op, grad, other, targets, call.lhs_shape)


def _right_gradient(
    call: Contraction, grad: Tensor, lhs: Tensor | None, rhs: Tensor | None
) -> Tensor:
    """``sum of grad * d message / d rhs`` at the end of ``rhs``."""
    shape = call.rhs_shape
    if call.op in ("add", "sub"):
        ends = (call.to, call.to)
        total = contract(call.adjacency, call.rhs, "copy", grad, None, ends, shape)
        return -total if call.op == "sub" else total
    targets = (call.to, call.lhs)
    total = contract(call.adjacency, call.rhs, "mul", grad, lhs, targets, shape)
    if call.op == "mul" or rhs is None:
        return total
    if call.rhs != "e":  # where no message divides by r, r may be 0 and the gradient still is
        unused = _degrees(call.adjacency, call.rhs) == 0
        rhs = rhs.masked_fill(unsqueeze_like(unused, rhs), 1)
    return -total / (rhs * rhs)  # d (l / r) / dr = -l / r², and r is the same in the whole sum


class _Extreme(Operation):
    """A maximum or minimum, whose gradient goes to the one edge that gave each value."""

    name, record, operands, num_saved = "extreme", Contraction, ("lhs_data", "rhs_data"), 3
    results = ("out", "arg")

    def run(
        self, call: Contraction, trains: bool, lhs: Tensor, rhs: Tensor | None
    ) -> tuple[Maybe, ...]:
        """Run the kernel; the positions of the values are for the gradient."""
        return _reduce(call, lhs, rhs, trains)

    def fake(
        self, call: Contraction, trains: bool, lhs: Tensor, rhs: Tensor | None
    ) -> tuple[Maybe, ...]:
        """Empty results."""
        out = _like_result(call, lhs)
        size = math.prod(call.out_shape)
        return out, out.new_empty((out.shape[0], size), dtype=torch.int64) if trains else None

    def saved_tensors(
        self, call: Contraction, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The positions, and the operands that the gradients read."""
        return results[1], *_factors(call.op, needs, operands)

    def gradients(
        self, call: Contraction, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """The gradient at the edges that gave the values, summed at the operands' ends."""
        arg, lhs, rhs = saved  # the position of the edge that gave each element, or -1
        edges, csr = call.adjacency, call.adjacency.csc
        # Caches must not keep the tensors of a program that is traced.
        make = Plan if is_compiling() else plan
        features = make(call.lhs_shape, call.rhs_shape, call.out_shape)
        left, right, out = maps_on(features, arg.device)
        grad = grads[0].reshape(arg.shape)
        if features.size != features.out_size:
            arg, grad = arg[:, out], grad[:, out]
        left_grad = right_grad = None
        if needs[0]:
            part = grad
            if rhs is not None:
                factor = gather_at_argmax(csr, call.rhs, rhs, arg, right)
                part = grad / factor if call.op == "div" else grad * factor
            left_grad = scatter_to_argmax(edges, call.lhs, part, arg, left, call.lhs_shape)
        if needs[1]:
            part = -grad if call.op == "sub" else grad
            if lhs is not None:
                part = part * gather_at_argmax(csr, call.lhs, lhs, arg, left)
            if call.op == "div":
                part = -part / gather_at_argmax(csr, call.rhs, rhs, arg, right) ** 2
            right_grad = scatter_to_argmax(edges, call.rhs, part, arg, right, call.rhs_shape)
        return left_grad, right_grad


_SUM, _EXTREME, _PRODUCTS = _Sum(), _Extreme(), ProductGradient(contract)
