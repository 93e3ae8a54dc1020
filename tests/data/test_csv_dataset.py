from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp.data import CSVDataset

pytest.importorskip("yaml", reason="needs PyYAML: pip install 'graphmp[csv]'")

SIMPLE = {
    "meta.yaml": """
dataset_name: simple
node_data: [{file_name: nodes.csv}]
edge_data: [{file_name: edges.csv}]
""",
    "nodes.csv": 'node_id,label,feat\n30,1,"0.5, 1"\n10,0,"[2, 0]"\n20,1,"(3, 4)"\n',
    "edges.csv": "src_id,dst_id,w\n10,20,1\n20,30,2.5\n10,20,3\n",
}
SEVERAL = {
    "meta.yaml": """
version: 1.0.0
dataset_name: several
separator: ;
node_data:
- {file_name: user.csv, ntype: user, node_id_field: name, graph_id_field: g}
- {file_name: item.csv, ntype: item}
edge_data:
- {file_name: buys.csv, etype: [user, buys, item], src_id_field: who, dst_id_field: what}
- {file_name: knows.csv, etype: [user, knows, user]}
graph_data: {file_name: graphs.csv}
""",
    "user.csv": "g;name;age\n0;bob;3\n0;ann;2\n5;bob;9\n",
    "item.csv": "graph_id;node_id\n5;1\n5;0\n0;7\n",
    "buys.csv": "graph_id;who;what;price\n5;bob;1;0.5\n0;ann;7;2\n",
    "knows.csv": "graph_id;src_id;dst_id\n0;ann;bob\n",
    "graphs.csv": "graph_id;label;size\n5;1;2.5\n0;0;3\n9;1;0\n",
}


def write(folder: Path, files: dict[str, str], **changes: str) -> Path:
    for name, content in {**files, **changes}.items():
        (folder / name.replace("_yaml", ".yaml").replace("_csv", ".csv")).write_text(content)
    return folder


def ends(g: gm.Graph, etype: Any = None) -> list[list[int]]:
    return [side.tolist() for side in g.edges(etype=etype)]


def test_nodes_are_numbered_in_the_order_of_their_ids(tmp_path: Path) -> None:
    dataset = CSVDataset(write(tmp_path, SIMPLE))
    g = dataset[0]
    assert (len(dataset), dataset.name, dataset.data) == (1, "simple", {})
    assert ends(g) == [[0, 1, 0], [1, 2, 1]]
    assert g.ndata["label"].tolist() == [0, 1, 1]
    assert g.ndata["feat"].tolist() == [[2, 0], [3, 4], [0.5, 1]]
    assert g.edata["w"].tolist() == [1, 2.5, 3]
    assert (g.ndata["label"].dtype, g.edata["w"].dtype) == (torch.int64, torch.float32)


def test_several_graphs_of_several_types_have_labels(tmp_path: Path) -> None:
    dataset = CSVDataset(write(tmp_path, SEVERAL))
    (first, data), (second, _), (third, _) = dataset
    assert {name: row.tolist() for name, row in data.items()} == {"label": [1], "size": [2.5]}
    assert (ends(first, "buys"), ends(first, "knows")) == ([[0], [1]], [[], []])
    assert (ends(second, "buys"), ends(second, "knows")) == ([[0], [0]], [[0], [1]])
    assert second.nodes["user"].data["age"].tolist() == [2, 3]
    assert first.edges["buys"].data["price"].tolist() == [0.5]
    assert (third.num_nodes(), third.num_edges()) == (0, 0)
    assert gm.batch([first, second, third]).num_nodes("item") == 3


def test_the_only_column_of_graphs_is_the_label(tmp_path: Path) -> None:
    graphs = "graph_id;label\n5;1\n0;0\n9;1\n"
    dataset = CSVDataset(write(tmp_path, SEVERAL, graphs_csv=graphs), transform=gm.reverse)
    assert dataset.labels.tolist() == [[1], [0], [1]]
    g, label = dataset[1]
    assert (ends(g, "buys"), label.tolist()) == ([[0], [0]], [0])
    assert [int(each[1]) for each in dataset[torch.tensor([2, 1])]] == [1, 0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("meta_yaml", "a: [", r"meta\.yaml is not YAML"),
        ("meta_yaml", "[" * 600, r"meta\.yaml is not YAML"),
        ("meta_yaml", "!!python/object/apply:os.system [ls]", r"meta\.yaml is not YAML"),
        ("meta_yaml", "a: 2001-99-99", r"meta\.yaml is not YAML"),
        ("meta_yaml", "a: &a [1]\nb: *a", r"meta\.yaml is not YAML: aliases are not supported"),
        (
            "meta_yaml",
            SIMPLE["meta.yaml"].replace("nodes.csv", "/dev/zero"),
            "/dev/zero cannot be read: there is no such file",
        ),
        (
            "meta_yaml",
            "dataset_name: a",
            r"meta\.yaml: expected a field 'node_data', got 'dataset_name'",
        ),
        (
            "meta_yaml",
            SIMPLE["meta.yaml"].replace("{file_name: nodes", "{filename: nodes"),
            r"entry 1 of node_data: expected a field 'file_name', got 'filename'",
        ),
        ("meta_yaml", "[1]", r"meta\.yaml: expected the fields"),
        (
            "meta_yaml",
            SIMPLE["meta.yaml"] + "version: 2.0.0",
            "expected version 1.0.0, got '2.0.0'",
        ),
        (
            "meta_yaml",
            SIMPLE["meta.yaml"].replace("[{file_name: nodes.csv}]", "5"),
            "node_data to be a",
        ),
        (
            "meta_yaml",
            SIMPLE["meta.yaml"].replace("s.csv}]", "s.csv, ntype: [a, b]}]"),
            "type of 1 name",
        ),
        (
            "meta_yaml",
            SIMPLE["meta.yaml"].replace("nodes.csv}", "nodes.csv, ntype: b}"),
            "of type '_V'",
        ),
        (
            "meta_yaml",
            SIMPLE["meta.yaml"].replace(
                "[{file_name: nodes.csv}]", "[{file_name: a}, {file_name: b}]"
            ),
            r"one file for each type, got several of \('_V',\)",
        ),
        (
            "meta_yaml",
            SIMPLE["meta.yaml"].replace("nodes.csv", "gone.csv"),
            r"gone\.csv cannot be read: there is no such file\. Correct the file, or its name",
        ),
        ("nodes_csv", "", r"nodes\.csv: expected a line of names"),
        ("nodes_csv", "id\n1\n", r"nodes\.csv: expected a column 'node_id', got id"),
        ("edges_csv", "src_id,w\n1,1\n", r"edges\.csv: expected a column 'dst_id', got src_id, w"),
        ("nodes_csv", "node_id,a,a\n1,1,1\n", "different names of columns"),
        ("nodes_csv", "node_id,a\n1\n", r"nodes\.csv, row 2: expected 2 columns, got 1"),
        ("nodes_csv", 'node_id\n"1\n', r"nodes\.csv is not a table"),
        (
            "nodes_csv",
            "node_id\n10\n1.5\n",
            r"row 3, node_id: expected an integer of 64 bits, got '1.5'",
        ),
        ("nodes_csv", "node_id\nnan\n", "row 2, node_id: .*got 'nan'"),
        ("nodes_csv", "node_id,a\n10,1\n,2\n", "row 3, node_id: .*got ''"),
        ("nodes_csv", "node_id\n10\n20\n10\n", "different ids of nodes in graph 0, got 10 twice"),
        (
            "nodes_csv",
            "node_id\n10\n20\n",
            r"edges\.csv, row 3: expected the id of a node in .*, got 30",
        ),
        ("nodes_csv", "node_id\n", r"edges\.csv, row 2: expected the id of a node in .*, got 10"),
        ("nodes_csv", "node_id,graph_id\n10,x\n", "row 2, graph_id: expected a number, got 'x'"),
        ("nodes_csv", "node_id,graph_id\n10,4\n", r"nodes\.csv: expected ids of graphs .* got 4"),
        ("nodes_csv", "node_id,a\n10,x\n", r"nodes\.csv, row 2, a: expected a number, got 'x'"),
        ("nodes_csv", "node_id,a\n10,\n", r"nodes\.csv, row 2, a: expected a number, got ''"),
        (
            "nodes_csv",
            'node_id,a\n10,"1,2"\n20,"1"\n',
            r"nodes\.csv, row 3, a: expected as many numbers as in row 2, .*\(2,\), got \(\)",
        ),
        ("nodes_csv", 'node_id,a\n10,"[[1],[2,3]]"\n', r"nodes\.csv, a: expected numbers, got"),
        ("nodes_csv", 'node_id,a\n10,"exit(),1"\n', "row 2, a: expected numbers, got 'exit"),
        ("nodes_csv", 'node_id,a\n10,"[1"\n', "row 2, a: expected numbers"),
        (
            "nodes_csv",
            f'node_id,a\n10,"{"[" * 99 + "1" + "]" * 99}"\n',
            "row 2, a: expected numbers",
        ),
        ("nodes_csv", f'node_id,a\n10,"{2**70},1"\n', r"nodes\.csv, a: "),
        ("nodes_csv", f'node_id,a\n10,"{2**63},{2**63}"\n', r"nodes\.csv, a: "),
    ],
)
def test_a_wrong_file_is_an_error_that_says_where(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    with pytest.raises(gm.GraphError, match=message):
        CSVDataset(write(tmp_path, SIMPLE, **{name: content}))


def test_ids_are_texts_as_they_are_written_if_a_node_is_named_by_a_text(tmp_path: Path) -> None:
    nodes = 'node_id,feat\n007,"1,0"\n1.5,"2,0"\nabc,"3,0"\n1E5,"4,0"\n'
    edges = "src_id,dst_id\n007,1.5\n1E5,007\n1.5,007\n"  # no column has a text that is no number
    g = CSVDataset(write(tmp_path, SIMPLE, nodes_csv=nodes, edges_csv=edges))[0]
    assert g.ndata["feat"][:, 0].tolist() == [1, 2, 4, 3]
    assert ends(g, "_E") == [[0, 2, 1], [1, 0, 0]]
    for edge, message in (
        ("7,abc", r"edges\.csv, row 2: expected the id of a node in .*, got 7"),
        ("abc,nan", r"edges\.csv, row 2, dst_id: expected an id, got 'nan'"),
    ):
        with pytest.raises(gm.GraphError, match=message):
            CSVDataset(
                write(tmp_path, SIMPLE, nodes_csv=nodes, edges_csv=f"src_id,dst_id\n{edge}\n")
            )
    with pytest.raises(gm.GraphError, match=r"nodes\.csv, row 3, node_id: expected an id, got ''"):
        CSVDataset(write(tmp_path, SIMPLE, nodes_csv="node_id,a\nabc,1\n,2\n"))


def test_a_path_without_a_description_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphError, match=r"Write it; CSVDataset takes its folder\."):
        CSVDataset(tmp_path)
    write(tmp_path, SIMPLE)
    with pytest.raises(gm.GraphError, match=r"Expected the folder of meta\.yaml, got the file"):
        CSVDataset(tmp_path / "meta.yaml")


def test_wrong_graphs_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphError, match=r"graphs\.csv: expected a row for each graph"):
        CSVDataset(write(tmp_path, SEVERAL, graphs_csv="graph_id;label\n0;1\n0;2\n"))
    with pytest.raises(gm.GraphError, match="expected a column 'graph_id', got id"):
        CSVDataset(write(tmp_path, SEVERAL, graphs_csv="id\n0\n"))


@pytest.mark.parametrize("package", ["yaml", "pandas"])
def test_a_missing_package_is_an_error_that_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(gm.GraphError, match=r"pip install 'graphmp\[csv\]'"):
        CSVDataset(write(tmp_path, SIMPLE), ndata_parser=dict)


class Frame(dict[str, Any]):
    """As much of a table of pandas as a parser needs here."""

    def __getitem__(self, names: Any) -> Any:
        return (
            Frame({n: self.get(n) for n in names}) if isinstance(names, list) else self.get(names)
        )


class Pandas:
    """Stands for pandas: reads the columns as numbers."""

    @staticmethod
    def read_csv(path: Path, sep: str) -> Frame:
        names, *rows = [line.split(sep) for line in path.read_text().splitlines()]
        columns = zip(*([float(word) for word in row] for row in rows), strict=True)
        return Frame(zip(names, map(list, columns), strict=True))


def test_parsers_turn_tables_into_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", Pandas)
    nodes = "node_id,label\n30,1\n10,0\n20,1\n"
    write(tmp_path, SIMPLE, nodes_csv=nodes)
    seen: list[list[str]] = []

    def double(table: Any) -> dict[str, Any]:
        seen.append(list(table))
        return {f"twice_{name}": [2 * value for value in table[name]] for name in table}

    g = CSVDataset(tmp_path, ndata_parser={"_V": double}, edata_parser=double)[0]
    assert seen == [["label"], ["w"]]
    assert g.ndata["twice_label"].tolist() == [0, 2, 2]
    assert g.edata["twice_w"].dtype == torch.float32
    assert list(CSVDataset(tmp_path, ndata_parser={"other": double})[0].ndata) == ["label"]
    wrong: Any = (
        (lambda table: {"a": [1]}, "expected the parser to return 3 rows of numbers for 'a'"),
        (lambda table: {"a": ["x"] * 3}, "3 rows of numbers for 'a', got an array of <U1"),
        (lambda table: [1], "Expected a parser to return a dict, got list"),
    )
    for parser, message in wrong:
        with pytest.raises(gm.GraphError, match=message):
            CSVDataset(tmp_path, ndata_parser=parser)
