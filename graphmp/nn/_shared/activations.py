"""Activations, in the memory of a layer's own result where possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

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
