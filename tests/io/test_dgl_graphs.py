"""DGL's own files are read without DGL; ``files/README.md`` says how the stored ones were made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import graphmp as gm
from graphmp import io

FILES = Path(__file__).parent / "files"
DTYPES = ["uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]


def ends(g: gm.Graph, etype: object = None) -> list[list[int]]:
    """Sources, destinations and ids of edges."""
    return [each.tolist() for each in g.edges("all", etype=etype)]


def test_graphs_of_dgl_are_read_with_features_of_every_dtype() -> None:
    [g, _, empty], _ = gm.load_graphs(FILES / "dgl_graphs.bin")
    assert ends(g) == [[0, 1, 1, 2], [1, 2, 0, 2], [0, 1, 2, 3]]
    assert g.num_nodes() == 3
    assert g.idtype == torch.int64
    assert g.formats()["created"] == ["coo"]
    for name in DTYPES:
        assert g.ndata[name].dtype == getattr(torch, name)
        assert g.ndata[name].tolist() == [0, 1, 1]
    assert g.ndata["bool"].dtype == torch.uint8  # DGL saves masks as bytes
    assert torch.equal(g.edata["w"], torch.arange(8.0).view(4, 2))
    assert (empty.num_nodes(), empty.num_edges()) == (0, 0)


def test_graphs_of_several_types_are_read() -> None:
    g = gm.load_graphs(FILES / "dgl_graphs.bin", [1])[0][0]
    assert g.idtype == torch.int32
    assert g.canonical_etypes == [("user", "likes", "item"), ("user", "likes", "user")]
    assert {ntype: g.num_nodes(ntype) for ntype in g.ntypes} == {"item": 3, "shop": 0, "user": 2}
    assert ends(g, ("user", "likes", "item")) == [[0, 1], [2, 0], [0, 1]]
    assert ends(g, ("user", "likes", "user")) == [[1], [1], [0]]
    assert g.nodes["item"].data["x"].shape == (3, 2)
    assert g.nodes["shop"].data["x"].shape == (0, 4)
    assert g.edges["user", "likes", "user"].data["w"].tolist() == [1]


def test_labels_and_single_graphs_are_read() -> None:
    graphs, labels = gm.load_graphs(FILES / "dgl_graphs.bin", [2, 0])
    assert [g.num_nodes() for g in graphs] == [0, 3]
    assert labels["y"].tolist() == [1, 2, 3]
    assert torch.equal(io.load_labels(FILES / "dgl_graphs.bin")["z"], torch.ones(3, 2))
    with pytest.raises(gm.GraphIndexError, match="which has 3, got 3"):
        gm.load_graphs(FILES / "dgl_graphs.bin", [3])


def test_a_file_of_dgl_can_be_opened_for_its_fields() -> None:
    file = io.open_graphs(FILES / "dgl_graphs.bin")
    assert len(file) == 3
    assert file.node_data(1, "item")["x"].shape == (3, 2)
    assert file.edge_data(0)["w"].shape == (4, 2)


def test_layouts_of_a_file_are_those_of_the_graph() -> None:
    [g], _ = gm.load_graphs(FILES / "dgl_layouts.bin")
    assert g.formats() == {"created": ["csr", "csc"], "not created": ["coo"]}
    assert ends(g, "to") == [[2, 0, 2], [1, 1, 0], [0, 1, 2]]
    assert ends(g, "back") == [[0], [2], [0]]
    [g], _ = gm.load_graphs(FILES / "dgl_restricted.bin")
    assert g.formats() == {"created": ["csc"], "not created": []}
    assert ends(g, "to") == [[2, 0, 2], [1, 1, 0], [0, 1, 2]]


def test_the_format_of_releases_before_0_5_is_read() -> None:
    [g, bare], labels = gm.load_graphs(FILES / "dgl_version_1.bin")
    assert ends(g) == ends(bare) == [[3, 0, 1], [2, 1, 2], [0, 1, 2]]
    assert g.num_nodes() == 4
    assert g.ndata["x"].tolist() == [0, 1, 2, 3]
    assert g.edata["w"].tolist() == [0, 1, 2]
    assert labels["y"].tolist() == [5, 6]


def test_tensors_of_dgl_are_read() -> None:
    tensors = io.load_tensors(FILES / "dgl_tensors.bin")
    assert torch.equal(tensors["x"], torch.arange(3))
    assert torch.equal(tensors["half"], torch.ones(2, 2, dtype=torch.bfloat16))


def test_info_of_dgl_is_read_without_running_it() -> None:
    info = io.load_info(FILES / "dgl_info.pkl")
    assert list(info) == ["num_classes", "names", 5, "idx", "mean"]
    assert info["names"] == ["a", ("b", None)]
    assert np.array_equal(info[5]["mask"], [True, False])
    assert torch.equal(info["idx"], torch.arange(3))
    assert info["mean"] == 0.5
