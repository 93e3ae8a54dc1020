"""The gradient of a maximum, by every backend, against a loop in float64."""

from __future__ import annotations

import pytest
import torch
from backends import each_backend_and_dtype
from corner_graphs import FLOATS, ID_DTYPES
from laws import assert_close
from torch import Tensor

from graphmp import kernels

ROWS, TARGETS, EDGES = 7, 5, 11


def one_by_one(values: Tensor, arg: Tensor, ids: Tensor, places: Tensor, width: int) -> Tensor:
    out = torch.zeros(TARGETS, width, dtype=torch.float64)
    for r in range(values.shape[0]):
        for f in range(values.shape[1]):
            if arg[r, f] >= 0:
                out[ids[arg[r, f]], places[f]] += values[r, f].double()
    return out


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("size", [0, 1, 3, 16, 40])
@each_backend_and_dtype(FLOATS, "scatter")
def test_values_are_added_where_their_edges_lead(
    backend: str, dtype: torch.dtype, size: int, idtype: torch.dtype
) -> None:
    values = torch.randn(ROWS, size).to(dtype)
    arg = torch.randint(-1, EDGES, (ROWS, size), dtype=torch.int32)
    ids, places = torch.randint(TARGETS, (EDGES,)).to(idtype), torch.arange(size)
    out = kernels.scatter(values, arg, ids, places, (TARGETS, size))
    assert out.dtype == dtype
    assert_close(out, one_by_one(values, arg, ids, places, size))


@pytest.mark.usefixtures("backend")
def test_several_columns_can_lead_to_one() -> None:
    values, places = torch.randn(ROWS, 6), torch.tensor([0, 0, 1, 1, 0, 1])
    arg, ids = torch.randint(-1, EDGES, (ROWS, 6)), torch.randint(TARGETS, (EDGES,))
    out = kernels.scatter(values, arg, ids, places, (TARGETS, 2))
    assert_close(out, one_by_one(values, arg, ids, places, 2))


@pytest.mark.usefixtures("backend")
def test_nothing_chosen_adds_nothing() -> None:
    nowhere = torch.full((ROWS, 3), -1)
    ids = torch.empty(0, dtype=torch.int64)
    out = kernels.scatter(torch.ones(ROWS, 3), nowhere, ids, torch.arange(3), (TARGETS, 3))
    assert torch.equal(out, torch.zeros(TARGETS, 3))


def test_the_result_does_not_depend_on_the_threads() -> None:
    values, arg = torch.randn(4000, 70), torch.randint(-1, 300, (4000, 70))
    ids, places = torch.randint(50, (300,)), torch.arange(70)
    found = []
    before = torch.get_num_threads()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(kernels.scatter(values, arg, ids, places, (50, 70)))
    torch.set_num_threads(before)
    assert all(torch.equal(found[0], other) for other in found[1:])
