"""draw: pictures of small graphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx as nx
import pytest
import torch

import graphmp as gm

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Close the figures of a test."""
    yield
    plt.close("all")


def karate() -> gm.Graph:
    g: gm.Graph = gm.data.KarateClubDataset()[0]
    return g


def store() -> gm.Graph:
    return gm.heterograph(
        {
            ("user", "buys", "item"): ([0, 0, 1], [0, 1, 1]),
            ("user", "follows", "user"): ([0], [1]),
        }
    )


def texts(ax: Any) -> set[str]:
    """What is written on the nodes."""
    return {text.get_text() for text in ax.texts}


def legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def nodes(ax: Any) -> Any:
    """The collection of drawn nodes."""
    [points] = [each for each in ax.collections if len(each.get_offsets())]
    return points


def test_every_node_and_edge_is_drawn() -> None:
    ax = gm.draw(karate())
    assert len(nodes(ax).get_offsets()) == 34
    assert len(ax.patches) == 156
    assert texts(ax) == {str(node) for node in range(34)}


def test_the_neighbourhood_of_a_node_keeps_its_ids() -> None:
    ax = gm.draw(karate(), center=5, hops=1)
    src, _ = karate().in_edges([5])
    assert texts(ax) == {"5", *map(str, src.tolist())}
    assert sorted(nodes(ax).get_linewidths())[-2:] == [0.5, 2.0]  # the one in the middle stands out


def test_classes_have_a_legend_and_numbers_a_bar() -> None:
    assert legend(gm.draw(karate(), color="label")) == ["label 0", "label 1"]
    g = karate()
    g.ndata["score"] = torch.rand(34, 1)
    ax = gm.draw(g, color="score")
    assert ax.get_legend() is None
    assert len(ax.figure.axes) == 2


def test_types_have_a_legend() -> None:
    assert legend(gm.draw(store())) == ["item", "user", "buys", "follows"]


def test_widths_follow_an_edge_feature() -> None:
    g = gm.graph(([0, 1], [1, 2]))
    g.edata["w"] = torch.tensor([1.0, 2.0])
    ax = gm.draw(g, width="w")
    assert [patch.get_linewidth() for patch in ax.patches] == [2.25, 4.0]


def test_a_block_has_its_sources_on_the_left() -> None:
    block = gm.create_block(([0, 1, 2], [0, 1, 1]), num_src_nodes=3, num_dst_nodes=2)
    x = nodes(gm.draw(block)).get_offsets()[:, 0]
    assert max(x[:3]) < min(x[3:])


def test_labels_are_a_feature_or_nothing() -> None:
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["x"] = torch.tensor([0.5, 1.5, 2.25])
    assert texts(gm.draw(g, labels="x")) == {"0.5", "1.5", "2.25"}
    assert texts(gm.draw(g, labels=False)) == set()
    assert texts(gm.draw(gm.graph(([], []), num_nodes=51))) == set()


@pytest.mark.parametrize(
    "layout", ["spring", "kamada_kawai", "circular", "planar", "shell", "spectral", "random"]
)
def test_layouts_of_networkx(layout: str) -> None:
    assert len(nodes(gm.draw(gm.graph(([0, 1, 2], [1, 2, 3])), layout=layout)).get_offsets()) == 4


def test_positions_of_ones_own() -> None:
    places = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    drawn = nodes(gm.draw(gm.graph(([0, 1], [1, 2])), layout=places)).get_offsets()
    assert drawn.tolist() == places.tolist()
    by_type = {"user": torch.zeros(2, 2), "item": torch.ones(2, 2)}
    assert len(nodes(gm.draw(store(), layout=by_type)).get_offsets()) == 4


def test_sources_that_are_no_destinations_are_drawn() -> None:
    g = gm.heterograph({("user", "buys", "item"): ([0, 1], [0, 0])})
    assert legend(gm.draw(g)) == ["item", "user"]


def bends(ax: Any) -> list[float]:
    """How far to its right the control point of each edge is, for an edge of length 1."""
    paths = [patch.get_connectionstyle()((0, 0), (1, 0), 0, 0) for patch in ax.patches]
    return [round(-float(path.vertices[1, 1]), 3) for path in paths]


def test_edges_that_would_lie_on_one_another_are_bent_apart() -> None:
    assert bends(gm.draw(gm.graph(([0, 0, 0], [1, 1, 1])))) == [0, 0.2, 0.4]
    both = gm.graph(([0, 1], [1, 0]))
    assert bends(gm.draw(both)) == [0, 0]
    both.edata["w"] = torch.tensor([1.0, 2.0])
    assert bends(gm.draw(both, width="w")) == [0.2, 0.2]
    types = gm.heterograph({("a", "x", "a"): ([0, 0], [1, 2]), ("a", "y", "a"): ([1], [0])})
    assert bends(gm.draw(types)) == [0, 0.2, 0.2]


def test_bent_edges_keep_their_widths() -> None:
    g = gm.graph(([0, 0, 1, 0], [1, 1, 2, 0]))
    g.edata["w"] = torch.tensor([1.0, 2.0, 3.0, 4.0])
    drawn = {patch.get_linewidth() for patch in gm.draw(g, width="w").patches}
    assert drawn == {1.375, 2.25, 3.125, 4.0}


def test_labels_are_texts() -> None:
    g = gm.graph(([0, 1, 2], [1, 2, 3]))
    assert texts(gm.draw(g, labels=["a", "b", "c", "d"])) == {"a", "b", "c", "d"}
    assert texts(gm.draw(g, center=2, labels=["a", "b", "c", "d"])) == {"b", "c"}
    assert texts(gm.draw(g.subgraph([1, 3]), labels=["b", "d"])) == {"b", "d"}
    assert texts(gm.draw(store(), labels={"item": ["pen", "ink"]})) == {"pen", "ink"}


def test_bools_are_classes_with_their_names() -> None:
    g = gm.graph(([0], [1]))
    g.ndata["is_old"] = torch.tensor([True, False])
    assert legend(gm.draw(g, color="is_old")) == ["is_old False", "is_old True"]


def test_infinite_values_do_not_set_the_scale() -> None:
    g = gm.graph(([0, 1, 2], [1, 2, 3]))
    g.ndata["x"] = torch.tensor([torch.inf, 1.0, 3.0, torch.nan])
    drawn = gm.draw(g, color="x")
    [bar] = [ax for ax in drawn.figure.axes if ax.get_ylabel() == "x"]
    assert bar.get_ylim() == (1, 3)
    grey = pytest.approx([0.8, 0.8, 0.8, 1.0])
    assert [list(color) == grey for color in nodes(drawn).get_facecolors()] == [False] * 3 + [True]


def test_given_axes_are_used() -> None:
    _, ax = plt.subplots()
    assert gm.draw(karate(), ax=ax) is ax


@pytest.mark.parametrize("graph", [gm.graph(([], [])), gm.graph(([], []), num_nodes=2)])
def test_graphs_without_edges(graph: gm.Graph) -> None:
    gm.draw(graph)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "y"}, "node feature, got 'y'; there are"),
        ({"width": "y"}, "edge feature, got 'y'; there are"),
        ({"color": "wide"}, "one real number a row of 'wide'"),
        ({"color": torch.zeros(34)}, "color as the name of a feature, got Tensor; store"),
        ({"width": [1.0]}, "width as the name of a feature, got list; store"),
        ({"labels": ["a"]}, "Expected 34 labels, one for each node, got 1"),
        ({"layout": "planar"}, r"layout 'planar' can draw: G is not planar\. Choose another"),
        ({"node_size": 0}, "a positive node_size, got 0"),
        ({"layout": "sping"}, "Expected a layout among"),
        ({"layout": torch.zeros(3, 2)}, r"positions of shape \(34, 2\), got \(3, 2\)"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], message: str) -> None:
    g = karate()
    g.ndata["wide"] = torch.zeros(34, 2)
    with pytest.raises(gm.GraphError, match=message):
        gm.draw(g, **options)


def test_other_objects_are_refused() -> None:
    for value in ([0], nx.path_graph(3)):
        with pytest.raises(
            gm.GraphTypeError, match=r"Expected a graph, got .*graphmp\.from_networkx"
        ):
            gm.draw(value)  # type: ignore[arg-type]
    block = gm.create_block(([0, 1], [0, 0]))
    with pytest.raises(gm.GraphValueError, match="labels of a block, got texts"):
        gm.draw(block, labels=["a", "b"])


def test_large_graphs_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match=r"at most 1,000 nodes, got 1,001; draw a part"):
        gm.draw(gm.rand_graph(1001, 5))
