"""Every operator keeps what torch asks of operators."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import torch
from support.compiled import SIZE, block
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import graphmp as gm
from graphmp.kernels.expression import MAX_OPERANDS, Steps
from graphmp.ops import argmax as chosen
from graphmp.ops import expressions, formulas, grouped_op, operation, products, spmm

pytestmark = pytest.mark.compiler

NAMES = sorted(
    name.removeprefix("graphmp::")
    for name in torch._C._dispatch_get_all_op_names()
    if name.startswith("graphmp::")
)

SOFTMAX = import_module("graphmp.ops.edge_softmax")  # the package gives the function of that name


class Seen(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the arguments of every call of an operator of graphmp."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: dict[str, list[tuple[Any, ...]]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().removeprefix("graphmp::")
        if name in NAMES:
            self.calls.setdefault(name, []).append(args)
        return func(*args, **(kwargs or {}))


def feature(*shape: int) -> Tensor:
    return torch.randn(*shape, requires_grad=True)


def use_all(graph: gm.Graph) -> list[Any]:
    """Results of calls that reach every operator."""
    edges, src, dst = graph.num_edges(), feature(6, 2, SIZE), feature(3, 2, SIZE)
    adjacency = graph.adjacency
    call = formulas.AdjacencyRecord(adjacency)
    positions = torch.randint(-1, edges, (3, SIZE))
    limits, _, edge_ids = adjacency.csc
    torch.ops.graphmp.checked_edge_ids(limits, edge_ids, "file")
    steps = Steps()
    gate = steps("sigmoid", steps("add", steps.operand(0), steps.operand(1)))
    gated, _, constants = steps.expression(steps("mul", gate, steps.constant(0.5)))
    shape = (2, SIZE)
    return [
        *(
            expressions.mapped(
                adjacency, "v", reduce, gated, constants, (src, dst), "uv", shape, shape
            )
            for reduce in ("sum", "max")
        ),
        gm.ops.u_mul_e_sum(graph, src, feature(edges, 2, 1)),
        gm.ops.u_dot_v(graph, src, dst),
        gm.ops.copy_u_mean(graph, feature(6)),
        gm.ops.u_sub_e_max(graph, src, feature(edges, 1, SIZE)),
        gm.ops.copy_u_min(graph, src.bfloat16()),
        gm.ops.edge_softmax(graph, feature(edges, 2)),
        gm.ops.normalized_sum(graph, src, torch.rand(6) + 1, None),
        gm.ops.gat_attention(graph, src, feature(6, 2), feature(3, 2), return_attention=True),
        gm.ops.gatv2_attention(graph, src, dst, feature(2, SIZE), dropout=0.5),
        gm.ops.dot_attention(graph, dst.half(), src.half(), src.half(), weight=feature(edges)),
        gm.nn.functional.dropout(src, 0.3),
        gm.nn.functional.dropout(src, 0.3, activation="relu"),
        gm.ops.segment_mm(feature(6, 4), feature(2, 4, 3), [2, 4]),
        grouped_op.segment_products(feature(6, 4), torch.tensor([2, 4]), feature(2, 2, 2, 3)),
        grouped_op._TRANSPOSED(
            grouped_op.Blocks(2), feature(6, 4), torch.tensor([2, 4]), feature(6, 6)
        ),
        SOFTMAX._SOFTMAX_GRADIENT(call, feature(edges, 2), feature(edges, 2)),
        spmm._PRODUCTS(
            products.Product(adjacency, "u"), src, feature(edges, 2, 1), feature(3, 2, SIZE)
        ),
        expressions._AT_ARGMAX(
            expressions.Mapping(
                adjacency, "v", "max", gated.text, constants, "uv", shape * 2, shape, shape, False
            ),
            *(src, dst, *[None] * (MAX_OPERANDS - 2)),
            torch.randint(-1, edges, (3, 2 * SIZE)),
        )[0],
        chosen.scatter_to_argmax(
            adjacency, "u", feature(3, SIZE), positions, torch.arange(SIZE), (SIZE,)
        ),
    ]


@pytest.fixture(scope="module")
def calls() -> dict[str, list[tuple[Any, ...]]]:
    """The arguments of calls of every operator."""
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch, Seen() as seen:
        for module in (operation, spmm, gm.kernels):
            patch.setattr(module, "is_compiling", lambda: True)
        for results in use_all(block(3)):
            for out in results if isinstance(results, tuple) else (results,):
                torch.autograd.backward(out.sum(), retain_graph=True)
    found: dict[str, list[tuple[Any, ...]]] = seen.calls
    return found


def test_every_operator_is_called(calls: dict[str, Any]) -> None:
    assert set(calls) == set(NAMES)


@pytest.mark.filterwarnings("ignore")  # torch 2.15 warns of itself inside of opcheck
@pytest.mark.parametrize("name", NAMES)
def test_an_operator_is_what_torch_takes_it_for(name: str, calls: dict[str, Any]) -> None:
    function = getattr(torch.ops.graphmp, name).default
    has_gradient = name not in ("checked_edge_ids", "group") and not name.endswith("_backward")
    for args in calls[name]:
        given = tuple(
            arg.detach().clone().requires_grad_(has_gradient and arg.requires_grad)
            if isinstance(arg, Tensor)
            else arg
            for arg in args
        )
        torch.library.opcheck(function, given)


def test_second_derivatives_of_operators_are_those_of_eager_mode() -> None:
    graph, feat = block(3), feature(6)

    def second() -> Tensor:
        out = gm.ops.copy_u_sum(graph, feat).pow(3).sum()
        (grad,) = torch.autograd.grad(out, feat, create_graph=True)
        return torch.autograd.grad(grad.square().sum(), feat)[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spmm, "is_compiling", lambda: True)
        patch.setattr(operation, "is_compiling", lambda: True)
        traced = second()
    torch.testing.assert_close(traced, second())


def test_a_program_made_without_gradients_says_so() -> None:
    form = tuple(block(3).adjacency.csc)
    shapes: tuple[list[int], ...] = ([], [], [])
    with pytest.raises(gm.GraphRuntimeError, match="exported with gradients, got one without"):
        torch.ops.graphmp.sum(
            *form, None, None, None, "v", "copy", "sum", "u", "u", *shapes, False, False,
            feature(6), None,
        )  # fmt: skip
