"""Graph.describe: numbers about a graph, and how they show themselves."""

from __future__ import annotations

import math

import networkx as nx
import pytest
import torch
from support.corner_graphs import ID_DTYPES

import graphmp as gm


def shop() -> gm.Graph:
    return gm.heterograph(
        {
            ("user", "buys", "item"): ([0, 1, 1], [1, 1, 1]),
            ("user", "likes", "user"): ([0, 0], [0, 2]),
        },
        {"user": 5, "item": 3},
    )


@pytest.mark.parametrize("idtype", ID_DTYPES)
def test_a_graph_is_described_by_its_counts(idtype: torch.dtype) -> None:
    g = gm.graph(([0, 0, 0, 2, 3], [1, 1, 1, 2, 2]), num_nodes=5, idtype=idtype)
    numbers = g.describe()
    (nodes,), (edges,) = numbers.nodes.values(), numbers.edges.values()
    assert (nodes.count, nodes.isolated, numbers.components, numbers.batch_size) == (5, 1, 3, 1)
    assert (edges.count, edges.self_loops, edges.duplicates, edges.homophily) == (5, 1, 2, None)
    degrees = edges.in_degrees
    assert (degrees.min, degrees.mean, degrees.median, degrees.max) == (0, 1, 0, 3)
    assert edges.out_degrees.median == 1


def test_several_types_are_described_together() -> None:
    numbers = shop().describe()
    assert {t: (n.count, n.isolated) for t, n in numbers.nodes.items()} == {
        "item": (3, 2),
        "user": (5, 2),
    }
    buys, likes = numbers.edges.values()
    assert (buys.self_loops, buys.duplicates) == (0, 1)
    assert (likes.self_loops, likes.duplicates) == (1, 0)
    assert numbers.components == 5  # {users 0, 1, 2 and item 1}, users 3 and 4, items 0 and 2


def test_components_are_those_of_networkx() -> None:
    torch.manual_seed(0)
    for edges in (20, 60, 200):
        g = gm.rand_graph(100, edges)
        joined = nx.Graph(zip(*(end.tolist() for end in g.edges()), strict=True))
        joined.add_nodes_from(range(100))
        assert g.describe().components == nx.number_connected_components(joined)


def test_the_homophily_of_a_label() -> None:
    g = gm.graph(([1, 2, 0, 4], [0, 1, 2, 3]))
    g.ndata["label"] = torch.tensor([0, 0, 0, 0, 1])
    (edges,) = g.describe(label="label").edges.values()
    assert edges.homophily == gm.edge_homophily(g, g.ndata["label"])
    some = shop()
    some.nodes["user"].data["y"] = torch.tensor([1, 0, 1, 0, 0])
    buys, likes = some.describe(label="y").edges.values()
    assert (buys.homophily, likes.homophily) == (None, 1)


def test_labels_are_checked() -> None:
    g = gm.graph(([0], [1]))
    with pytest.raises(gm.GraphKeyError, match="got 'y', which no node type has"):
        g.describe(label="y")
    g.ndata["y"] = torch.ones(2)
    with pytest.raises(gm.GraphTypeError, match=r"integers in the field 'y' .* torch\.float32"):
        g.describe(label="y")
    g.ndata["y"] = torch.ones(2, 3, dtype=torch.int64)
    with pytest.raises(gm.GraphValueError, match=r"rows of shape \(3,\); call \.argmax"):
        g.describe(label="y")
    with pytest.raises(gm.GraphValueError, match="not a block"):
        gm.create_block(([0], [0])).describe()


def test_empty_graphs_are_described() -> None:
    numbers = gm.graph(([], [])).describe()
    (edges,) = numbers.edges.values()
    assert (numbers.components, edges.count, edges.in_degrees.max) == (0, 0, 0)
    assert math.isnan(edges.in_degrees.mean)
    assert gm.heterograph({}, {"a": 2}).describe().components == 2


def test_a_description_is_a_table() -> None:
    both = gm.batch([gm.graph(([0, 0], [1, 0]))] * 2)
    title, nodes, _, edges, numbers = repr(both.describe()).splitlines()
    assert title == "4 nodes, 4 edges, 2 weakly connected components; a batch of 2 graphs"
    assert nodes == "nodes  count  isolated"
    assert edges.split() == [
        "edges",
        "count",
        "in-degrees",
        "out-degrees",
        "self-loops",
        "duplicates",
    ]
    assert "1 to 1, mean 1, median 1  0 to 2, mean 1, median 1" in numbers
    assert edges.index("in-degrees") == numbers.index("1 to 1")


def test_a_homogeneous_graph_shows_no_names_of_types() -> None:
    g = gm.graph(([0], [1]))
    for text in (repr(g.describe()), g.describe()._repr_html_(), g._repr_html_()):
        assert "_N" not in text
        assert "_E" not in text


def test_a_description_is_a_table_in_a_notebook() -> None:
    evil = "<b>&"
    g = gm.heterograph({(evil, "x", "b"): ([0], [0])})
    g.nodes[evil].data["y"] = g.nodes["b"].data["y"] = torch.tensor([1])
    page = g.describe(label="y")._repr_html_()
    assert evil not in page
    assert "&lt;b&gt;&amp; → x → b" in page
    assert "homophily" in page
    assert "1.000" in page
