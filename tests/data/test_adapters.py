from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
from graphmp.data import AsGraphPredDataset, AsLinkPredDataset, AsNodePredDataset
from graphmp.data.many import LabelledGraphsDataset

RATIOS = [0.5, 0.25, 0.25]


class One:
    """A data set of one graph."""

    name = "one"

    def __init__(self, g: gm.Graph) -> None:
        self.g = g

    def __getitem__(self, idx: int) -> gm.Graph:
        return self.g


class Many(LabelledGraphsDataset):
    """A data set of eight graphs."""

    def __init__(self, masks: bool = False) -> None:
        if masks:
            self.train_mask = torch.tensor([True] * 4 + [False] * 4)
            self.val_mask = self.train_mask.roll(2) & ~self.train_mask
            self.test_mask = ~(self.train_mask | self.val_mask)
        super().__init__("many")

    def process(self) -> None:
        self._graphs = [gm.rand_graph(n + 2, 3) for n in range(8)]
        self._labels = torch.arange(8)


class Ogb:
    """What a data set of OGB has."""

    name, num_classes, num_tasks = "ogb", 5, 2

    def __init__(self, edges: str = "edge") -> None:
        self.edges = edges

    def __getitem__(self, idx: int) -> tuple[gm.Graph, Tensor]:
        return gm.rand_graph(4, 6), torch.arange(4).view(-1, 1)

    def __len__(self) -> int:
        return 4

    def get_idx_split(self) -> dict[str, Tensor]:
        return {name: torch.tensor(ids) for name, ids in PARTS.items()}

    def get_edge_split(self) -> Any:
        pairs = torch.tensor([[0, 1], [1, 2]])
        if self.edges == "edge":
            part: dict[str, Tensor] = {"edge": pairs, "edge_neg": pairs + 1}
        else:
            part = {"source_node": pairs[:, 0], "target_node": pairs[:, 1]}
            part["target_node_neg"] = torch.tensor([[3, 0], [3, 1]])
        return {"train": part, "valid": part, "test": part}


PARTS = {"train": [0, 1], "valid": [2], "test": [3]}


@pytest.fixture
def labelled() -> gm.Graph:
    g = gm.rand_graph(20, 30)
    g.ndata["label"] = torch.arange(20) % 3
    return g


def test_nodes_are_split_on_a_copy(labelled: gm.Graph) -> None:
    dataset = AsNodePredDataset(One(labelled), RATIOS)
    g = dataset[0]
    assert "train_mask" not in labelled.ndata
    assert (dataset.name, len(dataset), dataset.num_classes) == ("one-as-nodepred", 1, 3)
    assert [len(ids) for ids in (dataset.train_idx, dataset.val_idx, dataset.test_idx)] == [
        10,
        5,
        5,
    ]
    assert torch.equal(g.ndata["train_mask"].nonzero().view(-1), dataset.train_idx)


def test_masks_of_nodes_are_kept(labelled: gm.Graph) -> None:
    for number, name in enumerate(("train_mask", "val_mask", "test_mask")):
        labelled.ndata[name] = torch.arange(20) % 3 == number
    dataset = AsNodePredDataset(One(labelled))
    assert dataset.val_idx.tolist() == [1, 4, 7, 10, 13, 16, 19]


def test_one_type_of_nodes_may_be_split() -> None:
    g = gm.heterograph({("a", "r", "b"): ([0, 1], [1, 2])})
    g.nodes["b"].data["label"] = torch.arange(3)
    dataset = AsNodePredDataset(One(g), RATIOS, "b")
    assert set(dataset[0].nodes["b"].data) == {"label", "train_mask", "val_mask", "test_mask"}


def test_labels_and_the_split_of_ogb_are_taken() -> None:
    dataset = AsNodePredDataset(Ogb())
    assert dataset[0].ndata["label"].tolist() == [0, 1, 2, 3]
    assert [dataset.train_idx.tolist(), dataset.test_idx.tolist()] == [[0, 1], [3]]
    assert dataset.num_classes == 5


def test_nodes_without_labels_or_masks_are_an_error(labelled: gm.Graph) -> None:
    with pytest.raises(gm.GraphKeyError, match="Expected nodes with the masks train_mask"):
        AsNodePredDataset(One(labelled))
    del labelled.ndata["label"]
    with pytest.raises(gm.GraphKeyError, match="Expected nodes with labels"):
        AsNodePredDataset(One(labelled), RATIOS)


def test_edges_are_split_and_pairs_have_no_edge(labelled: gm.Graph) -> None:
    dataset = AsLinkPredDataset(One(labelled), RATIOS, neg_ratio=2)
    parts = [dataset.train_graph.edges(), dataset.val_edges[0], dataset.test_edges[0]]
    assert [len(src) for src, _ in parts] == [15, 7, 8]
    edges = sorted(pair for ends in parts for pair in zip(*(e.tolist() for e in ends), strict=True))
    assert edges == sorted(zip(*(e.tolist() for e in labelled.edges()), strict=True))
    pairs = [
        pair
        for _, ends in (dataset.val_edges, dataset.test_edges)
        for pair in zip(*(e.tolist() for e in ends), strict=True)
    ]
    assert len(set(pairs)) == len(pairs) == 30
    assert not set(pairs) & set(edges)
    assert all(u != v for u, v in pairs)
    assert dataset.num_nodes == dataset.train_graph.num_nodes() == 20
    assert torch.equal(dataset.train_graph.ndata["label"], labelled.ndata["label"])


def test_an_undirected_split_keeps_an_edge_and_its_reverse_together() -> None:
    g = gm.graph(([0, 1, 1, 2, 3, 3, 3, 4, 5], [1, 0, 2, 1, 3, 4, 4, 3, 6]))
    dataset = AsLinkPredDataset(One(g), RATIOS, undirected=True)
    parts = [dataset.train_graph.edges(), dataset.val_edges[0], dataset.test_edges[0]]
    edges = [set(zip(*(e.tolist() for e in ends), strict=True)) for ends in parts]
    assert sum(len(src) for src, _ in parts) == 9
    for pairs, others in ((edges[k], edges[j]) for k in range(3) for j in range(3) if k != j):
        assert not {(v, u) for u, v in pairs} & others
        assert not pairs & others


def test_an_undirected_split_is_saved_beside_the_directed_one(tmp_path: Path) -> None:
    g = gm.data.KarateClubDataset()[0]
    for undirected in (False, True):
        first, second = (
            AsLinkPredDataset(One(g), RATIOS, undirected=undirected, save_dir=tmp_path)
            for _ in range(2)
        )
        assert torch.equal(first.val_edges[0][0], second.val_edges[0][0])
        src, dst = first.val_edges[0]
        assert bool(first.train_graph.has_edges_between(dst, src).any()) != undirected


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_a_complete_graph_has_no_pairs_without_an_edge(idtype: torch.dtype) -> None:
    g = gm.graph(([0, 0, 1, 1], [0, 1, 0, 1]), idtype=idtype)
    dataset = AsLinkPredDataset(One(g), RATIOS)
    assert [len(dataset.val_edges[1][0]), dataset.val_edges[1][0].dtype] == [0, idtype]


@pytest.mark.parametrize("kind", ["edge", "source_node"])
def test_the_edges_of_ogb_are_taken(kind: str) -> None:
    dataset = AsLinkPredDataset(Ogb(kind))
    (src, dst), (neg_src, neg_dst) = dataset.val_edges
    assert [src.tolist(), dst.tolist()] == [[0, 1], [1, 2]]
    expected = [[1, 2], [2, 3]] if kind == "edge" else [[0, 0, 1, 1], [3, 0, 3, 1]]
    assert [neg_src.tolist(), neg_dst.tolist()] == expected


def test_graphs_are_split() -> None:
    dataset = AsGraphPredDataset(Many(), RATIOS)
    ids = torch.cat([dataset.train_idx, dataset.val_idx, dataset.test_idx])
    assert ids.sort().values.tolist() == list(range(8))
    assert (len(dataset.train_idx), len(dataset), dataset.num_tasks) == (4, 8, 1)
    assert dataset.num_classes is None
    assert int(dataset[3][1]) == 3
    assert (dataset.node_feat_size, dataset.edge_feat_size) == (None, None)


def test_the_split_of_graphs_may_be_that_of_the_dataset() -> None:
    dataset = AsGraphPredDataset(Many(masks=True))
    assert [dataset.val_idx.tolist(), dataset.test_idx.tolist()] == [[4, 5], [6, 7]]
    assert AsGraphPredDataset(Ogb()).test_idx.tolist() == [3]
    assert AsGraphPredDataset(Ogb()).num_tasks == 2


@pytest.mark.parametrize("make", [AsLinkPredDataset, AsGraphPredDataset])
def test_without_a_split_a_ratio_is_needed(make: Any, labelled: gm.Graph) -> None:
    with pytest.raises(gm.GraphError, match="Expected split_ratio for a dataset without"):
        make(Many() if make is AsGraphPredDataset else One(labelled))


@pytest.mark.parametrize("make", [AsNodePredDataset, AsLinkPredDataset, AsGraphPredDataset])
@pytest.mark.parametrize("ratio", [[0.5, 0.5], [0.5, 0.6, 0.1]])
def test_other_ratios_are_an_error(make: Any, ratio: Sequence[float], labelled: gm.Graph) -> None:
    with pytest.raises(gm.GraphError, match="Expected 3 fractions"):
        make(Many() if make is AsGraphPredDataset else One(labelled), ratio)


def test_the_transform_is_applied(labelled: gm.Graph) -> None:
    assert AsNodePredDataset(One(labelled), RATIOS, transform=lambda g: g.num_nodes())[0] == 20
    assert AsGraphPredDataset(Many(), RATIOS, transform=lambda g: g.num_nodes())[1][0] == 3


KINDS: dict[str, Any] = {
    "nodes": lambda data, **kwargs: AsNodePredDataset(data, RATIOS, **kwargs),
    "edges": lambda data, **kwargs: AsLinkPredDataset(data, RATIOS, **kwargs),
    "graphs": lambda data, **kwargs: AsGraphPredDataset(Many(), RATIOS, **kwargs),
}


def split_of(dataset: Any) -> list[list[int]]:
    """What a data set has drawn."""
    if isinstance(dataset, AsLinkPredDataset):
        pairs = [dataset.train_graph.edges(), *dataset.val_edges, *dataset.test_edges]
        return [ids.tolist() for pair in pairs for ids in pair]
    return [ids.tolist() for ids in (dataset.train_idx, dataset.val_idx, dataset.test_idx)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("folder", ["save_dir", "raw_dir"])
def test_a_split_is_drawn_once_if_a_folder_is_passed(
    kind: str, folder: str, labelled: gm.Graph, tmp_path: Path
) -> None:
    make = KINDS[kind]
    first = make(One(labelled), **{folder: tmp_path})
    [file] = tmp_path.rglob("*.gmp")
    assert file.name == f"split_{first.hash}.gmp"
    assert split_of(make(One(labelled), **{folder: tmp_path})) == split_of(first)
    again = make(One(labelled), **{folder: tmp_path}, force_reload=True)
    assert split_of(again) != split_of(first)
    assert split_of(make(One(labelled), **{folder: tmp_path})) == split_of(again)
    assert split_of(make(One(labelled))) != split_of(again)


def test_a_saved_split_of_other_items_is_an_error(labelled: gm.Graph, tmp_path: Path) -> None:
    AsNodePredDataset(One(labelled), RATIOS, save_dir=tmp_path)
    [file] = tmp_path.rglob("*.gmp")
    labelled.add_nodes(1)
    with pytest.raises(gm.GraphValueError, match="Expected the split of 21 items in"):
        AsNodePredDataset(One(labelled), RATIOS, save_dir=tmp_path)
    split = {name: torch.arange(n) + 14 for name, n in (("train", 7), ("valid", 7), ("test", 7))}
    gm.io.save_tensors(file, {**split, "test": torch.arange(7) + 15})
    with pytest.raises(gm.GraphError, match="test of"):
        AsNodePredDataset(One(labelled), RATIOS, save_dir=tmp_path)


@pytest.mark.parametrize("make", [AsNodePredDataset, AsLinkPredDataset, AsGraphPredDataset])
def test_a_graph_is_no_dataset(make: Any, labelled: gm.Graph) -> None:
    with pytest.raises(gm.GraphTypeError, match="Expected a dataset, which has a name, got Graph"):
        make(labelled, RATIOS)
