"""Functions of one's own in compiled programs run as they are, and give what eager mode does.

Eager mode records them. A compiled program does not: Dynamo calls no ``__torch_dispatch__`` of a
lazy tensor, so that what ``__torch_function__`` does not see, such as an autograd function or an
operator of the user's own, would read numbers that were never computed.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import MIXED
from support.fused_runs import SEVERAL, featured
from support.own_functions import ATTENTION, FORMULAS, MESSAGES, MODULES, REDUCTIONS
from torch import Tensor

import graphmp as gm
import graphmp.function as fn

pytestmark = [
    pytest.mark.compiler,
    pytest.mark.usefixtures("rows_are_taken_away"),
    pytest.mark.filterwarnings("ignore:The .grad attribute"),  # which torch itself looks at
]
PARAMETERS = [*MODULES.parameters(), ATTENTION]


def results(graph: Any, message: Any, reduce: Any, fullgraph: bool | None) -> list[Tensor]:
    """The result and all gradients, compiled or, with None, in eager mode."""
    g, inputs = featured(graph)
    g.create_formats_()

    def forward(x: Tensor) -> Tensor:
        with g.local_scope():
            g.nodes[g.srctypes[0]].data["x"] = x
            g.update_all(message, reduce)
            return g.nodes[g.dsttypes[-1]].data["y"]

    if fullgraph is not None:
        torch.compiler.reset()
        forward = torch.compile(forward, backend="eager", fullgraph=fullgraph)
    with gm.fuse_functions():
        y = forward(inputs[0])
    wanted = [*inputs, *PARAMETERS]
    grads: list[Tensor] = []
    if y.requires_grad:
        weights = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view_as(y)
        grads = list(
            torch.autograd.grad(
                (y * weights).sum(), wanted, allow_unused=True, materialize_grads=True
            )
        )
    return [y, *grads]


def assert_compiled_is_eager(graph: Any, message: Any, reduce: Any, fullgraph: bool) -> None:
    compiled = results(graph, message, reduce, fullgraph)
    eager = results(graph, message, reduce, None)
    torch.testing.assert_close(compiled, eager, equal_nan=True)


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_compile_whole(name: str) -> None:
    assert_compiled_is_eager(MIXED, MESSAGES[name], fn.sum("m", "y"), fullgraph=True)


def test_messages_of_several_relations_compile_whole() -> None:
    for reduce in (fn.mean("m", "y"), fn.max("m", "y")):
        assert_compiled_is_eager(SEVERAL[0], MESSAGES["GatedGCN"], reduce, fullgraph=True)


def test_a_formula_of_an_operator_compiles_whole() -> None:
    fn.register_operator(fn.BinaryOp("gap", lambda a, b: (a - b).abs()))
    assert_compiled_is_eager(MIXED, fn.u_gap_v("x", "x", "m"), fn.sum("m", "y"), fullgraph=True)


@pytest.mark.parametrize("name", ["GraphSAGE", "PNA", "attention"])
def test_reductions_leave_the_program_and_are_recorded(name: str) -> None:
    assert_compiled_is_eager(MIXED, MESSAGES["GatedGCN"], REDUCTIONS[name], fullgraph=False)


def test_formulas_of_reducers_leave_the_program_and_are_recorded() -> None:
    fn.register_reducer(fn.Reducer("range", formula=FORMULAS["range"]))
    assert_compiled_is_eager(MIXED, MESSAGES["difference"], fn.range("m", "y"), fullgraph=False)
