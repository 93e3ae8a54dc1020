"""The gradient of a maximum, by every backend, against a loop in float64."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from support.backends import each_backend_and_dtype
from support.corner_graphs import FLOATS, ID_DTYPES, feature
from support.laws import assert_close
from torch import Tensor

from graphmp import kernels
from graphmp.kernels.contract import EDGE, OTHER, Csr

LENGTHS = (3, 0, 1, 5, 0, 2)  # the edges of each row
# Some rows are longer than the pieces that rows are cut into, and so are those of sources 0 and 1.
LONG = (0, 700, 0, 256, 257, 3, *(1,) * 120)

each_end = pytest.mark.parametrize("where", [OTHER, EDGE], ids=["sources", "edges"])


def layout(lengths: Sequence[int], others: int, idtype: torch.dtype = torch.int64) -> Csr:
    """Edges grouped by row, two thirds of them from the first two of the others."""
    edges = sum(lengths)
    generator = torch.Generator().manual_seed(edges)
    indices = torch.randint(others, (edges,), generator=generator)
    often = torch.rand(edges, generator=generator) < 0.67
    indices = torch.where(often, indices % min(others, 2), indices)
    indptr, eids = torch.tensor([0, *lengths]).cumsum(0), torch.randperm(edges, generator=generator)
    return Csr(indptr.to(idtype), indices.to(idtype), eids.to(idtype))


def some_positions(form: Csr, size: int) -> Tensor:
    """For each number of a row one of its positions, now and then none: (rows, size) int32."""
    start, end = form[0][:-1, None].long(), form[0][1:, None].long()
    drawn = torch.randint(
        1 << 30, (len(start), size), generator=torch.Generator().manual_seed(size)
    )
    is_none = (end == start) | (drawn % 5 == 0)
    return torch.where(is_none, -1, start + drawn % (end - start).clamp(min=1)).int()


def check(form: Csr, where: int, rows: int, places: Tensor, dtype: torch.dtype) -> Tensor:
    """Compare a result with the loop; give it."""
    size, width = places.numel(), int(places.max()) + 1 if places.numel() else 0
    values, arg = feature(form[0].numel() - 1, (size,), dtype), some_positions(form, size)
    out = kernels.scatter(form, where, values, arg, places, (rows, width))
    expected = torch.zeros(rows, width, dtype=torch.float64)
    ids, chosen = form[where].tolist(), arg.tolist()
    for r, f in (arg >= 0).nonzero().tolist():
        expected[ids[chosen[r][f]], places[f]] += values[r, f].double()
    assert out.dtype == dtype
    assert_close(out, expected)
    return out


@each_end
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("size", [0, 1, 3, 16, 40])
@each_backend_and_dtype(FLOATS, "scatter")
def test_values_are_added_where_their_edges_lead(
    backend: str, dtype: torch.dtype, size: int, idtype: torch.dtype, where: int
) -> None:
    form = layout(LENGTHS, 5, idtype)
    check(form, where, sum(LENGTHS) if where == EDGE else 5, torch.arange(size), dtype)


@each_end
@pytest.mark.usefixtures("backend")
def test_several_columns_can_lead_to_one(where: int) -> None:
    rows = sum(LENGTHS) if where == EDGE else 5
    check(layout(LENGTHS, 5), where, rows, torch.tensor([0, 0, 1, 1, 0, 1]), torch.float32)


@each_end
@pytest.mark.parametrize("size", [3, 40])
@pytest.mark.usefixtures("backend")
def test_rows_of_many_edges(size: int, where: int) -> None:
    rows = sum(LONG) if where == EDGE else 140
    form = layout(LONG, 140)
    out = check(form, where, rows, torch.arange(size), torch.float32)
    assert torch.equal(out, check(form, where, rows, torch.arange(size), torch.float32))


@each_end
@pytest.mark.usefixtures("backend")
def test_nothing_chosen_adds_nothing(where: int) -> None:
    nowhere, form = torch.full((6, 3), -1), layout(LENGTHS, 5)
    rows = sum(LENGTHS) if where == EDGE else 5
    out = kernels.scatter(form, where, torch.ones(6, 3), nowhere, torch.arange(3), (rows, 3))
    assert torch.equal(out, torch.zeros(rows, 3))
    empty = layout((0, 0), 5)
    rows = 0 if where == EDGE else 5
    out = kernels.scatter(empty, where, torch.ones(2, 3), nowhere[:2], torch.arange(3), (rows, 3))
    assert torch.equal(out, torch.zeros(rows, 3))


@pytest.mark.usefixtures("backend")
def test_infinities_and_nan_stay_where_their_edges_lead() -> None:
    indptr, ids = torch.tensor([0, 1, 3]), torch.tensor([0, 1, 2])
    values = torch.tensor([[torch.inf, 1.0], [torch.nan, -torch.inf]])
    arg = torch.tensor([[0, 0], [1, 2]])
    out = kernels.scatter(Csr(indptr, ids, ids), OTHER, values, arg, torch.arange(2), (3, 2))
    expected = torch.tensor([[torch.inf, 1], [torch.nan, 0], [0, -torch.inf]])
    assert_close(out, expected.double())


def test_the_result_does_not_depend_on_the_threads() -> None:
    form = layout([i % 9 for i in range(4000)], 50)
    values, arg, places = feature(4000, (70,)), some_positions(form, 70), torch.arange(70)
    found = []
    before = torch.get_num_threads()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(kernels.scatter(form, OTHER, values, arg, places, (50, 70)))
    torch.set_num_threads(before)
    assert all(torch.equal(found[0], other) for other in found[1:])
