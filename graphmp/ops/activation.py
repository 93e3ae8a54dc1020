"""Differentiable activations, one with a bias; :mod:`graphmp.nn` checks their inputs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import kernels
from .formulas import Maybe
from .linear import bias_gradient


def activated(x: Tensor, bias: Maybe, kind: str) -> Tensor:
    """Add a bias to rows and apply an activation, in one pass; in eager mode.

    Args:
        x: (n, m), floating point.
        bias: (m,), or None.
        kind: of :data:`~graphmp.kernels.contract.ACTIVATIONS`.

    Returns:
        (n, m), which no gradient reads.

    Example:
        >>> activated(torch.tensor([[-1.0, 2.0]]), torch.tensor([1.0, 1.0]), "elu")
        tensor([[0., 3.]])
    """
    return _Activated.apply(x, bias, kind)  # type: ignore[no-any-return, no-untyped-call]


def rectified_(x: Tensor) -> Tensor:
    """Apply a ReLU in place; in eager mode. Its gradient lies in memory that is reused.

    Args:
        x: of any shape, floating point, which no gradient reads.

    Returns:
        ``x``.

    Example:
        >>> rectified_(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    return _Rectified.apply(x)  # type: ignore[no-any-return, no-untyped-call]


class _Activated(torch.autograd.Function):
    """A bias and an activation; the gradient reads what they are applied to."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Maybe, kind: str) -> Tensor:
        ctx.kind = kind
        ctx.save_for_backward(*(x, bias) if kind else (None, None))
        return kernels.activate(x, bias, kind)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Maybe, Maybe, None]:
        (grad,), (x, bias) = grads, ctx.saved_tensors
        x_needs, bias_needs, _ = ctx.needs_input_grad
        if ctx.kind:
            grad = _gradient(x, bias, grad, ctx.kind)
        return grad if x_needs else None, bias_gradient(grad) if bias_needs else None, None


class _Rectified(torch.autograd.Function):
    """A ReLU in place; the gradient reads the result."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(torch.relu_(x))
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (grad,), (out,) = grads, ctx.saved_tensors
        if torch.is_grad_enabled():
            return torch.where(out <= 0, 0, grad)
        return kernels.dropout_gradient(out, grad, 0.0)


def _gradient(x: Tensor, bias: Maybe, grad: Tensor, kind: str) -> Tensor:
    """The gradient before an activation."""
    if not torch.is_grad_enabled():
        return kernels.activation_gradient(x, bias, grad, kind)
    shifted = x if bias is None else x + bias
    return grad * torch.where(shifted > 0, 1, shifted.clamp(max=0).exp())
