"""Multi-head features and scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...errors import GraphTypeError, GraphValueError
from ...ops import Adjacency
from ...ops.attention_op import AttentionCall, attend
from ...ops.eager import is_large
from ...ops.linear import linear_maps
from .aggregation import check_edge_weight
from .inputs import Ends, split_ends
from .products import apply_map, is_plain

_HALF_BYTES = 2


def by_head(h: Tensor, num_heads: int) -> Tensor:
    """Split the last dimension into heads.

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


def project(
    ends: Ends,
    maps: tuple[nn.Module, nn.Module],
    num_heads: int,
    apply: Callable[[Any, Tensor], Tensor] = apply_map,
) -> tuple[Tensor, Tensor]:
    """Map the features of both ends; one tensor with one map is mapped once.

    Args:
        ends: the checked inputs of the call.
        maps: to num_heads * size, of the sources and of the destinations.
        num_heads: the number of heads.
        apply: applies a map to features.

    Returns:
        (num_src, …, num_heads, size) and (num_dst, …, num_heads, size).

    Raises:
        GraphTypeError: complex numbers.
        GraphValueError: other dimensions between the rows and the size at the two ends.
    """
    left, right = maps
    if left is right and not isinstance(ends.feat, tuple):
        h = by_head(apply(left, ends.feat), num_heads)
        check_ends_by_head(h, h)
        return h, h[: ends.adjacency.num_dst] if ends.is_block else h
    src, dst = split_ends(ends, ends.feat)
    src, dst = by_head(apply(left, src), num_heads), by_head(apply(right, dst), num_heads)
    check_ends_by_head(src, dst)
    return src, dst


def check_ends_by_head(src: Tensor, dst: Tensor) -> None:
    """Check that the two ends agree in all dimensions between the rows and the size, and are real.

    Args:
        src: (num_src, …, num_heads, size).
        dst: (num_dst, …, num_heads, size).

    Raises:
        GraphTypeError: complex numbers.
        GraphValueError: different dimensions.
    """
    if src.is_complex():
        raise GraphTypeError(f"feat: expected floating point, got {src.dtype}.")
    if src.shape[1:-1] != dst.shape[1:-1]:
        raise GraphValueError(
            "feat: expected the same dimensions between the rows and the size at both ends, got "
            f"{tuple(src.shape[1:-2])} for the sources and {tuple(dst.shape[1:-2])} for the "
            "destinations."
        )


def attend_by_dots(
    adjacency: Adjacency,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: float = 1.0,
    edge: Tensor | None = None,
    dropout: float = 0.0,
    with_attention: bool = False,
) -> Any:
    """Attend by scaled dot products, with operands whose shapes are already checked.

    Args:
        adjacency: the edges.
        query: (num_dst, …, heads, k).
        key: (num_src, …, heads, k).
        value: (num_src, …, heads, size).
        scale: factor of the dot products.
        edge: (E, numbers of heads), added to the scores; None for 0.
        dropout: probability that an edge's attention is dropped.
        with_attention: return the attention too.

    Returns:
        (num_dst, …, heads, size); with ``with_attention`` a pair of that and (E, …, heads).
    """
    heads = value.shape[1:-1].numel()
    call = AttentionCall(adjacency, "dot", heads, 0.0, float(dropout), with_attention)
    return attend(call, value, key.flatten(1), query.flatten(1), edge, scale=scale)


def dots(h: Tensor, vectors: Tensor) -> Tensor:
    """Compute the dot product of each head with its own vector.

    Few elements are multiplied and added, in the fewest operations. For many, that would allocate
    tensors as large as ``h``, several in the backward pass; a matrix product per head does not. In
    half precision on the CPU, torch copies the operands of that product row by row in the backward
    pass, which takes ten times as long.

    Args:
        h: (N, …, heads, size).
        vectors: (1, heads, size).

    Returns:
        (N, …, heads).

    Example:
        >>> dots(torch.ones(5, 2, 2), torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))[0]
        tensor([3., 7.])
    """
    if not is_large(h.numel()) or (h.is_cpu and h.dtype.itemsize == _HALF_BYTES):
        scores: Tensor = torch.linalg.vecdot(h, vectors.to(h.dtype))
        return scores
    return products(h, vectors.permute(1, 2, 0)).squeeze(-1)


def project_and_score(
    ends: Ends, maps: tuple[Any, Any], num_heads: int, vectors: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Map the features of both ends, and multiply each head by a vector.

    The product of an input, a linear map and the vectors is, where the input is not wider than what
    it is mapped to, that of the input and a small matrix: fewer numbers are read, the gradient of
    the mapped features is not computed twice, and destinations with features of their own are not
    mapped.

    Args:
        ends: the checked inputs of the call.
        maps: to num_heads * size, of the sources and of the destinations.
        num_heads: the number of heads.
        vectors: (1, heads, size), for the sources and for the destinations.

    Returns:
        (num_src, …, num_heads, size), the mapped features of the sources; and the products,
        (num_src, numbers of heads) and (num_dst, numbers of heads).

    Raises:
        GraphTypeError: complex numbers.
        GraphValueError: other dimensions between the rows and the size at the two ends.
    """
    is_pair, (a, b) = isinstance(ends.feat, tuple), vectors
    x: Any = ends.feat[0] if is_pair else ends.feat
    if not is_large(x.numel()):
        (src, dst), vecdot = project(ends, maps, num_heads, _call), torch.linalg.vecdot
        return src, vecdot(src, a.to(src.dtype)).flatten(1), vecdot(dst, b.to(dst.dtype)).flatten(1)
    is_one = not is_pair and maps[0] is maps[1]
    if not (_is_foldable(maps[0]) and _is_foldable(maps[1])):
        src, dst = project(ends, maps, num_heads)
        if num_heads > 1 or not is_one:
            return src, dots(src, a).flatten(1), dots(dst, b).flatten(1)
        (both,) = linear_maps(src.squeeze(-2), [torch.cat([a[0], b[0]])])
        left, right = _split_scores(ends, both)
        return src, left.flatten(1), right.flatten(1)
    weight, left, right = maps[0].weight, _folded(maps[0].weight, a), _folded(maps[1].weight, b)
    if is_one:
        src, both = linear_maps(x, [weight, torch.cat([left, right])])
        left, right = _split_scores(ends, both)
    else:
        src, left = linear_maps(x, [weight, left])
        (right,) = linear_maps(split_ends(ends, ends.feat)[1], [right])
    src = by_head(src, num_heads)
    check_ends_by_head(src, by_head(right, num_heads))
    return src, left.flatten(1), right.flatten(1)


def _split_scores(ends: Ends, both: Tensor) -> tuple[Tensor, Tensor]:
    """Scores of the sources and of the destinations, (N, …, heads), of nodes that have both.

    They are contiguous, so that the backward pass does not copy them again.
    """
    left, right = both.chunk(2, -1)
    right = right[: ends.adjacency.num_dst] if ends.is_block else right
    return left.contiguous(), right.contiguous()


def _call(function: Any, feat: Tensor) -> Tensor:
    """Call a map: of few features, that is faster than :func:`.apply_map`."""
    return function(feat)  # type: ignore[no-any-return]


def _is_foldable(linear: Any) -> bool:
    """Whether a map is nothing but a matrix, whose result is not narrower than its input."""
    if not is_plain(linear) or linear.bias is not None:
        return False
    return bool(linear.in_features <= linear.out_features)


def _folded(weight: Tensor, vectors: Tensor) -> Tensor:
    """(heads, in_feats): the product of a weight (heads * size, in_feats) and a vector per head."""
    heads, size = vectors.shape[1:]
    return torch.bmm(vectors.transpose(0, 1), weight.view(heads, size, -1)).squeeze(1)


def products(h: Tensor, matrices: Tensor) -> Tensor:
    """Multiply each head by its own matrix.

    Args:
        h: (N, …, heads, size).
        matrices: (heads, size, new size).

    Returns:
        (N, …, heads, new size).
    """
    each = torch.bmm(h.flatten(0, -3).transpose(0, 1), matrices)
    return each.transpose(0, 1).reshape(*h.shape[:-1], matrices.shape[-1])


def edge_sums(
    adjacency: Adjacency, attention: Tensor, edge_feat: Tensor, matrices: Tensor
) -> Tensor:
    """Sum the mapped features of the edges that enter each node, weighted by the attention.

    The sums are mapped rather than the edges, so nothing is stored per edge, head and feature.

    Args:
        adjacency: the edges.
        attention: (E, …, heads).
        edge_feat: (E, …, edge size).
        matrices: (heads, size, edge size).

    Returns:
        (num_dst, …, heads, size).
    """
    operands = (attention.unsqueeze(-1), edge_feat.unsqueeze(-2))
    sums = ops.gspmm(adjacency, "mul", "sum", *operands, "e", "e")
    return products(sums, matrices.transpose(1, 2))


def factors_by_head(adjacency: Adjacency, edge_weight: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Check factors of the attention, and repeat them for each head.

    Args:
        adjacency: the edges.
        edge_weight: (E,), or (E, num_heads), or with an additional last dimension of 1.
        shape: the dimensions of the attention after the first; the last are the heads.

    Returns:
        (E, numbers of ``shape``).

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another shape, or another device.
    """
    check_edge_weight(adjacency, edge_weight)
    heads = tuple(edge_weight.shape[1:]) or (1,)
    heads = heads[:1] if heads[1:] == (1,) else heads
    if heads not in ((1,), shape[-1:]):
        raise GraphValueError(
            f"edge_weight: expected shape (E,) or (E, {shape[-1]}), got a shape of "
            f"{tuple(edge_weight.shape)}."
        )
    return expand_over_heads(edge_weight.reshape(-1, *heads), shape)


def expand_over_heads(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Expand an operand of edges, whose dimensions broadcast to those of the attention.

    Args:
        x: (E, …, heads).
        shape: the dimensions of the attention after the first; the last are the heads.

    Returns:
        (E, numbers of ``shape``).

    Example:
        >>> expand_over_heads(torch.ones(5, 3), (2, 3)).shape
        torch.Size([5, 6])
    """
    own = x.shape[1:]
    padded = x.reshape(x.shape[0], *(1,) * (len(shape) - len(own)), *own)
    return padded.expand(-1, *shape).flatten(1)


def check_edge_dimensions(edge_feat: Tensor, shape: tuple[int, ...]) -> None:
    """Check that the dimensions of edges between the rows and the size broadcast to the nodes'.

    Args:
        edge_feat: (E, …, edge size).
        shape: these dimensions of the nodes.

    Raises:
        GraphValueError: they do not.
    """
    own = edge_feat.shape[1:-1]
    padded = (1,) * (len(shape) - len(own)) + tuple(own)
    if len(padded) != len(shape) or any(
        x not in (1, size) for x, size in zip(padded, shape, strict=True)
    ):
        raise GraphValueError(
            f"edge_feat: expected the dimensions {tuple(shape)} of the nodes between the rows and "
            f"the size, or none, got {tuple(own)}."
        )
