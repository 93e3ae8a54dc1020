"""GraphDataLoader: batches of whole graphs."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from support.loaders import flat

import graphmp as gm
from graphmp import dataloading as dl


def graphs(count: int, idtype: torch.dtype = torch.int64) -> list[gm.Graph]:
    """Paths of 1, 2, … edges with features."""
    made = []
    for length in range(1, count + 1):
        nodes = torch.arange(length, dtype=idtype)
        g = gm.graph((nodes, nodes + 1))
        g.ndata["x"] = torch.full((length + 1, 2), float(length))
        made.append(g)
    return made


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_graphs_are_laid_side_by_side(idtype: torch.dtype) -> None:
    batches = list(dl.GraphDataLoader(graphs(5, idtype), batch_size=2))
    assert [batch.batch_num_edges().tolist() for batch in batches] == [[1, 2], [3, 4], [5]]
    assert {batch.idtype for batch in batches} == {idtype}
    assert batches[0].ndata["x"][:, 0].tolist() == [1, 1, 2, 2, 2]


def test_labels_and_all_else_come_along() -> None:
    class Item(NamedTuple):
        graph: Any
        label: Any

    one, two = graphs(2)
    items: list[Any] = [(one, 3), (two, 4)]
    (batch,) = dl.GraphDataLoader(items, batch_size=2)
    assert isinstance(batch, list)
    assert batch[0].batch_size == 2
    assert batch[1].tolist() == [3, 4]
    items = [
        {"g": one, "y": torch.ones(3), "name": "a"},
        {"g": two, "y": torch.ones(3), "name": "b"},
    ]
    (batch,) = dl.GraphDataLoader(items, batch_size=2)
    assert batch["g"].batch_size == 2
    assert batch["y"].shape == (2, 3)
    assert batch["name"] == ["a", "b"]
    (batch,) = dl.GraphDataLoader([Item(one, (1.5, two)), Item(two, (2.5, one))], batch_size=2)
    assert isinstance(batch, Item)
    assert batch.label[0].tolist() == [1.5, 2.5]
    assert batch.label[1].batch_num_edges().tolist() == [2, 1]


def test_shuffling_is_torchs() -> None:
    loader = dl.GraphDataLoader(graphs(9), batch_size=3, shuffle=True, drop_last=True)
    torch.manual_seed(0)
    first = [batch.batch_num_edges().tolist() for batch in loader]
    second = [batch.batch_num_edges().tolist() for batch in loader]
    torch.manual_seed(0)
    assert [batch.batch_num_edges().tolist() for batch in loader] == first != second
    assert sorted(flat(first)) == list(range(1, 10))
    assert len(loader) == 3


def test_processes_make_the_same_batches() -> None:
    found = [
        [batch.batch_num_edges().tolist() for batch in loader]
        for number in (0, 1)
        for loader in [dl.GraphDataLoader(graphs(5), batch_size=2, num_workers=number)]
    ]
    assert found[0] == found[1] == [[1, 2], [3, 4], [5]]


def test_a_collate_function_of_ones_own_is_used() -> None:
    loader = dl.GraphDataLoader(graphs(4), collate_fn=len, batch_size=3)
    assert list(loader) == [3, 1]
    loader.set_epoch(3)  # without processes there is nothing to choose


def test_graphs_that_do_not_fit_are_an_error() -> None:
    one, two = graphs(2)
    with pytest.raises(gm.GraphTypeError, match="one id type"):
        list(dl.GraphDataLoader([one, two.int()], batch_size=2))


def test_items_of_several_lengths_are_an_error() -> None:
    with pytest.raises(gm.GraphValueError, match=r"equally many values, got \[1, 2\]; pass coll"):
        dl.GraphCollator().collate([(1, 2), (1,)])


@pytest.mark.parametrize("wrong", [None, 3, gm.graph(([0], [1]))])
def test_what_is_no_data_set_is_refused_when_the_loader_is_made(wrong: Any) -> None:
    with pytest.raises(
        gm.GraphTypeError, match="Expected a dataset, such as a list of graphs, got"
    ):
        dl.GraphDataLoader(wrong)
