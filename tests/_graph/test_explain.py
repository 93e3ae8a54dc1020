"""Explanations of functions of one's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import graphmp as gm
import graphmp.function as fn

LINEAR, MLP = nn.Linear(8, 4), nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 4))


def featured() -> gm.Graph:
    g = gm.rand_graph(30, 200)
    g.ndata["x"], g.edata["w"] = torch.randn(30, 4), torch.rand(200, 1)
    return g


def gated(edges: Any) -> dict[str, Any]:
    both = torch.cat([edges.src["x"], edges.dst["x"]], 1)
    return {"m": torch.sigmoid(LINEAR(both)) * edges.data["w"]}


def through_layers(edges: Any) -> dict[str, Any]:
    return {"m": MLP(torch.cat([edges.src["x"], edges.dst["x"]], 1))}


def test_what_is_fused_is_shown_with_its_expression() -> None:
    explanation = gm.explain(featured(), gated, fn.mean("m", "y"))
    assert explanation.is_fused
    assert explanation.bytes_at_edges == 0
    text = str(explanation)
    assert "Fused over 200 edges." in text
    assert "linear(src['x']) at the sources" in text
    assert "mean(sigmoid(#1 + #2) * data['w']) over in-edges" in text
    assert "test_explain.py:" in text


def test_what_is_stored_at_the_edges_has_its_size_line_and_reason() -> None:
    explanation = gm.explain(featured(), through_layers, lambda nodes: _largest(nodes))
    assert not explanation.is_fused
    assert explanation.bytes_at_edges == 200 * 4 * 4
    assert "a linear map of what is no sum of features of one end" in str(explanation)
    assert "max(#3) over in-edges" in str(explanation)
    assert "relu(#4)" in str(explanation)


def test_a_linear_map_follows_a_sum() -> None:
    explanation = gm.explain(featured(), through_layers, fn.sum("m", "y"))
    assert explanation.is_fused
    assert "sum(relu(#1 + #2)) over in-edges" in str(explanation)
    assert "linear(#3) at the destinations" in str(explanation)


def _largest(nodes: Any) -> dict[str, Any]:
    return {"y": F.relu(nodes.mailbox["m"].max(1)[0])}


def test_a_function_that_runs_for_each_degree_has_its_reason() -> None:
    def middle(nodes: Any) -> dict[str, Any]:
        return {"y": nodes.mailbox["m"].median(1)[0]}

    explanation = gm.explain(featured(), fn.copy_u("x", "m"), middle)
    assert not explanation.is_fused
    (step,) = [step for step in explanation.steps if step.place == "buckets"]
    assert "median" in step.reason
    assert "calls, one for each in-degree" in step.text


def test_attention_by_hand() -> None:
    def scores(edges: Any) -> dict[str, Any]:
        score = (edges.src["x"] * edges.dst["x"]).sum(-1, keepdim=True)
        return {"z": edges.src["x"], "e": F.leaky_relu(score)}

    def attend(nodes: Any) -> dict[str, Any]:
        alpha = F.softmax(nodes.mailbox["e"], dim=1)
        return {"y": (alpha * nodes.mailbox["z"]).sum(1)}

    explanation = gm.explain(featured(), scores, attend)
    assert explanation.is_fused
    assert "#1 in a kernel          sum of features(src['x'] * dst['x'])" in str(explanation)
    assert "attention(#2, src['x'])" in str(explanation)
    assert "softmax" not in str(explanation)


def test_nothing_is_written_and_a_notebook_shows_a_table() -> None:
    g = featured()
    explanation = gm.explain(g, gated)
    assert "y" not in g.ndata
    assert "m" not in g.edata
    assert "<table>" in explanation._repr_html_()
    assert repr(explanation).startswith("Explanation(")


def test_an_edge_type_is_named() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0, 1], [0, 0]), ("a", "y", "b"): ([0], [1])})
    g.nodes["a"].data["x"] = torch.ones(2, 3)
    explanation = gm.explain(
        g, lambda edges: {"m": edges.src["x"] * 2}, fn.sum("m", "y"), etype="x"
    )
    assert "Fused over 2 edges." in str(explanation)


def test_something_that_is_no_function_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError):
        gm.explain(featured(), 3)


def test_it_says_where_functions_run_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    g = featured()
    assert "Outside of explain they run as they are: there are less than 1,024" in str(
        gm.explain(g, gated)
    )
    with gm.fuse_functions():
        assert "Outside" not in str(gm.explain(g, gated))
    with gm.fuse_functions(False):
        assert "fuse_functions(False) is in force" in str(gm.explain(g, gated))
    monkeypatch.setenv("GRAPHMP_FUSE", "0")
    assert "GRAPHMP_FUSE is 0" in str(gm.explain(g, gated))
    monkeypatch.setenv("GRAPHMP_FUSE", "off")
    with pytest.raises(gm.GraphValueError, match=r"GRAPHMP_FUSE: expected 0 .* got 'off'"):
        g.update_all(gated, fn.sum("m", "y"))


def test_what_a_function_computes_for_each_edge_is_shown() -> None:
    wide = nn.Linear(1, 4)

    def own(edges: Any) -> dict[str, Any]:
        return {"m": wide(edges.data["w"]) * edges.src["x"]}

    explanation = gm.explain(featured(), own, fn.sum("m", "y"))
    assert explanation.bytes_at_edges == 200 * 4 * 4
    assert "a tensor of the function's own, (200, 4)" in str(explanation)
    assert "sum(#1 * src['x'])" in str(explanation)


def test_parts_have_names_of_their_own() -> None:
    def rotated(edges: Any) -> dict[str, Any]:
        real, imaginary = (edges.src["x"] * 2).chunk(2, -1)
        return {"m": real * edges.data["w"] - imaginary}

    text = str(gm.explain(featured(), rotated, fn.sum("m", "y")))
    assert "#2[0] * data['w']" in text
    assert "#2[1]" in text


def test_something_that_is_no_graph_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match="graph: expected a Graph"):
        gm.explain(gated, fn.sum("m", "y"))  # type: ignore[type-var]
