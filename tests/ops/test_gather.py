"""``ops.gather`` and ``ops.segment_argsort``: checked, on every kind of input."""

from __future__ import annotations

import pytest
import torch

import graphmp as gm
from graphmp import ops


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_gather_gives_the_rows_and_sums_the_gradient(
    shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    data = torch.rand(4, *shape, dtype=torch.float64, requires_grad=True)
    ids = torch.tensor([1, 1, 3, 0], dtype=dtype)
    rows = ops.gather(data, ids)
    assert torch.equal(rows, data[ids.long()])
    upstream = torch.rand_like(rows)
    (grad,) = torch.autograd.grad(rows, data, upstream)
    assert torch.equal(grad, torch.zeros_like(data).index_add(0, ids.long(), upstream))


def test_gather_accepts_a_list_and_no_ids() -> None:
    data = torch.tensor([1.0, 2.0])
    assert ops.gather(data, [1, 0, 1]).tolist() == [2.0, 1.0, 2.0]
    assert ops.gather(data, []).shape == (0,)


def test_gather_refuses_what_does_not_fit() -> None:
    data = torch.ones(2, 3)
    with pytest.raises(gm.GraphIndexError, match="from 0 to 1, got 2"):
        ops.gather(data, [0, 2])
    with pytest.raises(gm.GraphIndexError, match="from 0 to 1, got -1"):
        ops.gather(data, torch.tensor([-1]))
    with pytest.raises(gm.GraphTypeError, match=r"int64, got torch\.float64"):
        ops.gather(data, torch.tensor([0.0], dtype=torch.float64))
    with pytest.raises(gm.GraphValueError, match="expected one dimension, got a shape of"):
        ops.gather(data, torch.tensor([[0]]))
    with pytest.raises(gm.GraphTypeError, match="data: expected a tensor with rows, got list"):
        ops.gather([1.0], [0])  # type: ignore[arg-type]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("lengths", [[3, 0, 4], [7], [], [0, 0], [1] * 5, [9, 0, 1]])
@pytest.mark.parametrize("shape", [(), (2,), (2, 2), (0,)])
def test_segment_argsort_sorts_each_segment_stably(
    lengths: list[int], descending: bool, shape: tuple[int, ...]
) -> None:
    generator = torch.Generator().manual_seed(1)
    value = torch.randint(3, (sum(lengths), *shape), generator=generator).float()
    order, start = ops.segment_argsort(lengths, value, descending), 0
    assert order.shape == value.shape
    assert order.dtype == torch.int64
    for length in lengths:
        part = slice(start, start + length)
        wanted = value[part].argsort(dim=0, stable=True, descending=descending) + start
        assert torch.equal(order[part], wanted)
        start += length


def test_segment_argsort_takes_nan_for_the_greatest_and_refuses_wrong_lengths() -> None:
    value = torch.tensor([torch.nan, 1.0, torch.inf])
    assert ops.segment_argsort([3], value).tolist() == [1, 2, 0]
    with pytest.raises(gm.GraphValueError, match="lengths that sum to the 3 rows, got 2"):
        ops.segment_argsort([2], value)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.uint8, torch.int64])
def test_segment_argsort_puts_the_extremes_of_a_dtype_in_place(
    dtype: torch.dtype, descending: bool
) -> None:
    extremes = [torch.nan, -torch.inf, torch.inf, 0.0, torch.nan, -torch.inf]
    value = torch.tensor(extremes)
    if not dtype.is_floating_point:
        limits = (0, 1) if dtype == torch.bool else (torch.iinfo(dtype).min, torch.iinfo(dtype).max)
        value = torch.tensor([*limits, *limits, *limits], dtype=dtype)
    order = ops.segment_argsort([1, 2, 3], value, descending)  # of similar lengths
    for part in (slice(0, 1), slice(1, 3), slice(3, 6)):
        alone = value[part].sort(stable=True, descending=descending).indices + part.start
        assert torch.equal(order[part], alone)
