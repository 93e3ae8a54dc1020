from __future__ import annotations

import torch
from support.laws import assert_close

from graphmp.nn import pairwise_squared_distance


def test_squared_distances_are_those_of_all_pairs() -> None:
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    assert_close(pairwise_squared_distance(x), torch.cdist(x, x).square())
    assert_close(pairwise_squared_distance(x[0]), torch.cdist(x[0], x[0]).square())
    assert pairwise_squared_distance(x[0, :0]).shape == (0, 0)
