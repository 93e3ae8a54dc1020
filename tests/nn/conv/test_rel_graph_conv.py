"""``TypedLinear`` and ``RelGraphConv``, which is made of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import Formula, Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import Corner, each_corner
from support.laws import assert_close, assert_same_with_gradients
from torch import Tensor
from torch.func import functional_call

import graphmp as gm
from graphmp.nn import RelGraphConv, TypedLinear

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
KINDS = [(None, None), ("basis", 2), ("bdd", 2)]
IN, OUT, TYPES = 4, 6, 3
each_kind = pytest.mark.parametrize(("kind", "bases"), KINDS, ids=str)


def matrices(p: Parameters, kind: str | None, prefix: str = "") -> list[Tensor]:
    """The matrix (in, out) of each type, written out."""
    weight = p[f"{prefix}W"]
    if kind is None:
        return list(weight)
    if kind == "basis":
        return list(torch.einsum("tb,bio->tio", p[f"{prefix}coeff"], weight))
    blocks = weight.view(len(weight), 2, IN // 2, OUT // 2)
    empty = torch.zeros_like(blocks[:, 0])
    rows = [torch.cat([blocks[:, 0], empty], 2), torch.cat([empty, blocks[:, 1]], 2)]
    return list(torch.cat(rows, 1))


@each_kind
@pytest.mark.parametrize(
    "types", [[], [2], [0, 2, 1, 1, 0, 2, 2], [1, 1, 1]], ids=["none", "one", "mixed", "alike"]
)
def test_typed_linear_agrees_with_a_matrix_for_each_row(
    kind: str | None, bases: int | None, types: list[int]
) -> None:
    layer = drawn(TypedLinear(IN, OUT, TYPES, kind, bases))
    x = torch.randn(len(types), IN).double()
    learnt = {name: p.detach() for name, p in layer.named_parameters()}
    for order in (types, sorted(types)):
        ids, is_sorted = torch.tensor(order, dtype=torch.int64), order == sorted(order)

        def actual(x: Tensor, *parameters: Tensor, ids: Tensor = ids, s: bool = is_sorted) -> Any:
            given = dict(zip(learnt, parameters, strict=True))
            return functional_call(layer, given, (x, ids), {"sorted_by_type": s})

        def expected(x: Tensor, *parameters: Tensor, order: list[int] = order) -> Tensor:
            each = matrices(dict(zip(learnt, parameters, strict=True)), kind)
            rows = [row @ each[t] for row, t in zip(x, order, strict=True)]
            return torch.stack(rows) if rows else x.new_zeros(0, OUT)

        assert_same_with_gradients(actual, expected, x, *learnt.values())


def test_typed_linear_takes_ids_of_either_type() -> None:
    layer, x, types = TypedLinear(IN, OUT, TYPES), torch.randn(4, IN), torch.tensor([2, 0, 1, 0])
    assert_close(layer(x, types.int()), layer(x, types))
    assert_close(layer(x, types.tolist()), layer(x, types))


@pytest.mark.parametrize(
    ("x", "types", "error", "message"),
    [
        (torch.ones(2, 3), [0, 1], gm.GraphValueError, r"\(N, 4\), got a shape of \(2, 3\)"),
        (torch.ones(2, IN), [0], gm.GraphValueError, "expected 1 rows"),
        (torch.ones(2, IN), [0, 3], gm.GraphIndexError, "from 0 to 2, got 3"),
        (torch.ones(2, IN), torch.tensor([0.5, 1.0]), gm.GraphTypeError, "got .*float32"),
    ],
    ids=["size", "rows", "range", "floats"],
)
def test_typed_linear_refuses_wrong_rows(x: Tensor, types: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        TypedLinear(IN, OUT, TYPES)(x, types)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("base", 2), "None, 'basis' or 'bdd', got 'base'"),
        (("basis", None), "num_bases: expected at least 1 .* got None"),
        (("bdd", 3), r"got 3, which does not divide \(4, 6\)"),
    ],
    ids=str,
)
def test_wrong_regularizers_are_refused(options: tuple[Any, Any], message: str) -> None:
    with pytest.raises(gm.GraphValueError, match=message):
        TypedLinear(IN, OUT, TYPES, *options)


def formula_of(corner: Corner, kind: str | None) -> Formula:
    """A message for each edge by the matrix of its type."""
    leaves, enters = ends_of(corner)

    def formula(
        p: Parameters,
        source: Tensor,
        own: Tensor,
        _: None,
        etypes: Tensor,
        norm: Tensor | None = None,
    ) -> Tensor:
        each = torch.stack(matrices(p, kind, "linear_r."))[etypes]
        messages = torch.einsum("ei,eio->eo", leaves @ source, each)
        out = enters.T @ (messages if norm is None else messages * norm.view(-1, 1))
        return (out + p["h_bias"] + own @ p["loop_weight"]).tanh()

    return formula


@each_kind
@each_corner
def test_it_agrees_with_the_dense_formula(
    corner: Corner, kind: str | None, bases: int | None
) -> None:
    layer = drawn(RelGraphConv(IN, OUT, TYPES, kind, bases, activation=torch.tanh))
    types = corner.feature("e", (), torch.int64) - 1
    inputs, formula = features(corner, (IN, IN)), formula_of(corner, kind)
    assert_agrees(layer, formula, corner.graph(), inputs, etypes=types)
    for shape in ((), (1,)):
        norm = corner.feature("e", shape, torch.float64)
        assert_agrees(layer, formula, corner.graph(), inputs, etypes=types, norm=norm)


@pytest.mark.parametrize("edges", [0, 3, 30])
def test_bases_give_the_same_by_sums_at_nodes_and_by_messages_at_edges(edges: int) -> None:
    g = gm.rand_graph(6, edges)
    layer = RelGraphConv(IN, OUT, TYPES, "basis", 2)
    whole = RelGraphConv(IN, OUT, TYPES)
    whole.load_state_dict({**layer.state_dict(), "linear_r.W": layer.linear_r.get_weight()}, False)
    x, types = torch.randn(6, IN), torch.randint(TYPES, (edges,))
    assert layer._sums_by_base(g.adjacency) == (edges == 30)
    assert_close(layer(g, x, types), whole(g, x, types))


@each_kind
def test_sorted_edges_need_not_be_moved(kind: str | None, bases: int | None) -> None:
    layer, x = RelGraphConv(IN, OUT, TYPES, kind, bases), torch.randn(3, IN)
    types = torch.tensor([0, 0, 1, 2])
    assert_close(layer(RING, x, types, presorted=True), layer(RING, x, types))


def test_the_sum_is_normalised_before_the_bias_and_the_loop() -> None:
    layer, x = RelGraphConv(IN, OUT, TYPES, layer_norm=True), torch.randn(3, IN)
    out = layer(RING, x, torch.tensor([0, 1, 2, 0])) - x @ layer.loop_weight
    assert_close(out.mean(1), torch.zeros(3))


def test_dropout_comes_last_and_in_training_alone() -> None:
    layer = RelGraphConv(IN, 400, TYPES, dropout=0.5, activation=lambda h: h * 0 + 1)
    types = torch.tensor([0, 1, 2, 0])
    assert set(layer(RING, torch.ones(3, IN), types).unique().tolist()) == {0.0, 2.0}
    assert bool((layer.eval()(RING, torch.ones(3, IN), types) == 1).all())


def test_bases_are_as_many_as_relations_unless_given() -> None:
    assert RelGraphConv(IN, OUT, TYPES, "basis").linear_r.num_bases == TYPES


def test_wrong_types_of_edges_are_refused() -> None:
    layer, x = RelGraphConv(IN, OUT, TYPES), torch.ones(3, IN)
    with pytest.raises(gm.GraphIndexError, match="etypes: expected ids from 0 to 2, got 5"):
        layer(RING, x, torch.tensor([0, 1, 5, 0]))
    with pytest.raises(gm.GraphValueError, match="'norm': expected 4 rows"):
        layer(RING, x, torch.tensor([0, 1, 2, 0]), torch.ones(3))
