"""Softmax of edge values over the edges that meet at a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support import dense
from support.corner_graphs import (
    BIPARTITE,
    FLOATS,
    MIXED,
    SHAPES,
    TWO_RELATIONS,
    Corner,
    each_corner,
    strided,
    two_relations,
)
from support.laws import assert_close, assert_same_with_gradients
from torch import Tensor

import graphmp as gm
from graphmp import ops


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@each_corner
@pytest.mark.usefixtures("backend")
def test_over_the_edges_that_enter_or_leave_a_node(corner: Corner, shape: tuple[int, ...]) -> None:
    graph, logits = corner.graph(), corner.feature("e", shape)
    for norm_by, ends in (("dst", corner.dst), ("src", corner.src)):
        nodes = corner.num_dst if norm_by == "dst" else corner.num_src
        assert_same_with_gradients(
            lambda z, norm_by=norm_by: ops.edge_softmax(graph, z, norm_by=norm_by),
            lambda z, ends=ends, nodes=nodes: dense.edge_softmax(z, ends, nodes),
            strided(logits),
        )


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.usefixtures("backend")
def test_every_floating_point_dtype(dtype: torch.dtype) -> None:
    graph = MIXED.graph()
    assert_same_with_gradients(
        lambda z: ops.edge_softmax(graph, z),
        lambda z: dense.edge_softmax(z, MIXED.dst, MIXED.num_dst),
        MIXED.feature("e", (3,), dtype) * 4,
    )


SUBSETS: dict[str, Callable[[list[int]], Any]] = {
    "list": list,
    "tensor": torch.tensor,
    "array": lambda eids: torch.tensor(eids).numpy(),
    "whole floats": lambda eids: torch.tensor(eids).float(),
}


@pytest.mark.parametrize("norm_by", ["dst", "src"])
@pytest.mark.parametrize("kind", SUBSETS)
@pytest.mark.usefixtures("backend")
def test_over_a_subset_of_the_edges_in_the_order_given(kind: str, norm_by: str) -> None:
    eids = [8, 1, 0, 4]
    ends = [(MIXED.dst if norm_by == "dst" else MIXED.src)[eid] for eid in eids]
    graph, chosen = MIXED.graph(), SUBSETS[kind](eids)
    assert_same_with_gradients(
        lambda z: ops.edge_softmax(graph, z, chosen, norm_by),
        lambda z: dense.edge_softmax(z, ends, 6),
        MIXED.feature("e", (3,))[: len(eids)],
    )


def test_over_the_edges_of_a_mask() -> None:
    graph, mask = MIXED.graph(), torch.arange(9) % 2 == 0
    logits = MIXED.feature("e", (3,))[mask]
    ids = mask.nonzero().view(-1)
    assert torch.equal(ops.edge_softmax(graph, logits, mask), ops.edge_softmax(graph, logits, ids))


def test_over_no_edges() -> None:
    assert ops.edge_softmax(MIXED.graph(), torch.ones(0, 2), []).shape == (0, 2)


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
@pytest.mark.usefixtures("backend")
def test_jointly_over_all_relations_that_enter_a_node(idtype: torch.dtype) -> None:
    graph, etypes = two_relations(idtype), list(TWO_RELATIONS)
    joint = [node for corner in TWO_RELATIONS.values() for node in corner.dst]

    def by_type(*logits: Tensor) -> Tensor:
        out = ops.edge_softmax(graph, dict(zip(etypes, logits, strict=True)))
        assert list(out) == etypes
        return torch.cat(list(out.values()))

    assert_same_with_gradients(
        by_type,
        lambda *logits: dense.edge_softmax(torch.cat(logits), joint, 4),
        *(corner.feature("e", (2,)) for corner in TWO_RELATIONS.values()),
    )


@pytest.mark.usefixtures("backend")
def test_relations_that_share_no_end_are_normalised_apart() -> None:
    graph = two_relations()
    logits = {etype: corner.feature("e", (2,)) for etype, corner in TWO_RELATIONS.items()}
    out = ops.edge_softmax(graph, logits, norm_by="src")
    for etype, corner in TWO_RELATIONS.items():
        expected = dense.edge_softmax(logits[etype].double(), corner.src, corner.num_src)
        assert_close(out[etype], expected)


@pytest.mark.usefixtures("backend")
def test_a_dict_may_name_some_of_the_relations() -> None:
    (etype, corner), _ = TWO_RELATIONS.items()
    logits = corner.feature("e", (2,))
    out = ops.edge_softmax(two_relations(), {etype: logits})
    assert list(out) == [etype]
    assert_close(out[etype], dense.edge_softmax(logits.double(), corner.dst, corner.num_dst))


@pytest.mark.usefixtures("backend")
def test_large_logits_of_several_relations_do_not_overflow() -> None:
    (first, one), (second, two) = TWO_RELATIONS.items()
    logits = {first: one.feature("e") * 1e4, second: two.feature("e") * 1e4}
    out = ops.edge_softmax(two_relations(), logits)
    joint = torch.cat([value.double() for value in logits.values()])
    expected = dense.edge_softmax(joint, [*one.dst, *two.dst], 4)
    assert_close(torch.cat(list(out.values())), expected)


@pytest.mark.parametrize("norm_by", ["dst", "src"])
@pytest.mark.usefixtures("backend")
def test_halves_are_added_up_in_float32(norm_by: str) -> None:
    many, one = torch.arange(70_000), torch.zeros(70_000).long()  # beyond the largest float16
    ends = (many, one) if norm_by == "dst" else (one, many)
    graph = gm.heterograph({("n", name, "n"): ends for name in ("one", "two")})
    logits = {etype: torch.zeros(70_000, dtype=torch.float16) for etype in graph.canonical_etypes}
    for weights in ops.edge_softmax(graph, logits, norm_by=norm_by).values():
        assert torch.equal(weights, torch.full_like(weights, 1 / 140_000))


def wrong(logits: Any, *arguments: Any) -> Callable[[], Any]:
    return lambda: ops.edge_softmax(BIPARTITE.graph(), logits, *arguments)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (wrong(torch.ones(4)), ValueError, "expected 5 rows, one for each of the edges, got 4"),
        (wrong([1.0]), TypeError, "expected a tensor, got list"),
        (
            wrong(torch.ones(5, dtype=torch.int64)),
            TypeError,
            "floating point, got torch.int64",
        ),
        (wrong(torch.ones(5), gm.ALL, "both"), ValueError, "'dst' or 'src', got 'both'"),
        (wrong(torch.ones(2), [0]), ValueError, "expected 1 rows"),
        (wrong(torch.ones(1), [5]), IndexError, "Edge ids: expected ids from 0 to 4, got 5"),
        (wrong(torch.ones(1), [0.5]), TypeError, "expected integers"),
        (wrong({("a", "to", "b"): torch.ones(5)}), KeyError, "expected edge types of the graph"),
        (
            wrong({("source", "to", "target"): torch.ones(5)}, [0]),
            ValueError,
            "eids: expected all",
        ),
    ],
)
def test_a_wrong_argument_is_an_error_that_says_what_is_wanted(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, gm.GraphError)


def test_relations_into_one_type_need_logits_of_one_shape() -> None:
    first, second = TWO_RELATIONS
    with pytest.raises(gm.GraphValueError, match=r"one feature shape .* got \(2,\), \(3,\)"):
        ops.edge_softmax(two_relations(), {first: torch.ones(3, 2), second: torch.ones(3, 3)})
