"""What layers of several heads share: features by head, scores, residual maps, results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...errors import GraphValueError
from ...graph import Graph
from .aggregation import check_edge_weight
from .inputs import Features, at_ends, mapped

_FEW = 1 << 16  # numbers below which operations cost more than what they compute


def by_head(h: Tensor, num_heads: int) -> Tensor:
    """Give each head its part of the last dimension.

    Args:
        h: (N, …, num_heads * size).
        num_heads: the number of heads.

    Returns:
        (N, …, num_heads, size).

    Example:
        >>> by_head(torch.ones(5, 6), 3).shape
        torch.Size([5, 3, 2])
    """
    return h.view(*h.shape[:-1], num_heads, h.shape[-1] // num_heads)


def projected(
    graph: Graph, feat: Features, maps: tuple[nn.Module, nn.Module], num_heads: int
) -> tuple[Tensor, Tensor]:
    """Map the features of both ends, those of one map for both only once.

    Args:
        graph: a graph or block of one edge type.
        feat: one tensor for both ends, or a pair; see :func:`~graphmp.nn._shared.inputs.at_ends`.
        maps: to num_heads * size, of the sources and of the destinations.
        num_heads: the number of heads.

    Returns:
        (num_src, …, num_heads, size) and (num_dst, …, num_heads, size).
    """
    left, right = maps
    if left is right:
        return at_ends(graph, mapped(lambda h: by_head(left(h), num_heads), feat))
    source, target = at_ends(graph, feat)
    return by_head(left(source), num_heads), by_head(right(target), num_heads)


def dots(h: Tensor, vectors: Tensor) -> Tensor:
    """The dot products of every head with its own vector.

    Few numbers are multiplied and added, in the fewest operations. Of many, that would make tensors
    as large as ``h``, several in the backward pass: they are multiplied by a matrix for each head.

    Args:
        h: (N, …, heads, size).
        vectors: (1, heads, size).

    Returns:
        (N, …, heads).

    Example:
        >>> dots(torch.ones(5, 2, 2), torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))[0]
        tensor([3., 7.])
    """
    if h.numel() < _FEW:
        scores: Tensor = torch.linalg.vecdot(h, vectors.to(h.dtype))
        return scores
    return products(h, vectors.permute(1, 2, 0)).squeeze(-1)


def products(h: Tensor, matrices: Tensor) -> Tensor:
    """The products of every head with its own matrix.

    Args:
        h: (N, …, heads, size).
        matrices: (heads, size, new size).

    Returns:
        (N, …, heads, new size).
    """
    each = torch.bmm(h.flatten(0, -3).transpose(0, 1), matrices)
    return each.transpose(0, 1).reshape(*h.shape[:-1], matrices.shape[-1])


def edge_sums(graph: Graph, attention: Tensor, edge_feat: Tensor, matrices: Tensor) -> Tensor:
    """Sum the mapped features of the edges that enter a node, weighted by the attention.

    The sums are mapped rather than the edges: nothing is stored for an edge, a head and a feature.

    Args:
        graph: a graph or block of one edge type.
        attention: (E, …, heads).
        edge_feat: (E, …, edge size).
        matrices: (heads, size, edge size).

    Returns:
        (num_dst, …, heads, size).
    """
    each = (attention.unsqueeze(-1), edge_feat.unsqueeze(-2))
    sums = ops.gspmm(graph, "mul", "sum", *each, "e", "e")
    return products(sums, matrices.transpose(1, 2))


def factors_by_head(graph: Graph, edge_weight: Tensor, num_heads: int) -> Tensor:
    """Check factors of the attention.

    Args:
        graph: a graph or block of one edge type.
        edge_weight: (E,), or (E, num_heads), or with a last dimension of 1 besides.
        num_heads: the number of heads.

    Returns:
        (E, 1) or (E, num_heads).

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another shape, or another device.
    """
    check_edge_weight(graph, edge_weight)
    heads = tuple(edge_weight.shape[1:]) or (1,)
    heads = heads[:1] if heads[1:] == (1,) else heads
    if heads not in ((1,), (num_heads,)):
        raise GraphValueError(
            f"edge_weight must have shape (E,) or (E, {num_heads}), but "
            f"{tuple(edge_weight.shape)} came."
        )
    return edge_weight.reshape(-1, *heads)


def residual_map(size: int, width: int, bias: bool) -> nn.Module:
    """What takes a node's input of ``size`` to a result of ``width``: the identity if it fits.

    Args:
        size: size of a node's input.
        width: size of what it is added to.
        bias: whether a linear map has a bias.

    Example:
        >>> residual_map(3, 3, True), residual_map(3, 2, False)
        (Identity(), Linear(in_features=3, out_features=2, bias=False))
    """
    return nn.Identity() if size == width else nn.Linear(size, width, bias=bias)


def finished(found: Any, finish: Callable[[Tensor], Tensor]) -> Any:
    """Finish what an attention of :mod:`graphmp.ops` gave.

    Args:
        found: (num_dst, …, heads, size); or a pair of that and the attention, (E, …, heads).
        finish: applied to the output.

    Returns:
        The finished output; or a pair of that and the attention, (E, …, heads, 1).
    """
    if not isinstance(found, tuple):
        return finish(found)
    return finish(found[0]), found[1].unsqueeze(-1)
