"""Plain torch on other devices than the CPU, where it adds and gathers in other ways."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from support.corner_graphs import Corner, each_corner, feature
from support.laws import assert_close
from support.synchronisation import elsewhere
from torch import Tensor

from graphmp._storage import gather as rows
from graphmp.kernels.reference.adding import add_rows


@each_corner
def test_rows_are_added_as_on_the_cpu(corner: Corner) -> None:
    index, values = torch.tensor(corner.dst, dtype=torch.int64), corner.feature("e", (3,))
    expected = torch.zeros(corner.num_dst, 3, dtype=torch.float64).index_add(
        0, index, values.double()
    )
    assert_close(add_rows(torch.zeros(corner.num_dst, 3), index, values), expected)
    with elsewhere():
        out = add_rows(torch.zeros(corner.num_dst, 3), index, values)
    assert_close(out, expected)


@pytest.mark.parametrize("ids", [[], [2, 0, 2, 2]])
def test_a_gather_has_the_gradient_of_torch(ids: Sequence[int]) -> None:
    index = torch.tensor(ids, dtype=torch.int64)

    def gradient() -> Tensor:
        data = feature(3, (2,)).requires_grad_()
        made = rows.gather(data, index)
        (found,) = torch.autograd.grad((made * feature(len(ids), (2,), seed=1)).sum(), data)
        return found

    expected = gradient()
    with elsewhere():
        found = gradient()
    assert_close(found, expected.double())
