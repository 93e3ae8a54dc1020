"""Activations, in the memory of a layer's own result where possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, relu

from ...ops.activation import activated
from ...ops.broadcast import autocast
from ...ops.eager import is_large
from ...ops.results import unsaved
from .inputs import Ends, split_ends
from .maps import add_bias
from .products import apply_map, is_plain


def activate(function: Callable[[Tensor], Tensor], out: Tensor) -> Tensor:
    """Apply a layer's activation to its result. A ReLU is written over the result.

    Args:
        function: the activation.
        out: (N, *), which is not used afterwards, and which no gradient reads.

    Returns:
        (N, *).

    Example:
        >>> activate(nn.ReLU(), torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    return torch.relu_(out) if _is_relu(function) else function(out)


def map_and_rectify(function: nn.Linear, feat: Tensor) -> Tensor:
    """Apply a linear map and a ReLU.

    Args:
        function: a layer's child.
        feat: (N, *, in_feats).

    Returns:
        (N, *, out_feats).

    Example:
        >>> map_and_rectify(nn.Linear(2, 3), torch.ones(5, 2)).shape
        torch.Size([5, 3])
    """
    if is_plain(function):
        return torch.relu_(apply_map(function, feat))
    return function(feat).relu()  # type: ignore[no-any-return]


def _is_relu(function: Any) -> bool:
    """Whether a function is torch's ReLU: the function, or a module without hooks."""
    if isinstance(function, nn.Module):
        return is_plain(function, kind=nn.ReLU)
    return function is relu or function is torch.relu


def finish(
    result: Any,
    ends: Ends,
    residual: nn.Module | None = None,
    bias: Tensor | None = None,
    activation: Callable[[Tensor], Tensor] | None = None,
    in_place: bool = True,
) -> Any:
    """Add a residual and a bias to the output of attention, and apply the activation.

    Args:
        result: (num_dst, …, heads, size), or a pair of that and the attention (E, …, heads).
        ends: the checked inputs of the call.
        residual: maps the destinations' input to heads * size; None for no residual.
        bias: (heads * size,), or None.
        activation: a function, or None for the identity.
        in_place: whether the output may be changed in place, because no gradient reads it.

    Returns:
        The output; for a pair a pair, the attention of shape (E, …, heads, 1).
    """
    out, attention = result if isinstance(result, tuple) else (result, None)
    if residual is not None:
        out, in_place = out + residual(split_ends(ends, ends.feat)[1]).view_as(out), True
    is_many = is_large(out.numel())
    if is_many:
        kind = _one_pass(activation)
        bias = bias if bias is None else autocast(bias)
        is_alike = out.is_floating_point() and (bias is None or bias.dtype == out.dtype)
        if is_alike and (kind or (kind == "" and bias is not None and not in_place)):
            rows = out.reshape(-1, out.shape[-2:].numel())
            out, bias, activation = activated(rows, bias, kind).view(out.shape), None, None
    if bias is not None:
        out = add_bias(out, bias.view(out.shape[-2:]), in_place and is_many)
    out = out if activation is None else activation(out)
    return out if attention is None else (out, unsaved(attention.unsqueeze(-1)))


def _one_pass(activation: Any) -> str | None:
    """The name of an activation that is applied in one pass with a bias; None for others."""
    if activation is None:
        return ""
    if isinstance(activation, nn.ELU):
        is_elu = is_plain(activation, kind=nn.ELU) and activation.alpha == 1
        return "elu" if is_elu and not activation.inplace else None
    return "elu" if activation is elu else None
