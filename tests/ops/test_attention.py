"""The three attentions: what they compute, and their derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from support import laws
from support.attentions import ENDS, NAMES, Operands, by_loops, corner_of, joined, operands, run
from support.corner_graphs import (
    BIPARTITE,
    FLOATS,
    MIXED,
    PARALLEL,
    SMALL_CORNERS,
    TINY,
    Corner,
    each_corner,
    feature,
    strided,
)
from support.laws import (
    assert_close,
    assert_differentiable_twice,
    assert_same_bits,
    assert_same_with_gradients,
)
from torch import Tensor
from torch.nn.functional import leaky_relu

import graphmp as gm
from graphmp import ops

each_name = pytest.mark.parametrize("name", NAMES)


def of_tensors(name: str, graph: Any, names: Sequence[str], **options: Any) -> Callable[..., Any]:
    """The attention as a function of the operands ``names`` alone, in this order."""
    return lambda *tensors: run(name, graph, dict(zip(names, tensors, strict=True)), **options)


# ---- agreement


@each_corner
@each_name
@pytest.mark.usefixtures("backend")
def test_output_attention_and_all_gradients_are_those_of_the_loops(
    corner: Corner, name: str
) -> None:
    given, graph = operands(corner, name), corner.graph()
    both = of_tensors(name, graph, list(given), return_attention=True)
    assert_same_with_gradients(
        lambda *tensors: joined(both(*tensors)),
        lambda *tensors: joined(by_loops(name, corner, dict(zip(given, tensors, strict=True)))),
        *given.values(),
    )
    assert_same_with_gradients(
        of_tensors(name, graph, list(given)),
        lambda *tensors: by_loops(name, corner, dict(zip(given, tensors, strict=True)))[0],
        *given.values(),
    )


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@each_name
@pytest.mark.usefixtures("backend")
@pytest.mark.loops
def test_every_dtype_from_operands_that_are_not_contiguous(name: str, dtype: torch.dtype) -> None:
    given = operands(MIXED, name, dtype=dtype)
    assert_same_with_gradients(
        lambda *tensors: joined(
            of_tensors(name, MIXED.graph(), list(given), return_attention=True)(
                *map(strided, tensors)
            )
        ),
        lambda *tensors: joined(by_loops(name, MIXED, dict(zip(given, tensors, strict=True)))),
        *given.values(),
    )


@each_name
@pytest.mark.usefixtures("backend")
def test_edge_and_weight_may_be_left_out(name: str) -> None:
    given = operands(MIXED, name)
    for left_out in (("edge",), ("weight",), ("edge", "weight")):
        some = {n: x for n, x in given.items() if n not in left_out}
        assert_same_with_gradients(
            of_tensors(name, MIXED.graph(), list(some)),
            lambda *tensors, some=some: by_loops(
                name, MIXED, dict(zip(some, tensors, strict=True))
            )[0],
            *some.values(),
        )


@pytest.mark.usefixtures("backend")
def test_gatv2_sums_its_left_operand_unless_given_a_value() -> None:
    given = operands(MIXED, "gatv2_attention")
    del given["value"]
    assert_same_with_gradients(
        of_tensors("gatv2_attention", MIXED.graph(), list(given)),
        lambda *tensors: by_loops("gatv2_attention", MIXED, dict(zip(given, tensors, strict=True)))[
            0
        ],
        *given.values(),
    )


@pytest.mark.parametrize("slope", [0.0, 0.01, 1.0, -0.3])
@pytest.mark.parametrize("name", NAMES[:2])
@pytest.mark.usefixtures("backend")
def test_the_slope_below_zero_can_be_chosen(name: str, slope: float) -> None:
    given = operands(MIXED, name)
    assert_same_with_gradients(
        of_tensors(name, MIXED.graph(), list(given), negative_slope=slope),
        lambda *tensors: by_loops(name, MIXED, dict(zip(given, tensors, strict=True)), slope)[0],
        *given.values(),
    )


def test_the_scale_of_dot_products_can_be_chosen() -> None:
    given = operands(MIXED, "dot_attention")
    scaled = run("dot_attention", MIXED.graph(), given, scale=0.7)
    given["query"] = given["query"] * 0.7 * math.sqrt(5)
    assert_close(scaled, by_loops("dot_attention", MIXED, given)[0])


@each_name
@pytest.mark.usefixtures("backend")
def test_it_agrees_with_the_operations_that_it_fuses(name: str) -> None:
    graph = gm.rand_graph(40, 300)
    corner = corner_of(graph)
    given = operands(corner, name)

    def composed(*tensors: Tensor) -> Tensor:
        x = dict(zip(given, tensors, strict=True))
        edge, weight = x["edge"].unsqueeze(-1), x["weight"].unsqueeze(-1)
        if name == "gat_attention":
            left, right = x["left"].unsqueeze(-1), x["right"].unsqueeze(-1)
            scores = leaky_relu(ops.u_add_v(graph, left, right) + edge, 0.2)
        elif name == "gatv2_attention":
            bent = leaky_relu(ops.u_add_v(graph, x["left"], x["right"]), 0.2) * x["attn"]
            scores = bent.sum(-1, keepdim=True) + edge
        else:
            scores = ops.u_dot_v(graph, x["key"], x["query"]) / math.sqrt(5) + edge
        attention = ops.edge_softmax(graph, scores) * weight
        out: Tensor = ops.u_mul_e_sum(graph, x["value"], attention)
        return out

    assert_same_with_gradients(of_tensors(name, graph, list(given)), composed, *given.values())


@each_name
@pytest.mark.usefixtures("backend")
def test_a_gradient_needs_no_other_operand_to_have_one(name: str) -> None:
    given, graph = operands(MIXED, name), MIXED.graph()
    every = [x.clone().requires_grad_() for x in given.values()]
    of_all = of_tensors(name, graph, list(given), return_attention=True)
    expected = torch.autograd.grad(joined(of_all(*every)).square().sum(), every)
    for place, wanted in enumerate(expected):
        alone = [x.detach().requires_grad_(i == place) for i, x in enumerate(every)]
        loss: Any = joined(of_all(*alone)).square().sum()
        loss.backward()
        grads = [x.grad for x in alone]
        made = grads.pop(place)
        assert made is not None
        assert_same_bits(made, wanted)
        assert grads == [None] * len(grads)
    assert not run(name, graph, given).requires_grad
    with torch.no_grad():
        assert not of_all(*every)[0].requires_grad


@each_name
@pytest.mark.usefixtures("backend")
def test_a_loss_may_read_the_attention_alone(name: str) -> None:
    given = operands(MIXED, name)
    assert_same_with_gradients(
        lambda *tensors: of_tensors(name, MIXED.graph(), list(given), return_attention=True)(
            *tensors
        )[1],
        lambda *tensors: by_loops(name, MIXED, dict(zip(given, tensors, strict=True)))[1],
        *given.values(),
    )


# ---- shapes


@pytest.mark.parametrize("lead", [(2,), (1, 2), (2, 1), (0,)], ids=str)
@each_name
@pytest.mark.usefixtures("backend")
def test_more_dimensions_are_as_many_calls(name: str, lead: tuple[int, ...]) -> None:
    given, graph = operands(BIPARTITE, name, heads=2, k=3, size=3, lead=lead), BIPARTITE.graph()

    def at_once(*tensors: Tensor) -> Tensor:
        return joined(of_tensors(name, graph, list(given), return_attention=True)(*tensors))

    def one_by_one(*tensors: Tensor) -> Tensor:
        flat = {
            n: x if n == "attn" else x.flatten(1, len(lead))
            for n, x in zip(given, tensors, strict=True)
        }
        calls = [
            by_loops(name, BIPARTITE, {n: x if n == "attn" else x[:, i] for n, x in flat.items()})
            for i in range(math.prod(lead))
        ]
        none = (flat["value"][:0], flat["edge"][:0])
        parts = [torch.stack(made, 1) for made in zip(*calls, strict=True)] if calls else none
        return torch.cat([part.flatten() for part in parts])

    assert_same_with_gradients(at_once, one_by_one, *given.values())
    out, attention = run(name, graph, given, return_attention=True)
    assert (out.shape, attention.shape) == ((3, *lead, 2, 3), (5, *lead, 2))


@each_name
def test_numbers_of_heads_may_have_a_last_dimension_of_one(name: str) -> None:
    given, graph = operands(MIXED, name, lead=(2,), heads=2), MIXED.graph()
    numbers = ("left", "right", "edge", "weight") if name == "gat_attention" else ("edge", "weight")
    longer = {n: x.unsqueeze(-1) if n in numbers else x for n, x in given.items()}
    assert_same_bits(run(name, graph, longer), run(name, graph, given))


@pytest.mark.parametrize(
    "shape", [(), (1,), (3,), (1, 1), (2, 1), (1, 3), (2, 3), (2, 3, 1), (1, 1, 1), (2, 1, 1)]
)
@each_name
@pytest.mark.loops
def test_weights_broadcast_over_heads(name: str, shape: tuple[int, ...]) -> None:
    given, graph = operands(MIXED, name, lead=(2,)), MIXED.graph()
    weight = MIXED.feature("e", shape)
    rank = len(shape) - 1 if len(shape) == 3 else len(shape)

    def widened(w: Tensor) -> Tensor:
        return w.reshape(9, *(1,) * (2 - rank), *shape[:rank]).expand(9, 2, 3)

    assert_same_with_gradients(
        lambda w: run(name, graph, given | {"weight": w}),
        lambda w: by_loops(
            name, MIXED, {n: x.double() for n, x in given.items()} | {"weight": widened(w)}
        )[0],
        weight,
    )


def test_a_vector_of_attention_may_have_leading_ones() -> None:
    given, graph = operands(MIXED, "gatv2_attention"), MIXED.graph()
    longer = given | {"attn": given["attn"].view(1, 1, 3, 5)}
    assert_same_bits(run("gatv2_attention", graph, longer), run("gatv2_attention", graph, given))


@pytest.mark.parametrize("sizes", [(0, 5, 5), (3, 0, 5), (3, 5, 0), (0, 0, 0)], ids=str)
@pytest.mark.parametrize("corner", SMALL_CORNERS, ids=str)
@each_name
@pytest.mark.usefixtures("backend")
def test_no_heads_and_heads_of_no_size(
    name: str, corner: Corner, sizes: tuple[int, int, int]
) -> None:
    heads, k, size = sizes
    given = operands(corner, name, heads=heads, k=k, size=size)
    leaves = {n: x.requires_grad_() for n, x in given.items()}
    out, attention = run(name, corner.graph(), leaves, return_attention=True)
    assert out.shape == (corner.num_dst, heads, size)
    assert attention.shape == (len(corner.src), heads)
    (out.sum() + attention.sum()).backward()
    assert all(x.grad is not None and x.grad.shape == x.shape for x in leaves.values())
    if heads:
        exact = {n: x.detach().double() for n, x in leaves.items()}
        assert_close(attention.detach(), by_loops(name, corner, exact)[1])


@each_name
@pytest.mark.usefixtures("backend")
def test_no_destinations(name: str) -> None:
    corner = Corner("no destinations", (), (), 3, 0)
    block = gm.create_block(([], []), num_src_nodes=3, num_dst_nodes=0)
    leaves = {n: x.requires_grad_() for n, x in operands(corner, name).items()}
    out = run(name, block, leaves)
    assert out.shape == (0, 3, 5)
    out.sum().backward()
    assert all(x.grad is not None and not x.grad.any() for x in leaves.values())


# ---- laws


def layer(name: str) -> laws.Layer:
    """Attention of ``x`` at both ends, with ``w`` as edge terms and weights."""
    vector = feature(1, (3, 5), torch.float64)[0] / 2

    def attend(graph: gm.Graph) -> Tensor:
        u, v, w = graph.srcdata["x"], graph.dstdata["x"], graph.edata["w"]
        made: dict[str, Callable[[str], Tensor]] = {
            "gat_attention": lambda n: {"value": u, "left": u.sum(-1), "right": v.mean(-1)}[n],
            "gatv2_attention": lambda n: {"attn": vector, "right": v}.get(n, u),
            "dot_attention": lambda n: v if n == "query" else u,
        }
        given: Operands = {n: made[name](n) for n in ENDS[name]} | {"edge": w, "weight": w.cos()}
        out: Tensor = run(name, graph, given)
        return out

    return attend


def with_features(corner: Corner) -> gm.Graph:
    graph = corner.graph()
    graph.srcdata["x"] = corner.feature("u", (3, 5), torch.float64)
    graph.edata["w"] = corner.feature("e", (3,), torch.float64)
    return graph


@pytest.mark.parametrize("corner", [c for c in SMALL_CORNERS if not c.bipartite], ids=str)
@each_name
@pytest.mark.usefixtures("backend")
def test_the_laws_hold(corner: Corner, name: str) -> None:
    graph = with_features(corner)
    laws.permuting_nodes_permutes_outputs(layer(name), graph)
    laws.one_type_is_homogeneous(layer(name), graph)
    laws.a_block_over_all_nodes_is_the_full_graph(layer(name), graph)
    laws.a_batch_is_its_graphs(layer(name), [graph, with_features(PARALLEL)])


@each_name
def test_a_block_of_some_destinations_gives_their_rows(name: str) -> None:
    given = operands(MIXED, name)
    kept = [e for e, v in enumerate(MIXED.dst) if v < 3]
    ends = ([MIXED.src[e] for e in kept], [MIXED.dst[e] for e in kept])
    block = gm.create_block(ends, num_src_nodes=6, num_dst_nodes=3)
    ends_of = ENDS[name] | {"edge": "e", "weight": "e"}
    select: dict[str, Callable[[Tensor], Tensor]] = {"v": lambda x: x[:3], "e": lambda x: x[kept]}
    some = {n: select.get(ends_of[n], torch.clone)(x) for n, x in given.items()}
    assert_close(run(name, block, some), run(name, MIXED.graph(), given)[:3])


# ---- derivatives of every order


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@each_name
@pytest.mark.usefixtures("backend")
@pytest.mark.thorough
def test_two_derivatives_in_all_operands(name: str, dropout: float) -> None:
    given = operands(TINY, name, k=2, size=1, dtype=torch.float64)
    graph = TINY.graph()

    def both(*tensors: Tensor) -> tuple[Tensor, ...]:
        torch.manual_seed(5)  # the same edges are dropped every time
        options = {"dropout": dropout, "return_attention": True}
        made: tuple[Tensor, ...] = of_tensors(name, graph, list(given), **options)(*tensors)
        return made

    assert_differentiable_twice(both, *given.values())


@each_name
@pytest.mark.usefixtures("backend")
def test_a_first_derivative_is_the_same_when_a_second_may_follow(name: str) -> None:
    leaves = {n: x.requires_grad_() for n, x in operands(MIXED, name).items()}
    torch.manual_seed(5)
    loss = joined(run(name, MIXED.graph(), leaves, dropout=0.4, return_attention=True)).square()
    inputs = list(leaves.values())
    once = torch.autograd.grad(loss.sum(), inputs, retain_graph=True)
    twice = torch.autograd.grad(loss.sum(), inputs, create_graph=True)
    for made, expected in zip(once, twice, strict=True):
        assert_close(made, expected.detach())


@each_name
def test_operands_of_several_dtypes_are_promoted(name: str) -> None:
    given = operands(MIXED, name)
    mixed = {**given, "edge": given["edge"].double(), "weight": given["weight"] > 0}
    alike = {n: x.double() for n, x in {**given, "weight": mixed["weight"]}.items()}
    graph = MIXED.graph()
    made, wanted = run(name, graph, mixed), run(name, graph, alike)
    assert made.dtype == torch.float64
    assert_close(made, wanted)
