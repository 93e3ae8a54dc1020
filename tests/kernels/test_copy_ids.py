"""Copies of ids in another id type, with the range of the ids."""

from __future__ import annotations

import pytest
import torch
from support.backends import UNCOMPILED
from support.corner_graphs import ID_DTYPES

from graphmp import kernels


@pytest.mark.parametrize("numbers", [[], [5], [3, -2, 7, 7, 0], list(range(40, -40, -1))], ids=len)
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("dtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_a_copy_has_the_ids_and_their_range(
    numbers: list[int], idtype: torch.dtype, dtype: torch.dtype
) -> None:
    ids = torch.tensor(numbers, dtype=idtype)
    [(copy, low, high, ascend)] = kernels.copy_ids([ids], dtype)
    assert (copy.dtype, copy.tolist()) == (dtype, numbers)
    assert (low, high) == (min(numbers, default=0), max(numbers, default=-1))
    assert type(low) is type(high) is int
    assert ascend is (numbers == sorted(numbers))
    ids.fill_(9)
    assert copy.tolist() == numbers


def test_the_range_tells_which_ids_do_not_fit(backend: str) -> None:
    ids = torch.tensor([1, 2**40, -(2**40)])
    if backend not in UNCOMPILED:  # where NumPy refuses to cut off what does not fit
        assert kernels.copy_ids([ids], torch.int32)[0][1:3] == (-(2**40), 2**40)
    [(copy, *_)] = kernels.copy_ids([ids.repeat(2)[::2]], torch.int64)
    assert copy.tolist() == ids[[0, 2, 1]].tolist()


@pytest.mark.parametrize("count", [1 << 16, (1 << 17) + 5, 1 << 20])
@pytest.mark.usefixtures("backend")
def test_the_range_of_many_ids_is_found_wherever_its_ends_are(count: int) -> None:
    for least, greatest in ((0, count - 1), (count - 1, 0), (count // 2, count // 2 - 1)):
        ids = torch.arange(count) % 100
        ids[least], ids[greatest] = -7, 1000
        [(copy, low, high, ascend)] = kernels.copy_ids([ids], torch.int64)
        assert torch.equal(copy, ids)
        assert (low, high, ascend) == (-7, 1000, False)


@pytest.mark.parametrize("place", [0, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, (1 << 17) - 1])
@pytest.mark.usefixtures("backend")
def test_the_order_of_many_ids_is_found(place: int) -> None:
    ids = torch.arange(1 << 17, dtype=torch.int32) // 2
    assert kernels.copy_ids([ids], torch.int64)[0][3]
    ids[place] = (1 << 17) if place < len(ids) - 1 else 0
    assert not kernels.copy_ids([ids], torch.int64)[0][3]


@pytest.mark.usefixtures("backend")
def test_arrays_of_several_lengths_and_dtypes_are_copied_at_once() -> None:
    counts = [(1 << 17) + 5, 0, 3, 1 << 16, 1 << 18]
    arrays = [torch.arange(count, dtype=ID_DTYPES[count % 2]) for count in counts]
    arrays[-1] = -arrays[-1]
    copies = kernels.copy_ids(arrays, torch.int64)
    assert all(torch.equal(copy, ids) for (copy, *_), ids in zip(copies, arrays, strict=True))
    bounds = [bounds for _, *bounds in copies]
    assert bounds == [[0, count - 1, True] for count in counts[:-1]] + [[1 - (1 << 18), 0, False]]
