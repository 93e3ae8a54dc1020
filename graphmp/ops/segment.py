"""Reductions and softmax of consecutive rows of a tensor."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..adjacency import Adjacency, Compressed
from ..errors import GraphTypeError, GraphValueError
from ..function import REDUCERS
from .edge_softmax import edge_softmax
from .spmm import spmm


def segment_reduce(seglen: Any, value: Tensor, reducer: str = "sum") -> Tensor:
    """Reduce consecutive rows of a tensor.

    Args:
        seglen: (S,) int tensor or list, the length of each segment; they sum to the rows of
            ``value``.
        value: (N, *feature).
        reducer: ``"sum"``, ``"mean"``, ``"max"`` or ``"min"``.

    Returns:
        (S, *feature); 0 for an empty segment.

    Raises:
        GraphValueError: lengths that are negative or do not sum to N, or an unknown reducer.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.ops.segment_reduce([2, 0, 1], torch.tensor([1.0, 2.0, 3.0]))
        tensor([3., 0., 3.])
    """
    row = REDUCERS.get(reducer)
    if row is None or row.kernel is None:
        known = ", ".join(name for name, r in REDUCERS.items() if r.kernel)
        raise GraphValueError(f"A segment reducer is one of {known}, but {reducer!r} came.")
    segments = _segments(seglen, value)
    return spmm(segments, None, row.kernel, value, None, ("e", "e"), row.per_degree)


def segment_softmax(seglen: Any, value: Tensor) -> Tensor:
    """Softmax over consecutive rows of a tensor.

    Args:
        seglen: (S,) the length of each segment; they sum to the rows of ``value``.
        value: floating point tensor (N, *feature).

    Returns:
        (N, *feature).

    Raises:
        GraphTypeError: ``value`` is not floating point.
        GraphValueError: lengths that are negative or do not sum to N.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.ops.segment_softmax([2, 1], torch.zeros(3))
        tensor([0.5000, 0.5000, 1.0000])
    """
    weights: Tensor = edge_softmax(_segments(seglen, value), value)
    return weights


def _segments(seglen: Any, value: Any) -> Adjacency:
    """Segments as a relation: row ``i`` of ``value`` is an edge into its segment."""
    if not isinstance(value, Tensor) or value.ndim == 0:
        raise GraphTypeError(f"The values must be a tensor with rows, but {value!r} came.")
    dtype = seglen.dtype if isinstance(seglen, Tensor) else torch.int64
    if dtype not in _checks.ID_DTYPES:
        raise GraphTypeError(f"Segment lengths must be integers, but {dtype} came.")
    lengths = _checks.id_tensor(seglen, dtype, value.device, "Segment lengths")
    rows = value.shape[0]
    if (lengths < 0).any() or int(lengths.sum()) != rows:
        raise GraphValueError(
            f"Segment lengths must sum to the {rows} rows, without a negative one, "
            f"but their sum is {int(lengths.sum())}."
        )
    indptr = torch.cat([lengths.new_zeros(1), lengths.cumsum(0).to(dtype)])
    eids = torch.arange(rows, dtype=dtype, device=value.device)
    form = Compressed(indptr, eids, eids)
    return Adjacency.from_compressed(form, rows, lengths.numel(), "csc")
