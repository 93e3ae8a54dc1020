"""The numbers of dropout are evenly distributed and independent."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from graphmp.nn.functional import dropout

ROWS, COLUMNS = 1500, 1100  # rows are not multiples of blocks


def dropped(p: float, seed: int = 7) -> Tensor:
    """(ROWS, COLUMNS): 1 where an element is dropped, in float64."""
    torch.manual_seed(seed)
    return (dropout(torch.ones(ROWS, COLUMNS), p) == 0).double()


def assert_is_about(fraction: Tensor, p: float, trials: int) -> None:
    """Every fraction is within five standard deviations of ``p``."""
    deviation = math.sqrt(p * (1 - p) / trials)
    assert float((fraction - p).abs().max()) < 5 * deviation


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_as_many_are_dropped_as_asked_for(p: float) -> None:
    mask = dropped(p)
    assert_is_about(mask.mean(), p, mask.numel())
    if p * ROWS > 100 and (1 - p) * ROWS > 100:
        assert_is_about(mask.mean(0), p, ROWS)
        assert_is_about(mask.mean(1), p, COLUMNS)


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_the_number_dropped_of_a_few_is_binomial(p: float) -> None:
    for mask in (dropped(p), dropped(p).t()):
        counts = mask.reshape(-1, 10).sum(1).long()
        observed = torch.bincount(counts, minlength=11).double()
        chances = [math.comb(10, k) * p**k * (1 - p) ** (10 - k) for k in range(11)]
        wanted = len(counts) * torch.tensor(chances, dtype=torch.float64)
        is_common = wanted > 5
        squares = ((observed - wanted) ** 2 / wanted)[is_common].sum()
        freedom = int(is_common.sum()) - 1
        assert float(squares) < freedom + 5 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("distance", [1, 2, 8, 256, 512, 768, 1024, COLUMNS, 4096])
def test_elements_at_a_distance_are_independent(distance: int) -> None:
    mask = dropped(0.5).flatten()
    both = (mask[:-distance] * mask[distance:]).mean()
    assert_is_about(both, 0.25, mask.numel() - distance)


def test_rows_columns_and_calls_are_independent() -> None:
    mask, other = dropped(0.5), dropped(0.5, seed=8)
    following = (dropout(torch.ones(ROWS, COLUMNS), 0.5) == 0).double()
    assert_is_about((mask[1:] * mask[:-1]).mean(1), 0.25, COLUMNS)
    assert_is_about((mask[:, 1:] * mask[:, :-1]).mean(0), 0.25, ROWS)
    assert_is_about((mask * other).mean(), 0.25, mask.numel())
    assert_is_about((other * following).mean(), 0.25, mask.numel())


def test_the_expectation_is_the_input() -> None:
    x = torch.rand(50, 20, dtype=torch.float64) + 0.5
    mean = torch.stack([dropout(x, 0.4) for _ in range(4000)]).mean(0)
    deviation = x * math.sqrt(0.4 / 0.6 / 4000)
    assert bool(((mean - x).abs() < 5 * deviation).all())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_a_relu_of_many_numbers_without_a_dropout_is_exact(
    training: bool, dtype: torch.dtype
) -> None:
    x = (10 * torch.randn(700, 100)).to(dtype)
    if dtype.is_floating_point:
        x[0, :4] = torch.tensor([torch.nan, torch.inf, -torch.inf, -0.0])
        x.requires_grad_()
    p, state = (0.0 if training else 0.5), torch.get_rng_state()
    out = dropout(x, p, training, activation="relu")
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(out, x.relu(), rtol=0, atol=0, equal_nan=True)
    if dtype.is_floating_point:
        upstream = torch.randn_like(x)
        grads = [torch.autograd.grad(y, x, upstream)[0] for y in (out, x.relu())]
        assert torch.equal(*grads)
