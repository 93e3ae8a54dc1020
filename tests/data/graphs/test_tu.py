from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.served import serve

import graphmp as gm
from graphmp.data import LegacyTUDataset, TUDataset

# A triangle with a pair of edges out of order and one of them again, a lone node, and an edge.
FILES = {
    "A": "1, 2\n2, 1\n5, 6\n2, 3\n3, 2\n3, 1\n1, 3\n6, 5\n2, 3\n",
    "graph_indicator": "1\n1\n1\n2\n3\n3\n",
    "graph_labels": "1\n-1\n1\n",
    "node_labels": "3\n4\n3\n3\n5\n3\n",
    "node_attributes": "0.5, 1\n1, 1\n2, 1\n3, 1\n4, 1\n5, 1\n",
    "edge_labels": "1\n1\n4\n2\n2\n3\n3\n4\n9\n",
    "edge_attributes": "1\n1\n.4\n2\n2\n3\n3\n.4\n9\n",
}


def write(folder: Path, **changes: str | None) -> Path:
    for part, content in {**FILES, **changes}.items():
        if content is not None:
            (folder / f"TINY_{part}.txt").write_text(content, encoding="utf-8", newline="")
    return folder


def test_nodes_and_edges_go_to_their_graphs(tmp_path: Path) -> None:
    data = TUDataset("TINY", write(tmp_path))
    (triangle, _), (lone, _), (pair, _) = data
    assert [ends.tolist() for ends in triangle.edges()] == [[0, 1, 1, 2, 2, 0], [1, 0, 2, 1, 0, 2]]
    assert (lone.num_nodes(), lone.num_edges()) == (1, 0)
    assert [ends.tolist() for ends in pair.edges()] == [[0, 1], [1, 0]]
    assert (len(data), data.max_num_node) == (3, 3)


def test_what_the_files_say_becomes_columns(tmp_path: Path) -> None:
    data = TUDataset("TINY", write(tmp_path))
    triangle, pair = data[0][0], data[2][0]
    assert triangle.ndata["node_labels"].tolist() == [[0], [1], [0]]
    assert triangle.ndata["node_attr"].tolist() == [[0.5, 1], [1, 1], [2, 1]]
    assert triangle.edata["edge_labels"].tolist() == [[0], [0], [1], [1], [2], [2]]
    assert pair.edata["edge_labels"].tolist() == [[3], [3]]
    assert pair.edata["edge_attr"].tolist() == [[0.4], [0.4]]
    assert triangle.edata["edge_labels"].dtype == torch.int64
    assert triangle.ndata["node_attr"].dtype == torch.float64


@pytest.mark.parametrize(
    ("mark", "separator", "end"), [("\ufeff", ", ", "\r\n"), ("", "\t", "\n\n"), ("\n", " ", "\n")]
)
def test_numbers_are_read_as_common_tools_write_them(
    tmp_path: Path, mark: str, separator: str, end: str
) -> None:
    changes = {
        part: mark
        + content.replace(", ", separator)
        .replace("1", "1.0")
        .replace("3", "3e0")
        .replace("\n", end)
        for part, content in FILES.items()
        if "attributes" not in part
    }
    (tmp_path / "plain").mkdir()
    expected = TUDataset("TINY", write(tmp_path / "plain"))
    for (g, label), (other, its) in zip(
        TUDataset("TINY", write(tmp_path, **changes)), expected, strict=True
    ):
        assert torch.equal(label, its)
        assert torch.equal(torch.stack(g.edges()), torch.stack(other.edges()))
        assert torch.equal(g.edata["edge_labels"], other.edata["edge_labels"])


def test_labels_of_graphs_are_numbered_in_ascending_order(tmp_path: Path) -> None:
    data = TUDataset("TINY", write(tmp_path))
    assert data.graph_labels.tolist() == [[1], [0], [1]]
    assert torch.equal(data[1][1], torch.tensor([0]))
    assert (data.num_classes, data.num_labels) == (2, 2)


def test_numbers_to_predict_stand_in_for_labels(tmp_path: Path) -> None:
    data = TUDataset("TINY", write(tmp_path, graph_labels=None, graph_attributes="1.5\n2\n-1\n"))
    assert data.graph_labels.tolist() == [[1.5], [2.0], [-1.0]]
    assert data.num_classes is None


def test_files_of_columns_may_be_missing(tmp_path: Path) -> None:
    gone = dict.fromkeys(("node_labels", "node_attributes", "edge_labels", "edge_attributes"))
    g = TUDataset("TINY", write(tmp_path, **gone))[0][0]
    assert (list(g.ndata), list(g.edata)) == ([], [])


def test_several_graphs_are_named_by_a_slice_a_list_a_tensor_or_a_mask(tmp_path: Path) -> None:
    data = TUDataset("TINY", write(tmp_path), transform=gm.add_self_loop)
    graphs, labels = data[1:]
    assert [g.num_nodes() for g in graphs] == [1, 2]
    assert [g.num_edges() for g in graphs] == [1, 4]
    assert labels.tolist() == [[0], [1]]
    for idx in ([2, 0], torch.tensor([2, 0]), torch.tensor([2, 0], dtype=torch.int32)):
        part = data[idx]
        assert [g.num_nodes() for g, _ in part] == [2, 3]
        batched, labels = next(iter(gm.dataloading.GraphDataLoader(part, batch_size=2)))
        assert batched.batch_size == len(labels) == 2
    assert [g.num_nodes() for g, _ in data[torch.tensor([True, False, True])]] == [3, 2]
    assert data[torch.tensor(1)][0].num_nodes() == 1


def test_other_indices_are_an_error(tmp_path: Path) -> None:
    data = TUDataset("TINY", write(tmp_path))
    for idx, error in (
        ([3], gm.GraphIndexError),
        (3, gm.GraphIndexError),
        ("1", gm.GraphTypeError),
        (torch.tensor([0.0]), gm.GraphTypeError),
        (None, gm.GraphTypeError),
        (torch.tensor([True]), gm.GraphValueError),
    ):
        with pytest.raises(error, match=r"TINY"):
            data[idx]


def test_a_name_is_a_string() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"Expected a name such as .* got int 3"):
        TUDataset(3)  # type: ignore[arg-type]


def test_statistics_need_features(tmp_path: Path) -> None:
    data = TUDataset("TINY", write(tmp_path))
    with pytest.raises(gm.GraphError, match="feat"):
        data.statistics()
    for g, _ in data:
        g.ndata["feat"] = torch.ones(g.num_nodes(), 7)
    assert data.statistics() == (7, 2, 3)


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("A", "1, 2\n2, x\n", r"TINY_A\.txt, line 2: expected a number, got 'x'"),
        ("A", "", r"TINY_A\.txt: expected numbers, got none"),
        ("A", "1, 2, 3\n", r"TINY_A\.txt, line 1: expected 2 numbers, got '1, 2, 3'"),
        ("A", "1, 7\n", "A names a node that is not one of the 6"),
        ("A", "0, 1\n", "A names a node that is not one of the 6"),
        ("A", "1, 9223372036854775808\n", "integer of 64 bits, got '9223372036854775808'"),
        ("A", "1, -9223372036854775808\n", "A names a node that is not one of the 6"),
        ("A", "1, nan\n", "integer of 64 bits, got 'nan'"),
        ("A", "1,, 2\n", r"TINY_A\.txt, line 1: expected 2 numbers"),
        ("A", "3, 4\n", "an edge joins two graphs"),
        ("graph_indicator", "1\n1\n2\n1\n3\n3\n", "nodes must lie in the order"),
        ("graph_indicator", "1\n1\n1\n2\n3\n4\n", "order of the 3 labelled graphs"),
        (
            "graph_labels",
            "1.5\n",
            r"TINY_graph_labels\.txt, line 1: expected an integer of 64 bits, got '1\.5'",
        ),
        ("node_labels", "1\n2\n", "node_labels has 2 rows for 6 nodes"),
        ("edge_labels", "1\n2\n", "there are edges without edge_labels"),
    ],
)
def test_damaged_files_are_an_error_that_says_why(
    tmp_path: Path, part: str, content: str, message: str
) -> None:
    with pytest.raises(gm.GraphError, match=message) as caught:
        TUDataset("TINY", write(tmp_path, **{part: content}))
    assert isinstance(caught.value, ValueError)


def test_without_labels_of_graphs_the_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphError, match=r"TINY_graph_attributes\.txt"):
        TUDataset("TINY", write(tmp_path, graph_labels=None))


@pytest.mark.usefixtures("no_named_folder")
def test_files_that_cannot_be_downloaded_are_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = serve(monkeypatch, ConnectionError("no route"))
    with pytest.raises(gm.GraphError, match=r"no route.*raw_dir.*GRAPHMP_DATA"):
        TUDataset("TINY", tmp_path)
    assert asked[0].startswith("https://")


@pytest.mark.usefixtures("named_data_dir")
@pytest.mark.parametrize(
    ("name", "graphs", "nodes", "edges", "most"),
    [
        ("MUTAG", 188, 3371, 7442, 28),
        ("PROTEINS", 1113, 43471, 162088, 620),
        ("IMDB-BINARY", 1000, 19773, 193062, 136),
    ],
)
def test_counts_are_those_published(
    name: str, graphs: int, nodes: int, edges: int, most: int
) -> None:
    data = TUDataset(name)
    assert (len(data), data.num_classes, data.max_num_node) == (graphs, 2, most)
    assert sum(g.num_nodes() for g, _ in data) == nodes
    assert sum(g.num_edges() for g, _ in data) == edges


@pytest.mark.usefixtures("named_data_dir")
def test_both_formats_hold_the_same_graphs() -> None:
    for (ours, label), (theirs, other) in zip(
        TUDataset("MUTAG"), gm.data.GINDataset("MUTAG", False), strict=True
    ):
        assert int(label) == 1 - int(other)
        assert torch.equal(ours.in_degrees().sort().values, theirs.in_degrees().sort().values)


@pytest.mark.parametrize(
    ("missing", "mode", "width"),
    [
        ([], "node_attr", 2),
        (["node_attributes"], "node_label", 3),
        (["node_attributes", "node_labels"], "constant", 7),
    ],
)
def test_older_sets_have_features_of_nodes(
    tmp_path: Path, missing: list[str], mode: str, width: int
) -> None:
    write(tmp_path, **dict.fromkeys(missing))
    data = LegacyTUDataset("TINY", hidden_size=7, raw_dir=tmp_path)
    assert data.data_mode == mode
    assert [g.ndata["feat"].shape for g, _ in data] == [(3, width), (1, width), (2, width)]
    assert data.graph_labels.tolist() == [1, 0, 1]
    assert data.statistics() == (width, 2, 3)
    if mode == "node_label":
        assert data[0][0].ndata["feat"].argmax(1).tolist() == [0, 1, 0]


def test_older_sets_leave_out_large_graphs(tmp_path: Path) -> None:
    data = LegacyTUDataset("TINY", max_allow_node=2, raw_dir=write(tmp_path))
    assert [g.num_nodes() for g, _ in data] == [1, 2]
    assert data.graph_labels.tolist() == [0, 1]
    assert data.max_num_node == 2


def test_labels_of_older_sets_that_memory_cannot_hold_are_an_error(tmp_path: Path) -> None:
    labels = FILES["node_labels"].replace("5", str(2**40))
    write(tmp_path, node_attributes=None, node_labels=labels)
    with pytest.raises(gm.GraphError, match=r"TINY_node_labels\.txt with 6 values to have at most"):
        LegacyTUDataset("TINY", raw_dir=tmp_path)
