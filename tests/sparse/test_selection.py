"""Some rows or columns: selected, sampled, or those with entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.sparse import dense, positions, sparse_matrix

import graphmp as gm
import graphmp.sparse as dglsp

T = torch.tensor


@pytest.mark.parametrize("width", [None, 2])
@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_selected_rows_and_columns(width: int | None, idtype: torch.dtype) -> None:
    A = sparse_matrix(5, 6, 12, width, idtype=idtype)
    ids = T([4, 1, 1, 0], dtype=idtype)
    assert torch.equal(A.index_select(0, ids).to_dense(), dense(A)[ids.long()])
    assert torch.equal(A.index_select(1, ids).to_dense(), dense(A)[:, ids.long()])
    assert torch.equal(A.index_select(0, ids[:0]).to_dense(), dense(A)[:0])


def test_selected_entries_are_in_the_order_of_rows_or_columns() -> None:
    A = dglsp.spmatrix(T([[0, 1, 1, 2, 3, 4], [0, 2, 4, 3, 5, 0]]), torch.arange(6))
    assert A.index_select(0, T([4, 1, 0])).val.tolist() == [5, 1, 2, 0]
    assert A.index_select(1, T([0, 4, 5])).val.tolist() == [0, 5, 2, 4]


@pytest.mark.parametrize("limits", [(1, 3), (None, 2), (2, None), (2, 2), (5, 5), (None, None)])
def test_ranges_of_rows_and_columns(limits: tuple[Any, Any]) -> None:
    A, index = sparse_matrix(5, 5, 12), slice(*limits)
    assert torch.equal(A.range_select(0, index).to_dense(), dense(A)[index])
    assert torch.equal(A.range_select(1, index).to_dense(), dense(A)[:, index])


def test_compact_removes_empty_rows_or_columns() -> None:
    A = dglsp.spmatrix(T([[4, 2, 4, 0], [1, 2, 0, 1]]), torch.arange(4))
    for dim, B, expected in ((0, A, [0, 2, 4]), (1, A.T, [0, 2, 4])):
        C, ids = B.compact(dim)
        assert ids.tolist() == expected
        assert torch.equal(C.to_dense(), dense(B).index_select(dim, ids))
        assert torch.equal(C.val, B.val)
        C, ids = B.compact(dim, T([3, 2]))
        assert ids.tolist() == [3, 2, 0, 4]
        assert torch.equal(C.to_dense(), dense(B).index_select(dim, ids))
    empty, ids = sparse_matrix(3, 4, 0).compact(0)
    assert (empty.shape, ids.tolist()) == ((0, 4), [])


@pytest.mark.parametrize("dim", [0, 1])
def test_a_sample_has_so_many_entries_of_each_row_or_column(dim: int) -> None:
    A = sparse_matrix(6, 6, 20, dtype=torch.float64)
    ids = T([5, 0, 0])
    B = A.sample(dim, 2, ids)
    assert B.shape == ((3, 6) if dim == 0 else (6, 3))
    whole = A.index_select(dim, ids)
    assert set(zip(positions(B), B.val.tolist(), strict=True)) <= set(
        zip(positions(whole), whole.val.tolist(), strict=True)
    )
    assert B.has_duplicate() is False
    counts = (B.row if dim == 0 else B.col).bincount(minlength=3)
    degrees = (whole.row if dim == 0 else whole.col).bincount(minlength=3)
    assert torch.equal(counts, degrees.clamp(max=2))


def test_all_rows_are_sampled_by_default_and_all_entries_with_a_fanout_of_minus_1() -> None:
    A = sparse_matrix(5, 6, 12)
    assert A.sample(1, 1).nnz == len(set(A.col.tolist()))
    assert torch.equal(A.sample(0, -1).to_dense(), dense(A))
    assert A.sample(0, 0).nnz == 0


def test_a_sample_with_replacement_repeats_entries() -> None:
    A = sparse_matrix(3, 4, 8)
    B = A.sample(0, 7, replace=True)
    assert B.row.bincount().tolist() == [7 if d else 0 for d in A.row.bincount(minlength=3)]


def test_a_biased_sample_never_has_values_of_0() -> None:
    A = dglsp.spmatrix(T([[0, 0, 0], [0, 1, 2]]), T([0.0, 0.0, 3.0]))
    assert A.sample(0, 1, bias=True).col.tolist() == [2]


@pytest.mark.loops
def test_integers_bias_a_sample() -> None:
    A = dglsp.spmatrix(T([[0, 0, 0], [0, 1, 2]]), T([0, 0, 3]))
    assert A.sample(0, 3, bias=True).col.tolist() == [2]


def test_the_seed_repeats_a_sample() -> None:
    A = sparse_matrix(20, 20, 200)
    samples = []
    for _ in range(2):
        torch.manual_seed(3)
        samples.append(positions(A.sample(0, 3)))
    assert samples[0] == samples[1]


REFUSED: dict[str, tuple[Callable[[Any], object], type[gm.GraphError], str]] = {
    "dim": (lambda A: A.index_select(2, T([0])), gm.GraphValueError, "dim: expected 0 or 1"),
    "row": (lambda A: A.index_select(0, T([3])), gm.GraphIndexError, "from 0 to 2, got 3"),
    "column": (lambda A: A.index_select(1, T([-1])), gm.GraphIndexError, "from 0 to 3, got -1"),
    "dtype": (lambda A: A.index_select(0, T([1]).int()), gm.GraphTypeError, "int64"),
    "no slice": (lambda A: A.range_select(0, 1), gm.GraphTypeError, "expected a slice"),
    "step": (lambda A: A.range_select(0, slice(0, 2, 2)), gm.GraphValueError, "index_select"),
    "stop": (lambda A: A.range_select(0, slice(0, 4)), gm.GraphIndexError, "from 0 to 3"),
    "start": (lambda A: A.range_select(1, slice(-1, 3)), gm.GraphIndexError, "got -1 and 3"),
    "descending": (lambda A: A.range_select(1, slice(3, 1)), gm.GraphIndexError, "ascending"),
    "repeated": (lambda A: A.compact(0, T([1, 1])), gm.GraphValueError, "each id once"),
    "leading": (lambda A: A.compact(0, T([9])), gm.GraphIndexError, "got 9"),
    "sampled": (lambda A: A.sample(0, 1, T([3])), gm.GraphIndexError, "got 3"),
    "fanout": (lambda A: A.sample(0, -2), gm.GraphValueError, "got -2"),
    "fanout of a float": (lambda A: A.sample(0, 1.5), gm.GraphTypeError, "an int"),
    "bias": (
        lambda A: sparse_matrix(3, 4, 5, 2).sample(0, 1, bias=True),
        gm.GraphValueError,
        r"\(5, 2\)",
    ),
    "negative bias": (lambda A: (-A).sample(0, 1, bias=True), gm.GraphValueError, "negative"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_arguments_are_errors(name: str) -> None:
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call(sparse_matrix(3, 4, 5))
