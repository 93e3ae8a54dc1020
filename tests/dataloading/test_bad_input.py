"""What a loader cannot use is refused: at once, with a message that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support.loaders import BUYS, market, people, woken_from_every_wait, workers

import graphmp as gm
from graphmp import dataloading as dl

Error = type[gm.GraphError]
Case = tuple[Callable[[], dl.DataLoader], Error, str]
one = dl.NeighborSampler([2])
pairs = dl.as_edge_prediction_sampler(one)
a_block = gm.to_block(people())  # made here, as the first of a process takes a while


def load(indices: Any, sampler: Any = one, g: Any = None, **kwargs: Any) -> dl.DataLoader:
    return dl.DataLoader(people() if g is None else g, indices, sampler, **kwargs)


class SampleOfNothing(dl.Sampler):
    def sample(self, g: gm.Graph) -> Any:  # type: ignore[override]
        return g


AT_ONCE: dict[str, Case] = {
    "too large": (lambda: load([3, 60]), gm.GraphIndexError, "from 0 to 59, got 60"),
    "negative": (lambda: load(torch.tensor([-1])), gm.GraphIndexError, "got -1"),
    "edge": (lambda: load([420], pairs), gm.GraphIndexError, "from 0 to 419, got 420"),
    "id type": (
        lambda: load(torch.tensor([3], dtype=torch.int32)),
        gm.GraphTypeError,
        r"torch.int64, got torch.int32; call .long\(\) on them",
    ),
    "id type of edges": (
        lambda: load(torch.tensor([3]), pairs, people(torch.int32)),
        gm.GraphTypeError,
        r"torch.int32, got torch.int64; call .int\(\) on them",
    ),
    "floats": (lambda: load(torch.tensor([1.0])), gm.GraphTypeError, "got torch.float32"),
    "words": (lambda: load(["a"]), gm.GraphTypeError, "expected integers"),
    "nothing": (lambda: load(None), gm.GraphTypeError, "got None"),
    "rows": (lambda: load(torch.ones(2, 2).long()), gm.GraphValueError, "one dimension"),
    "no seed": (lambda: load([]), gm.GraphValueError, "at least one seed, got none"),
    "no edge": (lambda: load([], pairs), gm.GraphValueError, "at least one seed, got none"),
    "no seed of any type": (
        lambda: load({"user": [], "item": []}, g=market()),
        gm.GraphValueError,
        "at least one seed, got none",
    ),
    "no seed of a mask": (
        lambda: load(torch.zeros(60, dtype=torch.bool)),
        gm.GraphValueError,
        "at least one seed, got none",
    ),
    "mask": (lambda: load(np.ones(59, bool)), gm.GraphValueError, r"shape \(60,\), got \(59,\)"),
    "type": (lambda: load({"shop": [1]}, g=market()), gm.GraphKeyError, "no node type 'shop'"),
    "edge type": (lambda: load({"sells": [1]}, pairs, market()), gm.GraphKeyError, "'sells'"),
    "no dict": (lambda: load([1], g=market()), gm.GraphValueError, "2 node types, so name one"),
    "batch size": (
        lambda: load([1], batch_size=0),
        gm.GraphValueError,
        "batch_size to be at least 1, got 0",
    ),
    "half a batch": (lambda: load([1], batch_size=0.5), gm.GraphTypeError, "expected an int"),
    "workers": (
        lambda: load([1], num_workers=-1),
        gm.GraphValueError,
        "expected a non-negative int",
    ),
    "device": (lambda: load([1], device="gpu"), gm.GraphValueError, "got 'gpu'"),
    "uva": (lambda: load([1], use_uva=True), gm.GraphRuntimeError, "use_uva=True, got cpu; omit"),
    "cache": (
        lambda: load([1], gpu_cache={"node": {"x": 9}}),
        gm.GraphValueError,
        "gpu_cache is not supported; omit it",
    ),
    "no graph": (
        lambda: load([1], g="graph"),
        gm.GraphTypeError,
        "Expected a graph to sample from, got str",
    ),
    "block": (lambda: load([1], g=a_block), gm.GraphValueError, "got a block; pass the graph"),
    "no sampler": (lambda: load([1], [2, 2]), gm.GraphTypeError, "such as NeighborSampler"),
    "class of samplers": (
        lambda: load([1], dl.NeighborSampler),
        gm.GraphTypeError,
        "such as NeighborSampler",
    ),
    "sampler of nothing": (
        lambda: load([1], SampleOfNothing()),
        gm.GraphTypeError,
        r"SampleOfNothing.sample to take \(g, indices\), .* got sample\(g",
    ),
    "start of workers": (
        lambda: load([1], worker_init_fn=3),
        gm.GraphTypeError,
        "worker_init_fn to be a function",
    ),
    "generator": (lambda: load([1], generator=3), gm.GraphTypeError, r"manual_seed\(seed\)"),
    "timeout": (lambda: load([1], timeout="9"), gm.GraphTypeError, "a number of seconds"),
    "negative timeout": (lambda: load([1], timeout=-1), gm.GraphValueError, "got -1"),
    "strange seeds": (lambda: load(object(), dl.Sampler()), gm.GraphTypeError, "tensor, a list"),
}


@pytest.mark.parametrize("case", AT_ONCE.values(), ids=AT_ONCE)
def test_a_loader_that_cannot_work_is_refused_when_it_is_made(case: Case) -> None:
    make, error, message = case
    with pytest.raises(error, match=message):
        make()  # which samples nothing


def chances(value: float) -> gm.Graph:
    g = people()
    g.edata["p"] = torch.ones(g.num_edges())
    g.edata["p"][int(g.in_edges(17, form="eid")[0])] = value
    return g


IN_A_BATCH: dict[str, Case] = {
    "negative": (
        lambda: load(range(60), dl.NeighborSampler([2], prob="p"), chances(-1)),
        gm.GraphValueError,
        "-1",
    ),
    "nan": (
        lambda: load(range(60), dl.NeighborSampler([2], prob="p"), chances(float("nan"))),
        gm.GraphValueError,
        "nan",
    ),
    "infinite": (
        lambda: load(range(60), dl.LaborSampler([2], prob="p"), chances(float("inf"))),
        gm.GraphValueError,
        "inf",
    ),
    "no field": (
        lambda: load([1], dl.NeighborSampler([2], prob="p")),
        gm.GraphKeyError,
        "with a field 'p' of probabilities",
    ),
    "shape": (
        lambda: load([1], dl.NeighborSampler([2], prob="two"), with_two_chances()),
        gm.GraphValueError,
        r"one number for each edge, \(E,\)",
    ),
    "integers": (
        lambda: load([1], dl.NeighborSampler([2], prob="_ID"), with_ids()),
        gm.GraphTypeError,
        "floating point or bool",
    ),
    "fanouts": (
        lambda: load({"user": [1]}, dl.NeighborSampler([{"buys": 1}]), market()),
        gm.GraphValueError,
        "dict for fanout to have every edge type",
    ),
    "unknown fanout": (
        lambda: load({"user": [1]}, dl.NeighborSampler([{"sells": 1}]), market()),
        gm.GraphKeyError,
        "'sells'",
    ),
    "no feature": (
        lambda: load([1], dl.NeighborSampler([2], prefetch_labels=["y"])),
        gm.GraphKeyError,
        "no field 'y'",
    ),
    "feature without a list": (
        lambda: load([1], dl.NeighborSampler([2], prefetch_labels=3)),
        gm.GraphTypeError,
        r"named in a list, such as \['x'\]",
    ),
    "no result": (
        lambda: load([1], Blocks(None)),
        gm.GraphTypeError,
        "Blocks.* to return .* got None",
    ),
    "blocks alone": (lambda: load([1], Blocks([1])), gm.GraphTypeError, r"blocks\), got list of 1"),
    "no block": (
        lambda: load([1], Blocks((1, 1, []))),
        gm.GraphTypeError,
        "a block for each layer",
    ),
    "one block": (
        lambda: load([1], Blocks((1, 1, gm.to_block(people())))),
        gm.GraphTypeError,
        r"a block for each layer, got Graph Block\(",
    ),
    "no type of features": (
        lambda: load(
            {"user": [1]}, dl.NeighborSampler([2], prefetch_labels={"shop": "x"}), market()
        ),
        gm.GraphKeyError,
        "'shop'",
    ),
}


class Blocks(dl.BlockSampler):
    """Gives what it was given; its author forgot to call the base."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def sample_blocks(self, g: gm.Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        return self.result


def with_two_chances() -> gm.Graph:
    g = people()
    g.edata["two"] = torch.ones(g.num_edges(), 2)
    return g


def with_ids() -> gm.Graph:
    g = people()
    g.edata["_ID"] = torch.arange(g.num_edges())
    return g


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("case", IN_A_BATCH.values(), ids=IN_A_BATCH)
def test_a_batch_that_cannot_be_made_is_an_error_and_ends_the_workers(
    case: Case, number: int
) -> None:
    make, error, message = case
    loader = make()
    loader.num_workers = number
    with pytest.raises(error):  # compiles what the batch needs
        list(loader)
    with woken_from_every_wait(), pytest.raises(error, match=message):
        list(loader)
    assert workers() == []


def test_a_sampler_of_blocks_that_takes_no_exclusion_is_refused_where_it_is_written() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"Two.sample_blocks must take .*exclude_eids=None"):

        class Two(dl.BlockSampler):
            def sample_blocks(self, g: gm.Graph, seed_nodes: Any) -> Any:  # type: ignore[override]
                return g, seed_nodes


def test_chances_have_the_length_of_the_edges() -> None:
    g = people()
    with pytest.raises(gm.GraphValueError, match="expected 420 rows"):
        g.edata["p"] = torch.ones(3)


def test_a_graph_that_loses_its_nodes_does_not_reach_the_kernels() -> None:
    g = people()
    loader = load(range(60), g=g)
    g.remove_nodes(range(30))
    with pytest.raises(gm.GraphIndexError, match="from 0 to 29"):
        list(loader)


def test_seeds_by_canonical_type_are_those_by_name() -> None:
    loader = load({BUYS: [1]}, pairs, market())
    ((_, graph, _),) = loader
    assert graph.edges["buys"].data["_ID"].tolist() == [1]
