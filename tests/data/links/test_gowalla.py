from __future__ import annotations

from pathlib import Path

import pytest
import torch

import graphmp as gm
from graphmp.data import GowallaDataset

BOTH = [("user", "visited", "item"), ("item", "visited_by", "user")]


def write(folder: Path, train: str = "0 3 1\n1 0\n2\n", test: str = "0 0\n2 4 \n") -> Path:
    (folder / "train.txt").write_text(train)
    (folder / "test.txt").write_text(test)
    return folder


def test_visits_are_edges_both_ways_with_masks(tmp_path: Path) -> None:
    data = GowallaDataset(write(tmp_path), verbose=False)
    g = data[0]
    users, items = g.edges(etype="visited")
    assert (users.tolist(), items.tolist()) == ([0, 0, 1, 0, 2], [3, 1, 0, 0, 4])
    assert [ends.tolist() for ends in g.edges(etype="visited_by")] == [
        items.tolist(),
        users.tolist(),
    ]
    for etype in BOTH:
        assert g.edges[etype].data["train_mask"].tolist() == [True] * 3 + [False] * 2
        assert g.edges[etype].data["test_mask"].tolist() == [False] * 3 + [True] * 2
    assert (data.num_users, data.num_items) == (3, 5)
    assert (g.num_nodes("user"), g.num_nodes("item")) == (3, 5)


def test_the_part_to_train_on_keeps_all_nodes(tmp_path: Path) -> None:
    g = GowallaDataset(write(tmp_path), verbose=False)[0]
    masks = {etype: g.edges[etype].data["train_mask"] for etype in g.etypes}
    seen = gm.edge_subgraph(g, masks, relabel_nodes=False)
    assert (seen.num_nodes("user"), seen.num_nodes("item")) == (3, 5)
    assert seen.num_edges("visited") == seen.num_edges("visited_by") == 3


@pytest.mark.parametrize("model", ["LightGCN", "LR-GCCF"])
def test_convolutions_for_recommendation_take_its_parts(tmp_path: Path, model: str) -> None:
    g = GowallaDataset(write(tmp_path), verbose=False)[0]
    conv = gm.nn.LightGCNConv() if model == "LightGCN" else gm.nn.LRGCCFConv(8, 8)
    ends = torch.rand(3, 8), torch.rand(5, 8)
    assert conv(g["visited"], ends).shape == (5, 8)
    assert conv(g["visited_by"], ends[::-1]).shape == (3, 8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no visits"),
        ("0\n1\n", "holds no visits"),
        ("0 1\n1 x\n", "line 2: expected ids.*expected a number, got 'x'"),
        ("0 1\n1 -2\n", "line 2: expected ids.*an id is negative"),
    ],
)
@pytest.mark.parametrize("part", ["train", "test"])
def test_a_damaged_file_is_an_error_that_says_where(
    tmp_path: Path, part: str, content: str, message: str
) -> None:
    with pytest.raises(gm.GraphError, match=rf"{part}\.txt.*{message}") as caught:
        GowallaDataset(write(tmp_path, **{part: content}), verbose=False)
    assert isinstance(caught.value, ValueError)


@pytest.mark.usefixtures("no_named_folder")
def test_without_the_files_the_error_says_where_to_put_them(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphError, match=r"train\.txt, test\.txt.*LightGCN.*folder gowalla"):
        GowallaDataset(tmp_path)


@pytest.mark.usefixtures("named_data_dir")
def test_counts_are_those_published(capsys: pytest.CaptureFixture[str]) -> None:
    data = GowallaDataset()
    assert (data.num_users, data.num_items) == (29858, 40981)
    mask = data[0].edges["visited"].data["train_mask"]
    assert (int(mask.sum()), int((~mask).sum())) == (810128, 217242)
    assert "810128 visits to train on, 217242 to test on" in capsys.readouterr().out


def test_an_id_far_beyond_the_number_of_visits_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphError, match=r"at most .* cells, got 4611686018427387910 rows"):
        GowallaDataset(write(tmp_path, "0 1\n4611686018427387904 1\n"), verbose=False)
