"""Rows gathered from a tensor: many of them by a backend, with a gradient that is summed by one."""

from __future__ import annotations

import pytest
import torch
from support import laws

from graphmp._storage import gather as rows

IDS = [4, 0, 4, 2, 4, 0]
each_shape = pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows there are, they count as many."""
    monkeypatch.setattr(rows, "_LARGE", 0)


@pytest.mark.usefixtures("backend")
@each_shape
@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_rows_and_their_gradient_are_those_of_torch(
    shape: tuple[int, ...], idtype: torch.dtype
) -> None:
    data, ids = torch.randn(5, *shape, requires_grad=True), torch.tensor(IDS, dtype=idtype)
    upstream = torch.randn(6, *shape)
    out, expected = rows.gather(data, ids), data[ids]
    laws.assert_same_bits(out, expected)
    (grad,), (like,) = (laws.gradients(made, (data,), upstream) for made in (out, expected))
    laws.assert_close(grad, like)
    assert not grad[[1, 3]].any()


@each_shape
def test_rows_have_derivatives_of_every_order(shape: tuple[int, ...]) -> None:
    data, ids = torch.randn(5, *shape, dtype=torch.float64, requires_grad=True), torch.tensor(IDS)
    laws.assert_differentiable_twice(lambda data: rows.gather(data, ids), data)


def test_no_rows_have_a_gradient_of_zeros() -> None:
    data = torch.randn(5, 3, requires_grad=True)
    out = rows.gather(data, torch.empty(0, dtype=torch.int64))
    (grad,) = laws.gradients(out, (data,), torch.empty(0, 3))
    laws.assert_same_bits(grad, torch.zeros(5, 3))
