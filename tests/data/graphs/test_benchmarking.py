"""CLUSTER, PATTERN and ZINC, from small files that DGL wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import graphmp as gm
from graphmp import data

FILES = Path(__file__).parent / "files"


@pytest.mark.parametrize(
    ("kind", "classes"), [(data.CLUSTERDataset, 6), (data.PATTERNDataset, 2)], ids=["6", "2"]
)
def test_graphs_of_communities_have_features_and_labels(kind: type, classes: int) -> None:
    dataset = kind("train", FILES)
    assert (len(dataset), dataset.num_classes, dataset.mode) == (2, classes, "train")
    first, second = dataset
    assert [side.tolist() for side in first.edges()] == [[0, 1, 2], [1, 2, 0]]
    assert first.ndata["feat"].tolist() == first.ndata["label"].tolist() == [0, 1, 2]
    assert (first.ndata["feat"].dtype, first.ndata["label"].dtype) == (torch.int64, torch.int16)
    assert first.edata["feat"].shape == (3, 1)
    assert second.num_nodes() == 2


def test_molecules_have_a_label_each() -> None:
    dataset = data.ZINCDataset("train", FILES)
    (first, label), (_, second) = dataset
    assert (label.tolist(), second.tolist()) == ([0.5], [-1.5])
    assert first.ndata["feat"].tolist() == first.edata["feat"].tolist() == [0, 1, 2]
    assert (len(dataset), dataset.num_atom_types, dataset.num_bond_types) == (2, 28, 4)


def test_graphs_are_transformed_on_access() -> None:
    dataset = data.ZINCDataset("train", FILES, transform=gm.add_self_loop)
    assert dataset[0][0].num_edges() == 6


def test_files_of_graphmp_are_read_under_the_same_name(tmp_path: Path) -> None:
    graphs, labels = gm.load_graphs(FILES / "ZincDGL_train.bin")
    gm.save_graphs(tmp_path / "zinc" / "ZincDGL_test.bin", graphs, labels)
    assert len(data.ZINCDataset("test", tmp_path)) == 2


def test_another_mode_and_other_labels_are_errors(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphValueError, match="train, valid or test"):
        data.CLUSTERDataset("all", FILES)
    graphs, _ = gm.load_graphs(FILES / "ZincDGL_train.bin")
    gm.save_graphs(tmp_path / "ZincDGL_train.bin", graphs, {"g_label": torch.ones(3)})
    with pytest.raises(gm.GraphValueError, match=r"ZincDGL_train\.bin: expected 2 labels"):
        data.ZINCDataset("train", tmp_path)
