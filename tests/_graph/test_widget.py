"""draw(interactive=True): what ipysigma is asked to show."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

import graphmp as gm


class Sigma:
    """Stands in for ipysigma's widget, and keeps what it is asked for."""

    def __init__(self, network: Any, **options: Any) -> None:
        self.network = network
        self.options = options


@pytest.fixture
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("ipysigma")
    module.Sigma = Sigma
    monkeypatch.setitem(sys.modules, "ipysigma", module)


def store() -> gm.Graph:
    g = gm.heterograph(
        {
            ("user", "buys", "item"): ([0, 0, 1], [0, 1, 1]),
            ("user", "follows", "user"): ([0], [1]),
        }
    )
    g.edges["buys"].data["price"] = torch.tensor([1.0, 2.0, math.nan])
    return g


def line() -> gm.Graph:
    g = gm.graph(([0, 0, 1], [1, 1, 2]))
    g.ndata["size"] = torch.tensor([0.5, math.inf, 2.0])
    g.ndata["label"] = torch.tensor([0, 1, 1])
    return g


@pytest.mark.usefixtures("_stand_in")
def test_every_node_and_edge_is_shown() -> None:
    widget = gm.draw(line(), interactive=True)
    assert sorted(widget.network.nodes) == [0, 1, 2]
    assert sorted(widget.network.edges()) == [(0, 1), (0, 1), (1, 2)]
    assert widget.options["name"] == "3 nodes, 3 edges"
    assert widget.options["raw_node_label"] == {0: "0", 1: "1", 2: "2"}
    assert widget.options["default_node_size"] == math.sqrt(300) / 2


@pytest.mark.usefixtures("_stand_in")
def test_types_are_colours() -> None:
    widget = gm.draw(store(), interactive=True, width="price")
    assert (widget.options["node_color"], widget.options["edge_color"]) == (
        "node type",
        "edge type",
    )
    types = [node["node type"] for node in widget.network.nodes.values()]
    assert types == ["item", "item", "user", "user"]
    edges = list(widget.network.edges(data=True))
    assert edges == [
        (2, 0, {"line width": 2.25, "edge type": "buys", "price": 1.0}),
        (2, 1, {"line width": 4.0, "edge type": "buys", "price": 2.0}),
        (2, 3, {"line width": 1.0, "edge type": "follows"}),
        (3, 1, {"line width": 0.5, "edge type": "buys"}),
    ]


@pytest.mark.usefixtures("_stand_in")
def test_a_feature_is_a_colour() -> None:
    widget = gm.draw(line(), interactive=True, color="label")
    assert widget.options["node_color"] == "label"
    assert [node["label"] for node in widget.network.nodes.values()] == ["0", "1", "1"]
    widget = gm.draw(line(), interactive=True, color="size")
    assert widget.options["node_color_gradient"] == "Viridis"
    assert [node.get("size") for node in widget.network.nodes.values()] == [0.5, None, 2.0]


@pytest.mark.usefixtures("_stand_in")
def test_labels_are_a_feature_or_texts_or_nothing() -> None:
    for labels, expected in (
        ("label", {0: "0", 1: "1", 2: "1"}),
        (["a", "b", "c"], {0: "a", 1: "b", 2: "c"}),
        (False, None),
    ):
        widget = gm.draw(line(), interactive=True, labels=labels)
        assert widget.options["raw_node_label"] == expected


@pytest.mark.usefixtures("_stand_in")
def test_the_middle_of_a_neighbourhood_has_an_outline() -> None:
    options = gm.draw(line(), center=2, interactive=True).options
    assert options["raw_node_label"] == {0: "1", 1: "2"}
    assert options["raw_node_border_color"] == {0: "white", 1: "black"}
    assert options["raw_node_border_size"] == {0: 0.5, 1: 2.0}


@pytest.mark.usefixtures("_stand_in")
def test_the_browser_computes_spring_layouts_only() -> None:
    assert gm.draw(line(), interactive=True).options["start_layout"] > 0
    places = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    options = gm.draw(line(), interactive=True, layout=places).options
    assert options["start_layout"] is False
    assert options["layout"][1] == {"x": 2.0, "y": 3.0}
    block = gm.create_block(([0, 1], [0, 0]))
    options = gm.draw(block, interactive=True).options
    assert options["start_layout"] is False
    assert max(options["layout"][i]["x"] for i in (0, 1)) < options["layout"][2]["x"]


@pytest.mark.usefixtures("_stand_in")
def test_limits_of_widgets() -> None:
    assert len(gm.draw(gm.rand_graph(1001, 5), interactive=True).network) == 1001
    with pytest.raises(gm.GraphValueError, match=r"at most 10,000 nodes, got 10,001"):
        gm.draw(gm.rand_graph(10_001, 5), interactive=True)
    with pytest.raises(gm.GraphValueError, match="no ax with interactive=True"):
        gm.draw(line(), interactive=True, ax=1)


def test_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipysigma", None)
    with pytest.raises(gm.GraphImportError, match=r"pip install 'graphmp\[interactive\]'"):
        gm.draw(line(), interactive=True)


def test_ipysigma_takes_every_picture(tmp_path: Path) -> None:
    pytest.importorskip("ipysigma", reason="needs ipysigma: pip install 'graphmp[interactive]'")
    block = gm.create_block(([0, 1], [0, 0]))
    for widget in (
        gm.draw(line(), interactive=True, color="size", labels=["a", "b", "c"]),
        gm.draw(line(), interactive=True, color="label", center=2),
        gm.draw(store(), interactive=True, width="price", layout="circular"),
        gm.draw(block, interactive=True, labels=False),
        gm.draw(gm.graph(([], [])), interactive=True),
    ):
        widget.to_html(str(tmp_path / "graph.html"))
        page = (tmp_path / "graph.html").read_text(encoding="utf-8")
        assert f"{len(widget.data['nodes'])} nodes" in page
