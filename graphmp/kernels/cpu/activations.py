"""Biases and activations in one pass, on the CPU."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..contract import ACTIVATIONS
from . import loops
from .messages import as_array, even_shape, result, run

_MAX_VECTORS = 4  # of a tile
_KINDS = {name: (0,) * place for place, name in enumerate(ACTIVATIONS)}


def activate(x: Tensor, bias: Tensor | None, kind: str) -> Tensor:
    """Add a bias and apply an activation; see the contract."""
    return _each_row(loops.activations.shift, x, as_array(x), _shift(x, bias), _KINDS[kind])


def activation_gradient(x: Tensor, bias: Tensor | None, grad: Tensor, kind: str) -> Tensor:
    """The gradient of an activation; see the contract."""
    arguments = (as_array(x), _shift(x, bias), as_array(grad), _KINDS[kind])
    return _each_row(loops.activations.slope, x, *arguments)


def _shift(x: Tensor, bias: Tensor | None) -> Any:
    """A bias, or zeros, as a row."""
    return as_array((x.new_zeros(x.shape[1]) if bias is None else bias).view(1, -1))


def _each_row(loop: Any, like: Tensor, *arguments: Any) -> Tensor:
    """Run a loop over rows into a result like a tensor, on the widest tile that fits evenly."""
    rows, size = like.shape
    out, array = result(rows, size, like.dtype)
    run(loop, rows, like.numel(), *arguments, array, even_shape(size, _MAX_VECTORS))
    return out
