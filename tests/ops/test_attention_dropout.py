"""Attention that is dropped: as much as asked for, the same again from the same seed."""

from __future__ import annotations

import math

import pytest
import torch
from support.attentions import NAMES, corner_of, joined, operands, run
from support.corner_graphs import MIXED
from support.laws import assert_close, assert_same_bits
from torch import Tensor

import graphmp as gm

each_name = pytest.mark.parametrize("name", NAMES)


@each_name
@pytest.mark.usefixtures("backend")
def test_dropout_follows_torchs_seed(name: str) -> None:
    given, graph = operands(MIXED, name), MIXED.graph()

    def drawn(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return joined(run(name, graph, given, dropout=0.5, return_attention=True))

    assert_same_bits(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    torch.manual_seed(1)
    first, second = (run(name, graph, given, dropout=0.5) for _ in range(2))
    assert not torch.equal(first, second)


@each_name
def test_every_backend_drops_the_same(name: str) -> None:
    given, graph, made = operands(MIXED, name), MIXED.graph(), []
    for backend in (gm.kernels.BACKENDS[0][0], "reference"):
        with gm.kernels.using(backend, "reference"):
            torch.manual_seed(9)
            made.append(joined(run(name, graph, given, dropout=0.5, return_attention=True)))
    assert_close(*made)


@each_name
def test_without_dropout_nothing_is_drawn(name: str) -> None:
    before = torch.get_rng_state()
    run(name, MIXED.graph(), operands(MIXED, name))
    assert torch.equal(torch.get_rng_state(), before)


@each_name
@pytest.mark.usefixtures("backend")
def test_what_is_kept_grows_in_proportion(name: str) -> None:
    graph = gm.rand_graph(100, 4000)
    corner = corner_of(graph)
    given = operands(corner, name)
    torch.manual_seed(3)
    whole = run(name, graph, given, return_attention=True)[1]
    dropped = run(name, graph, given, dropout=0.3, return_attention=True)[1]
    share = (dropped == 0).double().mean(0)
    assert bool(((share - 0.3).abs() < 5 * math.sqrt(0.3 * 0.7 / 4000)).all())
    assert_close(dropped, torch.where(dropped == 0, 0, whole / 0.7))


@each_name
@pytest.mark.usefixtures("backend")
@pytest.mark.thorough
def test_the_expectation_is_what_dropout_leaves_out(name: str) -> None:
    given, graph = operands(MIXED, name, dtype=torch.float64), MIXED.graph()
    torch.manual_seed(3)
    many = torch.stack([run(name, graph, given, dropout=0.5) for _ in range(2000)])
    deviation = many.std(0) / math.sqrt(2000)
    assert bool(((many.mean(0) - run(name, graph, given)).abs() <= 5 * deviation + 1e-12).all())


@each_name
@pytest.mark.usefixtures("backend")
def test_everything_can_be_dropped(name: str) -> None:
    leaves = {n: x.requires_grad_() for n, x in operands(MIXED, name).items()}
    out, attention = run(name, MIXED.graph(), leaves, dropout=1, return_attention=True)
    assert not out.any()
    assert not attention.any()
    (out.sum() + attention.sum()).backward()
    assert all(x.grad is not None and not x.grad.any() for x in leaves.values())
