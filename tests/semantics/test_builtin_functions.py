"""Builtin functions: names, broadcasting, dtypes, empty nodes, derivatives."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
import torch
from support import dense
from support.corner_graphs import ID_DTYPES, ISOLATED, MIXED, PARALLEL, TWO_RELATIONS, two_relations
from support.laws import assert_close, assert_same_with_gradients
from support.unchanged import each, unchanged
from torch import Tensor
from torch.autograd import gradgradcheck

import graphmp as gm
import graphmp.function as fn
from graphmp import ops

REDUCERS = ("sum", "mean", "max", "min")
Verb = Callable[[gm.Graph, Any, Any], None]

# Every way to pass messages along all edges of a graph.
VERBS: dict[str, Verb] = {
    "update_all": lambda g, message, reduce: g.update_all(message, reduce),
    "pull": lambda g, message, reduce: g.pull(g.nodes(), message, reduce),
    "push": lambda g, message, reduce: g.push(g.nodes(), message, reduce),
    "send_and_recv": lambda g, message, reduce: g.send_and_recv(g.edges(), message, reduce),
    "multi_update_all": lambda g, message, reduce: g.multi_update_all(
        {g.canonical_etypes[0]: (message, reduce)}, "sum"
    ),
}
each_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)


def test_a_builtin_tells_its_fields() -> None:
    copy: Any = fn.copy_e("w", "m")
    binary: Any = fn.v_mul_e("h", "w", "m")
    reduce: Any = fn.max("m", "y")
    assert (copy.name, copy.target, copy.in_field, copy.out_field) == ("copy_e", 2, "w", "m")
    assert (binary.name, binary.binary_op, binary.out_field) == ("v_mul_e", "mul", "m")
    assert (binary.lhs_field, binary.rhs_field) == ("h", "w")
    assert (reduce.name, reduce.msg_field, reduce.out_field) == ("max", "m", "y")


def test_builtins_are_those_of_the_table() -> None:
    operators = ("add", "sub", "mul", "div", "dot")
    binary = {f"{u}_{op}_{v}" for u, v in permutations("uve", 2) for op in operators}
    assert len(binary) == 30
    assert set(fn.message_names()) == {"copy_u", "copy_v", "copy_e", *binary}
    assert set(fn.reducer_names()) == {*REDUCERS, "prod", "std", "var", "logsumexp"}
    assert all(callable(getattr(fn, name)) for name in (*fn.message_names(), *fn.reducer_names()))


def test_a_builtin_shows_its_name_and_its_fields() -> None:
    shown = [fn.copy_u("h", "m"), fn.u_mul_e("h", "w", "m"), fn.sum("m", "y"), fn.REDUCERS["max"]]
    assert list(map(repr, shown)) == [
        "copy_u('h', 'm')",
        "u_mul_e('h', 'w', 'm')",
        "sum('m', 'y')",
        "Reducer('max')",
    ]
    assert repr(fn.BINARY_OPS["add"]) == "BinaryOp('add')"
    assert repr(fn.copy_u) == "<builtin copy_u(u, out)>"
    assert repr(fn.mean) == "<builtin mean(msg, out)>"


def test_a_builtins_name_can_be_pickled_and_has_a_signature() -> None:
    for builder in (fn.copy_e, fn.u_dot_v, fn.sum):
        assert pickle.loads(pickle.dumps(builder)) is builder
        assert copy.deepcopy(builder) is builder
    assert list(inspect.signature(fn.u_dot_v).parameters) == ["lhs_field", "rhs_field", "out"]
    with pytest.raises(TypeError, match=r"copy_u\(\) missing 2 required"):
        fn.copy_u()  # type: ignore[call-arg]


COPY_U: Any = fn.copy_u  # not called, which types forbid
COPY_E: Any = fn.copy_e
DOT: Any = fn.u_dot_v
SUM: Any = fn.sum
UNCALLED: dict[str, Callable[[gm.Graph], Any]] = {
    "messages": lambda g: g.update_all(COPY_U, fn.sum("m", "y")),
    "reducers": lambda g: g.update_all(fn.copy_u("x", "m"), SUM),
    "apply functions": lambda g: g.update_all(fn.copy_u("x", "m"), fn.sum("m", "y"), SUM),
    "pull": lambda g: g.pull(0, COPY_U, SUM),
    "push": lambda g: g.push(0, COPY_U, SUM),
    "send_and_recv": lambda g: g.send_and_recv([0], COPY_U, SUM),
    "prop_nodes": lambda g: g.prop_nodes([[0]], COPY_U, SUM),
    "prop_edges": lambda g: g.prop_edges([[0]], COPY_U, SUM),
    "multi_update_all": lambda g: g.multi_update_all({"_E": (COPY_U, SUM)}, "sum"),
    "cross reducers": lambda g: g.multi_update_all(
        {"_E": (fn.copy_u("x", "m"), fn.sum("m", "y"))}, SUM
    ),
    "apply_edges": lambda g: g.apply_edges(DOT),
    "apply_nodes": lambda g: g.apply_nodes(SUM),
    "filter_nodes": lambda g: g.filter_nodes(COPY_U),
    "filter_edges": lambda g: g.filter_edges(COPY_E),
}


@each("call", UNCALLED)
def test_a_builtin_that_was_not_called_is_an_error_that_shows_how(
    call: Callable[[gm.Graph], Any],
) -> None:
    g = gm.graph(([0, 1], [1, 1]))
    g.ndata["x"] = torch.ones(2)
    with unchanged(g), pytest.raises(gm.GraphTypeError, match=r'fields: fn\.copy_u\("h", "m"\)'):
        call(g)


def test_a_builtin_of_the_same_fields_is_built_once() -> None:
    assert fn.u_mul_e("h", "w", "m") is fn.u_mul_e("h", "w", "m")
    assert fn.mean("m", "h") is fn.mean("m", "h")
    assert fn.mean("m", "h") is not fn.mean("m", "y")


@pytest.mark.parametrize("name", [["h"], 1, None], ids=str)
def test_an_error_about_a_field_comes_alone(name: Any) -> None:
    with pytest.raises(gm.GraphTypeError, match=f"string, got {type(name).__name__}") as caught:
        fn.copy_u(name, "m")
    assert caught.value.__context__ is None


@pytest.mark.usefixtures("rows_are_taken_away")
def test_a_registered_builtin_is_replaced_under_all_its_names() -> None:
    g = gm.graph(([0, 1], [2, 2]))
    g.ndata["x"] = torch.tensor([3.0, 4.0, 0.0])
    fn.register_operator(fn.BinaryOp("blend", torch.add))
    fn.register_reducer(fn.Reducer("pick", formula=lambda m: m[:, 0]))
    build, reduce, operation = fn.u_blend_v, fn.pick, ops.u_blend_v_pick
    before = build("x", "x", "m")
    assert operation(g, g.ndata["x"], g.ndata["x"]).tolist() == [0, 0, 3]
    rows: list[tuple[Any, Any]] = [
        (fn.register_operator, fn.BinaryOp("blend", lambda u, v: u - v - 1)),
        (fn.register_reducer, fn.Reducer("pick", formula=lambda m: m[:, -1])),
    ]
    for register, row in rows:
        with pytest.raises(gm.GraphValueError, match="or pass replace=True"):
            register(row)
        assert register(row, replace=True) is row
    assert operation(g, g.ndata["x"], g.ndata["x"]).tolist() == [0, 0, 3]
    g.update_all(build("x", "x", "m"), reduce("m", "y"))
    assert g.ndata["y"].tolist() == [0, 0, 3]
    assert ops.gsddmm(g, "blend", g.ndata["x"], g.ndata["x"]).tolist() == [2, 3]
    g.apply_edges(before)
    assert g.edata["m"].tolist() == [3, 4]  # a builtin keeps the row that it was built with


@pytest.mark.parametrize("replace", [False, True])
def test_the_builtins_that_layers_use_cannot_be_replaced(replace: bool) -> None:
    with pytest.raises(gm.GraphValueError, match=r"'sum' already; choose another name\.$"):
        fn.register_reducer(fn.Reducer("sum", formula=lambda m: m.sum(1)), replace=replace)
    with pytest.raises(gm.GraphValueError, match=r"'mul' already; choose another name\.$"):
        fn.register_operator(fn.BinaryOp("mul", torch.add), replace=replace)


@pytest.mark.usefixtures("rows_are_taken_away")
def test_users_register_their_own_builtins() -> None:
    fn.register_operator(fn.BinaryOp("power", torch.pow))
    g = gm.graph(([0, 1], [1, 1]))
    g.ndata["x"], g.edata["w"] = torch.tensor([3.0, 2.0]), torch.tensor([2.0, 3.0])
    g.update_all(fn.u_power_e("x", "w", "m"), fn.sum("m", "y"))
    assert g.ndata["y"].tolist() == [0, 9 + 8]


@each_verb
def test_a_reducer_that_reads_another_message_is_an_error_before_anything_runs(
    verb: Verb,
) -> None:
    g = MIXED.graph()
    with pytest.raises(
        ValueError, match="sum: expected the message 'm' of copy_u, got 'n'"
    ) as caught:
        verb(g, fn.copy_u("no such field", "m"), fn.sum("n", "y"))
    assert isinstance(caught.value, gm.GraphError)
    assert not g.ndata


@pytest.mark.parametrize(
    ("left", "right", "shape"),
    [
        ((), (), ()),
        ((), (1,), (1,)),
        ((3,), (1,), (3,)),
        ((3,), (2, 1), (2, 3)),
        ((2, 1), (3,), (2, 3)),
        ((4, 1, 3), (2, 1), (4, 2, 3)),
    ],
)
@pytest.mark.usefixtures("backend")
def test_operands_broadcast_right_aligned_for_any_number_of_types(
    left: tuple[int, ...], right: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    g = two_relations()
    parts: list[Tensor] = []
    joint: list[int] = []
    for etype, corner in TWO_RELATIONS.items():
        u, e = corner.feature("u", left), corner.feature("e", right)
        g.nodes[etype[0]].data["x"], g.edges[etype].data["w"] = u, e
        g[etype].update_all(fn.u_add_e("x", "w", "m"), fn.sum("m", "one"))
        exact = dense.messages("u_add_e", corner.src, corner.dst, u.double(), e.double())
        assert_close(g.dstdata["one"], dense.reduce("sum", exact, corner.dst, 4))
        parts.append(exact)
        joint += corner.dst
    g.update_all(fn.u_add_e("x", "w", "m"), fn.sum("m", "both"))
    assert_close(g.dstdata["both"], dense.reduce("sum", torch.cat(parts), joint, 4))
    assert g.dstdata["one"].shape == g.dstdata["both"].shape == (4, *shape)


@pytest.mark.parametrize("shape", [(5,), (2, 5), (3, 2, 5)])
def test_dot_keeps_a_trailing_dimension_of_1(shape: tuple[int, ...]) -> None:
    g = MIXED.graph()
    g.ndata["x"], g.edata["w"] = MIXED.feature("u", shape), MIXED.feature("e", shape)
    g.apply_edges(fn.u_dot_e("x", "w", "y"))
    assert g.edata["y"].shape == (9, *shape[:-1], 1)
    product = g.ndata["x"].double()[list(MIXED.src)] * g.edata["w"].double()
    assert_close(g.edata["y"], product.sum(-1, keepdim=True))
    g.edata["w"] = g.edata["w"][..., :1]
    with pytest.raises(gm.GraphValueError, match="equal last dimensions"):
        g.apply_edges(fn.u_dot_e("x", "w", "y"))


NUMBERS = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int32, torch.int64)


@pytest.mark.parametrize("dtype", [*NUMBERS, torch.uint8, torch.bool], ids=str)
@pytest.mark.usefixtures("backend")
def test_every_dtype_supports_copy_add_mul_sum_max_and_min(
    dtype: torch.dtype,
) -> None:
    g = MIXED.graph()
    g.ndata["x"], g.edata["w"] = MIXED.feature("u", (2,), dtype), MIXED.feature("e", (2,), dtype)
    for message in (fn.copy_u("x", "m"), fn.u_add_e("x", "w", "m"), fn.u_mul_e("x", "w", "m")):
        g.apply_edges(message)
        assert g.edata["m"].dtype == dtype
        for reduce in (fn.max("m", "y"), fn.min("m", "y")):
            g.update_all(message, reduce)
            assert g.ndata["y"].dtype == dtype
        g.update_all(message, fn.sum("m", "y"))
        assert g.ndata["y"].dtype == (torch.int64 if dtype == torch.bool else dtype)
        wide = torch.float64 if dtype.is_floating_point else torch.int64
        expected = dense.reduce("sum", g.edata["m"].to(wide), MIXED.dst, 6)
        assert_close(g.ndata["y"], expected.to(g.ndata["y"].dtype))


@pytest.mark.usefixtures("backend")
def test_mixed_dtypes_promote_as_in_torch() -> None:
    g = MIXED.graph()
    for left in NUMBERS:
        for right in NUMBERS:
            g.ndata["x"], g.edata["w"] = MIXED.feature("u", (), left), MIXED.feature("e", (), right)
            g.update_all(fn.u_mul_e("x", "w", "m"), fn.sum("m", "y"))
            assert g.ndata["y"].dtype == torch.promote_types(left, right)


@pytest.mark.usefixtures("backend")
def test_half_precision_accumulates_in_float32_and_a_mean_divides_before_rounding() -> None:
    edges = 4096  # float16 counts to 2048, bfloat16 to 256
    g = gm.graph((torch.zeros(edges).long(), torch.ones(edges).long()))
    for dtype in (torch.float16, torch.bfloat16):
        g.ndata["x"] = torch.ones(2, dtype=dtype)
        g.update_all(fn.copy_u("x", "m"), fn.sum("m", "y"))
        assert g.ndata["y"].tolist() == [0, edges]
    g.ndata["x"] = torch.full((2,), 1000.0, dtype=torch.float16)  # the sum is beyond float16
    g.update_all(fn.copy_u("x", "m"), fn.mean("m", "y"))
    assert g.ndata["y"].tolist() == [0, 1000]


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_ids_are_int32_or_int64_for_the_whole_graph(idtype: torch.dtype) -> None:
    g = two_relations(idtype)
    for etype, corner in TWO_RELATIONS.items():
        u, v, eid = g.edges(form="all", etype=etype)
        ids = (u, v, eid, g.nodes(etype[0]), g.in_degrees(etype=etype), *g[etype].adjacency.csc)
        assert {tensor.dtype for tensor in ids} == {idtype}
        x = g.nodes[etype[0]].data["x"] = corner.feature("u", (2,))
        g[etype].update_all(fn.copy_u("x", "m"), fn.max("m", "y"))
        ends = (corner.src, corner.dst, corner.num_dst)
        assert_close(g.dstdata["y"], dense.update_all("copy_u", "max", *ends, x.double()))


def test_mixed_id_dtypes_are_an_error_that_names_both() -> None:
    ids = torch.tensor([0])
    with pytest.raises(gm.GraphTypeError, match=r"got torch\.int32 and torch\.int64"):
        gm.graph((ids, ids.int()))
    with pytest.raises(gm.GraphTypeError, match=r"got torch\.int32 and torch\.int64"):
        gm.heterograph({("a", "x", "a"): (ids, ids), ("a", "y", "a"): (ids.int(), ids.int())})
    with pytest.raises(gm.GraphTypeError, match="float32"):
        gm.graph((ids.float(), ids.float()))


@each_verb
@pytest.mark.parametrize("reducer", fn.reducer_names())
@pytest.mark.usefixtures("backend")
def test_in_degree_zero_gives_zero_and_zero_gradient_on_every_path(
    reducer: str, verb: Verb
) -> None:
    g, empty = ISOLATED.graph(), [0, 2, 4, 5]
    x, w = ISOLATED.feature("v", (2,)), ISOLATED.feature("e", (2,))
    x[empty] = 0  # such a node divides no message, so that it may be 0
    operands = (w.requires_grad_(), x.requires_grad_())
    g.edata["w"], g.ndata["x"] = operands
    verb(g, fn.e_div_v("w", "x", "m"), getattr(fn, reducer)("m", "y"))
    assert torch.equal(g.ndata["y"][empty], torch.zeros(4, 2))
    at_edges, at_nodes = torch.autograd.grad(g.ndata["y"].sum(), operands, retain_graph=True)
    assert at_edges.isfinite().all()
    assert torch.equal(at_nodes[empty], torch.zeros(4, 2))
    for gradient in torch.autograd.grad(g.ndata["y"][empty].sum(), operands):
        assert torch.equal(gradient, torch.zeros_like(gradient))


@each_verb
@pytest.mark.parametrize("value", [torch.inf, -torch.inf])
@pytest.mark.usefixtures("backend")
def test_a_genuine_infinity_survives_a_builtin(value: float, verb: Verb) -> None:
    g, empty = ISOLATED.graph(), [0, 2, 4, 5]
    g.ndata["x"] = torch.full((6, 2), value)
    for reducer in REDUCERS:
        verb(g, fn.copy_u("x", "m"), getattr(fn, reducer)("m", reducer))
        assert (g.ndata[reducer][[1, 3]] == value).all()
        assert torch.equal(g.ndata[reducer][empty], torch.zeros(4, 2))


@pytest.mark.parametrize("value", [torch.inf, -torch.inf])
@pytest.mark.usefixtures("backend")
def test_a_genuine_infinity_in_one_of_several_relations_survives(value: float) -> None:
    g = two_relations()
    g.srcdata["x"] = {"a": torch.full((2,), value), "b": torch.ones(3)}
    for reducer in REDUCERS:
        g.update_all(fn.copy_u("x", "m"), getattr(fn, reducer)("m", reducer))
    largest, smallest = (1, value) if value < 0 else (value, 1)
    assert g.dstdata["sum"].tolist() == [value, value, 2, 0]
    assert g.dstdata["mean"].tolist() == [value, value, 1, 0]
    assert g.dstdata["max"].tolist() == [value, largest, 1, 0]
    assert g.dstdata["min"].tolist() == [value, smallest, 1, 0]


@pytest.mark.parametrize("reducer", ["max", "min"])
@pytest.mark.usefixtures("backend")
def test_max_and_min_propagate_nan_as_in_torch(reducer: str) -> None:
    inbox = torch.tensor([[1.0, torch.nan], [torch.nan, torch.inf], [torch.inf, 2.0], [0.0, -1.0]])
    expected = inbox.amax(0) if reducer == "max" else inbox.amin(0)
    g = gm.graph(([0, 1, 2, 3], [3, 3, 3, 3]))
    g.ndata["x"] = inbox
    g.update_all(fn.copy_u("x", "m"), getattr(fn, reducer)("m", "y"))
    assert_close(g.ndata["y"][3], expected)
    assert expected.isnan().all()


@pytest.mark.parametrize("reducer", ["max", "min"])
@pytest.mark.parametrize("value", [2.0, torch.inf, torch.nan])
@pytest.mark.usefixtures("backend")
def test_the_gradient_of_max_goes_to_the_first_of_equal_messages(
    value: float, reducer: str
) -> None:
    g = PARALLEL.graph()  # edges 0, 1, 3 and 4 enter node 1; edge 2 node 0; edge 5 node 2
    w = torch.full((6, 2), value, requires_grad=True)
    g.edata["w"] = w
    g.update_all(fn.copy_e("w", "m"), getattr(fn, reducer)("m", "y"))
    (gradient,) = torch.autograd.grad(g.ndata["y"].sum(), w)
    assert gradient[:, 0].tolist() == gradient[:, 1].tolist() == [1, 0, 1, 0, 0, 1]


@pytest.mark.parametrize("reducer", ["max", "min"])
@pytest.mark.usefixtures("backend")
def test_the_gradient_of_max_goes_to_the_first_relation_among_equals(reducer: str) -> None:
    g = two_relations()
    w = [torch.ones(3, requires_grad=True) for _ in TWO_RELATIONS]
    g.edata["w"] = dict(zip(TWO_RELATIONS, w, strict=True))
    g.update_all(fn.copy_e("w", "m"), getattr(fn, reducer)("m", "y"))
    gradients = torch.autograd.grad(g.dstdata["y"].sum(), w)
    assert [gradient.tolist() for gradient in gradients] == [[1, 1, 0], [0, 1, 0]]


@pytest.mark.usefixtures("backend")
def test_mean_counts_parallel_edges_separately() -> None:
    g = gm.graph(([0, 0, 0, 1], [2, 2, 2, 2]))
    g.ndata["x"] = torch.tensor([1.0, 5.0, 0.0])
    g.update_all(fn.copy_u("x", "m"), fn.mean("m", "y"))
    assert g.ndata["y"].tolist() == [0, 0, (3 * 1 + 5) / 4]


@pytest.mark.usefixtures("backend")
def test_mean_over_several_relations_counts_all_messages() -> None:
    g = two_relations()
    parts = []
    for etype, corner in TWO_RELATIONS.items():
        x = g.nodes[etype[0]].data["x"] = corner.feature("u", (2,))
        parts.append(dense.messages("copy_u", corner.src, corner.dst, x.double()))
    g.update_all(fn.copy_u("x", "m"), fn.mean("m", "y"))
    joint = [node for corner in TWO_RELATIONS.values() for node in corner.dst]
    assert_close(g.dstdata["y"], dense.reduce("mean", torch.cat(parts), joint, 4))


@pytest.mark.parametrize("reducer", ["sum", "mean"])
@pytest.mark.parametrize("message", [name for name in fn.message_names() if "copy" not in name])
@pytest.mark.usefixtures("backend")
def test_second_derivatives_of_binary_messages(message: str, reducer: str) -> None:
    g = PARALLEL.graph()
    operands = [PARALLEL.feature(message[i], (2,), torch.float64) for i in (0, -1)]

    def passed(*tensors: Tensor) -> Tensor:
        with g.local_scope():
            for name, end, tensor in zip(
                ("x", "y"), message[0] + message[-1], tensors, strict=True
            ):
                (g.edata if end == "e" else g.ndata)[name] = tensor
            g.update_all(getattr(fn, message)("x", "y", "m"), getattr(fn, reducer)("m", "z"))
            reduced: Tensor = g.ndata["z"]
            return reduced

    assert gradgradcheck(passed, [tensor.requires_grad_() for tensor in operands])


@pytest.mark.usefixtures("backend")
def test_second_derivatives_of_edge_softmax() -> None:
    g, logits = PARALLEL.graph(), PARALLEL.feature("e", (2,), torch.float64).requires_grad_()
    assert gradgradcheck(lambda z: ops.edge_softmax(g, z), [logits])
    assert_same_with_gradients(
        lambda z: ops.edge_softmax(g, z), lambda z: dense.edge_softmax(z, PARALLEL.dst, 3), logits
    )
