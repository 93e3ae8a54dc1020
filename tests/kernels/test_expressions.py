"""Messages that are expressions, by every backend."""

from __future__ import annotations

import math

import pytest
import torch
from support.backends import each_backend_and_dtype
from support.corner_graphs import CORNERS, FLOATS, MIXED, Corner
from support.laws import assert_close, assert_same_bits
from torch import Tensor

import graphmp as gm
from graphmp import kernels
from graphmp.kernels.contract import ALL, EDGE, OTHER, ROW, Csr, Operand
from graphmp.kernels.expression import FORMULAS, Expression, Steps, evaluate, parse

SHAPES = {  # of the operands, and of the message
    "equal": (((16,),) * 4, (16,)),
    "odd": (((5,),) * 4, (5,)),
    "heads": (((2, 8), (2, 1), (2, 8), (1, 1)), (2, 8)),
    "mixed": (((3, 1), (1, 5), (3, 5), (1, 1)), (3, 5)),
    "wide": (((200,), (1,), (200,), (200,)), (200,)),
    "empty": (((0,),) * 4, (0,)),
}
ENDS = (OTHER, ROW, EDGE, ALL)
SMOOTH = ("sin", "cos", "erf", "tanh", "sigmoid", "pow")


def gated() -> tuple[Expression, tuple[float, ...]]:
    """``sigmoid(x0 + x1) * x2 + 0.5 * x3``."""
    steps = Steps()
    x = [steps.operand(index) for index in range(4)]
    gate = steps("sigmoid", steps("add", x[0], x[1]))
    result = steps("add", steps("mul", gate, x[2]), steps("mul", steps.constant(0.5), x[3]))
    expression, indices, constants = steps.expression(result)
    assert indices == (0, 1, 2, 3)
    return expression, constants


def operands(
    graph: gm.Graph, dtype: torch.dtype, shapes: tuple[tuple[int, ...], ...]
) -> list[Operand]:
    rows = (graph.num_src_nodes(), graph.num_dst_nodes(), graph.num_edges(), 1)
    pairs = zip(rows, shapes, ENDS, strict=True)
    return [Operand(torch.randn(count, *shape).to(dtype), end) for count, shape, end in pairs]


def messages(
    csr: Csr, values: list[Operand], shape: tuple[int, ...], expression: Expression | None = None
) -> tuple[Tensor, Tensor]:
    """The messages in float64 as the edges are grouped, and their rows."""
    constants = gated()[1] if expression is None else gradients()[1]
    expression = expression or gated()[0]
    row = torch.repeat_interleave(csr.indptr.diff().long())
    ids = {ROW: row, OTHER: csr.indices.long(), EDGE: csr.edge_ids.long()}
    ids[ALL] = torch.zeros_like(row)
    on_edges = [data.double()[ids[end]] for data, end in values]
    (out,) = evaluate(expression, on_edges, constants)
    return out.expand(len(row), *shape), row


@each_backend_and_dtype((torch.float32,), "reduce_expression")
@pytest.mark.parametrize("corner", CORNERS, ids=str)
def test_sums_and_extremes_on_corner_graphs(
    backend: str, dtype: torch.dtype, corner: Corner
) -> None:
    check_reductions(corner.graph(), dtype, "equal")


@each_backend_and_dtype(FLOATS, "reduce_expression")
def test_sums_and_extremes_of_all_dtypes(backend: str, dtype: torch.dtype) -> None:
    check_reductions(MIXED.graph(torch.int32), dtype, "equal")


@each_backend_and_dtype((torch.float32,), "reduce_expression")
@pytest.mark.parametrize("name", SHAPES)
def test_features_of_all_shapes(backend: str, dtype: torch.dtype, name: str) -> None:
    check_reductions(MIXED.graph(), dtype, name)


def check_reductions(graph: gm.Graph, dtype: torch.dtype, name: str) -> None:
    shapes, shape = SHAPES[name]
    csr, values = graph.adjacencies[graph.canonical_etypes[0]].csc, operands(graph, dtype, shapes)
    expression, constants = gated()
    expected, row = messages(csr, values, shape)
    rows = len(csr.indptr) - 1
    index = row.view(-1, *(1,) * len(shape)).expand_as(expected)
    zeros = torch.zeros(rows, *shape, dtype=torch.float64)
    total = zeros.scatter_add(0, index, expected)
    degrees = csr.indptr.diff().clamp(min=1).view(-1, *(1,) * len(shape))
    for divisor, result in ((False, total), (True, total / degrees)):
        (out,), arg = kernels.reduce_expression(
            csr, expression, values, constants, "sum", divisor, shape
        )
        assert arg is None
        assert out.dtype == dtype
        assert_close(out, result)
    for reduce in ("max", "min"):
        (out,), arg = kernels.reduce_expression(
            csr, expression, values, constants, reduce, False, shape, wants_arg=True
        )
        assert_close(
            out, zeros.scatter_reduce(0, index, expected, f"a{reduce}", include_self=False)
        )
        assert arg is not None
        has_edges = (csr.indptr.diff() > 0).view(-1, 1)
        assert torch.equal(arg >= 0, has_edges.expand_as(arg))
        flat = expected.reshape(len(row), math.prod(shape))
        if flat.numel():
            chosen = flat.gather(0, arg.clamp(min=0).long())
            assert_close(
                torch.where(has_edges, chosen, 0).to(dtype), out.reshape(arg.shape).double()
            )


def gradients() -> tuple[Expression, tuple[float, ...]]:
    """``gate * (1 - gate) * x2``, the gate, and ``0.5 * x3 - gate``, of ``gate = sigmoid(x0)``.

    They share a step, and the second is one.
    """
    steps = Steps()
    x = [steps.operand(index) for index in range(4)]
    gate = steps("sigmoid", steps("add", x[0], x[1]))
    slope = steps("mul", gate, steps("sub", steps.constant(1), gate))
    half = steps("mul", steps.constant(0.5), x[3])
    results = (steps("mul", slope, x[2]), gate, steps("sub", half, gate))
    expression, _, constants = steps.expression(*results)
    assert len(expression.results) == len(results)
    return expression, constants


@each_backend_and_dtype(FLOATS, "reduce_expression")
@pytest.mark.parametrize("corner", CORNERS, ids=str)
def test_several_results_are_those_of_several_expressions(
    backend: str, dtype: torch.dtype, corner: Corner
) -> None:
    check_several(corner.graph(), dtype, "equal")


@each_backend_and_dtype((torch.float32, torch.bfloat16), "reduce_expression")
@pytest.mark.parametrize("name", SHAPES)
def test_several_results_of_all_shapes(backend: str, dtype: torch.dtype, name: str) -> None:
    check_several(MIXED.graph(torch.int32), dtype, name)


def check_several(graph: gm.Graph, dtype: torch.dtype, name: str) -> None:
    """Sums, means, and what is kept: the bits of each alone."""
    shapes, shape = SHAPES[name]
    csr, values = graph.adjacencies[graph.canonical_etypes[0]].csc, operands(graph, dtype, shapes)
    expression, constants = gradients()
    args = (values, constants, "sum")
    alone = [expression._replace(results=(number,)) for number in expression.results]
    for divisor in (False, True):
        sums = [kernels.reduce_expression(csr, e, *args, divisor, shape)[0][0] for e in alone]
        for keeps in range(len(alone)):
            outs, arg = kernels.reduce_expression(
                csr, expression, *args, divisor, shape, keeps=keeps
            )
            assert arg is None
            expected = sums[: len(alone) - keeps]
            expected += [
                kernels.edge_expression(csr, e, values, constants, shape, shape)
                for e in alone[len(alone) - keeps :]
            ]
            for out, one in zip(outs, expected, strict=True):
                assert_same_bits(out, one)


@each_backend_and_dtype(FLOATS, "argmax_expression")
@pytest.mark.parametrize("corner", CORNERS, ids=str)
def test_messages_at_chosen_edges(backend: str, dtype: torch.dtype, corner: Corner) -> None:
    check_chosen(corner.graph(torch.int32), dtype, "equal")


@each_backend_and_dtype((torch.float32,), "argmax_expression")
@pytest.mark.parametrize("name", SHAPES)
def test_messages_at_chosen_edges_of_all_shapes(
    backend: str, dtype: torch.dtype, name: str
) -> None:
    check_chosen(MIXED.graph(), dtype, name)


def check_chosen(graph: gm.Graph, dtype: torch.dtype, name: str) -> None:
    """Any edge of a row, at random, for each element."""
    shapes, shape = SHAPES[name]
    csr, values = graph.adjacencies[graph.canonical_etypes[0]].csc, operands(graph, dtype, shapes)
    expression, constants = gradients()
    degrees, size = csr.indptr.diff().view(-1, 1), math.prod(shape)
    offset = (torch.rand(len(degrees), size) * degrees).long()
    arg = torch.where(degrees > 0, csr.indptr[:-1].view(-1, 1) + offset, -1)
    for positions in (arg, arg.int()):
        outs = kernels.argmax_expression(csr, expression, values, constants, positions, shape)
        for number, out in zip(expression.results, outs, strict=True):
            grouped, _ = messages(csr, values, shape, expression._replace(results=(number,)))
            flat = grouped.reshape(len(grouped), size)
            expected = torch.zeros(arg.shape, dtype=torch.float64)
            if flat.numel():
                expected = torch.where(arg >= 0, flat.gather(0, arg.clamp(min=0)), 0)
            assert out.dtype == dtype
            assert_close(out, expected.view(len(degrees), *shape))


@each_backend_and_dtype((torch.float32, torch.bfloat16), "reduce_expression")
@pytest.mark.parametrize("name", SHAPES)
def test_messages_are_kept_in_the_order_of_edge_ids(
    backend: str, dtype: torch.dtype, name: str
) -> None:
    graph, (shapes, shape) = MIXED.graph(), SHAPES[name]
    csr, values = graph.adjacencies[graph.canonical_etypes[0]].csc, operands(graph, dtype, shapes)
    expression, constants = gated()
    grouped, _ = messages(csr, values, shape)
    expected = torch.empty_like(grouped)
    expected[csr.edge_ids.long()] = grouped
    for kept in range(len(shape) + 1):
        out_shape = shape[:kept] + (1,) * (len(shape) - kept)
        out = kernels.edge_expression(csr, expression, values, constants, shape, out_shape)
        assert_close(out, expected.sum_to_size(len(expected), *out_shape))


@each_backend_and_dtype((torch.float32,), "reduce_expression")
def test_messages_of_nodes_alone_are_kept_at_the_edges(backend: str, dtype: torch.dtype) -> None:
    graph, steps = MIXED.graph(), Steps()
    csr = graph.adjacencies[graph.canonical_etypes[0]].csc
    expression, _, _ = steps.expression(steps("sub", steps.operand(0), steps.operand(1)))
    values = operands(graph, dtype, SHAPES["odd"][0])[:2]
    expected = torch.empty(graph.num_edges(), 5)
    row = torch.repeat_interleave(csr.indptr.diff().long())
    other, own = (value.data for value in values)
    expected[csr.edge_ids.long()] = other[csr.indices.long()] - own[row]
    out = kernels.edge_expression(csr, expression, values, (), (5,), (5,))
    assert_same_bits(out, expected)
    twice = expression._replace(results=expression.results * 2)
    outs, _ = kernels.reduce_expression(csr, twice, values, (), "sum", False, (5,), keeps=1)
    assert_same_bits(outs[1], expected)


@each_backend_and_dtype((torch.float32,), "reduce_expression")
def test_operands_may_have_any_strides(backend: str, dtype: torch.dtype) -> None:
    graph, (shapes, shape) = MIXED.graph(), SHAPES["odd"]
    csr, values = graph.adjacencies[graph.canonical_etypes[0]].csc, operands(graph, dtype, shapes)
    other, row, edge, one = (value.data for value in values)
    apart = torch.stack([other, torch.nan * other], 2)[..., 0]
    tensors = (apart, row[:1].expand(row.shape), edge.t().contiguous().t(), one)
    strided = [Operand(x, end) for x, end in zip(tensors, ENDS, strict=True)]
    packed = [Operand(x.contiguous(), end) for x, end in zip(tensors, ENDS, strict=True)]
    expression, constants = gated()
    for reduce in ("sum", "max"):
        (out,), (expected,) = (
            kernels.reduce_expression(csr, expression, x, constants, reduce, False, shape)[0]
            for x in (strided, packed)
        )
        assert_same_bits(out, expected)
    out, expected = (
        kernels.edge_expression(csr, expression, x, constants, shape, shape)
        for x in (strided, packed)
    )
    assert_same_bits(out, expected)


@each_backend_and_dtype((torch.float32,), "reduce_expression")
@pytest.mark.parametrize("reduce", ["max", "min"])
def test_nan_wins_and_the_first_of_equal_messages(
    backend: str, dtype: torch.dtype, reduce: str
) -> None:
    steps = Steps()
    expression, _, _ = steps.expression(steps("sqrt", steps.operand(0)))
    x = torch.tensor([1.0, -1.0, -4.0, math.inf, 4.0, 0.0, 4.0, 0.0, math.inf]).view(-1, 1)
    ids = torch.arange(len(x))
    csr = Csr(torch.tensor([0, 4, 4, 8, 9]), ids, ids)
    (out,), arg = kernels.reduce_expression(
        csr, expression, [Operand(x, EDGE)], (), reduce, False, (1,), wants_arg=True
    )
    assert arg is not None
    expected = [math.nan, 0.0, 2.0 if reduce == "max" else 0.0, math.inf]
    torch.testing.assert_close(out.view(-1), torch.tensor(expected), equal_nan=True)
    assert arg.view(-1).tolist() == [1, -1, 4 if reduce == "max" else 5, 8]


@each_backend_and_dtype((torch.float32, torch.float64), "reduce_expression")
@pytest.mark.parametrize("name", FORMULAS)
def test_every_operator_at_special_numbers(backend: str, dtype: torch.dtype, name: str) -> None:
    special = [0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30, 2.5, -2.5, 30.0, -30.0, 100.0, -100.0]
    special += [math.inf, -math.inf, math.nan, 1e-42, 1e30, 0.3, -0.3, 0.9999, 1.0001, 5e-5]
    x = torch.tensor(special, dtype=dtype)
    x, y, z = x.repeat_interleave(len(x)), x.repeat(len(x)), x.flip(0).repeat(len(x))
    count = {"where": 3}.get(name, 1 if name in ONE else 2)
    values = [x, y, z][:count]
    steps = Steps()
    expression, _, _ = steps.expression(steps(name, *map(steps.operand, range(count))))
    ids = torch.arange(len(x))
    csr = Csr(torch.arange(len(x) + 1), ids, ids)
    where = [Operand(value.view(-1, 1), EDGE) for value in values]
    out = kernels.edge_expression(csr, expression, where, (), (1,), (1,)).view(-1)
    (expected,) = evaluate(expression, [value.double() for value in values], ())
    # What is beyond the dtype's range is infinite in it, and below it 0.
    limits = torch.finfo(dtype)
    expected = torch.where(expected.abs() > limits.max, expected.sign() * math.inf, expected)
    is_tiny = expected.abs() < 2 * limits.tiny
    out, expected = torch.where(is_tiny, 0, out), torch.where(is_tiny, 0, expected)
    if name in ("sin", "cos"):  # of large numbers, as precise as the library's
        (expected,) = evaluate(expression, values, ())
    torch.testing.assert_close(
        out,
        expected.to(dtype),
        rtol=2e-6 if dtype == torch.float32 else 1e-12,
        atol=1e-30,
        equal_nan=True,
    )


@each_backend_and_dtype((torch.float32, torch.float64), "reduce_expression")
@pytest.mark.parametrize("name", ["sqrt", "exp", "expm1", "log", "log1p", *SMOOTH])
def test_operators_are_accurate_at_every_size(backend: str, dtype: torch.dtype, name: str) -> None:
    size = torch.logspace(-30, math.log10(80), 500, dtype=torch.float64)
    x = torch.cat([size, -size, torch.linspace(-2, 2, 501, dtype=torch.float64)]).to(dtype)
    steps, ids = Steps(), torch.arange(len(x))
    exponent = (steps.constant(7.5),) if name == "pow" else ()
    expression, _, constants = steps.expression(steps(name, steps.operand(0), *exponent))
    csr = Csr(torch.arange(len(x) + 1), ids, ids)
    values = [Operand(x.view(-1, 1), EDGE)]
    out = kernels.edge_expression(csr, expression, values, constants, (1,), (1,)).view(-1)
    (expected,) = evaluate(expression, [x.double()], constants)
    limits = torch.finfo(dtype)
    is_normal = (expected.abs() > 2 * limits.tiny) & (expected.abs() < limits.max)
    is_pow = name == "pow" and dtype == torch.float64
    torch.testing.assert_close(
        out[is_normal].double(),
        expected[is_normal],
        rtol=1e-12 if is_pow else 8 * limits.eps,
        atol=0,
    )


ONE = {"neg", "abs", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "erf", "tanh"}
ONE |= {"sigmoid", "relu"}


def test_the_bits_are_those_of_one_thread() -> None:
    graph = gm.rand_graph(3_000, 100_000)
    csr = graph.adjacencies[graph.canonical_etypes[0]].csc
    expression, constants = gated()
    values = operands(graph, torch.float32, ((64,),) * 4)
    threads, results = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            args = (csr, expression, values, constants)
            results.append(kernels.reduce_expression(*args, "sum", False, (64,))[0][0])
    finally:
        torch.set_num_threads(threads)
    assert_same_bits(results[0], results[1])
    assert_same_bits(results[0], results[2])


def test_an_expression_is_read_from_its_text() -> None:
    for expression, _ in (gated(), gradients()):
        assert parse(expression.text) == expression


def test_equal_steps_are_one_step() -> None:
    steps = Steps()
    x = steps.operand(0)
    assert steps("add", x, x) == steps("add", x, x)
    assert steps("mul", x, steps.constant(1)) == x
