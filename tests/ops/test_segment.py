"""Consecutive rows of a tensor: reduced, normalised, or given what their segments have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support import dense
from support.corner_graphs import SHAPES, feature
from support.laws import assert_same_with_gradients

import graphmp as gm
from graphmp import ops

LENGTHS: tuple[list[int], ...] = ([], [0, 0], [1], [3, 0, 1, 0, 2], [0, 4, 0])


def owners(lengths: list[int]) -> list[int]:
    """The segment of each row."""
    return [segment for segment, length in enumerate(lengths) for _ in range(length)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.usefixtures("backend")
def test_segments_reduce_alone_and_empty_ones_give_0(
    lengths: list[int], shape: tuple[int, ...]
) -> None:
    value, rows = feature(sum(lengths), shape), owners(lengths)
    for reducer in ("sum", "mean", "max", "min"):
        assert_same_with_gradients(
            lambda x, reducer=reducer: ops.segment_reduce(lengths, x, reducer),
            lambda x, reducer=reducer: dense.reduce(reducer, x, rows, len(lengths)),
            value,
        )


WEIGHTED = [((), ()), ((3,), (3,)), ((3,), (1,)), ((3,), ()), ((2, 3), (3,)), ((1,), (3,))]


@pytest.mark.parametrize(("shape", "factor"), WEIGHTED, ids=str)
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.usefixtures("backend")
def test_rows_are_weighed_before_they_are_reduced(
    lengths: list[int], shape: tuple[int, ...], factor: tuple[int, ...]
) -> None:
    rows, count = owners(lengths), sum(lengths)
    for reducer in ("sum", "mean", "max", "min"):
        assert_same_with_gradients(
            lambda x, w, reducer=reducer: ops.segment_reduce(lengths, x, reducer, w),
            lambda x, w, reducer=reducer: dense.reduce(
                reducer, dense.binary("mul", x, w), rows, len(lengths)
            ),
            feature(count, shape),
            feature(count, factor, seed=1),
        )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.usefixtures("backend")
def test_rows_of_segments_get_what_their_segment_has(
    lengths: list[int], shape: tuple[int, ...]
) -> None:
    assert_same_with_gradients(
        lambda x: ops.segment_broadcast(lengths, x),
        lambda x: x[owners(lengths)],
        feature(len(lengths), shape),
    )


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.usefixtures("backend")
def test_softmax_of_segments(lengths: list[int]) -> None:
    assert_same_with_gradients(
        lambda x: ops.segment_softmax(lengths, x),
        lambda x: dense.edge_softmax(x, owners(lengths), len(lengths)),
        feature(sum(lengths), (3,)),
    )


@pytest.mark.parametrize(
    "lengths",
    [torch.tensor([2, 1]), torch.tensor([2, 1], dtype=torch.int32), np.array([2, 1]), (2, 1)],
    ids=["int64", "int32", "array", "tuple"],
)
def test_lengths_may_be_a_tensor_an_array_or_a_sequence(lengths: Any) -> None:
    assert ops.segment_reduce(lengths, torch.tensor([1, 2, 3])).tolist() == [3, 3]


@pytest.mark.parametrize(
    ("lengths", "value", "error", "message"),
    [
        (
            [1, 1],
            torch.ones(3),
            ValueError,
            "seglen: expected .* sum to the 3 rows, got 2",
        ),
        ([4, -1], torch.ones(3), ValueError, "seglen: expected lengths of at least 0, got -1"),
        ([1.5, 1.5], torch.ones(3), TypeError, "expected integers"),
        (
            torch.tensor([3.0]),
            torch.ones(3),
            TypeError,
            "int32 or int64, got torch.float32",
        ),
        ([3], [1.0, 2.0, 3.0], TypeError, r"value: expected a tensor .* list \[1\.0, 2\.0"),
        ([1], torch.tensor(1.0), TypeError, "with rows"),
    ],
)
def test_wrong_segments_are_an_error(
    lengths: Any, value: Any, error: type[Exception], message: str
) -> None:
    for function in (ops.segment_reduce, ops.segment_softmax):
        with pytest.raises(error, match=message) as caught:
            function(lengths, value)
        assert isinstance(caught.value, gm.GraphError)


@pytest.mark.parametrize(
    ("lengths", "value", "error", "message"),
    [
        ([1, 1], torch.ones(3), ValueError, "expected 2 rows, one for each of the segments, got 3"),
        ([4, -1], torch.ones(2), ValueError, "seglen: expected lengths of at least 0, got -1"),
        ([1.5], torch.ones(1), TypeError, "expected integers"),
        ([1], [1.0], TypeError, r"value: expected a tensor .* list \[1\.0\]"),
        (
            torch.tensor([1]),
            torch.ones(1, device="meta"),
            ValueError,
            "expected a tensor on .* meta",
        ),
    ],
)
def test_segments_that_do_not_fit_what_is_broadcast_are_an_error(
    lengths: Any, value: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        ops.segment_broadcast(lengths, value)
    assert isinstance(caught.value, gm.GraphError)


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (torch.ones(2), ValueError, "'weight': expected 3 rows"),
        ([1.0, 1.0, 1.0], TypeError, "'weight' of the rows: expected a tensor"),
        (torch.ones(3, 2), ValueError, r"features whose shapes broadcast, got \(4,\) and \(2,\)"),
    ],
    ids=["rows", "list", "shape"],
)
def test_wrong_weights_are_an_error(weight: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        ops.segment_reduce([1, 2], torch.ones(3, 4), "sum", weight)
    assert isinstance(caught.value, gm.GraphError)


def test_an_unknown_reducer_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(gm.GraphValueError, match=r"reducer: .* sum, mean, max, min, got 'median'"):
        ops.segment_reduce([1], torch.ones(1), "median")


def test_integers_have_no_softmax() -> None:
    with pytest.raises(
        gm.GraphTypeError, match=r"value: expected floating point, got torch\.int64"
    ):
        ops.segment_softmax([1], torch.ones(1, dtype=torch.int64))
