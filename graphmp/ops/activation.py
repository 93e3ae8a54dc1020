"""The differentiable sum of rows and a bias, and an activation; :mod:`graphmp.nn` checks it."""

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


def _gradient(x: Tensor, bias: Maybe, grad: Tensor, kind: str) -> Tensor:
    """The gradient before an activation."""
    if not torch.is_grad_enabled():
        return kernels.activation_gradient(x, bias, grad, kind)
    shifted = x if bias is None else x + bias
    return grad * torch.where(shifted > 0, 1, shifted.clamp(max=0).exp())
