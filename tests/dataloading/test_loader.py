"""DataLoader: what it goes through, in which order, and that workers change nothing."""

from __future__ import annotations

import random as python_random
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from support.loaders import (
    NID,
    Case,
    cases_of_market,
    cases_of_people,
    epoch,
    flat,
    market,
    people,
    tensors,
)

import graphmp as gm
from graphmp import dataloading as dl

PEOPLE, MARKET = cases_of_people(people()), cases_of_market(market())
IDTYPES = [pytest.param(torch.int32, marks=pytest.mark.loops), torch.int64]


def case_of(kind: str, name: str, idtype: torch.dtype) -> tuple[gm.Graph, Case]:
    g = people(idtype) if kind == "people" else market(idtype)
    return g, (cases_of_people if kind == "people" else cases_of_market)(g)[name]


each_case = pytest.mark.parametrize(
    ("kind", "name"), [("people", name) for name in PEOPLE] + [("market", name) for name in MARKET]
)


def outputs(loader: Any) -> list[Any]:
    """The seeds of each batch."""
    return [batch[1].tolist() for batch in loader]


def loader_of(g: gm.Graph, indices: Any, **kwargs: Any) -> dl.DataLoader:
    return dl.DataLoader(g, indices, dl.NeighborSampler([2]), **kwargs)


# ---- the same batches


@each_case
def test_the_same_seed_gives_the_same_batches_for_any_number_of_workers(
    kind: str, name: str
) -> None:
    g, (sampler, indices) = case_of(kind, name, torch.int64)
    loaders = [
        dl.DataLoader(g, indices, sampler, batch_size=4, shuffle=True, num_workers=workers)
        for workers in (0, 1, 2, 4)
    ]
    expected = epoch(loaders[0])
    assert len(expected) == len(loaders[0]) > 1
    for loader in loaders[1:]:
        assert epoch(loader) == expected
    assert name == "cluster" or epoch(loaders[0], seed=1) != expected


@pytest.mark.parametrize("idtype", IDTYPES, ids=str)
@each_case
def test_ids_keep_their_type(kind: str, name: str, idtype: torch.dtype) -> None:
    g, (sampler, indices) = case_of(kind, name, idtype)
    loader = dl.DataLoader(g, indices, sampler, batch_size=4, shuffle=True, num_workers=1)
    for batch in loader:
        assert {tensor.dtype for tensor in tensors(batch)} == {idtype}


def test_the_number_of_threads_of_torch_changes_nothing() -> None:
    g = people(num_nodes=3000, degree=40)
    loader = dl.DataLoader(g, range(2000), dl.NeighborSampler([9, 9]), batch_size=1000)
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, 4):
            torch.set_num_threads(threads)
            found.append(epoch(loader))
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_epochs_differ_and_a_seed_repeats_them() -> None:
    loader = loader_of(people(), range(60), batch_size=60, shuffle=True, num_workers=2)
    torch.manual_seed(3)
    first, second = outputs(loader), outputs(loader)
    gm.seed(3)
    assert outputs(loader) == first != second == outputs(loader)


def test_workers_leave_torchs_generator_to_the_loop() -> None:
    loader = loader_of(people(), range(60), batch_size=6, num_workers=2, shuffle=True)
    found = []
    for workers in (0, 2):
        loader.num_workers = workers
        torch.manual_seed(0)
        found.append([torch.rand(()).item() for _ in loader])
    assert found[0] == found[1]


def test_other_generators_do_not_matter_and_a_given_one_does() -> None:
    loader = loader_of(
        people(), range(60), batch_size=60, shuffle=True, generator=torch.Generator().manual_seed(1)
    )
    first = outputs(loader)
    torch.manual_seed(0)
    python_random.seed(0)
    assert outputs(loader) != first
    assert loader.generator is not None
    loader.generator.manual_seed(1)
    assert outputs(loader) == first


# ---- seeds


def test_seeds_come_in_order_or_shuffled_each_once() -> None:
    g, seeds = people(), torch.randperm(60)[:50]
    assert flat(outputs(loader_of(g, seeds, batch_size=7))) == seeds.tolist()
    shuffled = flat(outputs(loader_of(g, seeds, batch_size=7, shuffle=True)))
    assert shuffled != seeds.tolist()
    assert sorted(shuffled) == sorted(seeds.tolist())


@pytest.mark.parametrize("idtype", IDTYPES, ids=str)
def test_seeds_are_tensors_lists_arrays_ranges_or_masks(idtype: torch.dtype) -> None:
    g = people(idtype)
    mask = torch.zeros(60, dtype=torch.bool)
    mask[[3, 5, 8]] = True
    for given in (
        torch.tensor([3, 5, 8], dtype=idtype),
        [3, 5, 8],
        np.array([3, 5, 8]),
        (3, 5, 8),
        mask,
        mask.numpy(),
        mask.tolist(),
    ):
        assert outputs(loader_of(g, given, batch_size=2)) == [[3, 5], [8]]
    assert outputs(loader_of(g, range(3), batch_size=2)) == [[0, 1], [2]]


def test_seeds_of_several_types_are_a_dict_and_batches_have_the_types_that_are_in_them() -> None:
    seeds = {"user": [5, 1, 2], "item": [7]}
    loader = dl.DataLoader(market(), seeds, dl.NeighborSampler([1]), batch_size=2)
    found = [{t: ids.tolist() for t, ids in batch[1].items()} for batch in loader]
    assert found == [{"user": [5, 1]}, {"user": [2], "item": [7]}]
    loader = dl.DataLoader(market(), seeds, dl.NeighborSampler([1]), batch_size=3, shuffle=True)
    mixed = [batch[1] for _ in range(5) for batch in loader]
    assert any(len(batch) == 2 and len(batch["user"]) == 2 for batch in mixed)


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [7, 7, 6]), (True, [7, 7])])
def test_len_is_the_number_of_batches(drop_last: bool, sizes: list[int]) -> None:
    loader = loader_of(people(), range(20), batch_size=7, drop_last=drop_last, num_workers=1)
    assert [len(seeds) for seeds in outputs(loader)] == sizes
    assert len(loader) == len(sizes)


def test_a_loader_is_iterated_again_and_twice_at_once() -> None:
    loader = loader_of(people(), range(40), batch_size=5, num_workers=2)
    expected = outputs(loader)
    assert outputs(loader) == expected
    both = list(zip(loader, loader, strict=True))
    assert [[one[1].tolist(), two[1].tolist()] for one, two in both] == [[x, x] for x in expected]


# ---- batches


def test_batches_go_to_the_device_whatever_they_are_made_of() -> None:
    class Batch(NamedTuple):
        seeds: Any
        parts: Any

    class Mixed(dl.Sampler):
        def sample(self, g: gm.Graph, indices: Any) -> Any:
            return Batch(indices, [{"part": gm.in_subgraph(g, indices)}, "name", 3])

    for workers in (0, 1):
        loader = dl.DataLoader(people(), [1, 2], Mixed(), device="meta", num_workers=workers)
        for batch in loader:
            assert isinstance(batch, Batch)
            assert batch.seeds.device.type == "meta"
            assert batch.parts[0]["part"].device.type == "meta"
            assert batch.parts[1:] == ["name", 3]


class Named(dl.Sampler):
    """Its batches name data of the seeds."""

    def __init__(self, name: str = "year", ids: bool = True) -> None:
        self.name, self.ids = name, ids

    def sample(self, g: gm.Graph, indices: Any) -> Any:
        return indices, {"years": [gm.LazyFeature(self.name, indices if self.ids else None)]}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_attached_data_replaces_its_name_in_batches(workers: int, idtype: torch.dtype) -> None:
    loader = dl.DataLoader(people(idtype), range(5), Named(), num_workers=workers)
    loader.attach_data("year", np.arange(100, 200).reshape(-1, 2))
    for seeds, batch in loader:
        assert batch["years"][0].tolist() == [[100 + 2 * int(seeds), 101 + 2 * int(seeds)]]


def test_data_that_is_not_attached_or_without_ids_is_an_error() -> None:
    loader = dl.DataLoader(people(), [1], Named("age"))
    loader.attach_data("year", torch.arange(99))
    with pytest.raises(
        gm.GraphKeyError, match=r"attached data, \['year'\], got 'age'; call attach"
    ):
        next(iter(loader))
    loader = dl.DataLoader(people(), [1], Named(ids=False))
    loader.attach_data("year", torch.arange(99))
    with pytest.raises(gm.GraphTypeError, match=r"got none; write LazyFeature\('year', ids\)"):
        next(iter(loader))


def test_prefetched_features_are_on_the_device() -> None:
    sampler = dl.NeighborSampler([2], prefetch_node_feats=["x"])
    loader = dl.DataLoader(people(), [1, 2], sampler, device="meta", num_workers=1)
    assert loader.device.type == "meta"
    for inputs, _, (block,) in loader:
        assert block.srcdata["x"].shape == (len(inputs), 2)
        assert block.srcdata["x"].device.type == "meta"


def test_with_workers_an_epoch_sees_the_fields_that_the_graph_had_when_it_began() -> None:
    g = people()
    g.ndata["step"] = torch.zeros(60)
    sampler = dl.NeighborSampler([2], prefetch_labels=["step"])
    seen: dict[int, list[float]] = {}
    for workers in (0, 2):
        g.ndata["step"] = torch.zeros(60)
        seen[workers] = []
        for step, (_, _, (block,)) in enumerate(
            dl.DataLoader(g, range(8), sampler, num_workers=workers), 1
        ):
            seen[workers] += block.dstdata["step"].tolist()
            g.ndata["step"] = torch.full((60,), float(step))
            g.ndata[f"new {step}"] = g.ndata["step"]
    assert seen == {0: [0, 1, 2, 3, 4, 5, 6, 7], 2: [0] * 8}


def test_features_with_a_gradient_pass_it_on() -> None:
    g = people()
    weight = g.ndata["x"] = torch.ones(60, 2, requires_grad=True)
    sampler = dl.NeighborSampler([2], prefetch_node_feats=["x"])
    for inputs, _, (block,) in dl.DataLoader(g, range(5), sampler, batch_size=5, num_workers=1):
        (grad,) = torch.autograd.grad(block.srcdata["x"].sum(), weight)
        assert grad.sum() == 2 * len(inputs)
    with torch.no_grad():
        for _, _, (block,) in dl.DataLoader(g, range(5), sampler, num_workers=1):
            assert not block.srcdata["x"].requires_grad


def test_each_worker_is_initialized() -> None:
    started: list[int] = []
    loader = loader_of(people(), range(40), num_workers=3, worker_init_fn=started.append)
    assert len(outputs(loader)) == 40
    assert sorted(started) == [0, 1, 2]


def test_one_thread_prefetches_where_it_is_asked_for() -> None:
    loader = loader_of(people(), range(9), use_prefetch_thread=True, batch_size=3)
    assert type(iter(loader)).__name__ == "Prefetcher"
    assert outputs(loader) == outputs(loader_of(people(), range(9), batch_size=3))


def test_arguments_of_dgl_and_torch_are_taken() -> None:
    loader = loader_of(
        people(),
        range(4),
        use_alternate_streams=False,
        pin_prefetcher=False,
        pin_memory=True,
        persistent_workers=True,
        prefetch_factor=3,
        timeout=60,
        num_workers=1,
    )
    with loader.enable_cpu_affinity(loader_cores=[0], compute_cores=[1]):
        assert len(outputs(loader)) == 4


def test_the_input_nodes_are_those_of_the_first_block() -> None:
    sampler = dl.NeighborSampler([2, 2])
    for inputs, seeds, blocks in dl.DataLoader(people(), range(30), sampler, batch_size=10):
        assert torch.equal(inputs, blocks[0].srcdata[NID])
        assert torch.equal(seeds, blocks[-1].dstdata[NID])
