"""Linear maps, of several inputs or of one; :mod:`graphmp.nn` checks them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C import _are_functorch_transforms_active
from torch.compiler import is_compiling
from torch.nn.functional import linear

from .. import kernels
from .broadcast import autocast
from .eager import is_eager
from .formulas import Maybe

_MANY = 1 << 20  # elements of a result or of a gradient
_MANY_HALVES = 1 << 16  # of half precision, where each new size costs torch a millisecond
_MATRIX = 2  # dimensions


def sum_of_linear(factors: Iterable[tuple[Tensor, Tensor]], bias: Maybe = None) -> Tensor:
    """Sum ``x @ weight.T`` over pairs, and add a bias.

    It equals one product of all ``x`` side by side, which this saves from being stored: each
    product is added while it is computed, and needs no memory and no pass of its own.

    Args:
        factors: pairs of (N, *, in_feats) and (out_feats, in_feats), at least one.
        bias: (out_feats,), or None.

    Returns:
        (N, *, out_feats), which no gradient reads.

    Example:
        >>> x, weight = torch.tensor([[2.0]]), torch.tensor([[3.0]])
        >>> sum_of_linear([(x, weight), (x, weight)], torch.ones(1))
        tensor([[13.]])
    """
    (x, weight), *rest = factors
    # Compilers fuse the sum, and sizes that are compared would be constants of the program.
    if (
        not (is_compiling() or _are_functorch_transforms_active())
        and x.shape[0] * max(weight.shape) >= _MANY_HALVES
        and x.ndim == _MATRIX
        and _is_large(x, weight)
    ):
        factors = [(x, weight), *rest]
        operands = [bias, *(tensor for pair in factors for tensor in pair)]
        operands = [None if tensor is None else autocast(tensor) for tensor in operands]
        return _Sum.apply(*operands)  # type: ignore[no-any-return, no-untyped-call]
    total = linear(x, weight, bias)
    for x, weight in rest:
        is_matrix = total.ndim == _MATRIX
        total = torch.addmm(total, x, weight.t()) if is_matrix else total + linear(x, weight)
    return total


def linear_maps(x: Tensor, weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Map features by several weights.

    The gradient of the features is one sum, to which each map adds while it is computed.

    Args:
        x: (N, *, in_feats).
        weights: (out_feats, in_feats) each, at least one.

    Returns:
        (N, *, out_feats) for each weight, which no gradient reads.

    Example:
        >>> x, weight = torch.tensor([[2.0]]), torch.tensor([[3.0]])
        >>> once, twice = linear_maps(x, [weight, 2 * weight])
        >>> twice
        tensor([[12.]])
    """
    if x.ndim != _MATRIX or not is_eager():
        return tuple(linear(x, weight) for weight in weights)
    return _Maps.apply(*map(autocast, (x, *weights)))  # type: ignore[no-any-return, no-untyped-call]


def product(x: Tensor, matrix: Tensor, bias: Maybe = None) -> Tensor:
    """Multiply by a matrix, and add a bias.

    It is :func:`sum_of_linear` of one map, without the views that take a third of the time where
    there are few rows.

    Args:
        x: (N, *, in_feats).
        matrix: (in_feats, out_feats).
        bias: (out_feats,), or None.

    Returns:
        (N, *, out_feats), which no gradient reads.

    Example:
        >>> product(torch.tensor([[2.0, 1.0]]), torch.tensor([[3.0], [4.0]]), torch.ones(1))
        tensor([[11.]])
    """
    if (
        x.ndim != _MATRIX
        or is_compiling()
        or _are_functorch_transforms_active()
        or (x.shape[0] * max(matrix.shape) >= _MANY_HALVES and _is_large(x, matrix))
    ):
        return sum_of_linear([(x, matrix.t())], bias)
    return torch.mm(x, matrix) if bias is None else torch.addmm(bias, x, matrix)


class _Sum(torch.autograd.Function):
    """The sum of pairs, one after the other; its gradient reads the bias and the pairs."""

    @staticmethod
    def forward(ctx: Any, bias: Maybe, *factors: Tensor) -> Tensor:
        ctx.save_for_backward(*factors)
        return kernels.linear(_pairs(factors), bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        (grad,) = grads
        bias_needs, *needs = ctx.needs_input_grad
        of_factors: list[Maybe] = []
        for (x, weight), (x_needs, weight_needs) in zip(
            _pairs(ctx.saved_tensors), _pairs(needs), strict=True
        ):
            of_factors.append(sum_of_linear([(grad, weight.t())]) if x_needs else None)
            of_factors.append(_weight_gradient(x, grad) if weight_needs else None)
        return (bias_gradient(grad) if bias_needs else None, *of_factors)


class _Maps(torch.autograd.Function):
    """Several maps of one input; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, *weights)
        return tuple(kernels.linear([(x, weight)], None) for weight in weights)

    @staticmethod
    def backward(ctx: Any, *grads: Maybe) -> Any:
        (x, *weights), (x_needs, *needs) = ctx.saved_tensors, ctx.needs_input_grad
        factors: list[tuple[Tensor, Tensor]] = []
        of_weights: list[Maybe] = []
        for grad, weight, need in zip(grads, weights, needs, strict=True):
            if grad is not None:
                factors.append((grad, weight.t()))
            is_zero = grad is None or not need
            of_weights.append(None if is_zero else _weight_gradient(x, grad))  # type: ignore[arg-type]
        return (sum_of_linear(factors) if x_needs and factors else None, *of_weights)


def bias_gradient(grad: Tensor) -> Tensor:
    """The sum of the rows of a gradient, (N, out_feats)."""
    return kernels.column_sums(grad) if is_eager() and not torch.is_grad_enabled() else grad.sum(0)


def _weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """The gradient of a weight, (out_feats, in_feats)."""
    if is_eager() and not torch.is_grad_enabled():
        return kernels.weight_gradient(x, grad)
    return grad.t() @ x


def _is_large(x: Tensor, weight: Tensor) -> bool:
    """Whether a product of at least ``_MANY_HALVES`` elements is worth a kernel's call."""
    if x.shape[0] * max(weight.shape) >= _MANY:
        return True
    return x.is_cpu and (x.dtype.itemsize == 2 or torch.is_autocast_enabled("cpu"))


def _pairs(items: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(items[::2], items[1::2], strict=True))
