"""Functions of one's own on kernels: the same results, and every gradient, or the same calls."""

from __future__ import annotations

import gc
import sys
import warnings
from importlib import import_module
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from support.corner_graphs import (
    HUB,
    ISOLATED,
    MIXED,
    PARALLEL,
    Corner,
)
from support.fused_runs import SEVERAL, WITH_EDGES, Several, assert_same, featured, run
from support.own_functions import (
    CALLS,
    ELEMENTWISE,
    LINEAR,
    MESSAGES,
    REDUCTIONS,
    STATE,
    UNCHANGED,
    Counter,
    Function,
)
from torch import nn

import graphmp as gm
import graphmp.function as fn
from graphmp import kernels
from graphmp._message_passing.recording.fusion import REFUSED
from graphmp._message_passing.recording.lazy import LazyTensor
from graphmp._message_passing.recording.values import Leaf


@pytest.fixture(autouse=True)
def nothing_is_known() -> None:
    """Functions are recorded, and checked, in every test."""
    REFUSED._facts.clear()


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("corner", WITH_EDGES, ids=str)
def test_messages_are_what_the_function_gives(corner: Corner, name: str) -> None:
    with kernels.using("reference"):
        for reducer in (fn.sum, fn.mean, fn.max):
            assert_same(corner, MESSAGES[name], reducer("m", "y"))


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("corner", WITH_EDGES, ids=str)
def test_reductions_are_what_the_function_gives(corner: Corner, name: str) -> None:
    with kernels.using("reference"):
        assert_same(corner, MESSAGES["copy"], REDUCTIONS[name])
        assert_same(corner, MESSAGES["GatedGCN"], REDUCTIONS[name])
        assert_same(corner, fn.u_mul_e("x", "w", "m"), REDUCTIONS[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_kernels_compute_messages(name: str) -> None:
    assert_same(MIXED, MESSAGES[name], fn.sum("m", "y"))


@pytest.mark.parametrize("name", ["attention", "PNA", "std", "logsumexp", "from the node"])
def test_kernels_reduce_messages(name: str) -> None:
    assert_same(MIXED, MESSAGES["copy"], REDUCTIONS[name])


@pytest.mark.parametrize("text", ELEMENTWISE)
def test_functions_of_numbers_are_expressions(text: str) -> None:
    function = eval(f"lambda x, y: {text}", {"torch": torch, "F": F})

    def message(edges: Any) -> dict[str, Any]:
        u, v = edges.src["x"], edges.dst["x"]
        return {"m": function(u - v, u * v)}

    with kernels.using("reference"):
        assert_same(MIXED, message, fn.sum("m", "y"))
        assert_same(MIXED, message, fn.max("m", "y"))
    g, _ = featured(MIXED)
    with gm.fuse_functions():
        assert gm.explain(g, message, fn.sum("m", "y")).is_fused


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("several", SEVERAL, ids=str)
def test_messages_of_several_relations(several: Several, name: str) -> None:
    with kernels.using("reference"):
        for reducer in (fn.sum, fn.mean, fn.max):
            assert_same(several, MESSAGES[name], reducer("m", "y"))


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("several", SEVERAL, ids=str)
def test_reductions_of_several_relations(several: Several, name: str) -> None:
    with kernels.using("reference"):
        assert_same(several, MESSAGES["copy"], REDUCTIONS[name])
        assert_same(several, MESSAGES["GatedGCN"], REDUCTIONS[name])
        assert_same(several, fn.u_mul_e("x", "w", "m"), REDUCTIONS[name])
    assert REFUSED.get((REDUCTIONS[name], MESSAGES["copy"]), None) is None
    assert REFUSED.get((REDUCTIONS[name], MESSAGES["GatedGCN"]), None) is None


@pytest.mark.parametrize("function", list(UNCHANGED.values()), ids=list(UNCHANGED))
def test_other_functions_of_several_relations_run_as_they_are(function: Function) -> None:
    for several in SEVERAL:
        fused, plain = (run(several, MESSAGES["copy"], function, on) for on in (True, False))
        torch.testing.assert_close(fused, plain, equal_nan=True, rtol=0, atol=0)


def test_messages_of_several_relations_depend_on_their_type() -> None:
    def message(edges: Any) -> dict[str, Any]:
        u, v = edges.src["x"], edges.dst["x"]
        return {"m": u - v if edges.canonical_etype[0] == "source 0" else torch.relu(LINEAR(u) * v)}

    for several in SEVERAL:
        for reduce in (fn.mean("m", "y"), fn.min("m", "y"), REDUCTIONS["PNA"]):
            assert_same(several, message, reduce)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.int64])
def test_messages_of_several_relations_are_rounded_once(dtype: torch.dtype) -> None:
    g = SEVERAL[1].graph()
    x = torch.linspace(-3, 3, g.num_nodes("source 2"), dtype=torch.float64).view(-1, 1)
    for ntype in ("source 0", "source 1", "source 2"):
        g.nodes[ntype].data["x"] = x.repeat(2, 3)[: g.num_nodes(ntype)].to(dtype)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A message function is called on 0 edges")
        for reduce in (fn.sum("m", "y"), fn.mean("m", "y"), fn.max("m", "y")):
            results = []
            for is_fused in (True, False):
                with gm.fuse_functions(is_fused):
                    g.update_all(lambda edges: {"m": edges.src["x"] * 2}, reduce)
                results.append(g.nodes["target"].data.pop("y"))
            assert torch.equal(*results)


def test_a_check_sees_several_relations() -> None:
    g, _ = featured(SEVERAL[0])
    partials: Any = import_module("graphmp._message_passing.aggregate")
    right = partials.reduced_jointly
    with pytest.MonkeyPatch.context() as patch, gm.fuse_functions():
        patch.setattr(partials, "reduced_jointly", lambda *args: right(*args) + 1)
        with pytest.warns(gm.GraphWarning, match="differs from the functions"):
            g.update_all(lambda edges: {"m": edges.src["x"] * 3}, fn.sum("m", "y"))
    total = g.nodes["target"].data["y"]
    g.update_all(fn.copy_u("x", "m"), fn.sum("m", "y"))
    torch.testing.assert_close(total, 3 * g.nodes["target"].data["y"])


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_are_not_stored(name: str) -> None:
    g, _ = featured(MIXED)
    kinds: list[Any] = []

    def spied(edges: Any) -> dict[str, Any]:
        messages = MESSAGES[name](edges)
        kinds.extend(messages.values())
        return messages

    with gm.fuse_functions(check=False):
        g.update_all(spied, fn.sum("m", "y"))
    (message,) = kinds
    is_of_edges = not isinstance(message, LazyTensor)  # computed from the edges' own feature
    assert is_of_edges == (name == "weight alone")
    if isinstance(message, LazyTensor):
        assert not (isinstance(message.value, Leaf) and message.value.end == "e")


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_are_called_once(name: str) -> None:
    g, _ = featured(HUB)
    calls: list[int] = []

    def spied(nodes: Any) -> dict[str, Any]:
        result = REDUCTIONS[name](nodes)
        calls_of_spy(calls)
        return result

    with gm.fuse_functions(check=False):
        g.update_all(MESSAGES["copy"], REDUCTIONS[name])
    assert REFUSED.get((REDUCTIONS[name], MESSAGES["copy"]), None) is None
    g.update_all(MESSAGES["copy"], spied)  # which changes a list, and so is called for each degree
    assert len(calls) == len(g.in_degrees().unique()) - int((g.in_degrees() == 0).any())


def calls_of_spy(calls: list[int]) -> None:
    calls.append(1)


@pytest.mark.parametrize("name", UNCHANGED)
@pytest.mark.parametrize("corner", [ISOLATED, MIXED, HUB], ids=str)
def test_other_functions_run_as_they_are(corner: Corner, name: str) -> None:
    effects = []
    for is_fused in (True, False):
        CALLS.clear()
        STATE["calls"] = Counter.calls = 0
        effects.append(
            (run(corner, MESSAGES["copy"], UNCHANGED[name], is_fused), list(CALLS), dict(STATE))
        )
        effects[-1] = (*effects[-1], Counter.calls)  # type: ignore[assignment]
    (fused, *state), (plain, *plain_state) = effects
    torch.testing.assert_close(fused, plain, equal_nan=True, rtol=0, atol=0)
    assert state == plain_state


@pytest.mark.parametrize("function", list(UNCHANGED.values()), ids=list(UNCHANGED))
def test_the_reason_is_known(function: Function) -> None:
    g, _ = featured(MIXED)
    with gm.fuse_functions():
        g.update_all(MESSAGES["copy"], function)
    assert REFUSED.get((function, MESSAGES["copy"]), None)


def test_a_function_is_not_refused_for_good_because_of_a_profiler() -> None:
    def watch(*_: Any) -> None:
        pass

    g, _ = featured(MIXED)
    with gm.fuse_functions():
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            profiled = gm.explain(g, MESSAGES["GCN"], REDUCTIONS["mean"])
            assert sys.getprofile() is watch
        finally:
            sys.setprofile(before)
        assert not profiled.is_fused
        assert gm.explain(g, MESSAGES["GCN"], REDUCTIONS["mean"]).is_fused


def test_what_runs_when_garbage_is_collected_is_not_the_functions() -> None:
    seen: list[str] = []

    def callback(phase: str, info: dict[str, int]) -> None:
        seen.append(phase)

    g, _ = featured(MIXED)
    threshold = gc.get_threshold()
    gc.callbacks.append(callback)
    gc.set_threshold(1)
    try:
        with gm.fuse_functions(check=False):
            g.update_all(MESSAGES["copy"], REDUCTIONS["GraphSAGE"])
    finally:
        gc.callbacks.remove(callback)
        gc.set_threshold(*threshold)
    assert gc.isenabled()
    assert seen.count("start") == seen.count("stop")
    assert REFUSED.get((REDUCTIONS["GraphSAGE"], MESSAGES["copy"]), None) is None


@pytest.mark.parametrize("corner", [PARALLEL, MIXED, HUB, *SEVERAL], ids=str)
@pytest.mark.parametrize("name", ["amax", "amin", "max"])
@pytest.mark.parametrize("message", ["copy", "steps", "edges"])
def test_equal_messages_share_a_gradient_as_in_torch(
    corner: Corner | Several, name: str, message: str
) -> None:
    def rounded(x: Any) -> Any:  # with the gradient of the number itself
        return x.detach().round() + (x - x.detach())

    messages: dict[str, Any] = {
        "copy": lambda edges: {"m": rounded(edges.src["x"])},
        "steps": lambda edges: {"m": rounded(edges.src["x"]) - rounded(edges.dst["x"])},
        "edges": lambda edges: {"m": rounded(edges.data["w"])},
    }

    def reduce(nodes: Any) -> dict[str, Any]:
        m = nodes.mailbox["m"]
        return {"y": m.max(1)[0] if name == "max" else getattr(m, name)(1)}

    with kernels.using("reference"):
        assert_same(corner, messages[message], reduce)
    assert REFUSED.get((reduce, messages[message]), None) is None


POINTS = torch.rand(300, 3, generator=torch.Generator().manual_seed(0))
NEAR = nn.Linear(3, 6)


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e6])
@pytest.mark.parametrize("name", ["map of a difference", "var", "std"])
def test_near_points_far_from_the_origin_lose_no_digits(name: str, offset: float) -> None:
    g = gm.knn_graph(POINTS, 8)

    def message(edges: Any) -> dict[str, Any]:
        if name == "map of a difference":
            return {"m": NEAR(edges.src["x"] - edges.dst["x"]).tanh()}
        return {"m": edges.src["x"]}

    def reduce(nodes: Any) -> dict[str, Any]:
        m = nodes.mailbox["m"]
        return {"y": m.mean(1) if name == "map of a difference" else getattr(m, name)(1)}

    results = []
    for is_fused, dtype in ((True, torch.float32), (False, torch.float64)):
        NEAR.to(dtype)
        g.ndata["x"] = (POINTS + offset).to(dtype)
        with gm.fuse_functions(is_fused, check=False):
            g.update_all(message, reduce)
        results.append(g.ndata["y"].double())
    assert REFUSED.get((reduce, message), None) is None
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-6)


class Aggregated:
    """A layer that reduces by the method of a name, and fails without its bias."""

    def __init__(self, name: str) -> None:
        self.name = name

    def reduce(self, nodes: Any) -> dict[str, Any]:
        return {"y": getattr(nodes.mailbox["m"], self.name)(1), "z": nodes.data["bias"] * 1}


def is_fused(g: gm.Graph, reduce: Any) -> bool:
    """Whether a reduce function is called once, and not for each in-degree."""
    g.update_all(MESSAGES["copy"], reduce)
    return REFUSED.get((reduce, MESSAGES["copy"]), None) is None


def test_a_function_that_was_refused_is_tried_again() -> None:
    g, _ = featured(HUB)
    with gm.fuse_functions(check=False):
        with pytest.raises(gm.GraphKeyError, match="bias"):
            g.update_all(MESSAGES["copy"], Aggregated("sum").reduce)
        g.ndata["bias"] = torch.ones(g.num_nodes(), 1)
        layer = Aggregated("sum")
        tries = [is_fused(g, layer.reduce) for _ in range(2)]
        assert tries == [False, True]
        layer.name = "cumsum"  # whose result has no row for each node
        with pytest.raises(gm.GraphError):
            g.update_all(MESSAGES["copy"], layer.reduce)
        layer.name = "mean"
        assert any(is_fused(g, layer.reduce) for _ in range(3))


def test_a_function_that_is_always_refused_is_tried_less_and_less() -> None:
    functions = (REDUCTIONS["sum"], MESSAGES["copy"])
    tries = 0
    for _ in range(200):
        if REFUSED.of_this_call(functions, None) is None:
            tries += 1
            REFUSED.put(functions, None, "a reason")
    assert tries == 9  # at first, and after 1, 2, 4, …, 64 calls
    REFUSED.put(functions, None, "a difference", for_good=True)
    assert all(REFUSED.of_this_call(functions, None) for _ in range(200))
    REFUSED.forget(functions, None)
    assert REFUSED.of_this_call(functions, None) is None
