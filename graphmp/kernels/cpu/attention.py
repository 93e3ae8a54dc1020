"""Attention on the CPU: how the loops of :mod:`.attention_rows` are called; see the contract."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import SCORES, Attention, accumulator
from ..philox import threshold
from .attention_gradient_rows import attend_gradient_rows, score_gradient_rows
from .attention_rows import attend_rows
from .llvm import LANES
from .memory import empty
from .messages import SHAPES, as_array, blocks_at_once, run

Form = tuple[Tensor, Tensor, Tensor]


def attention(form: Form, given: Attention, wanted: bool) -> tuple[Tensor, Tensor, Tensor | None]:
    """Attend; see the contract."""
    rows, (edges, size) = form[0].numel() - 1, (form[1].numel(), given.value.shape[1])
    held = accumulator(given.value.dtype)
    out = empty((rows, size), held)
    stats = empty((rows, 2 * given.heads), held)
    kept = empty((edges, given.heads), given.value.dtype) if wanted else None
    made = (as_array(out), as_array(stats), _array_or_none(kept, given.value.dtype))
    args = (*_given(form, given), _fit(given.heads, size), *made)
    run(attend_rows, args[1][0], edges * max(size, 1), *args)
    return out, stats, kept


def attention_gradient(
    form: Form, given: Attention, stats: Tensor, grad: Tensor, attention_grad: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The gradient at sources and edges; see the contract."""
    edges, heads, size = form[1].numel(), given.heads, given.value.shape[1]
    value = empty(tuple(given.value.shape), given.value.dtype)
    left = empty(tuple(given.left.shape), stats.dtype)
    scores = empty((edges, heads), stats.dtype)
    weight = None if given.weight is None else empty((edges, heads), stats.dtype)
    upstream = _array_or_none(attention_grad, grad.dtype)
    made = [as_array(stats), as_array(grad), upstream]
    made += [as_array(value), as_array(left), as_array(scores)]
    made.append(_array_or_none(weight, stats.dtype))
    fits = (_fit(heads, size), _fit(heads, given.left.shape[1]))
    args = (*_given(form, given), *fits, *made)
    run(attend_gradient_rows, args[1][0], 2 * edges * max(size, 1), *args)
    return value, left, scores, weight


def score_gradient(form: Form, given: Attention, scores: Tensor) -> Tensor:
    """The gradient of scores at the destinations; see the contract."""
    out = empty(tuple(given.right.shape), scores.dtype)
    fit, kind = _fit(given.heads, given.right.shape[1]), SCORES.index(given.kind)
    layout = (form[0].numpy(), form[1].numpy(), form[2].numpy())
    ends = (as_array(given.right), as_array(given.left))
    args = (kind, layout, *ends, float(given.slope), as_array(scores), fit, as_array(out))
    run(score_gradient_rows, layout[0], len(layout[1]) * max(given.right.shape[1], 1), *args)
    return out


def _given(form: Form, given: Attention) -> tuple[Any, ...]:
    """What both loops take first."""
    dtype = given.value.dtype
    edge, weight, slant = (
        _array_or_none(t, dtype) for t in (given.edge, given.weight, given.slant)
    )
    return (
        SCORES.index(given.kind),
        (form[0].numpy(), form[1].numpy(), form[2].numpy()),
        *(as_array(given.left), as_array(given.right), as_array(given.value), edge, weight),
        (slant, float(given.slope)),
        (given.seed, threshold(given.dropout)),
        SHAPES[blocks_at_once(given.heads)],
    )


def _array_or_none(tensor: Tensor | None, dtype: torch.dtype) -> Any:
    """A tensor as an array; one without rows, of ``dtype``, for None."""
    return no_rows(dtype) if tensor is None else as_array(tensor)


@lru_cache(maxsize=16)
def no_rows(dtype: torch.dtype) -> Any:
    """An array without rows, of ``dtype``."""
    return as_array(torch.zeros(0, 1, dtype=dtype))


@lru_cache(maxsize=4096)
def _fit(heads: int, size: int) -> tuple[int, Any, tuple[int, ...]]:
    """How ``size`` elements of a row meet ``heads``; see :mod:`.attention_rows`."""
    width = max(size // max(heads, 1), 1)
    places = np.arange(size, dtype=np.int32) // width
    count = next((c for c in (16, 8, 4, 2) if c * LANES <= size), 1)
    return (1 if width % LANES == 0 else 2), places.astype(np.int32), SHAPES[count]
