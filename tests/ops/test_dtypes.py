"""Which dtype comes out, and how halves are added up."""

from __future__ import annotations

import itertools

import pytest
import torch
from support import dense
from support.backends import each_backend_and_dtype
from support.corner_graphs import DTYPES, FLOATS, HALVES, INTEGERS, MIXED, feature
from support.laws import assert_close, assert_same_with_gradients

import graphmp as gm
import graphmp.function as fn
from graphmp import ops

ENDS = (MIXED.src, MIXED.dst)
MANY = 4096  # halves cannot count so far one by one


def star() -> gm.Graph:
    """Node 1 hears of node 0 many times, node 0 of nobody."""
    return gm.graph((torch.zeros(MANY).long(), torch.ones(MANY).long()))


@each_backend_and_dtype(FLOATS)
def test_every_floating_point_dtype_and_its_gradients(backend: str, dtype: torch.dtype) -> None:
    graph = MIXED.graph()
    u, e = (MIXED.feature(target, (4,), dtype) for target in "ue")
    for message, reducer in itertools.product(("u_mul_e", "e_div_u"), fn.reducer_names()):
        inputs = (u, e) if message == "u_mul_e" else (e, u)
        out = getattr(ops, f"{message}_{reducer}")(graph, *inputs)
        assert out.dtype == dtype
        exact = [operand.double() for operand in inputs]
        assert_close(out, dense.update_all(message, reducer, *ENDS, 6, *exact))


@each_backend_and_dtype(FLOATS)
@pytest.mark.parametrize("message", ["u_add_e", "u_mul_e", "u_div_e", "u_dot_e"])
def test_gradients_in_every_floating_point_dtype(
    message: str, backend: str, dtype: torch.dtype
) -> None:
    graph = MIXED.graph()
    for reducer in ("sum", "mean", "max"):
        assert_same_with_gradients(
            lambda *x, reducer=reducer: getattr(ops, f"{message}_{reducer}")(graph, *x),
            lambda *x, reducer=reducer: dense.update_all(message, reducer, *ENDS, 6, *x),
            *(MIXED.feature(target, (4,), dtype) for target in "ue"),
        )


@each_backend_and_dtype(FLOATS)
@pytest.mark.parametrize("shapes", [((16,), (1,)), ((5,), ()), ((2, 8), (2, 1))], ids=str)
def test_gradients_of_weights_in_every_floating_point_dtype(
    shapes: tuple[tuple[int, ...], ...], backend: str, dtype: torch.dtype
) -> None:
    graph = MIXED.graph()
    for reducer in ("sum", "mean"):
        assert_same_with_gradients(
            lambda *x, reducer=reducer: getattr(ops, f"u_mul_e_{reducer}")(graph, *x),
            lambda *x, reducer=reducer: dense.update_all("u_mul_e", reducer, *ENDS, 6, *x),
            *(MIXED.feature(end, shape, dtype) for end, shape in zip("ue", shapes, strict=True)),
        )


@pytest.mark.parametrize("right", DTYPES, ids=str)
@pytest.mark.parametrize("left", DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_mixed_dtypes_promote_as_torch_does(left: torch.dtype, right: torch.dtype) -> None:
    graph = MIXED.graph()
    u, v = MIXED.feature("u", (2,), left), MIXED.feature("v", (2,), right)
    for op, formula in (("add", torch.add), ("mul", torch.mul), ("div", torch.div)):
        expected = formula(u[list(MIXED.src)], v[list(MIXED.dst)])
        out = ops.gsddmm(graph, op, u, v)
        assert out.dtype == expected.dtype
        assert_close(out, expected)
        largest = ops.gspmm(graph, op, "max", u, v, "u", "v")
        assert largest.dtype == expected.dtype
        assert_close(largest, dense.reduce("max", expected.double(), MIXED.dst, 6).to(out.dtype))


@each_backend_and_dtype(INTEGERS)
def test_integers_stay_in_a_sum_and_become_floating_point_in_a_mean(
    backend: str, dtype: torch.dtype
) -> None:
    graph = MIXED.graph()
    u, e = MIXED.feature("u", (2,), dtype), MIXED.feature("e", (2,), dtype)
    for message, inputs in (("copy_u", (u,)), ("u_add_e", (u, e)), ("u_mul_e", (u, e))):
        exact = [operand.long() for operand in inputs]
        for reducer in ("sum", "max", "min"):
            out = getattr(ops, f"{message}_{reducer}")(graph, *inputs)
            assert_close(out, dense.update_all(message, reducer, *ENDS, 6, *exact).to(dtype))
        mean = getattr(ops, f"{message}_mean")(graph, *inputs)
        assert mean.dtype == torch.get_default_dtype()
        doubles = [operand.double() for operand in inputs]
        assert_close(mean, dense.update_all(message, "mean", *ENDS, 6, *doubles))


@each_backend_and_dtype(INTEGERS)
def test_a_mean_of_integers_does_not_overflow(backend: str, dtype: torch.dtype) -> None:
    graph = gm.heterograph({("n", name, "n"): star().edges() for name in ("one", "two")})
    most = min(torch.iinfo(dtype).max, 2**30)
    graph.ndata["h"] = torch.full((2,), most, dtype=dtype)
    graph["one"].update_all(fn.copy_u("h", "m"), fn.mean("m", "one"))
    graph.update_all(fn.copy_u("h", "m"), fn.mean("m", "both"))
    assert graph.ndata["one"].tolist() == graph.ndata["both"].tolist() == [0, most]


@pytest.mark.usefixtures("backend")
def test_booleans_are_counted_by_a_sum_and_stay_in_a_maximum() -> None:
    graph, flags = MIXED.graph(), MIXED.feature("u", (), torch.bool)
    count = dense.update_all("copy_u", "sum", *ENDS, 6, flags.long())
    assert torch.equal(ops.copy_u_sum(graph, flags), count)
    assert torch.equal(ops.copy_u_max(graph, flags), count > 0)
    assert torch.equal(ops.copy_u_min(graph, flags), (count == graph.in_degrees()) & (count > 0))
    assert_close(ops.copy_u_mean(graph, flags), count / graph.in_degrees().clamp(min=1))
    assert torch.equal(
        ops.u_add_v(graph, flags, flags), flags[graph.edges()[0]] | flags[graph.edges()[1]]
    )


@pytest.mark.parametrize("name", ["u_sub_v", "u_sub_v_sum", "u_sub_v_prod"])
def test_a_difference_of_booleans_is_an_error(name: str) -> None:
    flags = MIXED.feature("u", (), torch.bool)
    with pytest.raises(gm.GraphTypeError, match="sub: expected numbers, got booleans"):
        getattr(ops, name)(MIXED.graph(), flags, flags)


def test_a_dot_product_of_booleans_counts() -> None:
    for shape in ((), (3,), (2, 3)):
        u, v = MIXED.feature("u", shape, torch.bool), MIXED.feature("v", shape, torch.bool)
        expected = dense.messages("u_dot_v", *ENDS, u.long(), v.long())
        assert_close(ops.u_dot_v(MIXED.graph(), u, v), expected)


@each_backend_and_dtype(HALVES)
def test_halves_are_added_up_in_float32(backend: str, dtype: torch.dtype) -> None:
    ones, edges = torch.ones(2, 1, dtype=dtype), torch.ones(MANY, 1, dtype=dtype)
    assert ops.copy_u_sum(star(), ones).flatten().tolist() == [0, MANY]
    assert ops.u_mul_e_sum(star(), ones, edges).flatten().tolist() == [0, MANY]
    assert ops.copy_u_mean(star(), ones).flatten().tolist() == [0, 1]
    wide = torch.ones(2, MANY, dtype=dtype)
    assert torch.equal(ops.u_dot_v(star(), wide, wide), torch.full((MANY, 1), MANY, dtype=dtype))


@each_backend_and_dtype(HALVES)
def test_gradients_of_halves_are_added_up_in_float32(backend: str, dtype: torch.dtype) -> None:
    ones = torch.ones(2, 1, dtype=dtype, requires_grad=True)
    (gradient,) = torch.autograd.grad(ops.copy_u(star(), ones).sum(), ones)
    assert gradient.flatten().tolist() == [MANY, 0]


@each_backend_and_dtype([torch.float16])
def test_a_float16_mean_divides_before_it_rounds(backend: str, dtype: torch.dtype) -> None:
    large = torch.full((2,), 60_000.0, dtype=dtype)
    assert ops.copy_u_mean(star(), large).tolist() == [0, large[0]]


@each_backend_and_dtype([torch.float16])
def test_halves_of_several_relations_are_added_up_in_float32(
    backend: str, dtype: torch.dtype
) -> None:
    edges = star().edges()
    graph = gm.heterograph({("n", name, "n"): edges for name in ("one", "two")})
    graph.ndata["h"] = torch.full((2,), 10.0, dtype=dtype)  # 40,960 twice is beyond float16
    graph.update_all(fn.copy_u("h", "m"), fn.mean("m", "out"))
    assert graph.ndata["out"].dtype == dtype
    assert graph.ndata["out"].tolist() == [0, 10]


def test_a_feature_may_have_more_rows_than_half_precision_counts() -> None:
    x = feature(3000, (1,), torch.float16)
    graph = gm.graph((torch.arange(3000), torch.zeros(3000).long()), num_nodes=3000)
    assert_close(ops.copy_u_mean(graph, x)[0], x.double().mean(0))
