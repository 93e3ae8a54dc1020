"""Random elements, and the seed of the library."""

from __future__ import annotations

import pytest
import torch

import graphmp as gm
from graphmp.random import choice

WEIGHTS = torch.tensor([0.0, 1.0, 3.0, 0.0])


@pytest.mark.parametrize("prob", [None, WEIGHTS], ids=["uniform", "weighted"])
@pytest.mark.parametrize("replace", [True, False])
def test_elements_are_drawn_with_their_probabilities(
    replace: bool, prob: torch.Tensor | None
) -> None:
    gm.seed(0)
    draws = torch.stack([choice(4, 1, replace, prob) for _ in range(800)])
    shares = draws.view(-1).bincount(minlength=4) / len(draws)
    expected = torch.full((4,), 0.25) if prob is None else prob / prob.sum()
    assert torch.allclose(shares, expected, atol=0.05)
    assert shares[expected == 0].sum() == 0


def test_shapes_and_rows_are_those_of_numpy() -> None:
    rows = torch.arange(6.0).view(3, 2)
    assert choice(5, (2, 3)).shape == (2, 3)
    assert choice(rows, (4,)).shape == (4, 2)
    assert choice(rows, 3, replace=False).sort(0).values.equal(rows)
    assert choice(4, 2, False, WEIGHTS).sort().values.tolist() == [1, 2]
    assert choice(0, 0).numel() == choice(4, 0, True, WEIGHTS).numel() == 0
    assert choice(3, ()).ndim == 0


def test_a_seed_repeats_the_draws() -> None:
    draws = []
    for _ in range(2):
        gm.seed(3)
        draws.append(choice(100, 8, False))
    assert torch.equal(*draws)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="to draw 4 of, got 3"):
        choice(3, 4, False)
    with pytest.raises(gm.GraphValueError, match="to draw 3 of, got 2"):
        choice(4, 3, False, WEIGHTS)
    with pytest.raises(gm.GraphValueError, match="to draw 1 of, got 0"):
        choice(0, 1)
    for prob in (torch.ones(2), torch.tensor([1.0, -1.0, 1.0]), torch.full((3,), torch.inf)):
        with pytest.raises(gm.GraphValueError, match="prob to be 3 numbers"):
            choice(3, 1, True, prob)
    with pytest.raises(gm.GraphTypeError, match="size"):
        choice(3, 1.5)
