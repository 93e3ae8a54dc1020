"""Sums of products with matrices, in the memory of one result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch._C import _are_functorch_transforms_active
from torch.compiler import is_compiling
from torch.nn.functional import linear, pad
from torch.nn.modules.module import _has_any_global_hook

from ...ops.broadcast import autocast
from .maps import add_bias

_MANY = 1 << 20  # elements, of which a pass takes longer than a copy of a matrix


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


def sum_of_products(factors: Iterable[tuple[Tensor, Tensor]], bias: Tensor | None = None) -> Tensor:
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
        >>> sum_of_products([(x, weight), (x, weight)], torch.ones(1))
        tensor([[13.]])
    """
    (x, weight), *rest = factors
    is_eager = not (is_compiling() or _are_functorch_transforms_active())
    total = linear(x, _transposed(weight, x).t() if is_eager else weight, bias)
    is_cast = torch.is_autocast_enabled(total.device.type)
    for x, weight in rest:
        if not is_eager or total.ndim != 2:  # compilers fuse the sum; vmap adds no batch in place
            total = total + linear(x, weight)
            continue
        if is_cast:
            x, weight = autocast(x), autocast(weight)
        total.addmm_(x, _transposed(weight, x))
    return total


def _transposed(weight: Tensor, x: Tensor) -> Tensor:
    """Transpose a matrix for a product with many rows; a wide one into memory of its own.

    torch computes the gradient of a matrix in the order in which the matrix lies in memory, and on
    a CPU the longer rows make that product of two long matrices faster.

    Args:
        weight: (out_feats, in_feats).
        x: (N, *, in_feats), the other factor.

    Returns:
        (in_feats, out_feats).
    """
    if x.numel() < _MANY or not x.is_cpu or weight.shape[0] <= weight.shape[1]:
        return weight.t()
    return weight.t().contiguous()


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
    return sum_of_products([(dst, own.weight), (aggregated, neighbour.weight)], own.bias)


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
        return sum_of_products([(feat, function.weight)], bias)
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
    both = linear(src, torch.cat([own.weight, neighbour.weight]), bias)
    return torch.split(both, sizes, -1)  # type: ignore[return-value]
