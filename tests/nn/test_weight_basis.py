from __future__ import annotations

import pytest
import torch
from support.laws import assert_close

from graphmp.nn import WeightBasis


@pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 1, 2)])
def test_weights_are_sums_of_bases(shape: tuple[int, ...]) -> None:
    layer = WeightBasis(shape, 2, 5).double()
    expected = torch.stack(
        [sum((a * v for a, v in zip(row, layer.weight, strict=True))) for row in layer.w_comp]
    )
    out = layer()
    assert_close(out, expected)
    upstream, leaves = torch.randn_like(out), [layer.weight, layer.w_comp]
    for one, two in zip(
        torch.autograd.grad(out, leaves, upstream),
        torch.autograd.grad(expected, leaves, upstream),
        strict=True,
    ):
        assert_close(one, two)


def test_parameters_have_the_names_of_dgl() -> None:
    state = WeightBasis((3, 2), 4, 5).state_dict()
    assert {name: tuple(x.shape) for name, x in state.items()} == {
        "weight": (4, 3, 2),
        "w_comp": (5, 4),
    }
    assert "bases=4" in repr(WeightBasis((3, 2), 4, 5))
