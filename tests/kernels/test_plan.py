"""How the features of two operands meet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from support.corner_graphs import PAIRS

from graphmp.kernels.plan import Plan, plan

Shape = tuple[int, ...]


def all_plans() -> list[Plan]:
    """Every pair of features, whole, summed to every shape, or spread to a wider one."""
    plans = [Plan((2, 1), (), (2, 3)), Plan((3,), (), (2, 3)), Plan((), (), (3,))]
    for lhs, rhs in PAIRS:
        full = np.broadcast_shapes(lhs, rhs)
        kept = itertools.product(*({1, size} for size in full))
        plans += [Plan(lhs, rhs, out) for out in {lhs, rhs, *kept}]
    return plans


each_plan = pytest.mark.parametrize("meeting", all_plans(), ids=str)


def place(index: Shape, shape: Shape) -> int:
    """The flat place in ``shape`` of an element of the shape that it broadcasts to."""
    own = index[len(index) - len(shape) :]
    flat = 0
    for i, size in zip(own, shape, strict=True):
        flat = flat * size + (i if size > 1 else 0)
    return flat


@each_plan
def test_the_maps_say_where_each_element_lies(meeting: Plan) -> None:
    elements = list(itertools.product(*map(range, meeting.full)))
    assert meeting.size == len(elements)
    shapes = (meeting.lhs_shape, meeting.rhs_shape, meeting.out_shape)
    for places, shape in zip(meeting.maps, shapes, strict=True):
        assert places.tolist() == [place(index, shape) for index in elements]


@each_plan
def test_in_the_fast_layout_an_operand_has_an_element_or_a_block_for_each(meeting: Plan) -> None:
    for places, wide in zip(meeting.maps, meeting.wide, strict=True):
        if meeting.width:
            every = torch.arange(meeting.size)
            assert torch.equal(places, every if wide else every // meeting.width)


@pytest.mark.parametrize(
    ("shapes", "width"),
    [
        pytest.param(((3,), (3,), (3,)), 3, id="equal"),
        pytest.param(((16,), (), (16,)), 16, id="scalar"),
        pytest.param(((16,), (1,), (16,)), 16, id="one"),
        pytest.param(((8, 4), (8, 1), (8, 4)), 4, id="heads"),
        pytest.param(((8, 1), (8, 4), (8, 4)), 4, id="heads at the left"),
        pytest.param(((8, 4), (8, 4), (8, 1)), 4, id="dot"),
        pytest.param(((16,), (16,), ()), 16, id="sum to a scalar"),
        pytest.param(((2, 3), (3,), (2, 3)), 0, id="rows repeat"),
        pytest.param(((2, 1), (3,), (2, 3)), 0, id="outer"),
        pytest.param(((8, 4), (8, 1), (1, 1)), 0, id="two widths"),
        pytest.param(((0,), (0,), (0,)), 0, id="nothing"),
    ],
)
def test_common_features_meet_in_the_fast_layout(
    shapes: tuple[Shape, Shape, Shape], width: int
) -> None:
    assert Plan(*shapes).width == width


def test_a_plan_is_made_once() -> None:
    assert plan((3,), (1,), (3,)) is plan((3,), (1,), (3,))
