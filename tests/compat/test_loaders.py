"""The parts of DGL's loader give batches of seeds, and graphs without the parent's features."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch.utils.data import DataLoader

import graphmp as gm
from graphmp.compat import loaders
from graphmp.dataloading import NeighborSampler

SEEDS = torch.tensor([5, 3, 4, 1, 2, 0, 9])


def graph(width: int = 2) -> gm.Graph:
    g = gm.graph((list(range(10)), [*range(1, 10), 0]))
    g.ndata["x"] = torch.arange(10.0).view(-1, 1).expand(-1, width).contiguous()
    g.edata["w"] = torch.arange(10.0)
    return g


def dataset(indices: Any, drop_last: bool = False) -> loaders.TensorizedDataset:
    return loaders.create_tensorized_dataset(indices, 3, drop_last, False, 0, True, True)


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [3, 3, 1]), (True, [3, 3])])
def test_batches_are_in_the_order_of_the_seeds(drop_last: bool, sizes: list[int]) -> None:
    data = dataset(SEEDS, drop_last)
    assert [batch.tolist() for batch in data] == [b.tolist() for b in torch.split(SEEDS, 3)][
        : len(sizes)
    ]
    assert len(data) == len(sizes)


def test_shuffled_batches_have_every_seed_once() -> None:
    data = dataset(SEEDS)
    torch.manual_seed(0)
    data.shuffle()
    order = torch.cat(list(data))
    assert order.tolist() != SEEDS.tolist()
    assert sorted(order.tolist()) == sorted(SEEDS.tolist())
    torch.manual_seed(0)
    data.shuffle()
    assert torch.cat(list(data)).tolist() == order.tolist()


def test_batches_of_several_types_are_dicts() -> None:
    batches = list(dataset({"user": torch.tensor([7, 8]), "item": torch.tensor([4, 5])}))
    assert [{k: v.tolist() for k, v in batch.items()} for batch in batches] == [
        {"user": [7, 8], "item": [4]},
        {"item": [5]},
    ]


@pytest.mark.program
def test_workers_share_the_batches() -> None:
    loader = DataLoader(
        dataset(torch.arange(10)),
        batch_size=None,
        num_workers=2,
        worker_init_fn=loaders.WorkerInitWrapper(None),
    )
    assert sorted(b.tolist() for b in loader) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]


@pytest.mark.parametrize(
    ("rank", "drop_last", "expected"),
    [(0, False, [0, 1]), (1, False, [2, 2]), (1, True, [1])],
)
def test_processes_have_equally_many_seeds(
    monkeypatch: pytest.MonkeyPatch, rank: int, drop_last: bool, expected: list[int]
) -> None:
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_rank", lambda: rank)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    data = loaders.create_tensorized_dataset(torch.arange(3), 1, drop_last, True, 0, True, True)
    assert isinstance(data, loaders.DDPTensorizedDataset)
    data.shuffle()
    assert sorted(torch.cat(list(data)).tolist()) == expected
    assert len(data) == data.num_samples == len(expected)


@pytest.mark.parametrize("block", [False, True])
def test_removed_columns_are_restored(block: bool) -> None:
    g = graph(width=5000)
    part = gm.to_block(gm.in_subgraph(g, [2, 3]), [2, 3]) if block else gm.node_subgraph(g, [4, 5])
    nodes = part.srcdata["_ID"]
    part.srcdata["y"], weights = torch.ones(len(nodes)), part.local_var().edata["w"]
    assert loaders.remove_parent_storage_columns(part, g) is part
    assert len(pickle.dumps(part)) < 50_000
    part = loaders.restore_parent_storage_columns(pickle.loads(pickle.dumps(part)), g)
    assert {*part.srcdata} == {"x", "y", "_ID"}
    assert torch.equal(part.srcdata["x"], g.ndata["x"][nodes])
    assert torch.equal(part.edata["w"], weights)


def test_features_of_its_own_stay() -> None:
    g = graph()
    part = gm.node_subgraph(g, [4, 5])
    own = part.ndata["x"]
    g.ndata["x"] = torch.zeros(10, 2)
    loaders.remove_parent_storage_columns(part, g)
    assert part.ndata["x"] is own
    assert loaders.remove_parent_storage_columns("text", g) == "text"


def test_torch_can_load_what_a_sampler_samples() -> None:
    g = graph()
    collate = loaders.CollateWrapper(NeighborSampler([1]).sample, g, False, "cpu")
    for _, seeds, (block,) in DataLoader(dataset(SEEDS), batch_size=None, collate_fn=collate):
        loaders.restore_parent_storage_columns(block, g)
        assert block.dstdata["x"][:, 0].tolist() == seeds.tolist()


def test_a_worker_uses_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(torch, "set_num_threads", calls.append)
    loaders.WorkerInitWrapper(lambda worker: calls.append(("worker", worker)))(3)
    assert calls == [1, ("worker", 3)]
