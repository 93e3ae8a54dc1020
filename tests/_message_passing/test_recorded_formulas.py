"""Formulas of reducers and operators of one's own: recorded as functions of one's own are."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import HUB, MIXED
from support.fused_runs import SEVERAL, WITH_EDGES, assert_same, featured, run
from support.own_functions import CALLS, FORMULAS, MESSAGES, OPERATORS, OTHER_FORMULAS
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import kernels
from graphmp._message_passing.recording.fusion import REFUSED
from graphmp._message_passing.recording.values import Lowered
from graphmp._message_passing.reductions import REDUCTIONS

pytestmark = pytest.mark.usefixtures("rows_are_taken_away")
GRAPHS = (*WITH_EDGES, *SEVERAL)
OF_BUILTINS = ("prod", "var", "std", "logsumexp")


@pytest.fixture(autouse=True)
def nothing_is_known() -> None:
    """Formulas are recorded, and checked, in every test."""
    REFUSED._facts.clear()


def reducer(formula: Callable[..., Any]) -> Any:
    """A builtin of a new reducer."""
    fn.register_reducer(fn.Reducer("own", formula=formula))
    return fn.own("m", "y")


def operator(formula: Callable[..., Any], ends: str = "u_own_v") -> Any:
    """A builtin of a new operator, of the features of both ends or the edges."""
    fn.register_operator(fn.BinaryOp("own", formula))
    return getattr(fn, ends)("x", "w" if ends.endswith("e") else "x", "m")


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
@pytest.mark.parametrize("name", [*FORMULAS, *OTHER_FORMULAS])
def test_a_formula_of_a_reducer_gives_what_it_says(graph: Any, name: str) -> None:
    own = reducer((FORMULAS | OTHER_FORMULAS)[name])
    with kernels.using("reference"):
        for message in (MESSAGES["copy"], MESSAGES["GatedGCN"], fn.u_mul_e("x", "w", "m")):
            if name != "drawn":
                assert_same(graph, message, own)


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
@pytest.mark.parametrize("name", OF_BUILTINS)
def test_builtins_without_kernels_reduce_recorded_messages(graph: Any, name: str) -> None:
    builtin = getattr(fn, name)("m", "y")
    with kernels.using("reference"):
        assert_same(graph, MESSAGES["difference"], builtin)
        assert_same(graph, fn.copy_u("x", "m"), builtin)
        assert_same(graph, fn.u_dot_v("x", "x", "m"), builtin)


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
@pytest.mark.parametrize("name", OPERATORS)
def test_a_formula_of_an_operator_gives_what_it_says(graph: Any, name: str) -> None:
    for ends in ("u_own_v", "u_own_e"):
        own = operator(OPERATORS[name], ends)
        with kernels.using("reference"):
            for reduce in (fn.sum("m", "y"), fn.max("m", "y"), fn.std("m", "y")):
                if name == "drawn":
                    fused, plain = (run(graph, own, fn.sum("m", "y"), on) for on in (True, False))
                    torch.testing.assert_close(fused, plain)
                else:
                    assert_same(graph, own, reduce)
        fn.BINARY_OPS.pop("own")


@pytest.mark.parametrize("name", [*FORMULAS, *OF_BUILTINS])
def test_formulas_are_called_once(name: str) -> None:
    reduce = getattr(fn, name)("m", "y") if name in OF_BUILTINS else reducer(FORMULAS[name])
    g, _ = featured(HUB)
    with gm.fuse_functions(check=False):
        explanation = gm.explain(g, MESSAGES["copy"], reduce)
    assert explanation.is_fused, str(explanation)
    assert name == "soft" or explanation.bytes_at_edges == 0


@pytest.mark.parametrize("name", OTHER_FORMULAS)
def test_the_reason_of_other_formulas_is_shown(name: str) -> None:
    g, _ = featured(MIXED)
    explanation = gm.explain(g, MESSAGES["difference"], reducer(OTHER_FORMULAS[name]))
    assert not explanation.is_fused
    assert explanation.bytes_at_edges == 0
    (step,) = [step for step in explanation.steps if step.place == "parts"]
    assert step.reason
    assert step.text == "own of mailboxes"


def test_a_formula_with_effects_is_called_as_often_as_without_recording() -> None:
    counts = []
    own = reducer(OTHER_FORMULAS["listed"])
    for is_fused in (True, False):
        CALLS.clear()
        run(HUB, MESSAGES["copy"], own, is_fused)
        counts.append(len(CALLS))
    assert counts[0] == counts[1]


def test_a_formula_of_integers_and_one_of_numbers() -> None:
    g, _ = featured(MIXED)
    g.ndata["i"] = torch.arange(1, g.num_nodes() + 1)
    with gm.fuse_functions():
        g.update_all(fn.copy_u("i", "m"), fn.prod("m", "y"))
        g.update_all(lambda edges: {"m": edges.src["i"]}, fn.prod("m", "z"))
        assert gm.explain(g, MESSAGES["copy"], fn.prod("m", "y")).is_fused
    assert g.ndata["y"].dtype == torch.int64
    assert torch.equal(g.ndata["y"], g.ndata["z"])
    with gm.fuse_functions(False):
        g.update_all(fn.copy_u("i", "m"), fn.prod("m", "z"))
    assert torch.equal(g.ndata["y"], g.ndata["z"])


def test_an_operator_is_an_expression(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    made = Lowered.__init__

    def spied(self: Any, edges: Any, value: Any) -> None:
        made(self, edges, value)
        texts.append(self.expression.text)

    monkeypatch.setattr(Lowered, "__init__", spied)
    g, _ = featured(MIXED)
    with gm.fuse_functions(check=False):
        g.update_all(operator(OPERATORS["gap"]), fn.sum("m", "y"))
    assert "abs" in "".join(texts)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_are_rounded_once(dtype: torch.dtype) -> None:
    g = gm.rand_graph(20, 200)
    g.ndata["x"] = (100 + torch.randn(20, 3)).to(dtype)
    with gm.fuse_functions(False):
        g.ndata["wide"] = g.ndata["x"].double()
        g.update_all(fn.copy_u("wide", "m"), fn.std("m", "exact"))
    with gm.fuse_functions():
        g.update_all(lambda edges: {"m": edges.src["x"]}, fn.std("m", "y"))
    assert g.ndata["y"].dtype == dtype
    torch.testing.assert_close(g.ndata["y"].double(), g.ndata["exact"], rtol=1e-2, atol=1e-2)


def test_a_wrong_formula_is_refused_as_without_recording() -> None:
    g, _ = featured(MIXED)
    for formula, error in ((lambda m: m, "expected"), (lambda m: 1, "expected a tensor")):
        own = reducer(formula)
        for is_fused in (True, False):
            with gm.fuse_functions(is_fused), pytest.raises(gm.GraphError, match=error):
                g.update_all(MESSAGES["copy"], own)
        fn.REDUCERS.pop("own")


def test_a_difference_of_a_formula_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def message(edges: Any) -> dict[str, Any]:
        return {"m": edges.src["x"] * 3}

    g, _ = featured(MIXED)
    largest = REDUCTIONS[Tensor.amax]

    def wrong(call: Any, values: Any, args: Any, kwargs: Any) -> Any:
        return largest(call, values, args, {})

    monkeypatch.setitem(REDUCTIONS, Tensor.var, wrong)
    with gm.fuse_functions():
        with pytest.warns(gm.GraphWarning, match="differs"):
            g.update_all(message, fn.var("m", "y"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            g.update_all(message, fn.var("m", "again"))
    torch.testing.assert_close(g.ndata["y"], g.ndata["again"])
    with gm.fuse_functions(False):
        g.update_all(message, fn.var("m", "plain"))
    torch.testing.assert_close(g.ndata["y"], g.ndata["plain"])


def test_objects_may_end_while_a_function_is_recorded() -> None:
    ended: list[str] = []

    class Held:
        def __del__(self) -> None:
            ended.append("deleted")

    def reduce(nodes: Any) -> dict[str, Any]:
        held: Any = Held()
        held = nodes.mailbox["m"].sum(1)
        return {"y": held}

    g, _ = featured(MIXED)
    assert gm.explain(g, MESSAGES["copy"], reduce).is_fused
    assert ended == ["deleted"]
