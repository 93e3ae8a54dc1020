"""Reduce over edge types: one column of the results that several types gave the same nodes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce as fold
from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .._storage.adjacency import Adjacency
from ..function import Reducer
from ..kernels.contract import accumulator
from ..ops.broadcast import check_one_shape
from .partials import combine, has_messages
from .udf import Columns

CROSS_REDUCERS = ("sum", "max", "min", "mean", "stack")


def cross_reduce(
    results: Sequence[tuple[Adjacency, Columns]], reducer: Any, row: Reducer | None
) -> Columns:
    """Reduce the results that several edge types have for the same nodes.

    Args:
        results: for each edge type, in the order of ids, its edges and its result.
        reducer: ``"sum"``, ``"max"``, ``"min"``, ``"mean"``, ``"stack"``, or a function of the
            list of results.
        row: the reducer's row of the table, if it has one.

    Returns:
        Columns of the destinations.
    """
    out: Columns = {}
    for name in dict.fromkeys(name for _, columns in results for name in columns):
        adjacencies, parts = _results_of(results, name)
        if callable(reducer):
            out[name] = reducer(parts)
            continue
        check_one_shape(parts, f"Results {name!r}")
        if reducer == "stack":
            out[name] = torch.stack(parts, 1)
            continue
        dtype = fold(torch.promote_types, [part.dtype for part in parts])
        wide, narrow = _dtypes(reducer, dtype)
        parts = [part.to(wide) for part in parts]
        if reducer == "mean":
            joint = fold(torch.add, parts) / len(parts)
        else:
            assert row is not None  # sum, max and min are rows
            joint = combine(parts, adjacencies, row)
        out[name] = joint.to(narrow)
    return out


def _dtypes(reducer: str, dtype: torch.dtype) -> tuple[torch.dtype, torch.dtype]:
    """In which dtype results of ``dtype`` are reduced, and that of the result.

    Halves are summed, and divided, before they are rounded; a mean does not wrap, and booleans are
    counted.
    """
    if reducer == "mean" and not (dtype.is_floating_point or dtype.is_complex):
        return torch.float64, torch.get_default_dtype()
    if reducer == "sum" and dtype == torch.bool:
        return torch.int64, torch.int64
    return accumulator(dtype), dtype


def _results_of(
    results: Sequence[tuple[Adjacency, Columns]], name: str
) -> tuple[list[Adjacency], list[Tensor]]:
    """One field of the results of several types.

    A type without edges has zeros, since a function that was never called returns no field.
    """
    like = next(columns[name] for _, columns in results if name in columns)
    pairs = [
        (adjacency, columns[name] if name in columns else torch.zeros_like(like))
        for adjacency, columns in results
        if name in columns or adjacency.num_edges == 0
    ]
    return [adjacency for adjacency, _ in pairs], [part for _, part in pairs]


def zero_without_messages(columns: Columns, adjacency: Adjacency) -> Columns:
    """Results with 0 at nodes without messages, where initializers may have written."""
    if not is_compiling() and not adjacency.has_zero_in_degree:
        return columns
    return {
        name: torch.where(has_messages(adjacency, part), part, 0) for name, part in columns.items()
    }
