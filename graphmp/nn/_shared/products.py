"""The linear maps of a layer: summed, stacked, and with a bias."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.modules.module import _has_any_global_hook

from ...ops.linear import sum_of_linear
from .maps import add_bias


def is_plain(*modules: nn.Module, kind: type[nn.Module] = nn.Linear) -> bool:
    """Whether calls of a layer's children run the ``forward`` of torch's class and nothing else.

    A module that a user put in its place, hooks, parametrizations, a ``forward`` of the instance
    and a compiled call are more: such a module must be called.

    Args:
        modules: the children.
        kind: the class.

    Example:
        >>> is_plain(nn.Linear(2, 3)), is_plain(nn.Sequential(nn.Linear(2, 3)))
        (True, False)
    """
    for module in modules:
        if (
            type(module) is not kind
            or module._forward_hooks
            or module._forward_pre_hooks
            or module._backward_hooks
            or module._backward_pre_hooks
            or module._compiled_call_impl
            or "forward" in vars(module)
        ):
            return False
    return not _has_any_global_hook()  # type: ignore[no-untyped-call]


def apply_map(function: Any, feat: Tensor) -> Tensor:
    """Apply a linear map.

    Args:
        function: linear map, or the module in its place.
        feat: (N, *, in_feats).

    Returns:
        (N, *, out_feats), which no gradient reads if the map is torch's.

    Example:
        >>> apply_map(nn.Linear(2, 3), torch.ones(5, 2)).shape
        torch.Size([5, 3])
    """
    if is_plain(function):
        return sum_of_linear([(feat, function.weight)], function.bias)
    return function(feat)  # type: ignore[no-any-return]


def sum_of_maps(own: Any, dst: Tensor, neighbour: Any, aggregated: Tensor) -> Tensor:
    """Map the destinations' features and those of their neighbours, and add the results.

    Args:
        own: linear map of the destinations, or the module in its place.
        dst: (num_dst, *, in_feats).
        neighbour: linear map of the aggregated features, likewise.
        aggregated: (num_dst, *, in_feats).

    Returns:
        (num_dst, *, out_feats), which no gradient reads.

    Example:
        >>> own, neighbour = nn.Linear(2, 3), nn.Linear(4, 3, bias=False)
        >>> sum_of_maps(own, torch.ones(5, 2), neighbour, torch.ones(5, 4)).shape
        torch.Size([5, 3])
    """
    if not is_plain(own, neighbour) or neighbour.bias is not None:
        return own(dst) + neighbour(aggregated)  # type: ignore[no-any-return]
    return sum_of_linear([(dst, own.weight), (aggregated, neighbour.weight)], own.bias)


def map_with_bias(function: Any, feat: Tensor, bias: Tensor | None) -> Tensor:
    """Apply a linear map and add a bias of the layer's own, in the product.

    Args:
        function: linear map without a bias, or the module in its place.
        feat: (N, *, in_feats).
        bias: (out_feats,), or None.

    Returns:
        (N, *, out_feats), which no gradient reads.

    Example:
        >>> map_with_bias(nn.Linear(2, 3, bias=False), torch.zeros(1, 2), torch.ones(3))
        tensor([[1., 1., 1.]], grad_fn=<AddmmBackward0>)
    """
    if is_plain(function) and function.bias is None:
        return sum_of_linear([(feat, function.weight)], bias)
    out: Tensor = function(feat)
    return out.clone() if bias is None else add_bias(out, bias)


def map_both(own: Any, dst: Tensor, neighbour: Any, src: Tensor) -> tuple[Tensor, Tensor]:
    """Map the destinations' features and the sources', in one product if they are the same.

    The gradient of the features is then one product too, instead of two and their sum.

    Args:
        own: linear map of the destinations, or the module in its place.
        dst: (num_dst, *, in_feats).
        neighbour: linear map of the sources, likewise.
        src: (num_src, *, in_feats).

    Returns:
        (num_dst, *, out_feats) and (num_src, *, out_feats), not to be changed in place.

    Example:
        >>> own, neighbour, x = nn.Linear(2, 3), nn.Linear(2, 4, bias=False), torch.ones(5, 2)
        >>> [part.shape for part in map_both(own, x, neighbour, x)]
        [torch.Size([5, 3]), torch.Size([5, 4])]
    """
    if dst is not src or not is_plain(own, neighbour) or neighbour.bias is not None:
        return own(dst), neighbour(src)
    sizes = [len(own.weight), len(neighbour.weight)]
    bias = None if own.bias is None else pad(own.bias, (0, sizes[1]))
    both = sum_of_linear([(src, torch.cat([own.weight, neighbour.weight]))], bias)
    return torch.split(both, sizes, -1)  # type: ignore[return-value]
