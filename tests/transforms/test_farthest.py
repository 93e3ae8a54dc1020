"""Points that are far from each other."""

from __future__ import annotations

import pytest
import torch

import graphmp as gm
from graphmp.transforms import farthest_point_sampler


def points(sets: int = 2, size: int = 12) -> torch.Tensor:
    return torch.randn(sets, size, 3, generator=torch.Generator().manual_seed(0))


def test_each_point_is_the_farthest_from_those_before_it() -> None:
    pos = points()
    for one, ids in zip(pos, farthest_point_sampler(pos, 6, 3), strict=True):
        assert ids[0] == 3
        distances = torch.cdist(one.double(), one.double())
        for step in range(1, 6):
            assert ids[step] == distances[ids[:step]].min(0).values.argmax()


def test_points_are_distinct_even_if_they_coincide() -> None:
    ids = farthest_point_sampler(torch.ones(2, 4, 2), 4)
    assert ids.sort().values.tolist() == [[0, 1, 2, 3]] * 2
    assert ids.dtype == torch.int64


def test_the_first_point_is_random_and_can_be_repeated() -> None:
    pos, firsts = points(64, 5), []
    for _ in range(2):
        torch.manual_seed(1)
        firsts.append(farthest_point_sampler(pos, 1).view(-1))
    assert torch.equal(*firsts)
    assert set(firsts[0].tolist()) == set(range(5))


def test_nothing_is_chosen_of_nothing() -> None:
    assert farthest_point_sampler(points(), 0).shape == (2, 0)
    assert farthest_point_sampler(torch.empty(0, 4, 2), 2).shape == (0, 2)


def test_wrong_arguments_are_refused() -> None:
    pos = points()
    with pytest.raises(gm.GraphValueError, match="at most 12"):
        farthest_point_sampler(pos, 13)
    with pytest.raises(gm.GraphIndexError, match="from 0 to 11, got 12"):
        farthest_point_sampler(pos, 2, 12)
    with pytest.raises(gm.GraphValueError, match="shape"):
        farthest_point_sampler(pos[0], 2)
    with pytest.raises(gm.GraphTypeError, match="npoints"):
        farthest_point_sampler(pos, 2.5)  # type: ignore[arg-type]
