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
    copy, low, high = kernels.copy_ids(ids, dtype)
    assert (copy.dtype, copy.tolist()) == (dtype, numbers)
    assert (low, high) == (min(numbers, default=0), max(numbers, default=-1))
    assert type(low) is type(high) is int
    ids.fill_(9)
    assert copy.tolist() == numbers


def test_the_range_tells_which_ids_do_not_fit(backend: str) -> None:
    ids = torch.tensor([1, 2**40, -(2**40)])
    if backend not in UNCOMPILED:  # where NumPy refuses to cut off what does not fit
        assert kernels.copy_ids(ids, torch.int32)[1:] == (-(2**40), 2**40)
    assert kernels.copy_ids(ids.repeat(2)[::2], torch.int64)[0].tolist() == ids[[0, 2, 1]].tolist()
