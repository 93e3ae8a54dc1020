"""Under autocast features have its dtype, softmax and sums the precision of float32."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support import layers
from support.compiled import LAYERS, SIZE, whole
from support.corner_graphs import MIXED
from support.versions import compiles
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp.kernels import contract

HALF = torch.bfloat16
# A half divided by a small half is far from the quotient.
NEARLY_EQUAL = [name for name in LAYERS if name != "u_div_e mean"]


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("name", NEARLY_EQUAL)
@pytest.mark.loops
def test_a_layer_gives_nearly_what_it_gives_without(name: str) -> None:
    layer, graph = LAYERS[name](), whole(8)
    feat = torch.randn(8, SIZE, requires_grad=True)
    wanted = layer(graph, feat)
    with torch.autocast("cpu", HALF):
        made = layer(graph, feat)
    assert made.dtype in (HALF, torch.float32)  # float32 where the layer adds its input
    torch.testing.assert_close(made.float(), wanted, rtol=0.05, atol=0.1)
    (grad,) = torch.autograd.grad(made.sum(), feat)
    assert grad.dtype == torch.float32


@pytest.mark.parametrize("name", layers.LAYERS)
@pytest.mark.loops
def test_half_precision_stays_so_and_parameters_are_float32(name: str) -> None:
    layer, graph = layers.made(name), MIXED.graph()
    feat = MIXED.feature("u", (layers.IN,)).to(HALF)
    expected = layers.call(name, layer, graph, feat.float()).detach()
    with torch.autocast("cpu", HALF):
        out = layers.call(name, layer, graph, feat.requires_grad_())
    assert out.dtype == HALF
    relative = 2 * contract.TOLERANCE[HALF][0]  # a few roundings, of numbers up to the largest
    absolute = relative * float(expected.abs().max().clamp(min=1))
    torch.testing.assert_close(out.float(), expected, rtol=relative, atol=absolute)
    out.float().sum().backward()  # type: ignore[no-untyped-call]
    assert feat.grad is None or feat.grad.dtype == HALF
    assert {p.grad.dtype for p in layer.parameters() if p.grad is not None} <= {torch.float32}


# GroupRevRes adds its input as it is.
@pytest.mark.parametrize("name", [name for name in layers.LAYERS if name != "GroupRevRes"])
@pytest.mark.loops
def test_features_of_float32_become_half_precision(name: str) -> None:
    layer, graph = layers.made(name), MIXED.graph()
    with torch.autocast("cpu", HALF):
        out = layers.call(name, layer, graph, MIXED.feature("u", (layers.IN,)))
    assert out.dtype == HALF


def test_an_lstm_runs_on_every_cpu() -> None:
    graph, feat = whole(8), torch.randn(8, SIZE)
    sage = gm.nn.SAGEConv(SIZE, 3, "lstm")
    jump = gm.nn.JumpingKnowledge("lstm", SIZE, 2)
    for layer, arguments in ((sage, (graph, feat)), (jump, ([feat, feat + 1],))):
        expected = layer(*arguments)
        with torch.autocast("cpu", HALF):
            out = layer(*arguments)
        torch.testing.assert_close(out.float(), expected, rtol=0.05, atol=0.1)
        out.sum().backward()


@compiles
@pytest.mark.compiler
@pytest.mark.parametrize("name", ["GraphConv", "GATConv", "u_mul_e sum"])
def test_a_compiled_layer_does_the_same(name: str) -> None:
    torch.compiler.reset()
    layer, graph, feat = LAYERS[name](), whole(8), torch.randn(8, SIZE)
    compiled: Any = torch.compile(layer, backend="eager", fullgraph=True)
    with torch.autocast("cpu", HALF):
        assert torch.equal(compiled(graph, feat), layer(graph, feat))


def messages(graph: gm.Graph, feat: Tensor) -> dict[str, Tensor]:
    with graph.local_scope():
        graph.ndata["h"] = feat
        graph.edata["w"] = torch.ones(graph.num_edges(), 1)
        graph.update_all(fn.u_mul_e("h", "w", "m"), fn.sum("m", "sum"))
        graph.update_all(fn.copy_u("h", "m"), fn.max("m", "max"))
        graph.apply_edges(fn.u_dot_v("h", "h", "dot"))
        return {**{name: graph.ndata[name] for name in ("sum", "max")}, "dot": graph.edata["dot"]}


def test_features_go_to_the_dtype_of_autocast() -> None:
    graph, feat = whole(6), torch.randn(6, SIZE)
    with torch.autocast("cpu", HALF):
        made = messages(graph, feat)
        assert gm.ops.normalized_sum(graph, feat).dtype == HALF
        assert gm.ops.copy_u_sum(graph, feat).dtype == HALF
    assert {tensor.dtype for tensor in made.values()} == {HALF}
    assert {tensor.dtype for tensor in messages(graph, feat).values()} == {torch.float32}


def test_double_and_integers_keep_their_dtype() -> None:
    graph = whole(6)
    with torch.autocast("cpu", HALF):
        assert gm.ops.copy_u_sum(graph, torch.ones(6).double()).dtype == torch.float64
        assert gm.ops.copy_u_sum(graph, torch.ones(6).long()).dtype == torch.int64


def test_a_softmax_is_one_of_float32() -> None:
    graph = whole(6)
    logits = torch.randn(graph.num_edges())
    with torch.autocast("cpu", HALF):
        made = gm.ops.edge_softmax(graph, logits.to(HALF))
        types = gm.ops.edge_softmax(graph, {("_N", "_E", "_N"): logits.to(HALF)})
    assert made.dtype == torch.float32
    torch.testing.assert_close(made, gm.ops.edge_softmax(graph, logits.to(HALF).float()))
    torch.testing.assert_close(types["_N", "_E", "_N"], made)


def test_sums_are_rounded_once() -> None:
    graph = gm.graph((torch.arange(1, 1001), torch.zeros(1000, dtype=torch.int64)))
    with torch.autocast("cpu", HALF):
        total = gm.ops.copy_u_sum(graph, torch.ones(1001))
    assert total[0] == 1000  # one after the other in bfloat16 they would stay at 256
