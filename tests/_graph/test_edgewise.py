"""Edge features from node features."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from support.corner_graphs import ID_DTYPES, Corner, each_corner, feature
from support.laws import assert_same_with_gradients
from torch import Tensor

import graphmp as gm

OPERATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "dot": lambda x, y: (x * y).sum(-1, keepdim=True),
}


@each_corner
def test_both_ends_are_combined_as_torch_does(corner: Corner) -> None:
    src, dst = torch.tensor(corner.src).long(), torch.tensor(corner.dst).long()
    g = corner.graph()
    for name, operator in OPERATORS.items():
        assert_same_with_gradients(
            lambda x, y, name=name: getattr(gm, f"u_{name}_v")(g, x, y),
            lambda x, y, operator=operator: operator(x[src], y[dst]),
            feature(corner.num_src, (3,)),
            feature(corner.num_dst, (3,), seed=1),
        )


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_one_end_is_copied_to_the_edges_of_a_type(idtype: torch.dtype) -> None:
    g = gm.heterograph({("a", "to", "b"): ([0, 1], [0, 0]), ("b", "of", "a"): ([0], [1])})
    g = g.astype(idtype)
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0])
    assert gm.copy_u(g, x, "to").tolist() == [1, 2]
    assert gm.copy_v(g, y, "to").tolist() == [3, 3]
    assert gm.u_sub_v(g, y, x, "of").tolist() == [1]


def test_wrong_arguments_are_refused() -> None:
    g = gm.heterograph({("a", "to", "b"): ([0], [0]), ("b", "of", "a"): ([0], [0])})
    with pytest.raises(gm.GraphTypeError, match="Expected a graph"):
        gm.copy_u(torch.ones(1), torch.ones(1))
    with pytest.raises(gm.GraphValueError, match="name one"):
        gm.copy_v(g, torch.ones(1))
    with pytest.raises(gm.GraphValueError, match="lhs_data"):
        gm.u_mul_v(g, torch.ones(2), torch.ones(1), "to")
