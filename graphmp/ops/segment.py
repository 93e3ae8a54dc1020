"""Reductions, softmax, sorting and broadcasting over consecutive rows of a tensor.

On an accelerator lengths are looked at only after ``graphmp.validate_ids()``, as ids are.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling
from torch.nn.functional import pad

from .. import _checks, kernels
from .._storage.adjacency import Adjacency
from ..errors import GraphTypeError, GraphValueError
from ..function import BINARY_OPS, REDUCERS
from ..kernels.contract import Csr
from ..kernels.segments import owners
from .edge_softmax import softmax
from .spmm import contract, spmm


def segment_reduce(
    seglen: Any, value: Tensor, reducer: str = "sum", weight: Tensor | None = None
) -> Tensor:
    """Reduce consecutive rows of a tensor.

    Args:
        seglen: (S,) int tensor or list, the length of each segment; they sum to the rows of
            ``value``.
        value: (N, *feature).
        reducer: ``"sum"``, ``"mean"``, ``"max"`` or ``"min"``.
        weight: (N, …) factors of the rows, which broadcast with ``value``. The products are not
            stored. A mean divides by the number of rows, not by the weights.

    Returns:
        (S, *feature); 0 for an empty segment.

    Raises:
        GraphTypeError: ``value`` or ``weight`` is not a tensor.
        GraphValueError: lengths that are negative or do not sum to N, an unknown reducer, or
            weights that do not fit.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.ops.segment_reduce([2, 0, 1], torch.tensor([1.0, 2.0, 3.0]))
        tensor([3., 0., 3.])
    """
    return reduce_segments(seglen, value, reducer, weight, "reducer")


def reduce_segments(
    seglen: Any, value: Tensor, reducer: Any, weight: Tensor | None, name: str
) -> Tensor:
    """:func:`segment_reduce`, where ``name`` is the argument that gives the reducer."""
    row = REDUCERS.get(reducer) if isinstance(reducer, str) else None
    if row is None or row.kernel is None:
        known = ", ".join(each for each, row in REDUCERS.items() if row.kernel)
        raise GraphValueError(f"{name}: expected one of {known}, got {reducer!r}.")
    segments = _segments(seglen, value)
    op = None
    if weight is not None:
        _checks.feature(weight, value.shape[0], value.device, "weight", "rows")
        op = BINARY_OPS["mul"]
    return spmm(segments, op, row.kernel, value, weight, ("e", "e"), row.per_degree)


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
    return softmax(_segments(seglen, value), value, "value")


def segment_broadcast(seglen: Any, value: Tensor, output_size: int | None = None) -> Tensor:
    """Repeat each row of a tensor for every row of its segment: the transpose of a sum.

    Args:
        seglen: (S,) int tensor or list, the length of each segment.
        value: (S, *feature).
        output_size: the sum of the lengths; without it the host synchronises to read it.

    Returns:
        (N, *feature), where N is the sum of the lengths.

    Raises:
        GraphTypeError: ``value`` is not a tensor.
        GraphValueError: negative lengths, lengths that do not sum to ``output_size``, or not a
            row for each segment.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.ops.segment_broadcast([2, 0, 1], torch.tensor([1.0, 2.0, 3.0]))
        tensor([1., 1., 3.])
    """
    lengths = _lengths(seglen, value)
    _checks.feature(value, lengths.numel(), lengths.device, "value", "segments")
    rows = int(lengths.sum()) if output_size is None else output_size
    rows = _checks.size(rows, "output_size")
    shape = tuple(value.shape[1:])
    return contract(_relation(lengths, rows), "e", "copy", value, None, ("v", "v"), shape)


def segment_argsort(seglen: Any, value: Tensor, descending: bool = False) -> Tensor:
    """Sort the rows of each segment: the positions of its rows, in order of their values.

    The sort is stable, and NaN is the greatest number.

    Args:
        seglen: (S,) the length of each segment; they sum to the rows of ``value``.
        value: (N, *feature); each element of a row is sorted for itself.
        descending: the greatest first.

    Returns:
        int64 tensor of the shape of ``value``: rows, segment after segment.

    Raises:
        GraphTypeError: ``value`` is not a tensor.
        GraphValueError: lengths that are negative or do not sum to N.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.ops.segment_argsort([2, 3], torch.tensor([2.0, 1.0, 5.0, 3.0, 4.0]))
        tensor([1, 0, 3, 4, 2])
    """
    lengths, rows = _lengths(seglen, value), value.shape[0]
    if _checks.is_looked_at(lengths):
        _check_lengths(lengths, rows)
    columns, width = _columns(value), _padded_width(lengths, rows)
    if width:
        starts = (lengths.long().cumsum(0) - lengths).view(-1, 1)
        order = (_padded_argsort(lengths, columns, width, bool(descending)) + starts).flatten(1)
        order = order.index_select(1, _is_row(lengths, width).flatten().nonzero().view(-1))
    else:
        order = _joint_argsort(lengths.long(), columns, bool(descending))
    return order.t().reshape(value.shape)


def segment_first(lengths: Tensor, value: Tensor, k: int, descending: bool) -> Tensor:
    """Sort the rows of each segment, and take the first ``k``; see :func:`segment_argsort`.

    Args:
        lengths: (S,) the length of each segment, checked.
        value: (N, *feature), where N is not 0.
        k: how many.
        descending: the greatest first.

    Returns:
        (S, k, *feature) int64 positions in the segments; any beyond the length of a segment.
    """
    rows, segments = value.shape[0], lengths.shape[0]
    columns, width = _columns(value), _padded_width(lengths, rows)
    if width:
        order = _padded_argsort(lengths, columns, width, descending)[:, :, :k]
        order = pad(order, (0, k - order.shape[2]))
    else:
        starts = (lengths.long().cumsum(0) - lengths).view(-1, 1)
        places = (starts + torch.arange(k, device=value.device)).clamp(max=rows - 1)
        order = _joint_argsort(lengths.long(), columns, descending)[:, places] - starts
    return order.permute(1, 2, 0).reshape(segments, k, *value.shape[1:])


def _columns(value: Tensor) -> Tensor:
    """The elements of each row, each element as a row of (D, N)."""
    return value.detach().reshape(value.shape[0], value.shape[1:].numel()).t().contiguous()


def _padded_width(lengths: Tensor, rows: int) -> int:
    """The length of the longest segment if filling up all others is worth it, else 0.

    On an accelerator, and in a compiled program, it is not known.
    """
    is_known = lengths.is_cpu and not is_compiling()
    width = int(lengths.max()) if is_known and rows else 0
    return width if width * lengths.shape[0] <= 2 * rows else 0


def _is_row(lengths: Tensor, width: int) -> Tensor:
    """(S, width) which places of segments that are filled up to ``width`` are rows."""
    return torch.arange(width, device=lengths.device) < lengths.view(-1, 1)


def _padded_argsort(lengths: Tensor, columns: Tensor, width: int, descending: bool) -> Tensor:
    """Sort segments of similar lengths as rows of a matrix, filled up with what comes last.

    Args:
        lengths: (S,).
        columns: (D, N) values.
        width: the length of the longest segment.
        descending: the greatest first.

    Returns:
        (D, S, width) int64 positions in the segments; those of the filling come last.
    """
    shape = columns.shape[0], lengths.shape[0], width
    if lengths.shape[0] * width > columns.shape[1]:
        matrix = columns.new_full(shape, _last(columns, descending))
        columns = matrix.masked_scatter_(_is_row(lengths, width), columns)
    return columns.view(shape).sort(stable=True, dim=2, descending=descending).indices


def _last(values: Tensor, descending: bool) -> Any:
    """A value that no other comes after; the sort is stable, so that equal ones come before it."""
    if values.is_floating_point():
        return -math.inf if descending else math.nan
    if values.dtype == torch.bool:
        return not descending
    limits = torch.iinfo(values.dtype)
    return limits.min if descending else limits.max


def _joint_argsort(lengths: Tensor, columns: Tensor, descending: bool) -> Tensor:
    """Sort all values, and then by segment: (D, N) int64 rows, segment after segment."""
    segments, rows = lengths.numel(), columns.shape[1]
    by_value = columns.sort(stable=True, dim=1, descending=descending).indices
    owner = owners(lengths, rows)
    first = torch.arange(columns.shape[0], device=columns.device).view(-1, 1) * segments
    _, order = kernels.group((owner[by_value] + first).flatten(), columns.shape[0] * segments)
    return by_value.flatten()[order].view(columns.shape[0], rows)


def _segments(seglen: Any, value: Any) -> Adjacency:
    """Segments as a relation: row ``i`` of ``value`` is an edge into its segment."""
    return _relation(_lengths(seglen, value), value.shape[0])


def _lengths(seglen: Any, value: Any) -> Tensor:
    """Lengths of segments, on the device of ``value``."""
    if not isinstance(value, Tensor) or value.ndim == 0:
        raise GraphTypeError(f"value: expected a tensor with rows, got {_checks.kind(value)}.")
    dtype = seglen.dtype if isinstance(seglen, Tensor) else torch.int64
    if dtype not in _checks.ID_DTYPES:
        raise GraphTypeError(f"seglen: expected int32 or int64, got {dtype}; call .long() on it.")
    return _checks.id_tensor(seglen, dtype, value.device, "Segment lengths")


def checked_lengths(seglen: Any, value: Any) -> Tensor:
    """Lengths of segments that sum to the rows of ``value``, on its device.

    Raises:
        GraphTypeError: ``value`` is not a tensor, or lengths that are not integers.
        GraphValueError: lengths that are negative or do not sum to the rows.
    """
    lengths = _lengths(seglen, value)
    _check_lengths(lengths, value.shape[0])
    return lengths


def _relation(lengths: Tensor, rows: int) -> Adjacency:
    """The rows of segments as edges into them."""
    if _checks.is_looked_at(lengths):
        _check_lengths(lengths, rows)
    indptr = torch.cat([lengths.new_zeros(1), lengths.cumsum(0).to(lengths.dtype)])
    eids = torch.arange(rows, dtype=lengths.dtype, device=lengths.device)
    # Lengths that were not checked must not lead outside of the rows.
    csr = Csr(indptr.clamp(0, rows), eids, eids)
    return Adjacency.from_compressed(csr, rows, lengths.numel(), "csc")


def _check_lengths(lengths: Tensor, rows: int) -> None:
    if is_compiling():
        is_whole = (lengths >= 0).all() & (lengths.sum() == rows)
        expected = "seglen: expected lengths of at least 0 that sum to the rows, got others."
        torch._assert_async(is_whole, expected)
        return
    if bool((lengths < 0).any()):
        raise GraphValueError(f"seglen: expected lengths of at least 0, got {int(lengths.min())}.")
    if int(lengths.sum()) != rows:
        raise GraphValueError(
            f"seglen: expected lengths that sum to the {rows} rows, got {int(lengths.sum())}."
        )
