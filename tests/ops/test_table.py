"""Every row of the table: message × reducer, forward and every gradient, against loops."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from support import dense
from support.corner_graphs import MIXED, Corner, each_corner, strided
from support.laws import assert_same_bits, assert_same_with_gradients
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import ops

MESSAGES = fn.message_names()
REDUCERS = fn.reducer_names()
each_message = pytest.mark.parametrize("message", MESSAGES)
each_reducer = pytest.mark.parametrize("reducer", REDUCERS)


def targets(message: str) -> str:
    """The ends of the operands: ``"ue"`` for ``u_mul_e``, ``"u"`` for ``copy_u``."""
    return message[-1] if message.startswith("copy") else message[0] + message[-1]


def operands(corner: Corner, message: str, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Features for a message; that of the second operand broadcasts."""
    shapes = ((2, 3), (1, 3))
    ends = targets(message)
    return [corner.feature(*one, dtype) for one in zip(ends, shapes[: len(ends)], strict=True)]


def assert_is_the_loop(corner: Corner, message: str, reducer: str, inputs: list[Tensor]) -> None:
    """The operation equals loops over the edges, and so do its gradients."""
    graph = corner.graph()
    ends = (corner.src, corner.dst, corner.num_dst)
    assert_same_with_gradients(
        lambda *x: getattr(ops, f"{message}_{reducer}")(graph, *x),
        lambda *x: dense.update_all(message, reducer, *ends, *x),
        *inputs,
    )


def test_the_table_has_33_messages_and_8_reducers() -> None:
    assert len(MESSAGES) == len(set(MESSAGES)) == 33
    assert REDUCERS == ["sum", "mean", "max", "min", "prod", "var", "std", "logsumexp"]


@each_reducer
@each_message
@pytest.mark.usefixtures("backend")
def test_every_message_and_reducer(message: str, reducer: str) -> None:
    assert_is_the_loop(MIXED, message, reducer, operands(MIXED, message))


@each_message
@pytest.mark.usefixtures("backend")
def test_every_message_kept_at_the_edges(message: str) -> None:
    graph = MIXED.graph()
    assert_same_with_gradients(
        lambda *x: getattr(ops, message)(graph, *x),
        lambda *x: dense.messages(message, MIXED.src, MIXED.dst, *x),
        *operands(MIXED, message),
    )


@each_reducer
@each_corner
@pytest.mark.usefixtures("backend")
def test_every_reducer_on_every_corner_graph(corner: Corner, reducer: str) -> None:
    if reducer == "prod" and len(corner.src) > 100:
        inputs = [operand.abs().clamp(0.9, 1.1) for operand in operands(corner, "u_mul_e")]
    else:
        inputs = operands(corner, "u_mul_e")
    assert_is_the_loop(corner, "u_mul_e", reducer, inputs)


@each_corner
@pytest.mark.parametrize("message", ["copy_u", "copy_v", "copy_e", "u_add_v", "e_sub_v", "v_div_u"])
@pytest.mark.usefixtures("backend")
def test_every_end_on_every_corner_graph(corner: Corner, message: str) -> None:
    for reducer in ("sum", "max"):
        assert_is_the_loop(corner, message, reducer, operands(corner, message))


@each_reducer
@each_message
def test_update_all_gives_what_the_operation_gives(message: str, reducer: str) -> None:
    graph = MIXED.graph()
    inputs = operands(MIXED, message)
    fields = ["left", "right"][: len(inputs)]
    for field, target, value in zip(fields, targets(message), inputs, strict=True):
        (graph.edata if target == "e" else graph.ndata)[field] = value
    graph.update_all(getattr(fn, message)(*fields, "m"), getattr(fn, reducer)("m", "out"))
    assert_same_bits(graph.ndata["out"], getattr(ops, f"{message}_{reducer}")(graph, *inputs))


@each_message
def test_apply_edges_gives_what_the_operation_gives(message: str) -> None:
    graph = MIXED.graph()
    inputs = operands(MIXED, message)
    fields = ["left", "right"][: len(inputs)]
    for field, target, value in zip(fields, targets(message), inputs, strict=True):
        (graph.edata if target == "e" else graph.ndata)[field] = value
    graph.apply_edges(getattr(fn, message)(*fields, "out"))
    assert_same_bits(graph.edata["out"], getattr(ops, message)(graph, *inputs))


VIEWS = {"transposed": lambda out: out.transpose(0, -1), "expanded": lambda out: out.sum()}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("message", ["copy_u", "u_mul_e", "u_div_v", "e_dot_v"])
@pytest.mark.usefixtures("backend")
def test_features_ids_and_upstream_gradients_need_not_be_contiguous(
    message: str, view: Callable[[Tensor], Tensor]
) -> None:
    ends = (strided(torch.tensor(MIXED.src)), strided(torch.tensor(MIXED.dst)))
    graph = gm.graph(ends, num_nodes=MIXED.num_dst)
    inputs = [strided(operand) for operand in operands(MIXED, message)]
    for reducer in ("sum", "max", "std"):
        assert_same_with_gradients(
            lambda *x, reducer=reducer: view(getattr(ops, f"{message}_{reducer}")(graph, *x)),
            lambda *x, reducer=reducer: view(
                dense.update_all(message, reducer, MIXED.src, MIXED.dst, MIXED.num_dst, *x)
            ),
            *inputs,
        )


def test_every_operation_has_its_name_and_a_docstring() -> None:
    for message in MESSAGES:
        for name in (message, *(f"{message}_{reducer}" for reducer in REDUCERS)):
            operation = getattr(ops, name)
            assert name in dir(ops)
            assert operation.__name__ == name
            assert message in operation.__doc__


def test_a_builder_says_what_it_makes() -> None:
    words = {"add": "sum", "sub": "difference", "mul": "product", "div": "quotient"}
    for op, word in {**words, "dot": "dot product"}.items():
        summary = f"Message: {word} of the source node's and the edge's feature."
        assert getattr(fn, f"u_{op}_e").__doc__.startswith(summary)


def test_every_builder_has_its_name_and_makes_a_record_of_it() -> None:
    for message in MESSAGES:
        record = getattr(fn, message)(*["x"] * len(targets(message)), "m")
        assert message in dir(fn)
        assert getattr(fn, message).__name__ == record.name == message
        assert (record.lhs.target, record.out) == (targets(message)[0], "m")
    for reducer in REDUCERS:
        record = getattr(fn, reducer)("m", "out")
        assert getattr(fn, reducer).__name__ == record.name == reducer
        assert (record.msg, record.out) == ("m", "out")


@pytest.mark.parametrize("name", ["u_mul_u", "u_pow_v", "copy_x", "u_mul_e_median", "copy_u_"])
def test_what_is_not_in_the_table_does_not_exist(name: str) -> None:
    assert not hasattr(ops, name)
    assert not hasattr(fn, name)


@pytest.mark.parametrize("name", ["copy_u", "u_mul_e", "sum"])
def test_a_field_that_is_no_name_is_an_error(name: str) -> None:
    with pytest.raises(gm.GraphTypeError, match="expected the name of a field"):
        getattr(fn, name)(*[1] * (3 if name == "u_mul_e" else 2))
