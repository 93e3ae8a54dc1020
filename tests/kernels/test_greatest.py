"""Edges of greatest weight: every backend as plain torch, which sorts."""

from __future__ import annotations

import pytest
import torch
from support.backends import NAMES
from support.corner_graphs import ID_DTYPES, Corner, each_corner
from torch import Tensor

import graphmp as gm
from graphmp import kernels
from graphmp.kernels import reference

DTYPES = (torch.float32, torch.float64, torch.int64, torch.uint8)

each_fast_backend = pytest.mark.parametrize("backend", NAMES[:-1], indirect=True)
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def some_weights(count: int, dtype: torch.dtype) -> Tensor:
    """Weights many of which are equal, both zeros and both infinities among them."""
    generator = torch.Generator("cpu").manual_seed(count)
    values = torch.randint(0, 9, (count,), generator=generator, device="cpu")
    values = values.to(torch.get_default_device())
    if not dtype.is_floating_point:
        return values.to(dtype)
    chosen = torch.tensor([0.0, -0.0, 1, -1, 2, -2, torch.inf, -torch.inf, 0.5], dtype=dtype)
    return chosen[values]


def assert_as_reference(g: gm.Graph, rows: Tensor, k: int, weights: Tensor) -> None:
    for ascending in (False, True):
        args = (g.adjacency.csc, rows, k, weights, ascending)
        for found, expected in zip(kernels.greatest(*args), reference.greatest(*args), strict=True):
            assert found.dtype == expected.dtype
            assert torch.equal(found, expected)


@pytest.mark.parametrize("k", [-1, 0, 1, 3, 25])
@each_idtype
@each_corner
@each_fast_backend
@pytest.mark.loops
def test_every_backend_chooses_the_same_edges_in_the_same_order(
    backend: str, corner: Corner, idtype: torch.dtype, k: int
) -> None:
    rows = torch.arange(corner.num_dst, dtype=idtype)
    rows = torch.cat([rows.flip(0), rows[:2]])
    for dtype in DTYPES:
        weights = some_weights(len(corner.src), dtype)
        assert_as_reference(corner.graph(idtype), rows, k, weights)


@each_fast_backend
def test_large_choices_are_the_same_on_any_number_of_threads(backend: str) -> None:
    generator = torch.Generator("cpu").manual_seed(1)
    ends = torch.randint(3000, (2, 300_000), generator=generator, device="cpu")
    g = gm.graph((ends[0], ends[1])).to(torch.get_default_device())
    weights = some_weights(300_000, torch.float32)
    before = torch.get_num_threads()
    for threads in (1, 3) if backend == "cpu" else (1,):
        torch.set_num_threads(threads)
        assert_as_reference(g, torch.arange(3000), 70, weights)
    torch.set_num_threads(before)


@pytest.mark.usefixtures("backend")
def test_a_weight_that_is_not_a_number_is_an_error_in_rows_that_choose() -> None:
    g = gm.graph(([0, 1, 2, 3], [1, 1, 1, 2])).to(torch.get_default_device())
    form = g.adjacency.csc
    weights = torch.tensor([1.0, torch.nan, 2.0, 3.0])
    with pytest.raises(gm.GraphValueError, match="edge 1 is NaN"):
        kernels.greatest(form, torch.tensor([2, 1]), 1, weights, False)
    assert kernels.greatest(form, torch.tensor([2, 0]), 1, weights, False)[0].tolist() == [0, 1, 1]
    assert kernels.greatest(form, torch.tensor([1]), 0, weights, False)[0].tolist() == [0, 0]
