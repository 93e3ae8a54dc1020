"""Graphs in files: what was saved is loaded, one graph or field at a time if need be."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from support.corner_graphs import CORNERS, DTYPES, ID_DTYPES, two_relations
from torch import Tensor

import graphmp as gm
from graphmp import Graph
from graphmp.io import files

STORED = Path(__file__).parent / "files"


def example() -> Graph:
    """Three nodes and four edges with features."""
    g = gm.graph(([0, 1, 1, 2], [1, 2, 0, 2]))
    g.ndata["x"] = torch.arange(6.0).view(3, 2)
    g.edata["w"] = torch.arange(4)
    return g


def types() -> Graph:
    """A graph of several types, one of them without nodes, with features and int32 ids."""
    edges = {("user", "likes", "item"): ([0, 1], [2, 0]), ("user", "likes", "user"): ([1], [1])}
    g = gm.heterograph(edges, {"item": 3, "shop": 0, "user": 2}, idtype=torch.int32)
    g.nodes["item"].data["x"] = torch.ones(3, 2)
    g.nodes["shop"].data["x"] = torch.ones(0, 4)
    g.edges["user", "likes", "user"].data["w"] = torch.ones(1)
    return g


def block() -> Graph:
    """A block with different features at both ends."""
    g = gm.create_block(([0, 2], [1, 1]), 3, 2)
    g.srcdata["x"], g.dstdata["y"], g.edata["w"] = torch.ones(3), torch.ones(2), torch.ones(2)
    return g


GRAPHS: dict[str, Callable[[], Graph]] = {
    **{str(corner): corner.graph for corner in CORNERS},
    "one type": example,
    "several types": types,
    "two relations": two_relations,
    "a block": block,
    "a block of several types": lambda: gm.to_block(types(), {"item": [0, 2], "user": [1]}),
    "a batch": lambda: gm.batch([example(), example()]),
    "a batch of several types": lambda: gm.batch([types(), types()]),
    "no relation": lambda: gm.heterograph({}, {"a": 2}),
}


def again(folder: Path, graphs: Any, **kwargs: Any) -> list[Graph]:
    """The graphs of a file in which these are saved."""
    path = folder / "graphs"
    gm.save_graphs(path, graphs, **kwargs)
    return gm.load_graphs(path)[0]


def frames(g: Graph) -> list[dict[str, Tensor]]:
    """The features of every type, at both ends."""
    ends = [*(g.srcnodes[t].data for t in g.srctypes), *(g.dstnodes[t].data for t in g.dsttypes)]
    return [dict(data) for data in (*ends, *(g.edges[t].data for t in g.canonical_etypes))]


def assert_same(actual: Graph, expected: Graph) -> None:
    """Check that two graphs have the same types, edges, layouts and features."""
    assert (actual.is_block, actual.idtype) == (expected.is_block, expected.idtype)
    assert actual.ntypes == expected.ntypes
    assert actual.canonical_etypes == expected.canonical_etypes
    for ntype in expected.srctypes:
        assert actual.num_src_nodes(ntype) == expected.num_src_nodes(ntype)
    for ntype in expected.dsttypes:
        assert actual.num_dst_nodes(ntype) == expected.num_dst_nodes(ntype)
    for etype in expected.canonical_etypes:
        for one, other in zip(
            actual.edges("all", etype=etype), expected.edges("all", etype=etype), strict=True
        ):
            assert torch.equal(one, other)
    for columns, others in zip(frames(actual), frames(expected), strict=True):
        assert list(columns) == list(others)
        for name, column in columns.items():
            assert column.dtype == others[name].dtype
            assert torch.equal(column, others[name])


@pytest.mark.parametrize("name", GRAPHS)
def test_every_graph_is_the_same_after_a_file(name: str, tmp_path: Path) -> None:
    g = GRAPHS[name]()
    [loaded] = again(tmp_path, [g])
    assert_same(loaded, g)


def test_graphs_of_any_forms_are_saved_together(tmp_path: Path) -> None:
    graphs = [make() for make in GRAPHS.values() for _ in range(2)]
    for actual, expected in zip(again(tmp_path, graphs), graphs, strict=True):
        assert_same(actual, expected)


@pytest.mark.parametrize("idtype", ID_DTYPES)
def test_ids_keep_their_dtype(idtype: torch.dtype, tmp_path: Path) -> None:
    [loaded] = again(tmp_path, example().astype(idtype))
    assert loaded.idtype == idtype


@pytest.mark.parametrize("dtype", [*DTYPES, torch.complex64])
def test_features_keep_their_dtype(dtype: torch.dtype, tmp_path: Path) -> None:
    g = gm.graph(([0, 1], [1, 0]))
    g.ndata["x"] = torch.tensor([0, 1]).to(dtype)
    [loaded] = again(tmp_path, g)
    assert loaded.ndata["x"].dtype == dtype
    assert torch.equal(loaded.ndata["x"], g.ndata["x"])


@pytest.mark.parametrize("shape", [(3, 0), (3, 1, 2), (3,)])
def test_features_keep_their_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    g = gm.graph(([0], [2]))
    g.ndata["x"] = torch.rand(shape)
    [loaded] = again(tmp_path, g)
    assert torch.equal(loaded.ndata["x"], g.ndata["x"])


def test_parts_of_tensors_and_parameters_are_saved_by_their_values(tmp_path: Path) -> None:
    g, values = gm.graph(([0], [2])), torch.rand(3, 4)
    g.ndata["column"], g.ndata["turned"] = values[:, 1], torch.rand(4, 3).t()
    g.ndata["one"], g.ndata["parameter"] = torch.ones(1).expand(3), torch.nn.Parameter(values)
    g.ndata["conjugate"] = torch.complex(values, values).conj()
    [loaded] = again(tmp_path, g)
    for name, column in g.ndata.items():
        assert torch.equal(loaded.ndata[name], column)
    assert not loaded.ndata["parameter"].requires_grad


@pytest.mark.parametrize("name", ["", "a/b", "labels/x", 'ü\n\\"'])
def test_names_may_be_any_texts(name: str, tmp_path: Path) -> None:
    g = gm.heterograph({(name, name + "2", name): ([0], [1])})
    g.ndata[name], label = torch.ones(2), torch.tensor(1)
    gm.save_graphs(tmp_path / "graphs", g, {name: label})
    [loaded], labels = gm.load_graphs(tmp_path / "graphs")
    assert_same(loaded, g)
    assert list(labels) == [name]


def test_labels_are_those_of_all_graphs(tmp_path: Path) -> None:
    labels = {"y": torch.tensor([3, 4]), "single": torch.tensor(2.5), "none": torch.ones(0, 2)}
    gm.save_graphs(tmp_path / "graphs", [example(), example()], labels)
    for loaded in (
        gm.load_graphs(tmp_path / "graphs", [1])[1],
        gm.io.load_labels(tmp_path / "graphs"),
    ):
        assert loaded.keys() == labels.keys()
        assert all(torch.equal(loaded[name], labels[name]) for name in labels)


def test_the_size_of_a_batch_is_saved(tmp_path: Path) -> None:
    for g in (gm.batch([example()] * 3), gm.batch([types()] * 3)):
        [loaded] = again(tmp_path, g)
        assert loaded.batch_size == 3
        for ntype in g.ntypes:
            assert torch.equal(loaded.batch_num_nodes(ntype), g.batch_num_nodes(ntype))
        for etype in g.canonical_etypes:
            assert torch.equal(loaded.batch_num_edges(etype), g.batch_num_edges(etype))


@pytest.mark.parametrize("formats", ["coo", "csr", ["csc"], ["csr", "csc"], ["csr", "coo", "csc"]])
def test_the_layouts_of_a_file_may_be_chosen(formats: Any, tmp_path: Path) -> None:
    [loaded] = again(tmp_path, example(), formats=formats)
    created = [formats] if isinstance(formats, str) else formats
    assert sorted(loaded.formats()["created"]) == sorted(created)
    assert_same(loaded, example())
    for layout in ("csr", "csc"):
        actual, expected = (getattr(g.adjacency, layout) for g in (loaded, example()))
        assert all(map(torch.equal, actual, expected))


def test_by_default_a_file_has_one_layout_that_exists(tmp_path: Path) -> None:
    every = example()
    every.create_formats_()
    for g, created in [(example(), "coo"), (every, "coo"), (example().formats("csr"), "csr")]:
        [loaded] = again(tmp_path, g)
        assert loaded.formats()["created"] == [created]
    grouped = gm.graph(("csc", ([0, 1, 2], [1, 0], [])))
    assert again(tmp_path, grouped)[0].formats()["created"] == ["csc"]


@pytest.mark.parametrize("formats", ["csr", ["csr", "csc"], ["coo", "csc"]])
def test_edge_ids_of_a_large_file_are_those_of_a_small_one(
    formats: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALLEST_MAPPED", 1)
    g = gm.rand_graph(20, 100, idtype=torch.int32)
    g.edata["w"] = torch.arange(100)
    changes: list[Callable[[Graph], Graph]] = [
        Graph.clone,
        copy.deepcopy,
        Graph.long,
        gm.reverse,
        lambda g: g.formats("csr"),
    ]
    for change in changes:
        [loaded] = again(tmp_path, g, formats=formats)
        actual, expected = change(loaded), change(g)
        assert torch.equal(actual.in_degrees(), expected.in_degrees())
        assert all(map(torch.equal, actual.edges("all"), expected.edges("all")))
        for layout in ("csr", "csc"):
            one, other = (getattr(h.adjacency, layout) for h in (actual, expected))
            assert all(map(torch.equal, one, other))


def test_layouts_that_are_not_allowed_stay_so(tmp_path: Path) -> None:
    [loaded] = again(tmp_path, example().formats(["csc"]))
    assert loaded.formats() == {"created": ["csc"], "not created": []}


def test_graphs_are_chosen_by_their_numbers(tmp_path: Path) -> None:
    graphs = [gm.rand_graph(n, n) for n in range(1, 6)]
    gm.save_graphs(tmp_path / "graphs", graphs)
    loaded = gm.load_graphs(tmp_path / "graphs", [3, 0, 3, -1])[0]
    assert [g.num_nodes() for g in loaded] == [4, 1, 4, 5]
    with pytest.raises(gm.GraphIndexError, match="which has 5, got 5"):
        gm.load_graphs(tmp_path / "graphs", [5])


@pytest.mark.parametrize(
    "mask",
    [
        [False, True, False],
        torch.tensor([False, True, False]),
        torch.tensor([1], dtype=torch.int32),
        range(1, 2),
        1,
    ],
    ids=str,
)
def test_graphs_are_chosen_by_a_mask_a_tensor_or_one_number(tmp_path: Path, mask: Any) -> None:
    gm.save_graphs(tmp_path / "graphs", [gm.rand_graph(n, n) for n in range(1, 4)])
    assert [g.num_nodes() for g in gm.load_graphs(tmp_path / "graphs", mask)[0]] == [2]


@pytest.mark.parametrize("numbers", [slice(1), [1.5], "1", {"a": 1}, [None]], ids=str)
def test_graphs_are_chosen_by_integers_alone(tmp_path: Path, numbers: Any) -> None:
    gm.save_graphs(tmp_path / "graphs", gm.rand_graph(2, 2))
    with pytest.raises(gm.GraphTypeError, match=r"idx_list: expected"):
        gm.load_graphs(tmp_path / "graphs", numbers)
    with pytest.raises(gm.GraphValueError, match=r"idx_list: expected a mask of shape \(1,\)"):
        gm.load_graphs(tmp_path / "graphs", [True, False])


def test_the_sources_of_a_block_are_read_without_it(tmp_path: Path) -> None:
    gm.save_graphs(tmp_path / "graphs", block())
    assert gm.io.open_graphs(tmp_path / "graphs").node_data(0)["x"].tolist() == [1, 1, 1]


def test_a_file_may_have_no_graph(tmp_path: Path) -> None:
    assert again(tmp_path, []) == []


def test_an_opened_file_is_a_sequence_of_graphs(tmp_path: Path) -> None:
    graphs = [example(), types(), example()]
    gm.save_graphs(tmp_path / "graphs", graphs, {"y": torch.ones(3)})
    file = gm.io.open_graphs(tmp_path / "graphs")
    assert len(file) == 3
    assert_same(file[-1], graphs[2])
    assert [len(g.ntypes) for g in file] == [len(g.ntypes) for g in file[:]] == [1, 3, 1]
    assert torch.equal(file.labels["y"], torch.ones(3))
    assert torch.equal(file.node_data(1, "item")["x"], graphs[1].nodes["item"].data["x"])
    assert torch.equal(file.edge_data(2)["w"], graphs[2].edata["w"])
    assert "num_graphs=3" in repr(file)
    with pytest.raises(IndexError):
        file[3]
    with pytest.raises(KeyError, match="no node type 'nobody'"):
        file.node_data(1, "nobody")


@pytest.mark.parametrize("smallest", [1, 1 << 30], ids=["mapped", "read"])
def test_what_is_written_to_loaded_features_stays_in_memory(
    smallest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALLEST_MAPPED", smallest)
    [loaded] = again(tmp_path, example())
    before = (tmp_path / "graphs").read_bytes()
    loaded.ndata["x"].zero_()
    assert (tmp_path / "graphs").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps mapped files: run on Linux")
def test_a_file_that_is_mapped_can_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALLEST_MAPPED", 1)
    [old] = again(tmp_path, example())
    [new] = again(tmp_path, types())
    assert_same(old, example())
    assert_same(new, types())


def test_ids_of_loaded_graphs_do_not_change_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALLEST_MAPPED", 1)
    [loaded] = again(tmp_path, example())
    with (tmp_path / "graphs").open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(0)
        file.write(b"\xff" * size)
    assert_same_edges(loaded, example())


def assert_same_edges(actual: Graph, expected: Graph) -> None:
    """Check the ends of edges alone."""
    assert all(map(torch.equal, actual.edges(), expected.edges()))


def test_files_are_read_whatever_the_default_device_is(tmp_path: Path) -> None:
    g = example()
    g.create_formats_()
    gm.save_graphs(tmp_path / "graphs", g, formats=["coo", "csc"])
    with torch.device("meta"):
        [loaded], _ = gm.load_graphs(tmp_path / "graphs")
    assert loaded.device == torch.device("cpu")
    assert_same(loaded, g)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda p: gm.save_graphs(p, cast(Any, 3)),
            TypeError,
            "a graph or a list of graphs, got int",
        ),
        (lambda p: gm.save_graphs(p, [cast(Any, 3)]), TypeError, "Expected graphs, got int"),
        (lambda p: gm.save_graphs(p, example(), cast(Any, [1])), TypeError, "labels as a dict"),
        (
            lambda p: gm.save_graphs(p, example(), {"y": cast(Any, 1)}),
            TypeError,
            "got int 1 for 'y'",
        ),
        (lambda p: gm.save_graphs(p, example(), formats="dia"), ValueError, "formats of coo"),
        (lambda p: gm.save_graphs(p.parent, example()), ValueError, "got the folder"),
        (lambda p: gm.save_graphs("s3://bucket/x", example()), ValueError, "a local file"),
        (lambda p: gm.load_graphs(p), ValueError, "does not exist"),
        (lambda p: gm.load_graphs(p.parent), ValueError, "is no regular file"),
        (lambda _: gm.load_graphs(""), ValueError, "the path of a file, got ''"),
        (lambda _: gm.load_graphs("x" * 300), ValueError, "which cannot be one"),
        (lambda _: gm.save_graphs("x" * 300, example()), ValueError, "which cannot be one"),
        (lambda _: gm.load_graphs(cast(Any, 3)), TypeError, "the path of a file, got int 3"),
        (lambda p: gm.save_graphs(p, cast(Any, {"a": 1})), TypeError, "list of graphs, got dict"),
        (lambda p: gm.save_graphs(p, example().to("meta")), TypeError, "got one on meta"),
    ],
)
def test_wrong_arguments_are_errors(
    call: Callable[[Path], Any], error: type[Exception], match: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=match):
        call(tmp_path / "graphs")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "label",
    [
        torch.ones(3, dtype=torch.complex128),
        torch.ones(3, device="meta"),
        torch.eye(3).to_sparse(),
    ],
    ids=["complex128", "meta", "sparse"],
)
def test_tensors_that_files_do_not_have_are_an_error(label: Tensor, tmp_path: Path) -> None:
    with pytest.raises(gm.GraphTypeError, match="'labels/y': expected a dense tensor"):
        gm.save_graphs(tmp_path / "graphs", example(), {"y": label})


def test_a_field_that_files_do_not_have_is_named(tmp_path: Path) -> None:
    wrong = example()
    wrong.edata["a/b"] = torch.ones(4, dtype=torch.complex128)
    with pytest.raises(gm.GraphTypeError, match=r"Field 'a/b' of the edges of graph 1: expected"):
        gm.save_graphs(tmp_path / "graphs", [example(), wrong])
    wrong = types()
    wrong.nodes["item"].data["c"] = torch.eye(3).to_sparse()
    with pytest.raises(gm.GraphTypeError, match="Field 'c' of the nodes of type 'item' of graph 0"):
        gm.save_graphs(tmp_path / "graphs", wrong)


def test_features_in_a_file_are_saved_by_their_values(tmp_path: Path) -> None:
    (tmp_path / "values").write_bytes(bytes(range(12)))
    g = gm.graph(([0], [2]))
    g.ndata["x"] = gm.dataloading.map_features(tmp_path / "values", (3, 4), torch.uint8)
    [loaded] = again(tmp_path, g)
    assert loaded.ndata["x"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_files_of_version_1_are_read() -> None:
    """The file was written by ``graphmp.save_graphs`` of version 1 of the layout."""
    [first, second, third], labels = gm.load_graphs(STORED / "version_1.gmp")
    assert_same(first, example())
    assert_same(second, types())
    assert_same(third, block())
    assert torch.equal(labels["y"], torch.tensor([1, 2, 3]))
