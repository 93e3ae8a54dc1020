"""What a pickle of a graph holds, and what is checked when a pickle or a file is loaded.

Kernels do not check ids, so a damaged or crafted file must not bring any that are out of range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import kernels
from .._checks import are_below
from ..errors import GraphValueError
from ..kernels import torch_library
from ..kernels.contract import Csr


def own_memory(tensor: Any) -> Any:
    """A tensor that is a part of a larger one in memory of its own, as a pickle has all of it.

    Args:
        tensor: a tensor; one of a subclass or with a gradient is returned as it is.
    """
    if type(tensor) is not Tensor or tensor.requires_grad or tensor.layout != torch.strided:
        return tensor
    is_part = tensor.untyped_storage().nbytes() > tensor.numel() * tensor.element_size()
    return tensor.clone() if is_part else tensor


def check(condition: bool, what: str) -> None:
    """Raise unless a property holds that every graph has.

    Raises:
        GraphValueError: it does not hold.
    """
    if not condition:
        raise GraphValueError(
            f"Expected the whole of a graph, but {what}: it is damaged; save the graph again."
        )


def check_columns(columns: Iterable[Any], num_rows: int) -> None:
    """Check that columns of features have a row for each node or edge.

    Raises:
        GraphValueError: a column has not.
    """
    for column in columns:
        is_column = isinstance(column, Tensor) and column.dim() > 0 and len(column) == num_rows
        check(is_column, f"a column has not {num_rows} rows")


def check_ends(ends: tuple[Tensor, Tensor], num: tuple[int, int]) -> None:
    """Check sources and destinations in edge id order.

    Raises:
        GraphValueError: their numbers differ, or an id is not that of a node.
    """
    check(len({_length(end) for end in ends}) == 1, "the numbers of its ends differ")
    for end, limit in zip(ends, num, strict=True):
        _check_ids(end, limit)


def check_grouped(csr: Csr, rows: int, others: int) -> None:
    """Check edges grouped by one end.

    Raises:
        GraphValueError: rows that overlap, an id that is not that of a node, or an edge id that is
            missing.
    """
    indptr, indices, edge_ids = csr
    count = _length(indices)
    starts: Any = indptr.numpy() if indptr.is_cpu else indptr  # NumPy compares faster
    check_rows(indptr, not bool((starts[1:] < starts[:-1]).any()), rows, count)
    _check_ids(indices, others)
    check(_length(edge_ids) == count, "an edge id is missing")
    check(kernels.check_edge_ids(indptr, edge_ids)[0], "an edge id is missing")


def check_rows(indptr: Tensor, ascend: bool, rows: int, count: int) -> None:
    """Check where rows of edges start.

    Args:
        indptr: the limits of rows.
        ascend: whether they ascend.
        rows: how many rows there are.
        count: how many edges.

    Raises:
        GraphValueError: rows that overlap, or others than these.
    """
    is_whole = _length(indptr) == rows + 1 and (int(indptr[0]), int(indptr[-1])) == (0, count)
    check(is_whole and ascend, "its rows are not in order")


def checked_edge_ids(indptr: Tensor, edge_ids: Tensor, file: str) -> Tensor:
    """Check that edge ids are there once, and ascend in each row.

    Args:
        indptr: the limits of rows.
        edge_ids: (E,) from 0 to E - 1.
        file: the name of the file that they are from; empty if an error needs none.

    Returns:
        (E,) the same ids.

    Raises:
        GraphValueError: they are others.
    """
    if is_compiling():
        return _CHECKED(indptr, edge_ids, file)  # type: ignore[no-any-return]
    are_all, ascend = kernels.check_edge_ids(indptr, edge_ids)
    if not are_all or not ascend:
        how = "in ascending order in its row" if are_all else "once"
        reading = f"{file} was not read: " if file else ""
        raise GraphValueError(
            f"{reading}expected every edge id {how}, got others; it is damaged: write it again."
        )
    return edge_ids


_CHECKED = torch_library.define(
    "checked_edge_ids",
    "(Tensor indptr, Tensor edge_ids, str file) -> Tensor",
    lambda *args: checked_edge_ids(*args).clone(),
    lambda indptr, edge_ids, file: torch.empty_like(edge_ids),  # noqa: ARG005
)


def copied_ids(arrays: Sequence[Tensor], limits: Sequence[int]) -> list[tuple[Tensor, bool]]:
    """Copy the ids of an edge type and check them in one pass.

    Args:
        arrays: the ids, of one dtype.
        limits: for each array what its ids are below.

    Returns:
        For each array (n,) the ids in memory of their own, and whether they ascend.

    Raises:
        GraphValueError: something else than ids, or an id out of range.
    """
    dtypes, copies = set(), []
    for ids in arrays:
        _length(ids)
        dtypes.add(ids.dtype)
    check(len(dtypes) == 1, "its layouts have different dtypes of ids")
    results = kernels.copy_ids(arrays, *dtypes)
    for (copy, low, high, ascend), limit in zip(results, limits, strict=True):
        check(low >= 0 and high < limit, f"an id is not below {limit}")
        copies.append((copy, ascend))
    return copies


def are_sizes(sizes: dict[Any, Tensor] | None, counts: Mapping[Any, int]) -> bool:
    """Whether sizes of the graphs of a batch, by type, fit the numbers of nodes, or of edges.

    Args:
        sizes: the sizes; None unless the graph is a batch.
        counts: how many nodes or edges there are.
    """
    return sizes is None or (
        len({_length(size) for size in sizes.values()}) <= 1
        and {name: int(size.sum()) for name, size in sizes.items()} == dict(counts)
        and all(bool((size >= 0).all()) for size in sizes.values())
    )


def are_numbers(sizes: Any, counts: Mapping[Any, int]) -> bool:
    """Whether sizes are lists of numbers by type, or none.

    Args:
        sizes: what was read.
        counts: a number for each type.
    """
    return (
        type(sizes) is dict
        and (not sizes or set(sizes) == set(counts))
        and all(type(each) is list for each in sizes.values())
        and all(
            type(size) is int and 0 <= size <= max(counts[name], 2**31 - 1)
            for name, each in sizes.items()
            for size in each
        )
    )


def _length(ids: Any) -> int:
    is_vector = isinstance(ids, Tensor) and ids.dim() == 1 and ids.is_contiguous()
    check(is_vector and ids.dtype in (torch.int32, torch.int64), "its ids are not ids")
    return len(ids)


def _check_ids(ids: Tensor, limit: int) -> None:
    check(not _length(ids) or are_below(ids, limit), f"an id is not below {limit}")
