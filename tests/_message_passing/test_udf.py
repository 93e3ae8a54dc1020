"""Functions of a user's own in depth: exact buckets, one sort, a backward that gathers once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from support import laws
from support.corner_graphs import (
    BIPARTITE,
    HUB,
    ISOLATED,
    MIXED,
    PARALLEL,
    SELF_LOOP,
    Corner,
    feature,
)
from support.functions import (
    COPY,
    REDUCERS,
    Columns,
    copy_source,
    each_idtype,
    meeting,
    nothing,
    reduce_by,
    sample,
    spy,
    sum_inbox,
    weigh_source,
)
from support.memory import LargeTensors
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import EdgeBatch, Graph, NodeBatch, kernels

WITH_EDGES = (SELF_LOOP, ISOLATED, PARALLEL, BIPARTITE, MIXED, HUB)
each_corner = pytest.mark.parametrize("corner", WITH_EDGES, ids=str)


def power_law(num_nodes: int, idtype: torch.dtype = torch.int64) -> Graph:
    """Node ``i`` has in-degree ``i``, from random sources, and the edges are shuffled."""
    shuffle = torch.Generator().manual_seed(0)
    v = torch.repeat_interleave(torch.arange(num_nodes), torch.arange(num_nodes))
    v = v[torch.randperm(len(v), generator=shuffle)]
    u = torch.randint(num_nodes, v.shape, generator=shuffle)
    g = gm.graph((u, v), num_nodes=num_nodes, idtype=idtype)
    g.ndata["x"] = feature(num_nodes, (3,))
    return g


# ---- buckets


def test_a_hub_stands_beside_nodes_of_degree_1_and_0() -> None:
    g, seen = HUB.graph(), list[NodeBatch]()
    g.ndata["x"] = torch.arange(4.0)
    g.update_all(COPY, spy(seen, sum_inbox))
    assert [nodes.nodes().tolist() for nodes in seen] == [[2], [0]]
    assert [nodes.mailbox["m"].shape for nodes in seen] == [(1, 1), (1, 1000)]
    assert g.ndata["y"].tolist() == [1999, 0, 0, 0]


@each_idtype
def test_the_mailbox_of_a_node_holds_its_in_edges_in_ascending_id(idtype: torch.dtype) -> None:
    g, seen = power_law(30, idtype), list[NodeBatch]()
    g.update_all(lambda edges: {"eid": edges.edges()[2]}, spy(seen))
    assert [nodes.mailbox["eid"].shape for nodes in seen] == [(1, n) for n in range(1, 30)]
    for nodes in seen:
        in_edges = g.in_edges(nodes.nodes(), form="eid").sort().values
        laws.assert_same_bits(nodes.mailbox["eid"][0], in_edges)


@each_idtype
def test_the_messages_of_a_builtin_lie_in_the_same_order(idtype: torch.dtype) -> None:
    g, seen = power_law(30, idtype), dict[str, list[NodeBatch]]()
    g.edata["w"] = torch.arange(g.num_edges())
    pairs = {"builtin": fn.e_add_u("w", "x", "m"), "own": add_source}
    for name, message in pairs.items():
        g.update_all(message, spy(seen.setdefault(name, [])))
    for builtin, own in zip(seen["builtin"], seen["own"], strict=True):
        laws.assert_same_bits(builtin.mailbox["m"], own.mailbox["m"])


def add_source(edges: EdgeBatch) -> Columns:
    return {"m": edges.data["w"].unsqueeze(-1) + edges.src["x"]}


def test_nodes_of_one_degree_share_a_call_in_ascending_id() -> None:
    degrees = torch.tensor([2, 1, 0, 2, 1, 2])
    v = torch.repeat_interleave(torch.arange(6), degrees).flip(0)
    g, seen = gm.graph((v, v)), list[NodeBatch]()
    g.ndata["x"] = torch.arange(6.0)
    g.update_all(COPY, spy(seen))
    assert [nodes.nodes().tolist() for nodes in seen] == [[1, 4], [0, 3, 5]]
    assert [nodes.data["x"].tolist() for nodes in seen] == [[1, 4], [0, 3, 5]]
    assert [nodes.mailbox["m"].tolist() for nodes in seen] == [
        [[1], [4]],
        [[0, 0], [3, 3], [5, 5]],
    ]


@each_corner
@pytest.mark.parametrize("name", REDUCERS)
@pytest.mark.parametrize("message", [weigh_source, fn.u_mul_e("x", "w", "m")], ids=["own", "fn"])
def test_values_and_gradients_are_those_of_the_builtin(
    message: Any, corner: Corner, name: str
) -> None:
    g = corner.graph()
    g.srcdata["x"], g.edata["w"] = corner.feature("u", (2, 3)), corner.feature("e", (2, 3))
    builtins = (fn.u_mul_e("x", "w", "m"), getattr(fn, name)("m", "y"))
    laws.a_function_is_the_builtin((message, reduce_by(name)), builtins, g)


@pytest.mark.parametrize("name", ["prod", "var", "std", "logsumexp"])
def test_a_reducer_of_the_table_without_a_kernel_sees_the_same_mailboxes(name: str) -> None:
    formula = fn.REDUCERS[name].formula
    assert formula is not None
    g = power_law(12)
    g.update_all(COPY, getattr(fn, name)("m", "expected"))
    g.update_all(COPY, lambda nodes: {"y": formula(nodes.mailbox["m"])})
    assert torch.equal(g.ndata["y"], g.ndata["expected"])


# ---- fields


def test_messages_and_results_of_several_fields_shapes_and_dtypes() -> None:
    def message(edges: EdgeBatch) -> Columns:
        u, _, eid = edges.edges()
        return {"wide": edges.src["x"], "flat": edges.data["w"], "from": u, "even": eid % 2 == 0}

    def reduce(nodes: NodeBatch) -> Columns:
        box = nodes.mailbox
        return {
            "mean": box["wide"].mean(1).double(),
            "matrix": torch.einsum("nd,ndf->nf", box["flat"], box["wide"]).unsqueeze(-1),
            "last": box["from"][:, -1],
            "all": box["even"].all(1),
        }

    g = sample()
    g.ndata["x"] = torch.stack([g.ndata["x"], -g.ndata["x"]], 1)
    g.update_all(message, reduce)
    mean = torch.tensor([0, 1, 0, 3, 4], dtype=torch.float64)
    matrix = torch.tensor([0.0, 5.0, 0.0, 32.0, 24.0])
    assert torch.equal(g.ndata["mean"], torch.stack([mean, -mean], 1))
    assert torch.equal(g.ndata["matrix"], torch.stack([matrix, -matrix], 1).unsqueeze(-1))
    assert torch.equal(g.ndata["last"], torch.tensor([0, 0, 0, 3, 3]))
    assert g.ndata["all"].tolist() == [False, False, False, False, False]


def test_a_bucket_sees_its_own_nodes_features_and_their_gradient() -> None:
    g, x = power_law(8), torch.ones(8, 3, requires_grad=True)
    g.ndata["x"] = x
    g.update_all(COPY, lambda nodes: {"y": nodes.data["x"] * nodes.mailbox["m"].shape[1]})
    assert g.ndata["y"][:, 0].tolist() == list(range(8))
    (grad,) = laws.gradients(g.ndata["y"], (x,), torch.ones(8, 3))
    assert grad[:, 0].tolist() == list(range(8))


def test_the_features_of_a_bucket_are_a_mapping() -> None:
    g, seen = sample(), list[NodeBatch]()
    g.update_all(COPY, spy(seen))
    assert isinstance(seen[0].data, Mapping)
    assert list(seen[0].data) == ["x"]
    assert len(seen[0].data) == 1


def test_messages_that_need_gradient_mix_with_some_that_do_not() -> None:
    g, x = sample(), torch.ones(5, requires_grad=True)
    g.ndata["x"] = x
    g.update_all(
        lambda edges: {"m": edges.src["x"], "w": edges.data["w"]},
        lambda nodes: {"y": (nodes.mailbox["m"] * nodes.mailbox["w"]).sum(1)},
    )
    (grad,) = laws.gradients(g.ndata["y"], (x,), torch.ones(5))
    assert grad.tolist() == [5, 3, 2, 11, 0]


# ---- several edge types


@each_idtype
@pytest.mark.parametrize("name", REDUCERS)
def test_buckets_go_across_edge_types(name: str, idtype: torch.dtype) -> None:
    g = meeting(idtype)
    leaves = {t: g.nodes[t].data["x"].requires_grad_() for t in ("a", "b")}
    made = []
    for reduce in (reduce_by(name), getattr(fn, name)("m", "y")):
        g.update_all(copy_source, reduce)
        y = g.nodes["t"].data["y"]
        made.append((y, *laws.gradients(y, list(leaves.values()), torch.arange(1.0, 5.0))))
    for own, builtin in zip(*made, strict=True):
        laws.assert_close(own, builtin)


def test_messages_of_several_edge_types_are_in_the_order_of_type_ids_then_edge_ids() -> None:
    edges = ([0, 0, 0], [0, 1, 0])
    g = gm.heterograph({("a", "2", "t"): edges, ("a", "1", "t"): edges, ("a", "3", "t"): edges})

    def label(batch: EdgeBatch) -> Columns:
        return {"m": int(batch.canonical_etype[1]) * 10 + batch.edges()[2]}

    seen: list[NodeBatch] = []
    g.update_all(label, spy(seen))
    boxes = {nodes.nodes().item(): nodes.mailbox["m"][0].tolist() for nodes in seen}
    assert boxes == {1: [11, 21, 31], 0: [10, 12, 20, 22, 30, 32]}


# ---- initializers


def test_an_initializer_is_told_shape_dtype_device_and_rows() -> None:
    asked: list[Any] = []

    def initializer(*arguments: Any) -> Tensor:
        asked.append(arguments)
        return torch.full(arguments[0], 9, dtype=arguments[1])

    g = sample()
    g.set_n_initializer(initializer, "y")
    g.update_all(COPY, lambda nodes: {"y": nodes.mailbox["m"].sum(1).long().view(-1, 1)})
    assert asked == [((5, 1), torch.int64, torch.device("cpu"), slice(0, 5))]
    assert g.ndata["y"].view(-1).tolist() == [9, 2, 9, 9, 4]


def test_an_initializer_is_not_asked_when_every_node_has_messages() -> None:
    g = gm.graph(([0, 1], [1, 0]))
    g.ndata["x"] = torch.ones(2)
    g.set_n_initializer(lambda *_: pytest.fail("asked"))
    g.update_all(COPY, sum_inbox)
    assert g.ndata["y"].tolist() == [1, 1]


# ---- ids


@each_idtype
@pytest.mark.parametrize(
    ("call", "nodes", "eids"),
    [
        (lambda g, *f: g.pull([4, 0, 3], *f), [[4], [3]], [[[5]], [[1, 2, 4]]]),
        (lambda g, *f: g.send_and_recv([4, 3, 1], *f), [[1], [3]], [[[3]], [[1, 4]]]),
        (lambda g, *f: g.push([3, 0], *f), [[3, 4], [1]], [[[4], [5]], [[0, 3]]]),
    ],
    ids=["pull", "send_and_recv", "push"],
)
def test_nodes_and_edges_have_the_ids_of_the_graph_when_only_some_take_part(
    call: Any, nodes: list[Any], eids: list[Any], idtype: torch.dtype
) -> None:
    g, seen = sample(idtype), list[NodeBatch]()
    call(g, lambda edges: {"eid": edges.edges()[2]}, spy(seen))
    assert [batch.nodes().tolist() for batch in seen] == nodes
    assert [batch.mailbox["eid"].tolist() for batch in seen] == eids
    assert {batch.nodes().dtype for batch in seen} == {idtype}


# ---- cost


@pytest.fixture
def sorts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often edges are grouped and degrees are sorted from now on."""
    counts: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            counts[name] += 1
            return function(*args, **kwargs)

        return call

    for name in ("group", "compress"):  # by one end, and with the other ends
        monkeypatch.setattr(kernels, name, counting("group", getattr(kernels, name)))
    for name in ("sort", "argsort", "unique"):
        monkeypatch.setattr(torch, name, counting(name, getattr(torch, name)))
    return counts


@pytest.mark.parametrize("make", [lambda: power_law(20), meeting], ids=["one type", "several"])
def test_a_second_call_sorts_nothing(make: Callable[[], Graph], sorts: Counter[str]) -> None:
    g = make()
    g.update_all(copy_source, sum_inbox)
    first = dict(sorts)
    assert (first["group"], first["sort"]) == (1, 1)
    g.update_all(copy_source, sum_inbox)
    assert sorts == first


def test_graphs_of_the_same_edges_share_the_sort(sorts: Counter[str]) -> None:
    g = power_law(20)
    g.update_all(COPY, sum_inbox)
    first = dict(sorts)
    g.local_var().update_all(COPY, sum_inbox)
    with g.local_scope():
        g.update_all(COPY, reduce_by("max"))
    assert sorts == first


def test_new_edges_make_new_buckets() -> None:
    g, seen = sample(), list[NodeBatch]()
    g.update_all(COPY, spy(seen))
    g.add_edges([0, 0], [0, 2])
    g.update_all(COPY, spy(seen))
    buckets = [nodes.nodes().tolist() for nodes in seen]
    assert buckets == [[4], [1], [3], [0, 2, 4], [1], [3]]


def autograd_nodes(out: Tensor) -> Counter[str]:
    """The names of the functions that the backward of ``out`` calls."""
    found, waiting = set(), [out.grad_fn]
    while waiting:
        function = waiting.pop()
        if function is not None and function not in found:
            found.add(function)
            waiting += [following for following, _ in function.next_functions]
    return Counter(function.name() for function in found)


@pytest.mark.parametrize("make", [power_law, lambda n: doubled(power_law(n))], ids=["one", "two"])
def test_the_backward_splits_once_and_gathers_as_often_for_any_number_of_degrees(
    make: Callable[[int], Graph],
) -> None:
    made = []
    for num_degrees in (3, 60):
        g = make(num_degrees + 1)
        g.ndata["x"].requires_grad_()
        with gm.fuse_functions(False):
            g.update_all(copy_source, reduce_by("mean"))
        made.append(autograd_nodes(g.ndata["y"]))
    few, many = made
    assert (few["MeanBackward1"], many["MeanBackward1"]) == (3, 60)
    assert few["UnsafeSplitWithSizesBackward0"] == many["UnsafeSplitWithSizesBackward0"] == 1
    assert few["IndexSelectBackward0"] == many["IndexSelectBackward0"] > 0
    assert not {name for name in many if "Slice" in name or "IndexBackward" in name}


def doubled(g: Graph) -> Graph:
    """A graph of two relations, both with the edges of ``g``."""
    edges = {("n", name, "n"): g.edges() for name in ("first", "second")}
    made = gm.heterograph(edges, {"n": g.num_nodes()})
    made.ndata["x"] = g.ndata["x"]
    return made


def test_a_field_of_the_nodes_is_gathered_once_for_all_buckets_that_read_it() -> None:
    g = power_law(40)
    g.ndata["x"].requires_grad_()
    g.update_all(nothing, lambda nodes: {"y": nodes.data["x"] + nodes.data["x"]})
    counts = autograd_nodes(g.ndata["y"])
    assert (counts["IndexSelectBackward0"], counts["UnsafeSplitWithSizesBackward0"]) == (1, 1)


def test_mailboxes_are_views_of_one_gathered_tensor() -> None:
    g, seen = power_law(20), list[NodeBatch]()
    g.update_all(COPY, spy(seen))
    assert len({nodes.mailbox["m"].untyped_storage().data_ptr() for nodes in seen}) == 1


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (fn.copy_u("x", "m"), 1),
        (fn.copy_e("wide", "m"), 1),
        (fn.u_mul_e("x", "w", "m"), 1),
        (copy_source, 2),
    ],
    ids=["copy_u", "copy_e", "u_mul_e", "own"],
)
def test_messages_of_a_builtin_are_made_once_and_never_moved(message: Any, expected: int) -> None:
    g = power_law(20)
    num_edges = g.num_edges()
    g.ndata["x"] = torch.rand(20, 64)
    g.edata["w"], g.edata["wide"] = torch.rand(num_edges, 1), torch.rand(num_edges, 64)
    g.update_all(message, sum_inbox)  # what is made once, and kept
    with LargeTensors(num_edges * 64 * 4) as large:
        g.update_all(message, sum_inbox)
    assert len(large.storages) == expected


@pytest.mark.parametrize("message", [fn.copy_u("x", "m"), copy_source], ids=["fn", "own"])
@pytest.mark.parametrize("kept", ["coo", "csc"])
def test_a_graph_first_used_in_inference_mode_serves_in_training(message: Any, kept: str) -> None:
    g = gm.graph(([0, 1, 1], [1, 0, 2])).formats(kept)
    with torch.inference_mode():
        g.ndata["x"] = torch.ones(3)
        g.update_all(message, sum_inbox)
    g.ndata["x"] = torch.ones(3, requires_grad=True)
    g.update_all(message, sum_inbox)
    (grad,) = laws.gradients(g.ndata["y"], (g.ndata["x"],), torch.ones(3))
    assert grad.tolist() == [1, 2, 0]
