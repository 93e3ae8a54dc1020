"""Wrong arguments of the methods that change a graph: the graph stays as it was."""

from __future__ import annotations

import pytest
import torch
from support.unchanged import Case, each, refuses

import graphmp as gm
from graphmp import Graph


def path() -> Graph:
    """Three nodes in a row, with features."""
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["x"], g.edata["w"] = torch.arange(3.0), torch.arange(2.0)
    return g


BAD: dict[str, Case] = {
    "fewer than no nodes": (lambda g: g.add_nodes(-1), gm.GraphValueError, "got -1"),
    "half a node": (lambda g: g.add_nodes(1.5), gm.GraphTypeError, "got float 1.5"),  # type: ignore[arg-type]
    "nodes of an unknown type": (
        lambda g: g.add_nodes(1, ntype="shop"),
        gm.GraphKeyError,
        "no node type 'shop'",
    ),
    "too few features": (
        lambda g: g.add_nodes(2, {"x": torch.ones(1)}),
        gm.GraphValueError,
        "'x': expected 2 rows.* got 1 rows",
    ),
    "features of another shape": (
        lambda g: g.add_nodes(2, {"x": torch.ones(2, 3)}),
        gm.GraphValueError,
        r"rows of shape \(\), got \(3,\)",
    ),
    "features of another dtype": (
        lambda g: g.add_edges(0, 5, {"w": torch.ones(1, dtype=torch.int64)}),
        gm.GraphTypeError,
        r"float32, got torch\.int64",
    ),
    "features elsewhere": (
        lambda g: g.add_edges(0, 5, {"w": torch.ones(1, device="meta")}),
        gm.GraphValueError,
        "on cpu, got one on meta",
    ),
    "no tensor": (lambda g: g.add_nodes(1, {"x": [1.0]}), gm.GraphTypeError, "expected a tensor"),  # type: ignore[dict-item]
    "a negative end": (lambda g: g.add_edges([0, -2], [1, 1]), gm.GraphIndexError, "got -2"),
    "ragged ends": (lambda g: g.add_edges([0, 1], [0, 1, 2]), gm.GraphValueError, "got 2 and 3"),
    "float ends": (lambda g: g.add_edges([0.0], [1]), gm.GraphTypeError, "expected integers"),
    "ends of another id type": (
        lambda g: g.add_edges(torch.zeros(1, dtype=torch.int32), [5]),
        gm.GraphTypeError,
        r"int64, got torch\.int32",
    ),
    "ends elsewhere": (
        lambda g: g.add_edges([0], torch.zeros(1, dtype=torch.int64, device="meta")),
        gm.GraphValueError,
        "got one on meta",
    ),
    "edges of an unknown type": (
        lambda g: g.add_edges([0], [1], etype="sells"),
        gm.GraphKeyError,
        "no edge type 'sells'",
    ),
    "nodes that are not there": (lambda g: g.remove_nodes([0, 3]), gm.GraphIndexError, "got 3"),
    "negative nodes": (lambda g: g.remove_nodes(-1), gm.GraphIndexError, "got -1"),
    "float nodes": (lambda g: g.remove_nodes([0.5]), gm.GraphTypeError, "expected integers"),
    "edges that are not there": (lambda g: g.remove_edges([0, 2]), gm.GraphIndexError, "got 2"),
    "negative edges": (lambda g: g.remove_edges([-1]), gm.GraphIndexError, "got -1"),
    "a mask of edges": (
        lambda g: g.remove_edges(torch.tensor([True, False])),
        gm.GraphTypeError,
        r"got torch\.bool",
    ),
}


@each("case", BAD)
def test_a_wrong_argument_is_an_error_and_the_graph_stays_as_it_was(case: Case) -> None:
    g = path()
    refuses(g, case)
    g.add_edges(2, 3)
    assert (g.num_nodes(), g.num_edges(), g.ndata["x"].tolist()) == (4, 3, [0, 1, 2, 0])


def test_ids_that_int32_cannot_hold_cannot_be_added() -> None:
    g = gm.graph(([0], [1]), idtype=torch.int32)
    with pytest.raises(gm.GraphIndexError, match="got 2147483648"):
        g.add_edges([2**31], [0])
    assert g.num_nodes() == 2


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_nodes_without_features_take_no_memory(idtype: torch.dtype) -> None:
    g = gm.graph(([0], [1]), idtype=idtype)
    g.add_nodes(2**31 - 4)  # 16 GiB if there were as much as one id for each
    assert g.num_nodes() == 2**31 - 2


def test_ids_are_stored_for_every_type() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0, 1], [1, 0]), ("b", "y", "b"): ([0], [1])})
    without = gm.remove_edges(g, [0], "x", store_ids=True)
    assert without.edges["x"].data[gm.EID].tolist() == [1]
    assert without.edges["y"].data[gm.EID].tolist() == [0]
    without = gm.remove_nodes(g, [0], "a", store_ids=True)
    assert [without.nodes[t].data[gm.NID].tolist() for t in "ab"] == [[1], [0, 1]]
    assert [without.edges[t].data[gm.EID].tolist() for t in "xy"] == [[1], [0]]
