"""Message passing calls: which rows they write, and how edges are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support import laws
from support.functions import (
    COPY,
    SUM,
    Columns,
    copy_source,
    each_idtype,
    each_path,
    each_reduce,
    nothing,
    sample,
    sample_block,
    spy,
    sum_inbox,
)

import graphmp as gm
import graphmp.function as fn
from graphmp import EdgeBatch, Graph, NodeBatch

# ---- which rows are written


@each_path
def test_update_all_overwrites_every_row(message: Any, reduce: Any) -> None:
    g = sample()
    g.ndata["y"] = torch.full((5,), 7.0)
    g.update_all(message, reduce)
    assert g.ndata["y"].tolist() == [0, 2, 0, 9, 4]


@each_path
@pytest.mark.parametrize(
    ("call", "rows"),
    [
        (lambda g, *functions: g.pull([0, 3], *functions), [0, 7, 7, 9, 7]),
        (lambda g, *functions: g.send_and_recv([0, 1, 4], *functions), [7, 1, 7, 7, 7]),
        (lambda g, *functions: g.push([0], *functions), [7, 2, 7, 7, 7]),
    ],
    ids=["pull", "send_and_recv", "push"],
)
def test_pull_push_and_send_and_recv_write_only_the_touched_rows(
    call: Any, rows: list[float], message: Any, reduce: Any
) -> None:
    g, before = sample(), torch.full((5,), 7.0)
    g.ndata["y"] = before
    call(g, message, reduce)
    assert g.ndata["y"].tolist() == rows
    assert before.tolist() == [7] * 5


@pytest.mark.parametrize("verb", ["pull", "push", "send_and_recv"])
@each_path
def test_empty_ids_write_nothing(verb: str, message: Any, reduce: Any) -> None:
    g = sample()
    getattr(g, verb)([], message, reduce, lambda nodes: {"z": nodes.data["x"]})
    assert list(g.ndata) == ["x"]


# ---- graphs without edges

EMPTY: dict[str, Callable[[torch.dtype], Graph]] = {
    "graph": lambda idtype: gm.graph(([], []), num_nodes=3, idtype=idtype),
    "no nodes": lambda idtype: gm.graph(([], []), idtype=idtype),
    "block": lambda idtype: gm.create_block(([], []), 4, 3, idtype=idtype),
    "bipartite": lambda idtype: gm.heterograph(
        {("a", "to", "b"): ([], [])}, {"a": 4, "b": 3}, idtype=idtype
    ),
}


@pytest.fixture(params=EMPTY)
def empty(request: pytest.FixtureRequest) -> Graph:
    g = EMPTY[request.param](torch.int32)
    g.srcdata["x"] = torch.ones(g.num_src_nodes(), 2, dtype=torch.float64)
    g.dstdata["own"] = torch.ones(g.num_dst_nodes())
    return g


@pytest.mark.parametrize("reducer", ["sum", "mean", "max", "min", "prod"])
def test_a_builtin_reducer_creates_zeros_without_edges(empty: Graph, reducer: str) -> None:
    empty.update_all(COPY, getattr(fn, reducer)("m", "y"))
    expected = torch.zeros(empty.num_dst_nodes(), 2, dtype=torch.float64)
    laws.assert_same_bits(empty.dstdata["y"], expected)


def test_a_reduce_function_creates_no_field_without_edges(empty: Graph) -> None:
    empty.update_all(COPY, sum_inbox)
    assert "y" not in empty.dstdata


@each_reduce
def test_apply_sees_the_original_features_without_edges(empty: Graph, reduce: Any) -> None:
    empty.update_all(COPY, reduce, lambda nodes: {"z": nodes.data["own"] + 1})
    assert torch.equal(empty.dstdata["z"], empty.dstdata["own"] + 1)


@each_reduce
def test_a_message_function_gets_0_rows_and_a_warning_without_edges(
    empty: Graph, reduce: Any
) -> None:
    seen: list[EdgeBatch] = []
    with pytest.warns(gm.GraphWarning, match="0 edges"):
        empty.update_all(spy(seen, copy_source), reduce)
    (edges,) = seen
    assert edges.batch_size() == 0
    assert edges.src["x"].shape == (0, 2)


def test_code_without_a_module_gets_the_warning_too(empty: Graph) -> None:
    with pytest.warns(gm.GraphWarning, match="0 edges"):
        exec("g.apply_edges(lambda edges: {})", {"g": empty})


def test_one_of_several_edge_types_may_have_no_edges() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0], [1]), ("a", "y", "b"): ([], [])})
    g.nodes["a"].data["x"] = torch.tensor([5.0])
    with pytest.warns(gm.GraphWarning, match="'y'"):
        g.update_all(copy_source, sum_inbox)
    assert g.nodes["b"].data["y"].tolist() == [0, 5]


# ---- what functions return


def test_every_bucket_must_return_the_same_fields() -> None:
    def by_degree(nodes: NodeBatch) -> Columns:
        return {f"y{nodes.mailbox['m'].shape[1]}": nodes.mailbox["m"].sum(1)}

    g = sample()
    with pytest.raises(
        gm.GraphValueError, match=r"the same fields for every in-degree, got .*'y1'.*'y2'"
    ):
        g.update_all(COPY, by_degree)
    assert list(g.ndata) == ["x"]


@pytest.mark.parametrize(
    "call",
    [
        lambda g: g.update_all(nothing, nothing, nothing),
        lambda g: g.pull([3, 0], nothing, nothing, nothing),
        lambda g: g.send_and_recv([1, 0], nothing, nothing, nothing),
        lambda g: g.multi_update_all({"_E": (nothing, nothing, nothing)}, "sum", nothing),
        lambda g: g.apply_nodes(nothing),
        lambda g: g.apply_nodes(nothing, [1, 3]),
        lambda g: g.apply_edges(nothing),
        lambda g: g.apply_edges(nothing, [1, 3]),
    ],
    ids=[
        "update_all",
        "pull",
        "send_and_recv",
        "multi_update_all",
        "apply_nodes",
        "apply_nodes on some",
        "apply_edges",
        "apply_edges on some",
    ],
)
def test_every_function_may_return_no_fields(call: Callable[[Graph], None]) -> None:
    g = sample()
    call(g)
    assert (list(g.ndata), list(g.edata)) == (["x"], ["w"])


# ---- pull and push

WAYS: dict[str, Callable[[list[int], torch.dtype], Any]] = {
    "list": lambda ids, _: ids,
    "range": lambda ids, _: range(min(ids), max(ids) + 1),
    "array": lambda ids, _: np.array(ids),
    "tensor": lambda ids, idtype: torch.tensor(ids, dtype=idtype),
    "reversed": lambda ids, _: ids[::-1],
    "repeated": lambda ids, _: [*ids, *ids],
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
INTS = {"int": int, "NumPy": np.int64, "tensor": torch.tensor}
each_int = pytest.mark.parametrize("way", INTS.values(), ids=INTS)


@each_path
@each_idtype
@each_way
def test_pull_and_push_do_not_depend_on_the_form_or_order_of_ids(
    way: Any, idtype: torch.dtype, message: Any, reduce: Any
) -> None:
    pulled, pushed = sample(idtype), sample(idtype)
    pulled.pull(way([3, 4], idtype), message, reduce)
    pushed.push(way([1, 2], idtype), message, reduce)
    assert pulled.ndata["y"].tolist() == [0, 0, 0, 9, 4]
    assert pushed.ndata["y"].tolist() == [0, 0, 0, 5, 0]


@each_int
def test_pull_and_push_accept_a_single_id(way: Any) -> None:
    pulled, pushed = sample(), sample()
    pulled.pull(way(3), COPY, SUM)
    pushed.push(way(2), COPY, SUM)
    assert pulled.ndata["y"].tolist() == [0, 0, 0, 9, 0]
    assert pushed.ndata["y"].tolist() == [0, 0, 0, 3, 0]


@each_path
def test_pull_and_push_on_all_nodes_equal_update_all(message: Any, reduce: Any) -> None:
    g = sample()
    g.update_all(message, reduce)
    for verb in (g.pull, g.push):
        expected = g.ndata.pop("y")
        verb(gm.ALL, message, reduce)
        assert torch.equal(g.ndata["y"], expected)


def test_on_a_block_pull_takes_destinations_and_push_takes_sources() -> None:
    pulled, pushed = sample_block(), sample_block()
    pulled.pull([1], COPY, SUM)
    pushed.push([3, 2], COPY, SUM)
    assert pulled.dstdata["y"].tolist() == [0, 7, 0]
    assert pushed.dstdata["y"].tolist() == [0, 4, 0]


# ---- send_and_recv


@each_path
@pytest.mark.parametrize(
    ("edges", "rows"),
    [
        ([1, 3], [0, 1, 0, 3, 0]),
        (torch.tensor([1, 3]), [0, 1, 0, 3, 0]),
        (1, [0, 0, 0, 3, 0]),
        (([1, 3], [3, 4]), [0, 0, 0, 2, 4]),
        ((torch.tensor([1, 3]), torch.tensor([3, 4])), [0, 0, 0, 2, 4]),
        ((1, 3), [0, 0, 0, 2, 0]),
    ],
    ids=["list", "tensor", "int", "lists", "tensors", "ints"],
)
def test_send_and_recv_reads_a_list_as_edge_ids_and_a_tuple_as_pairs(
    edges: Any, rows: list[float], message: Any, reduce: Any
) -> None:
    g = sample()
    g.send_and_recv(edges, message, reduce)
    assert g.ndata["y"].tolist() == rows


@each_path
def test_send_and_recv_counts_a_repeated_edge_once(message: Any, reduce: Any) -> None:
    g = sample()
    g.send_and_recv([1, 4, 1], message, reduce)
    assert g.ndata["y"].tolist() == [0, 0, 0, 7, 0]


@each_path
def test_send_and_recv_on_all_edges_equals_update_all(message: Any, reduce: Any) -> None:
    g = sample()
    g.update_all(message, reduce)
    written = g.in_degrees() > 0
    expected = g.ndata.pop("y")
    g.send_and_recv(gm.ALL, message, reduce)
    assert torch.equal(g.ndata["y"][written], expected[written])


def test_prop_edges_and_prop_nodes_run_step_by_step() -> None:
    by_edges, by_nodes = (gm.graph(([0, 1, 2], [1, 2, 3])) for _ in range(2))
    by_edges.ndata["y"] = by_nodes.ndata["y"] = torch.tensor([1.0, 0.0, 0.0, 0.0])
    functions = (fn.copy_u("y", "m"), fn.sum("m", "y"))
    by_edges.prop_edges(([edge] for edge in range(2)), *functions)
    by_nodes.prop_nodes([[1], [2]], *functions)
    assert by_edges.ndata["y"].tolist() == by_nodes.ndata["y"].tolist() == [1, 1, 1, 0]


# ---- arguments that name edges

ALIKE: dict[str, Callable[[torch.dtype], Any]] = {
    "list": lambda _: [2, 5],
    "array": lambda _: np.array([2, 5]),
    "tensor": lambda idtype: torch.tensor([2, 5], dtype=idtype),
    "pairs of lists": lambda _: ([1, 3], [3, 4]),
    "pairs of arrays": lambda _: (np.array([1, 3]), np.array([3, 4])),
    "pairs of tensors": lambda idtype: tuple(torch.tensor([[1, 3], [3, 4]], dtype=idtype)),
}


@each_idtype
@pytest.mark.parametrize("name", ALIKE)
def test_edges_are_ids_or_pairs_in_every_call(name: str, idtype: torch.dtype) -> None:
    g, edges = sample(idtype), ALIKE[name](idtype)
    g.apply_edges(fn.copy_u("x", "y"), edges)
    assert g.edata["y"].tolist() == [0, 0, 2, 0, 0, 4]
    assert g.edges[edges].data["w"].tolist() == [3, 6]
    chosen = g.filter_edges(lambda batch: batch.data["w"] > 4, edges)
    laws.assert_same_bits(chosen, torch.tensor([5], dtype=idtype))
    g.send_and_recv(edges, COPY, SUM)
    assert g.ndata["y"].tolist() == [0, 0, 0, 2, 4]


@pytest.mark.parametrize("edge", [5, np.int64(5), torch.tensor(5), (3, 4)], ids=str)
def test_apply_edges_accepts_a_single_edge(edge: Any) -> None:
    g = sample()
    g.apply_edges(fn.copy_u("x", "y"), edge)
    assert g.edata["y"].tolist() == [0, 0, 0, 0, 0, 4]


def test_a_pair_on_a_multigraph_is_one_of_its_edges() -> None:
    g = sample()
    assert g.filter_edges(lambda edges: edges.data["w"] > 0, ([0], [1])).tolist() == [0]
    g.send_and_recv(([0, 0], [1, 1]), COPY, SUM)
    assert g.ndata["y"].tolist() == [0, 1, 0, 0, 0]


@each_idtype
def test_a_single_source_pairs_with_every_destination(idtype: torch.dtype) -> None:
    g = sample(idtype)
    assert g.filter_edges(lambda edges: edges.data["w"] > 0, (3, [4, 3])).tolist() == [5, 4]


def test_apply_edges_returns_rows_in_the_order_of_the_argument() -> None:
    g = sample()
    g.apply_edges(lambda _: {"y": torch.tensor([10.0, 20.0])}, [4, 2])
    assert g.edata["y"].tolist() == [0, 0, 20, 0, 10, 0]


def test_a_repeated_id_is_computed_once_and_gets_its_gradient_once() -> None:
    g, x = sample(), torch.ones(5, requires_grad=True)
    g.ndata["x"] = x
    g.apply_edges(fn.copy_u("x", "y"), [5, 5])
    g.apply_nodes(lambda nodes: {"y": nodes.data["x"]}, [0, 0])
    (g.edata["y"].sum() + g.ndata["y"].sum()).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 0, 0, 1, 0]
