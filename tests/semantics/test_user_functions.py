"""User-defined functions: what they get, in which order and in which buckets."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from support import laws
from support.corner_graphs import HUB, ISOLATED, MIXED, feature
from support.functions import (
    COPY,
    REDUCERS,
    SUM,
    Columns,
    copy_source,
    each_idtype,
    each_message,
    each_path,
    each_reduce,
    kinds,
    meeting,
    reduce_by,
    sample,
    sample_block,
    spy,
    sum_inbox,
    weigh_source,
)
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import EdgeBatch, Graph, NodeBatch

Functions = tuple[Any, Any, Any]
VERBS: dict[str, Callable[[Graph, Functions], None]] = {
    "update_all": lambda g, functions: g.update_all(*functions),
    "multi_update_all": lambda g, f: g.multi_update_all({"_E": f[:2]}, "sum", f[2]),
    "send_and_recv": lambda g, functions: g.send_and_recv(range(6), *functions),
    "pull": lambda g, functions: g.pull([1, 3, 4], *functions),
    "push": lambda g, functions: g.push([0, 1, 2, 3], *functions),
}
each_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
each_reducer = pytest.mark.parametrize("name", REDUCERS)


# ---- the order


@each_verb
def test_message_reduce_and_apply_run_in_this_order(verb: Any) -> None:
    seen: list[Any] = []
    verb(sample(), (spy(seen, copy_source), spy(seen, sum_inbox), spy(seen)))
    message, *reduce, apply = seen
    assert isinstance(message, EdgeBatch)
    assert [list(nodes.mailbox) for nodes in reduce] == [["m"], ["m"], ["m"]]
    assert not apply.mailbox
    assert "y" in apply.data


@each_path
def test_apply_sees_reduced_fields_and_the_destinations_own(message: Any, reduce: Any) -> None:
    g, seen = sample(), list[NodeBatch]()
    g.ndata["y"], g.ndata["own"] = torch.full((5,), -1.0), torch.arange(5.0)
    g.update_all(message, reduce, spy(seen))
    (nodes,) = seen
    assert nodes.data.keys() == {"x", "y", "own"}
    assert nodes.data["y"].tolist() == [0, 2, 0, 9, 4]
    assert nodes.data["own"] is g.ndata["own"]


def test_apply_in_pull_sees_only_the_pulled_nodes() -> None:
    seen: list[NodeBatch] = []
    sample().pull([3, 1], COPY, SUM, spy(seen))
    (nodes,) = seen
    assert nodes.nodes().tolist() == [1, 3]
    assert nodes.data["x"].tolist() == [2, 4]
    assert nodes.data["y"].tolist() == [2, 9]


def test_apply_on_a_block_sees_the_destinations() -> None:
    block = sample_block()
    block.update_all(COPY, SUM, lambda nodes: {"z": nodes.data["x"] + nodes.data["y"]})
    assert block.dstdata["z"].tolist() == [0, 5, -3]
    assert "z" not in block.srcdata


def test_apply_is_called_once_for_each_destination_type() -> None:
    edges = ([0], [0])
    g = gm.heterograph({("a", "1", "b"): edges, ("b", "2", "a"): edges, ("b", "3", "a"): edges})
    g.ndata["x"] = {"a": torch.ones(1), "b": torch.ones(1)}
    seen: list[NodeBatch] = []
    g.update_all(COPY, SUM, spy(seen))
    assert sorted(nodes.ntype for nodes in seen) == ["a", "b"]


def plus_one(nodes: gm.NodeBatch) -> dict[str, Tensor]:
    return {"z": nodes.data["y"] + 1}


def test_only_what_apply_returns_is_written() -> None:
    g = sample()
    g.update_all(COPY, SUM, plus_one)
    assert g.ndata["z"].tolist() == [1, 3, 1, 10, 5]
    assert "y" not in g.ndata


def test_apply_of_cross_reduced_fields_is_written_beside_them() -> None:
    g = sample()
    g.multi_update_all({"_E": (COPY, SUM)}, "sum", plus_one)
    assert g.ndata["y"].tolist() == [0, 2, 0, 9, 4]
    assert g.ndata["z"].tolist() == [1, 3, 1, 10, 5]


# ---- builtins and functions


@each_idtype
@each_reducer
@kinds(fn.u_mul_e("x", "w", "m"), weigh_source, "message")
@pytest.mark.parametrize("as_builtin", [True, False], ids=["builtin", "function"])
def test_builtins_and_functions_mix_in_both_directions(
    message: Any, as_builtin: bool, name: str, idtype: torch.dtype
) -> None:
    reduce = getattr(fn, name)("m", "y")
    mixed = (message, reduce if as_builtin else reduce_by(name))
    graphs = [MIXED.graph(idtype), sample_block(idtype), HUB.graph(idtype)]
    for g in graphs:
        g.srcdata["x"] = feature(g.num_src_nodes(), (3,))
        g.edata["w"] = feature(g.num_edges(), (3,))
        laws.a_function_is_the_builtin(mixed, (fn.u_mul_e("x", "w", "m"), reduce), g)


@each_path
def test_builtins_and_functions_mix_over_several_edge_types(message: Any, reduce: Any) -> None:
    g = meeting()
    g.update_all(message, reduce)
    assert g.nodes["t"].data["y"].tolist() == [1, 34, 30, 0]


def test_a_builtin_reducer_reads_one_field_of_a_message_function() -> None:
    g = sample()
    g.update_all(lambda edges: {"other": edges.dst["x"], "m": edges.src["x"]}, SUM)
    assert g.ndata["y"].tolist() == [0, 2, 0, 9, 4]


# ---- what a message function sees


def all_edges(g: Graph) -> EdgeBatch:
    """What ``apply_edges`` gives a function."""
    seen: list[EdgeBatch] = []
    g.apply_edges(spy(seen))
    return seen[0]


def test_edges_have_the_features_of_both_ends_and_their_own() -> None:
    edges = all_edges(sample())
    assert edges.src["x"].tolist() == [1, 3, 2, 1, 4, 4]
    assert edges.dst["x"].tolist() == [2, 4, 4, 2, 4, 5]
    assert edges.data["w"].tolist() == [1, 2, 3, 4, 5, 6]


def test_edges_of_a_block_read_each_end_from_its_own_frame() -> None:
    edges = all_edges(sample_block())
    assert edges.src["x"].tolist() == [4, 1, 2, 1]
    assert edges.dst["x"].tolist() == [-2, -1, -2, -2]


def test_edge_features_are_mappings() -> None:
    edges = all_edges(sample())
    assert all(isinstance(part, Mapping) for part in (edges.src, edges.dst, edges.data))
    assert (list(edges.src), list(edges.dst), list(edges.data)) == (["x"], ["x"], ["w"])


@pytest.mark.parametrize("part", ["src", "dst", "data"])
def test_a_field_missing_from_edges_is_a_key_error(part: str) -> None:
    edges = all_edges(sample())
    with pytest.raises(KeyError, match="'missing'"):
        getattr(edges, part)["missing"]


def test_writing_to_edge_features_leaves_the_graph_unchanged() -> None:
    g = sample()

    def message(edges: EdgeBatch) -> Columns:
        edges.data["written"] = edges.src["written"] = edges.data["w"]  # type: ignore[index]
        return {"m": edges.data["w"]}

    g.update_all(message, SUM)
    assert list(g.edata) == ["w"]
    assert list(g.ndata) == ["x", "y"]


@each_idtype
@pytest.mark.parametrize(
    ("call", "eids"),
    [
        (lambda g, message: g.update_all(message, SUM), [0, 1, 2, 3, 4, 5]),
        (lambda g, message: g.pull([3, 1], message, SUM), [0, 1, 2, 3, 4]),
        (lambda g, message: g.push([0, 2], message, SUM), [0, 1, 3]),
        (lambda g, message: g.send_and_recv([5, 2], message, SUM), [2, 5]),
        (lambda g, message: g.apply_edges(message, [5, 2]), [5, 2]),
        (lambda g, message: g.filter_edges(lambda e: message(e)["m"] > 0, [5, 2]), [5, 2]),
    ],
    ids=["update_all", "pull", "push", "send_and_recv", "apply_edges", "filter_edges"],
)
def test_edges_have_the_ids_of_the_graph(call: Any, eids: list[int], idtype: torch.dtype) -> None:
    g, seen = sample(idtype), list[EdgeBatch]()
    call(g, spy(seen, copy_source))
    (edges,) = seen
    ids = torch.tensor(eids, dtype=idtype)
    for came, expected in zip(edges.edges(), (*g.find_edges(ids), ids), strict=True):
        assert came.dtype == idtype
        assert torch.equal(came, expected)
    assert edges.batch_size() == len(edges) == len(eids)
    assert torch.equal(edges.src["x"], g.ndata["x"][edges.edges()[0].long()])
    assert torch.equal(edges.dst["x"], g.ndata["x"][edges.edges()[1].long()])
    assert torch.equal(edges.data["w"], g.edata["w"][eids])


def test_a_message_function_is_called_once_for_each_edge_type() -> None:
    seen: list[EdgeBatch] = []
    meeting().update_all(spy(seen, copy_source), SUM)
    assert [edges.canonical_etype for edges in seen] == [("a", "first", "t"), ("b", "second", "t")]
    assert [edges.src["x"].tolist() for edges in seen] == [[1, 2, 2], [30, 10, 20]]


# ---- what a reduce function sees


def mailboxes(g: Graph, message: Any = COPY) -> list[NodeBatch]:
    """The batches that ``update_all`` gives a reduce function."""
    seen: list[NodeBatch] = []
    g.update_all(message, spy(seen))
    return seen


@each_idtype
def test_nodes_have_their_features_ids_and_type(idtype: torch.dtype) -> None:
    batches = mailboxes(sample(idtype))
    assert [batch.nodes().tolist() for batch in batches] == [[4], [1], [3]]
    assert [batch.data["x"].tolist() for batch in batches] == [[5], [2], [4]]
    assert {batch.nodes().dtype for batch in batches} == {idtype}
    assert {(batch.batch_size(), len(batch), batch.ntype) for batch in batches} == {(1, 1, "_N")}
    with pytest.raises(KeyError, match="'missing'"):
        batches[0].data["missing"]


@each_message
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,)], ids=str)
def test_a_mailbox_has_shape_nodes_by_degree_by_feature(
    shape: tuple[int, ...], message: Any
) -> None:
    g = ISOLATED.graph()
    g.ndata["x"] = feature(6, shape)
    (batch,) = mailboxes(g, message)
    assert batch.nodes().tolist() == [1, 3]
    assert batch.mailbox["m"].shape == (2, 2, *shape)
    expected = g.ndata["x"][torch.tensor([[3, 1], [0, 4]])]
    assert torch.equal(batch.mailbox["m"], expected)


@each_idtype
def test_buckets_are_the_distinct_nonzero_in_degrees_ascending(idtype: torch.dtype) -> None:
    degrees = torch.tensor([3, 0, 1, 3, 7, 1, 0, 1])
    dst = torch.repeat_interleave(torch.arange(8), degrees).flip(0)
    g = gm.graph((torch.zeros_like(dst), dst), num_nodes=8, idtype=idtype)
    g.ndata["x"] = torch.ones(8)
    seen = [(batch.mailbox["m"].shape, batch.nodes().tolist()) for batch in mailboxes(g)]
    assert seen == [((3, 1), [2, 5, 7]), ((2, 3), [0, 3]), ((1, 7), [4])]


def test_a_mailbox_holds_messages_in_ascending_edge_id() -> None:
    batches = mailboxes(sample(), lambda edges: {"eid": edges.edges()[2]})
    assert [batch.mailbox["eid"].tolist() for batch in batches] == [[[5]], [[0, 3]], [[1, 2, 4]]]


@each_message
@each_idtype
def test_several_edge_types_share_buckets_in_the_order_of_type_ids(
    message: Any, idtype: torch.dtype
) -> None:
    batches = mailboxes(meeting(idtype), message)
    assert [batch.nodes().tolist() for batch in batches] == [[0], [2], [1]]
    assert [batch.mailbox["m"].tolist() for batch in batches] == [[[1]], [[10, 20]], [[2, 2, 30]]]
    assert {batch.ntype for batch in batches} == {"t"}


def test_a_hub_has_a_bucket_of_its_own() -> None:
    g = HUB.graph()
    g.ndata["x"] = torch.ones(4)
    assert [batch.mailbox["m"].shape for batch in mailboxes(g)] == [(1, 1), (1, 1000)]


# ---- nodes without messages


def minus_one(shape: tuple[int, ...], dtype: torch.dtype, ctx: torch.device, _: slice) -> Tensor:
    """An initializer."""
    return torch.full(shape, -1, dtype=dtype, device=ctx)


@each_message
def test_a_reduce_function_is_not_called_for_in_degree_0(message: Any) -> None:
    assert {len(batch.mailbox["m"][0]) for batch in mailboxes(sample(), message)} == {1, 2, 3}


@each_message
@pytest.mark.parametrize(("field", "blank"), [(None, -1), ("y", -1), ("other", 0)])
def test_nodes_without_messages_take_the_initializer(
    message: Any, field: str | None, blank: int
) -> None:
    g = sample()
    g.set_n_initializer(minus_one, field)
    g.update_all(message, sum_inbox)
    assert g.ndata["y"].tolist() == [blank, 2, blank, 9, 4]


def test_nodes_without_messages_take_the_initializer_in_blocks_typed_graphs_and_pull() -> None:
    block, typed, pulled = sample_block(), meeting(), sample()
    block.set_n_initializer(minus_one)
    block.update_all(COPY, sum_inbox)
    assert block.dstdata["y"].tolist() == [1, 7, -1]
    typed.set_n_initializer(minus_one, ntype="t")
    typed.update_all(COPY, sum_inbox)
    assert typed.nodes["t"].data["y"].tolist() == [1, 34, 30, -1]
    pulled.ndata["y"] = torch.full((5,), 7.0)
    pulled.set_n_initializer(minus_one)
    pulled.pull([0, 1], COPY, sum_inbox)
    assert pulled.ndata["y"].tolist() == [-1, 2, 7, 7, 7]


@each_reduce
def test_apply_runs_on_nodes_without_messages(reduce: Any) -> None:
    g = sample()
    g.update_all(COPY, reduce, lambda nodes: {"y": nodes.data["y"] + nodes.data["x"]})
    assert g.ndata["y"].tolist() == [1, 4, 3, 13, 9]


def test_a_function_of_edges_finds_the_graph_of_the_call() -> None:
    g = gm.graph(([0, 1, 2], [1, 2, 0]))
    g.ndata["h"] = torch.ones(3, 1)
    seen: list[Any] = []

    def message(edges: gm.EdgeBatch) -> dict[str, Tensor]:
        seen.append(edges._graph)
        return {"m": edges.src["h"]}

    g.update_all(message, fn.sum("m", "o"))
    g.apply_edges(message)
    g.apply_edges(message, edges=[1])
    g.send_and_recv([0], message, fn.sum("m", "o"))
    g.pull([0], message, fn.sum("m", "o"))
    g.filter_edges(lambda edges: message(edges)["m"] > 0)
    assert len(seen) == 6
    assert all(each is g for each in seen)
    forgotten = weakref.ref(g)
    seen.clear()
    del g
    assert forgotten() is None  # relations, which a graph caches, do not hold it
