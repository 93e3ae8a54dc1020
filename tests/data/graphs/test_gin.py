from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.served import serve

import graphmp as gm
from graphmp.data import GINDataset

# A path of three nodes with the tags 5, 2, 5, and two nodes without an edge.
TWO_GRAPHS = "2\n3 7\n5 1 1\n2 2 0 2 \n5 1 1\n2 3\n2 0\n2 0\n"


def dataset(folder: Path, content: str, self_loop: bool = False, **settings: Any) -> GINDataset:
    (folder / "MUTAG.txt").write_text(content)
    return GINDataset("MUTAG", self_loop, raw_dir=folder, **settings)


def test_graphs_are_read_in_order_with_labels_numbered_as_they_appear(tmp_path: Path) -> None:
    data = dataset(tmp_path, TWO_GRAPHS)
    (first, label), (second, other) = data
    assert [ends.tolist() for ends in first.edges()] == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert (second.num_nodes(), second.num_edges()) == (2, 0)
    assert (label, other) == (torch.tensor(0), torch.tensor(1))
    assert first.ndata["label"].tolist() == [0, 1, 0]
    assert first.ndata["attr"].tolist() == [[1, 0], [0, 1], [1, 0]]
    assert second.ndata["attr"].tolist() == [[0, 1], [0, 1]]
    assert (data.glabel_dict, data.nlabel_dict) == ({7: 0, 3: 1}, {5: 0, 2: 1})
    assert (data.N, data.n, data.m, len(data)) == (2, 5, 4, 2)
    assert (data.num_classes, data.gclasses, data.nclasses, data.dim_nfeats) == (2, 2, 2, 2)


def test_a_file_may_hold_no_graph(tmp_path: Path) -> None:
    data = dataset(tmp_path, "0\n")
    assert (len(data), data.num_classes, data.labels.dtype) == (0, 0, torch.int64)


def test_self_loops_are_added_on_request(tmp_path: Path) -> None:
    data = dataset(tmp_path, TWO_GRAPHS, self_loop=True)
    src, dst = data[0][0].edges()
    assert src[src == dst].tolist() == [0, 1, 2]
    assert (data[0][0].num_edges(), data[1][0].num_edges(), data.m) == (7, 2, 9)


def test_degrees_stand_in_for_labels_on_request(tmp_path: Path) -> None:
    data = dataset(tmp_path, TWO_GRAPHS, degree_as_nlabel=True)
    assert data[0][0].ndata["label"].tolist() == [1, 2, 1]
    assert data[0][0].ndata["attr"].tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0]]
    assert data[1][0].ndata["attr"].tolist() == [[1, 0, 0]] * 2


def test_attributes_of_nodes_are_kept(tmp_path: Path) -> None:
    g = dataset(tmp_path, "1\n2 0\n4 1 1 0.5 -2\n4 1 0 1 3\n")[0][0]
    assert torch.equal(g.ndata["attr"], torch.tensor([[0.5, -2], [1, 3]]))
    empty = dataset(tmp_path, "2\n0 0\n1 0\n4 0 0.5 -2\n")
    assert (empty.dim_nfeats, empty[0][0].ndata["attr"].shape) == (2, (0, 2))


def test_the_transform_is_applied(tmp_path: Path) -> None:
    data = dataset(tmp_path, TWO_GRAPHS, transform=lambda g: g.num_nodes())
    assert [size for size, _ in data] == [3, 2]


def test_an_index_beyond_the_end_is_an_error(tmp_path: Path) -> None:
    data = dataset(tmp_path, TWO_GRAPHS)
    assert data[-1][0].num_nodes() == 2
    with pytest.raises(gm.GraphError, match="has 2 graphs, numbered from 0, got 2"):
        data[2]


def test_a_loader_batches_graphs_and_labels(tmp_path: Path) -> None:
    loader = gm.dataloading.GraphDataLoader(dataset(tmp_path, TWO_GRAPHS), batch_size=2)
    batched, labels = next(iter(loader))
    assert batched.batch_num_nodes().tolist() == [3, 2]
    assert labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1, .*ends too early"),
        ("two\n", "line 1, .*expected a number, got 'two'"),
        ("-1\n", "line 1, .*the first of which counts, got '-1'"),
        ("2\n1 0\n0 0\n", "line 3, .*ends too early"),
        ("1\n1\n0 0\n", "line 2, "),
        ("1\n2 0\n0 1 1\n0 2 0\n", "line 4, .*degree 2 has 1 neighbours"),
        ("1\n2 0\n0 1 2\n0 1 0\n", "line 3, .*not one of the graph's 2 nodes"),
        ("1\n2 0\n0 -1 2\n0 1 0\n", "line 3, .*degree -1"),
        ("1\n1 0\n0\n", "line 3, .*expected a tag and a degree, got '0'"),
        ("1\n2 0\n0 1 1 0.5\n0 1 0\n", "line 4, .*0 attributes"),
        ("1\n1 0\n0 0 x\n", "line 3, .*expected a number, got 'x'"),
        ("2\n1 0\n0 0 1.5\n1 0\n0 0\n", "some nodes have attributes and others do not"),
        ("1\n1 0\n0 0\n1 0\n0 0\n", "more graphs than announced, from line 4 on"),
        ("1\n1 ü\n", "line 2, .*expected a number, got 'ü'"),
    ],
)
def test_a_damaged_file_is_an_error_that_says_where(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(gm.GraphError, match=rf"MUTAG\.txt.*{message}") as caught:
        dataset(tmp_path, content)
    assert isinstance(caught.value, ValueError)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(gm.GraphError, match=r"one of COLLAB, .*, got 'MUTAC'"):
        GINDataset("MUTAC", False)


@pytest.mark.usefixtures("no_named_folder")
def test_files_that_cannot_be_downloaded_are_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = serve(monkeypatch, ConnectionError("no route"))
    with pytest.raises(gm.GraphError, match=r"no route.*raw_dir.*GRAPHMP_DATA"):
        GINDataset("MUTAG", False, raw_dir=tmp_path)
    assert asked[0].startswith("https://")


@pytest.mark.parametrize("place", ["gin_tu/PTC", "GINDataset/dataset/PTC", "dataset/PTC", "PTC"])
def test_the_file_may_lie_in_a_folder_of_any_usual_name(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "PTC.txt").write_text(TWO_GRAPHS)
    assert len(GINDataset("PTC", False, raw_dir=tmp_path)) == 2


@pytest.mark.usefixtures("named_data_dir")
@pytest.mark.parametrize(
    ("name", "graphs", "nodes", "edges", "tags", "labels"),
    [
        ("MUTAG", 188, 3371, 7442, 7, [125, 63]),
        ("PROTEINS", 1113, 43471, 162088, 3, [663, 450]),
    ],
)
def test_counts_are_those_published(
    name: str, graphs: int, nodes: int, edges: int, tags: int, labels: list[int]
) -> None:
    data = GINDataset(name, False)
    assert (data.N, data.n, data.m, data.nclasses) == (graphs, nodes, edges, tags)
    assert data.labels.bincount().tolist() == labels
    for g, _ in data:
        src, dst = g.edges()
        assert bool(g.has_edges_between(dst, src).all())
