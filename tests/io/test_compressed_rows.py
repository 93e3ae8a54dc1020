from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphmp as gm
from graphmp.io.compressed_rows import CompressedRows, from_triples

GOOD: dict[str, Any] = {
    "indptr": np.array([0, 2, 2, 3]),
    "indices": np.array([1, 1, 0]),
    "data": np.array([1.0, 2.0, 3.0]),
    "shape": (3, 2),
}


def test_values_of_one_cell_are_added() -> None:
    matrix = CompressedRows.checked(**GOOD, what="it")
    assert matrix.dense("it").tolist() == [[0, 3], [0, 0], [3, 0]]
    assert matrix.dense("it", np.float32).dtype == np.float32
    assert (len(matrix), matrix.rows().tolist()) == (3, [0, 0, 2])


def test_triples_are_sorted_by_row() -> None:
    ids = np.array([2, 0, 0], np.int32), np.array([0, 1, 1], np.int32)
    matrix = from_triples(*ids, np.array([3.0, 1.0, 2.0]), (3, 2), "it")
    assert matrix.indptr.tolist() == [0, 2, 2, 3]
    assert (matrix.dense("it") == CompressedRows.checked(**GOOD, what="it").dense("it")).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (3, 1)}, "each column of it to be from 0 to 0, got 1"),
        ({"indices": np.array([1, -1, 0])}, "each column of it to be from 0 to 1, got -1"),
        ({"shape": (4, 2)}, "5 limits.*got 4 limits"),
        ({"shape": (3, 2, 1)}, "two sizes of it"),
        ({"shape": (3, 2.0)}, "two sizes of it"),
        ({"shape": (-3, 2)}, "two sizes of it"),
        ({"shape": (3, 2**70)}, "two sizes of it"),
        ({"indptr": np.array([0, 3, 2, 3])}, "ascend from 0 to 3"),
        ({"indptr": np.array([1, 2, 2, 3])}, "ascend from 0 to 3"),
        ({"indptr": np.array([0, 2, 2, 4])}, "ascend from 0 to 3"),
        ({"indices": np.array([1.0, 1, 0])}, "integers in one dimension"),
        ({"indices": np.array([[1, 1, 0]])}, "integers in one dimension"),
        ({"data": np.ones(2)}, "2 values"),
        ({"data": np.ones((3, 1))}, "values of it to be numbers in one dimension"),
    ],
)
def test_parts_that_do_not_fit_are_an_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(gm.GraphError, match=message):
        CompressedRows.checked(**{**GOOD, **changes}, what="it")


def test_triples_that_do_not_fit_are_an_error() -> None:
    one, two = np.zeros(1, int), np.zeros(2, int)
    with pytest.raises(gm.GraphError, match="as many rows as columns"):
        from_triples(one, two, two, (1, 1), "it")
    with pytest.raises(gm.GraphError, match="each row of it to be from 0 to 0, got 1"):
        from_triples(one + 1, one, one, (1, 1), "it")


def test_a_matrix_that_memory_cannot_hold_is_an_error() -> None:
    matrix = CompressedRows.checked(**{**GOOD, "shape": (3, 1 << 31)}, what="it")
    with pytest.raises(gm.GraphError, match=r"it with 3 values .* got 3 rows of 2147483648 col"):
        matrix.dense("it")
    one = np.zeros(1, int)
    with pytest.raises(gm.GraphError, match=r"it with 1 values .* got 268435456 rows"):
        from_triples(one, one, one, (1 << 28, 1), "it")


def test_parts_without_dimensions_are_an_error() -> None:
    one, none = np.zeros(1, int), np.array(0)
    for changes in ({"indptr": none}, {"indices": none}, {"data": none}, {"data": np.array(["x"])}):
        with pytest.raises(gm.GraphError, match=r"of it to be (integers|numbers) in one dimension"):
            CompressedRows.checked(**{**GOOD, **changes}, what="it")
    for row, col, values in ((none, one, one), (one, none, one), (one, one, none)):
        with pytest.raises(gm.GraphError, match=r"of it to be (integers|numbers) in one dimension"):
            from_triples(row, col, values, (1, 1), "it")
