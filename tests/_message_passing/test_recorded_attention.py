"""Attention written by hand: one operation, or products and sums; the same results."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import HUB, ISOLATED, MIXED
from support.fused_runs import SEVERAL, WITH_EDGES, assert_same, featured, run
from support.own_functions import (
    ATTENTIONS,
    FUSED_ATTENTIONS,
    MATRICES,
    OTHER_PRODUCTS,
    PRODUCTS,
    SCORES,
    Function,
    by_steps,
)

import graphmp as gm
from graphmp import kernels
from graphmp._message_passing.recording.fusion import REFUSED

GRAPHS = (*WITH_EDGES, *SEVERAL)
OF_ONE_HEAD = [name for name in SCORES if "heads" not in name]


@pytest.fixture(autouse=True)
def nothing_is_known() -> None:
    """Functions are recorded, and checked, in every test."""
    REFUSED._facts.clear()


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_attention_is_what_the_function_gives(graph: Any, scores: str) -> None:
    with kernels.using("reference"):
        for reduce in ATTENTIONS.values():
            assert_same(graph, SCORES[scores], reduce)
            assert REFUSED.get((reduce, SCORES[scores]), None) is None
        for reduce in (MATRICES | PRODUCTS).values() if scores in OF_ONE_HEAD else ():
            assert_same(graph, SCORES[scores], reduce)
            assert REFUSED.get((reduce, SCORES[scores]), None) is None


@pytest.mark.parametrize("scores", SCORES)
def test_kernels_compute_attention(scores: str) -> None:
    for graph in (MIXED, HUB):
        assert_same(graph, SCORES[scores], ATTENTIONS["softmax"])
        assert_same(graph, SCORES[scores], ATTENTIONS["steps"])


@pytest.mark.parametrize("name", OTHER_PRODUCTS)
@pytest.mark.parametrize("graph", [ISOLATED, MIXED, HUB, SEVERAL[0]], ids=str)
def test_other_products_run_as_they_are(graph: Any, name: str) -> None:
    reduce = OTHER_PRODUCTS[name]
    fused, plain = (run(graph, SCORES["GAT"], reduce, on) for on in (True, False))
    torch.testing.assert_close(fused, plain)
    assert REFUSED.get((reduce, SCORES["GAT"]), None)


def steps(message: Function, reduce: Function) -> Any:
    """The explanation of a call on a small graph."""
    g, _ = featured(MIXED)
    return gm.explain(g, message, reduce)


@pytest.mark.parametrize("scores", ["GAT", "added", "GAT with edges", "GAT of heads"])
@pytest.mark.parametrize("name", [*FUSED_ATTENTIONS, *MATRICES])
def test_scores_of_ends_and_weights_are_not_stored(name: str, scores: str) -> None:
    if scores in OF_ONE_HEAD or name in ATTENTIONS:
        explanation = steps(SCORES[scores], (ATTENTIONS | MATRICES)[name])
        assert explanation.is_fused
        assert explanation.bytes_at_edges == 0
        assert [s.text for s in explanation.steps if "softmax" in s.text] == []
        assert any(s.text.startswith("attention(") for s in explanation.steps)


def test_weights_that_are_read_are_stored() -> None:
    texts = [s.text for s in steps(SCORES["GAT"], ATTENTIONS["and the weights"]).steps]
    assert any(text.startswith("attention(") for text in texts)
    assert any(text.startswith("softmax(") for text in texts)


def test_a_gradient_that_a_step_leaves_out_is_no_softmax() -> None:
    def reduce(nodes: Any) -> dict[str, Any]:
        weights = torch.exp(nodes.mailbox["e"] - nodes.mailbox["e"].amax(1, keepdim=True))
        weights = weights / weights.sum(1, keepdim=True).detach()
        return {"y": (weights * nodes.mailbox["z"]).sum(1)}

    for graph in WITH_EDGES:
        assert_same(graph, SCORES["GAT"], reduce)


@pytest.mark.parametrize("several", [False, True])
def test_infinite_scores(several: bool) -> None:
    inf, nan = torch.inf, torch.nan
    ends = (torch.tensor([0, 1, 2, 3, 0, 1, 2, 3]), torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]))
    etypes = [("n", "first", "n"), ("n", "second", "n")][: 1 + several]
    g = gm.heterograph(dict.fromkeys(etypes, ends), {"n": 5})
    g.ndata["x"] = torch.randn(5, 3, dtype=torch.float64)
    for scores in (
        [0, -inf, -inf, -inf, inf, 0, 5, 5],
        [nan, 1, inf, inf, 1e30, -1e30, -inf, -inf],
        [3e38, -3e38, 1, 2, 3, 4, 5, -inf],
    ):
        for index, etype in enumerate(etypes):
            numbers = torch.tensor(scores, dtype=torch.float64).view(-1, 1)
            g.edges[etype].data["e"] = numbers.roll(2 * index, 0)

        def message(edges: Any) -> dict[str, Any]:
            return {"z": edges.src["x"], "e": edges.data["e"]}

        results = []
        for is_fused in (True, False):
            with gm.fuse_functions(is_fused):
                g.update_all(message, ATTENTIONS["softmax"])
            results.append(g.ndata.pop("y"))
        torch.testing.assert_close(*results, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_dtypes(dtype: torch.dtype) -> None:
    g = gm.rand_graph(20, 200)
    g.ndata["x"] = torch.randn(20, 6).to(dtype)

    def message(edges: Any) -> dict[str, Any]:
        u, v = edges.src["x"], edges.dst["x"]
        return {"z": u, "e": u[:, :1] + v[:, :1]}

    def reduce(nodes: Any) -> dict[str, Any]:
        return {"y": (by_steps(nodes.mailbox["e"]) * nodes.mailbox["z"]).sum(1)}

    results = []
    for is_fused in (True, False):
        with gm.fuse_functions(is_fused):
            g.update_all(message, reduce)
        results.append(g.ndata.pop("y"))
    assert results[0].dtype == results[1].dtype == dtype
    rtol = 1e-5 if dtype == torch.float32 else 5e-2
    torch.testing.assert_close(*results, rtol=rtol, atol=rtol)


def test_second_derivatives() -> None:
    g, inputs = featured(MIXED)
    totals = []
    for is_fused in (True, False):
        with gm.fuse_functions(is_fused):
            g.update_all(SCORES["GAT"], ATTENTIONS["softmax"])
        first = torch.autograd.grad(g.ndata.pop("y").square().sum(), inputs[0], create_graph=True)
        totals.append(torch.autograd.grad(first[0].square().sum(), inputs[0]))
    torch.testing.assert_close(*totals)
