"""Aggregates of constant features, computed once for each graph."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ...ops import Adjacency
from ...ops.broadcast import autocast_dtype
from ...ops.eager import is_eager


def is_constant(feat: Tensor, edge_weight: Tensor | None) -> bool:
    """Whether the aggregate of features may be cached.

    Features that require a gradient, edge weights, inference tensors, whose changes are not
    counted, compiled programs and transforms of ``torch.func`` are left out.

    Args:
        feat: (num_src, *feature).
        edge_weight: a factor for each edge, or None.
    """
    return (
        is_eager()  # programs cannot trace the next questions
        and edge_weight is None
        and not feat.requires_grad
        and not feat.is_inference()
    )


def cached_aggregate(
    adjacency: Adjacency, feat: Tensor, kind: Hashable, compute: Callable[[], Tensor]
) -> Tensor:
    """Return the cached aggregate of features that have not changed; else compute and cache it.

    The graph holds the aggregate, and the features hold it weakly: it is freed with either. Both
    the features and the aggregate count their changes in place.

    Args:
        adjacency: the edges.
        feat: (num_src, *feature), for which :func:`is_constant` holds.
        kind: the reducer and its options.
        compute: computes the aggregate.

    Returns:
        (num_dst, *feature), not to be changed in place.

    Example:
        >>> import torch, graphmp as gm
        >>> g, x = gm.graph(([0], [0])), torch.ones(1)
        >>> first, second = (cached_aggregate(g.adjacency, x, "sum", x.clone) for _ in range(2))
        >>> first is second
        True
    """
    kind = (kind, autocast_dtype(feat.dtype, feat.device.type))
    cache: Any = adjacency.cached(("aggregates", kind), WeakTensorKeyDictionary)
    version, out_version, out = cache.get(feat, (None, None, None))
    if out is None or version != feat._version or out_version != out._version:
        with torch.inference_mode(False):
            out = compute()
        cache[feat] = (feat._version, out._version, out)
    return out  # type: ignore[no-any-return]
