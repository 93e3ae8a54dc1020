"""Expressions of any number of operands: their derivatives of every order."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import HUB, ISOLATED, MIXED, PARALLEL, Corner
from support.laws import assert_same_with_gradients
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from graphmp import kernels
from graphmp._storage.adjacency import Adjacency
from graphmp.kernels.expression import COMPARISONS, FORMULAS, Steps
from graphmp.ops.derivatives import gradients
from graphmp.ops.expressions import mapped

ONE = {"neg", "abs", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "erf", "tanh"}
ONE |= {"sigmoid", "relu"}
SHAPES = (
    (((3, 5),) * 4, (3, 5)),
    (((3, 5), (3, 1), (1, 1), (1, 5)), (3, 5)),
    (((16,), (16,), (1,), (16,)), (16,)),
)


@pytest.mark.parametrize("name", sorted(FORMULAS.keys() - COMPARISONS))
def test_the_derivatives_of_every_operator(name: str) -> None:
    graph = MIXED.graph()
    edges = graph.adjacencies[graph.canonical_etypes[0]]
    steps = Steps()
    x, y, e = (steps.operand(index) for index in range(3))
    if name == "where":
        value = steps("where", steps("gt", x, y), x, e)
    elif name == "pow":
        value = steps("pow", x, steps.constant(2.5))
    else:
        value = steps(name, *((x,) if name in ONE else (x, y)))
    expression, indices, constants = steps.expression(steps("mul", value, e))
    rows = (edges.num_src, edges.num_dst, edges.num_edges)
    inputs = [(torch.rand(rows[i], 3, dtype=torch.float64) + 0.5).requires_grad_() for i in indices]
    ends = "".join("uve"[index] for index in indices)

    def total(*operands: Tensor) -> Tensor:
        return mapped(edges, "v", "sum", expression, constants, operands, ends, (3,), (3,))

    with kernels.using("reference"):
        assert gradcheck(total, inputs)
        assert gradgradcheck(total, inputs)


@pytest.mark.parametrize("reduce", ["sum", "mean", "max", "min", "keep"])
@pytest.mark.parametrize("corner", [MIXED, HUB, ISOLATED, PARALLEL], ids=str)
@pytest.mark.parametrize(("shapes", "shape"), SHAPES, ids=["equal", "heads", "numbers"])
def test_derivatives_at_every_end(
    shapes: tuple[tuple[int, ...], ...], shape: tuple[int, ...], corner: Corner, reduce: str
) -> None:
    graph = corner.graph()
    edges = graph.adjacencies[graph.canonical_etypes[0]]
    if edges.num_edges > 100:
        shapes, shape = ((2,),) * 4, (2,)
    steps = Steps()
    x, y, e, w = (steps.operand(index) for index in range(4))
    gate = steps("sigmoid", steps("add", steps("sub", x, y), e))
    expression, _, constants = steps.expression(
        steps("mul", gate, steps("add", steps("mul", w, x), steps("tanh", y)))
    )
    rows = (edges.num_src, edges.num_dst, edges.num_edges, 1)
    inputs = [
        torch.randn(count, *own, dtype=torch.float64).requires_grad_()
        for count, own in zip(rows, shapes, strict=True)
    ]
    to, kernel = ("e", "sum") if reduce == "keep" else ("v", reduce.replace("mean", "sum"))
    outs = [shape] if kernel != "sum" else [shape, (*shape[:-1], 1)]
    for out in outs:

        def result(*operands: Tensor, out: tuple[int, ...] = out) -> Tensor:
            per_degree = reduce == "mean"
            return mapped(
                edges, to, kernel, expression, constants, operands, "uve1", shape, out, per_degree
            )

        with kernels.using("reference"):
            assert gradcheck(result, inputs, fast_mode=True)
            assert gradgradcheck(result, inputs, fast_mode=True)


def test_gradients_at_one_end_are_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = MIXED.graph()
    edges = graph.adjacencies[graph.canonical_etypes[0]]
    passes = []

    def noted(*args: Any, **options: Any) -> Any:
        passes.append((len(args[1].results), args[-1]))
        return run(*args, **options)

    run = kernels.reduce_expression
    monkeypatch.setattr(kernels, "reduce_expression", noted)
    x, y, e = (operand_of(edges, end, 3) for end in "uve")
    steps = Steps()
    a, b, c, d, f = map(steps.operand, range(5))
    gate = steps("sigmoid", steps("add", steps("add", a, b), f))
    total = steps("add", steps("mul", gate, c), steps("mul", d, b))
    expression, _, constants = steps.expression(total)
    operands, ends = [x, y, x * 2, x[:1].detach().requires_grad_(), e], "uvu1e"
    out = mapped(edges, "v", "sum", expression, constants, operands, ends, (3,), (3,))
    assert passes == [(1, 0)]
    passes.clear()
    inputs = [x, y, operands[3], e]
    first = torch.autograd.grad(out.sin().sum(), inputs, create_graph=True)
    assert sorted(passes) == [(2, 0), (3, 1)]  # two at the sources; three, of which one at edges
    for grad in first:  # of each alone, others have no gradient
        for second in torch.autograd.grad(grad.sum(), inputs, retain_graph=True):
            assert second.isfinite().all()


def operand_of(edges: Adjacency, end: str, size: int) -> Tensor:
    """Random features that need a gradient."""
    rows = {"u": edges.num_src, "v": edges.num_dst, "e": edges.num_edges, "1": 1}[end]
    return torch.randn(rows, size, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("ends", ["uuuuuuuuu", "vvvvv", "uvueuvuev", "eee", "1e1", "u1u1uvu"])
def test_derivatives_of_many_operands(ends: str) -> None:
    graph = PARALLEL.graph()
    edges = graph.adjacencies[graph.canonical_etypes[0]]
    steps = Steps()
    value = steps.operand(0)
    for index in range(1, len(ends)):
        name = ("mul", "add", "maximum")[index % 3]
        value = steps(name, value, steps("sin", steps.operand(index)))
    expression, _, constants = steps.expression(value)
    inputs = [operand_of(edges, end, 2) for end in ends]

    def result(*operands: Tensor) -> Tensor:
        return mapped(edges, "v", "sum", expression, constants, operands, ends, (2,), (2,))

    with kernels.using("reference"):
        assert gradcheck(result, inputs, fast_mode=True)
        assert gradgradcheck(result, inputs, fast_mode=True)
        grads = torch.autograd.grad(result(*inputs).sum(), inputs, create_graph=True)
        squares = torch.stack([grad.square().sum() for grad in grads]).sum()
        options: Any = {"materialize_grads": True}  # a linear operand has no second one
        seconds = torch.autograd.grad(squares, inputs, create_graph=True, **options)
        squares = torch.stack([grad.square().sum() for grad in seconds]).sum()
        thirds = torch.autograd.grad(squares, inputs, **options)
        assert all(x.isfinite().all() for x in thirds)


@pytest.mark.parametrize("reduce", ["sum", "max"])
def test_the_gradients_of_kernels_are_those_of_torch(reduce: str) -> None:
    graph = MIXED.graph()
    edges = graph.adjacencies[graph.canonical_etypes[0]]
    steps = Steps()
    x, y, e = (steps.operand(index) for index in range(3))
    gate = steps("sigmoid", steps("add", x, y))
    expression, _, constants = steps.expression(steps("mul", gate, e))
    rows = (edges.num_src, edges.num_dst, edges.num_edges)
    operands = [torch.randn(count, 16) for count in rows[:2]] + [torch.randn(rows[2], 1)]

    def result(*operands: Tensor) -> Tensor:
        own = operands[0].dtype
        inputs = [*operands[:2], operands[2]]
        assert all(x.dtype == own for x in inputs)
        return mapped(edges, "v", reduce, expression, constants, inputs, "uve", (16,), (16,))

    def by_torch(*operands: Tensor) -> Tensor:
        with kernels.using("reference"):
            return result(*operands)

    assert_same_with_gradients(result, by_torch, *operands)


def test_an_operand_without_influence_has_no_gradient() -> None:
    steps = Steps()
    expression, _, constants = steps.expression(
        steps("where", steps("gt", steps.operand(0), steps.operand(1)), *[steps.operand(1)] * 2)
    )
    _, (first, second) = gradients(expression, constants, (True,))
    assert first is None
    assert second is not None
