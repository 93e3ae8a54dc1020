"""LABOR sampling as a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import Corner, each_corner

import graphmp as gm
from graphmp.sampling import sample_labors

SEEDS = range(20, 40)


def people(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Twenty nodes with edges from each of twenty others."""
    u, v = torch.meshgrid(torch.arange(20), torch.arange(20, 40), indexing="ij")
    return gm.graph((u.flatten(), v.flatten()), idtype=idtype)


@pytest.mark.parametrize(
    "idtype", [pytest.param(torch.int32, marks=pytest.mark.loops), torch.int64], ids=str
)
def test_nodes_of_equal_neighbours_sample_the_same(idtype: torch.dtype) -> None:
    sampled, weights = sample_labors(people(idtype), SEEDS, 3)
    assert len(set(sampled.edges()[0].tolist())) == 3
    assert sampled.in_degrees(list(SEEDS)).tolist() == [3] * 20
    assert sampled.idtype == idtype
    assert [each.shape for each in weights] == [(0,)]


@each_corner
def test_a_negative_fanout_samples_every_edge(corner: Corner) -> None:
    g = corner.graph()
    nodes = {corner_type: range(g.num_nodes(corner_type)) for corner_type in g.ntypes}
    for edge_dir in ("in", "out"):
        sampled, _ = g.sample_labors(nodes, -1, edge_dir)
        assert sorted(sampled.edata[gm.EID].tolist()) == list(range(g.num_edges()))


def test_outgoing_edges_of_several_nodes_share_destinations() -> None:
    sampled, _ = sample_labors(gm.reverse(people()), SEEDS, 3, "out")
    assert len(set(sampled.edges()[1].tolist())) == 3


def test_one_seed_draws_the_same_edges_and_two_seeds_move_between_theirs() -> None:
    def edges(seed: Any, contribution: float = 0.0) -> list[int]:
        result, _ = sample_labors(
            people(), SEEDS, 3, random_seed=seed, seed2_contribution=contribution
        )
        return list(result.edata[gm.EID].tolist())

    assert edges(1) == edges(1) == edges([1, 2]) == edges(torch.tensor([1]), 0.5)
    assert edges(1) != edges(2)
    assert edges(1) != edges([1, 2], 0.9)


def test_weights_of_independent_edges_sum_to_their_number() -> None:
    g = people()
    g.edata["p"] = torch.rand(400, generator=torch.Generator().manual_seed(0))
    for prob, steps in (("p", 0), (None, 1), ("p", -5)):
        sampled, [weights] = sample_labors(g, SEEDS, 5, prob=prob, importance_sampling=steps)
        total = gm.ops.copy_e_sum(sampled, weights)
        assert weights.shape == (sampled.num_edges(),)
        assert torch.allclose(total, sampled.in_degrees().float(), atol=1e-4)


def test_every_edge_type_has_its_weights() -> None:
    g = gm.heterograph({("a", "to", "b"): ([0, 1], [0, 0]), ("b", "of", "a"): ([0, 0], [0, 1])})
    g.edges["to"].data["p"] = torch.ones(2)
    sampled, weights = sample_labors(g, {"b": [0], "a": [0, 1]}, 2, prob="p")
    assert [each.tolist() for each in weights] == [[1, 1], []]
    assert sampled.num_edges("to") == sampled.num_edges("of") == 2


def test_excluded_edges_are_not_sampled() -> None:
    sampled, _ = sample_labors(people(), SEEDS, -1, exclude_edges=range(390))
    assert sorted(sampled.edata[gm.EID].tolist()) == list(range(390, 400))


WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: sample_labors(people(), [0], 1, random_seed=[1, 2, 3]), gm.GraphValueError, "got 3"),
    (lambda: sample_labors(people(), [0], 1, random_seed=0.5), gm.GraphTypeError, "random_seed"),
    (lambda: sample_labors(people(), [0], 1, random_seed="x"), gm.GraphTypeError, "random_seed"),
    (
        lambda: sample_labors(people(), [0], 1, seed2_contribution=2),
        gm.GraphValueError,
        "expected 0 to 1, got 2",
    ),
    (
        lambda: sample_labors(people(), [0], 1, importance_sampling=0.5),  # type: ignore[arg-type]
        gm.GraphTypeError,
        "importance_sampling",
    ),
    (lambda: sample_labors(people(), [0], 1, "up"), gm.GraphValueError, "edge_dir"),
]


@pytest.mark.parametrize(("call", "error", "text"), WRONG)
def test_wrong_arguments_are_refused(
    call: Callable[[], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        call()
