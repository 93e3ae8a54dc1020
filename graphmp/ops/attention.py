"""Attention over the edges that enter a node: scores, softmax and weighted sum in one operation.

Nothing is stored for an edge and a feature, and for an edge and a head only in the backward pass,
or when the attention itself is asked for.
"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency
from ..errors import GraphTypeError, GraphValueError
from .attention_op import AttentionCall, attend

_OWNERS = {
    "src": ("num_src", "sources"),
    "dst": ("num_dst", "destinations"),
    "edge": ("num_edges", "edges"),
}


def gat_attention(
    graph: Any,
    value: Tensor,
    left: Tensor,
    right: Tensor,
    *,
    edge: Tensor | None = None,
    negative_slope: float = 0.2,
    dropout: float = 0.0,
    weight: Tensor | None = None,
    return_attention: bool = False,
) -> Any:
    r"""Attend by scores that are added, as in `GAT <https://arxiv.org/abs/1710.10903>`__.

    .. math::
        out_v &= \sum_{u \in N(v)} w_{uv} \alpha_{uv} value_u

        \alpha_{uv} &= \mathrm{softmax}_{u \in N(v)}
            \mathrm{LeakyReLU}(left_u + right_v + edge_{uv})

    for each head on its own.

    Args:
        graph: a graph or block of one edge type; of several, the slice ``graph[etype]``.
        value: (num_src, \*, heads, size), floating point.
        left: (num_src, \*, heads), or with a last dimension of 1 besides.
        right: (num_dst, \*, heads), or with a last dimension of 1 besides.
        edge: added to the scores, of the shapes that ``weight`` may have; None for 0. An edge with
            minus infinity is left out.
        negative_slope: slope of the leaky ReLU below zero.
        dropout: probability that an edge's attention is dropped, per head; the others grow in
            proportion. A module passes ``self.p if self.training else 0.0``.
        weight: factor of the attention, after softmax and dropout: (E,), or of a shape that
            broadcasts to (E, \*, heads), or with a last dimension of 1 besides.
        return_attention: give the attention too.

    Returns:
        (num_dst, \*, heads, size), 0 where no edge enters. With ``return_attention`` a pair of that
        and (E, \*, heads): the attention after dropout and times the weights.

    Raises:
        GraphTypeError: values that are not floating point, or operands that are no tensors or
            numbers. Operands of several dtypes are promoted as torch does.
        GraphValueError: shapes that do not fit, another device, or a dropout beyond 0 to 1.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> value = torch.tensor([1.0, 3.0, 0.0]).view(3, 1, 1)
        >>> gm.ops.gat_attention(g, value, torch.zeros(3, 1), torch.zeros(3, 1)).flatten()
        tensor([0., 0., 2.])
    """
    adjacency, shape = _heads(graph, value)
    left = _flat(adjacency, left, "src", shape, "left")
    right = _flat(adjacency, right, "dst", shape, "right")
    numbers = (_number(negative_slope, "negative_slope"), _probability(dropout))
    call = AttentionCall(adjacency, "add", math.prod(shape), *numbers, return_attention)
    return attend(call, value, left, right, *_by_edge(adjacency, edge, weight, shape))


def gatv2_attention(
    graph: Any,
    left: Tensor,
    right: Tensor,
    attn: Tensor,
    *,
    value: Tensor | None = None,
    edge: Tensor | None = None,
    negative_slope: float = 0.2,
    dropout: float = 0.0,
    weight: Tensor | None = None,
    return_attention: bool = False,
) -> Any:
    r"""Attend by scores of a small network, as in `GATv2 <https://arxiv.org/abs/2105.14491>`__.

    .. math::
        \alpha_{uv} = \mathrm{softmax}_{u \in N(v)} \big(
            attn^T \mathrm{LeakyReLU}(left_u + right_v) + edge_{uv} \big)

    for each head on its own; the rest is that of :func:`gat_attention`.

    Args:
        graph: a graph of one edge type.
        left: (num_src, \*, heads, k), floating point.
        right: (num_dst, \*, heads, k).
        attn: (heads, k); leading dimensions of 1 may come before.
        value: (num_src, \*, heads, size); ``left`` unless given.
        edge: added to the scores, of the shapes that ``weight`` may have; None for 0. An edge with
            minus infinity is left out.
        negative_slope: slope of the leaky ReLU below zero.
        dropout: see :func:`gat_attention`.
        weight: see :func:`gat_attention`.
        return_attention: give the attention too.

    Returns:
        As :func:`gat_attention`.

    Raises:
        GraphTypeError: values that are not floating point, or operands that are no tensors or
            numbers. Operands of several dtypes are promoted as torch does.
        GraphValueError: shapes that do not fit, another device, or a dropout beyond 0 to 1.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> h = torch.tensor([1.0, 3.0, 0.0]).view(3, 1, 1)
        >>> gm.ops.gatv2_attention(g, h, h, torch.zeros(1, 1)).flatten()
        tensor([0., 0., 2.])
    """
    value = left if value is None else value
    adjacency, shape = _heads(graph, value)
    flat = _pair(adjacency, left, right, value, ("left", "right"))
    heads, size = left.shape[-2:]
    if not isinstance(attn, Tensor):
        raise GraphTypeError(f"attn: expected a tensor, got {_checks.kind(attn)}.")
    if attn.device != value.device:
        raise GraphValueError(
            f"attn: expected a tensor on {value.device}, got one on {attn.device}."
        )
    if attn.shape[-2:] != (heads, size) or attn.numel() != heads * size:
        raise GraphValueError(
            f"attn: expected shape ({heads}, {size}), as left and right have for each node, got "
            f"{tuple(attn.shape)}."
        )
    attn_vector = attn.reshape(1, heads * size).repeat(1, math.prod(shape[:-1]))
    numbers = (_number(negative_slope, "negative_slope"), _probability(dropout))
    call = AttentionCall(adjacency, "leaky", math.prod(shape), *numbers, return_attention)
    return attend(call, value, *flat, *_by_edge(adjacency, edge, weight, shape), attn_vector)


def dot_attention(
    graph: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    scale: float | None = None,
    edge: Tensor | None = None,
    dropout: float = 0.0,
    weight: Tensor | None = None,
    return_attention: bool = False,
) -> Any:
    r"""Attend by scaled dot products, as in `the transformer <https://arxiv.org/abs/1706.03762>`__.

    .. math::
        \alpha_{uv} = \mathrm{softmax}_{u \in N(v)} \big(
            scale \cdot query_v^T key_u + edge_{uv} \big)

    for each head on its own; the rest is that of :func:`gat_attention`.

    Args:
        graph: a graph of one edge type.
        query: (num_dst, \*, heads, k), floating point.
        key: (num_src, \*, heads, k).
        value: (num_src, \*, heads, size).
        scale: factor of the dot products; :math:`1 / \sqrt{k}` unless given.
        edge: added to the scores, of the shapes that ``weight`` may have; None for 0. An edge with
            minus infinity is left out.
        dropout: see :func:`gat_attention`.
        weight: see :func:`gat_attention`.
        return_attention: give the attention too.

    Returns:
        As :func:`gat_attention`.

    Raises:
        GraphTypeError: values that are not floating point, or operands that are no tensors or
            numbers. Operands of several dtypes are promoted as torch does.
        GraphValueError: shapes that do not fit, another device, or a dropout beyond 0 to 1.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> h = torch.tensor([1.0, 3.0, 0.0]).view(3, 1, 1)
        >>> gm.ops.dot_attention(g, h, h, h).flatten()
        tensor([0., 0., 2.])
    """
    adjacency, shape = _heads(graph, value)
    flat = _pair(adjacency, key, query, value, ("key", "query"))
    factor = 1 / math.sqrt(max(key.shape[-1], 1)) if scale is None else _number(scale, "scale")
    numbers = (0.0, _probability(dropout))
    call = AttentionCall(adjacency, "dot", math.prod(shape), *numbers, return_attention)
    edges = _by_edge(adjacency, edge, weight, shape)
    return attend(call, value, *flat, *edges, scale=factor)


# ---- checks


def _heads(graph: Any, value: Any) -> tuple[Adjacency, tuple[int, ...]]:
    """The edges, and the feature dimensions of the values before the last, which are heads."""
    adjacency: Adjacency = _checks.adjacency_of(graph)
    _checks.feature(value, adjacency.num_src, adjacency.device, "value", "sources")
    if not value.dtype.is_floating_point:
        raise GraphTypeError(f"value: expected floating point, got {value.dtype}.")
    if value.ndim < 3:
        raise GraphValueError(
            f"value: expected shape (num_src, *, heads, size), got {tuple(value.shape)}; for one "
            "head call value.unsqueeze(1)."
        )
    return adjacency, tuple(value.shape[1:-1])


def _number(value: Any, name: str) -> float:
    """A number that all edges and heads share."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124
        advice = "; multiply the query by it" if name == "scale" else ""
        got = value if isinstance(value, float) else _checks.kind(value)
        raise GraphTypeError(f"{name}: expected a number, got {got}{advice}.")
    return float(value)


def _pair(
    adjacency: Adjacency, left: Any, right: Any, value: Tensor, names: tuple[str, str]
) -> tuple[Tensor, Tensor]:
    """Operands of scores with a vector for each head, flattened."""
    shape, flat = tuple(value.shape[1:-1]), []
    for name, x, where in ((names[0], left, "src"), (names[1], right, "dst")):
        _check(adjacency, x, where, name)
        size = x.shape[-1] if x.ndim > 1 else 0
        if tuple(x.shape[1:]) != (*shape, size) or x.shape[-1] != left.shape[-1]:
            k = left.shape[-1] if where == "dst" else "k"
            expected = ", ".join(map(str, (f"num_{where}", *shape, k)))
            raise GraphValueError(
                f"{name}: expected shape ({expected}), with the heads of value, got "
                f"{tuple(x.shape)}."
            )
        flat.append(x.reshape(x.shape[0], math.prod(x.shape[1:])))
    return flat[0], flat[1]


def _flat(adjacency: Adjacency, x: Any, where: str, shape: tuple[int, ...], name: str) -> Tensor:
    """An operand that has a number for each head: (rows, heads)."""
    _check(adjacency, x, where, name)
    heads = x.shape[1:]
    if heads == shape and len(shape) == 1:
        return x  # type: ignore[no-any-return]
    if tuple(heads) not in (shape, (*shape, 1)):
        raise GraphValueError(
            f"{name}: expected shape ({', '.join(map(str, (f'num_{where}', *shape)))}), with the "
            f"heads of value, got {tuple(x.shape)}."
        )
    return x.reshape(x.shape[0], math.prod(shape))  # type: ignore[no-any-return]


def _by_edge(
    adjacency: Adjacency, edge: Any, weight: Any, shape: tuple[int, ...]
) -> tuple[Tensor | None, Tensor | None]:
    """The operands of edges, expanded over heads: (E, heads) each, or None."""
    return (
        None if edge is None else _expand_over_heads(adjacency, edge, shape, "edge"),
        None if weight is None else _expand_over_heads(adjacency, weight, shape, "weight"),
    )


def _expand_over_heads(adjacency: Adjacency, x: Any, shape: tuple[int, ...], name: str) -> Tensor:
    """An operand of edges, expanded over heads: (E, heads)."""
    _check(adjacency, x, "edge", name)
    own, rank = tuple(x.shape[1:]), len(shape)
    trimmed = own[:-1] if len(own) == rank + 1 and own[-1] == 1 else own
    padded = (1,) * (rank - len(trimmed)) + trimmed
    if len(padded) != rank or any(p not in (1, s) for p, s in zip(padded, shape, strict=True)):
        raise GraphValueError(
            f"{name}: expected shape (E,) or (E, {', '.join(map(str, shape))}), got "
            f"{tuple(x.shape)}."
        )
    wide = x.reshape(x.shape[0], *padded).expand(x.shape[0], *shape)
    return wide.reshape(x.shape[0], math.prod(shape))  # type: ignore[no-any-return]


def _check(adjacency: Adjacency, x: Any, where: str, name: str) -> None:
    """Check the rows and the device of an operand, and that it is real."""
    count, what = _OWNERS[where]
    _checks.feature(x, getattr(adjacency, count), adjacency.device, name, what)
    if x.dtype.is_complex:
        raise GraphTypeError(f"{name}: expected real numbers, got {x.dtype}.")


def _probability(dropout: float) -> float:
    """Check the probability of dropout."""
    return _checks.probability(_number(dropout, "dropout"), "dropout")
