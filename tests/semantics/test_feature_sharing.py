"""Features of views, subgraphs, moved graphs and copies."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.samples import contents, path, shop
from support.unchanged import each

import graphmp as gm
import graphmp.function as fn
from graphmp import Graph

# ---- shared frames

SHARING: dict[str, Callable[[Graph], Graph]] = {
    "g[etype]": lambda g: g["follows"],
    "g[triple]": lambda g: g["user", "follows", "user"],
    "g[pattern]": lambda g: g[:, "follows", :],
    "node_type_subgraph": lambda g: g.node_type_subgraph(["user"]),
    "edge_type_subgraph": lambda g: g.edge_type_subgraph(["follows"]),
}


@each("part", SHARING)
def test_views_by_type_see_each_others_writes(part: Callable[[Graph], Graph]) -> None:
    g = shop()
    users = part(g)
    users.ndata["here"], users.edata["here"] = torch.ones(3), torch.ones(2)
    g.nodes["user"].data["there"], g.edges["follows"].data["there"] = torch.ones(3), torch.ones(2)
    del g.nodes["user"].data["x"]
    users.nodes[[0]].data["here"] = torch.zeros(1)
    assert list(users.ndata) == list(g.nodes["user"].data) == ["here", "there"]
    assert list(users.edata) == list(g.edges["follows"].data) == ["w", "here", "there"]
    assert g.nodes["user"].data["here"].tolist() == [0, 1, 1]


# ---- lazy columns

SUBGRAPHS: dict[str, Callable[[Graph], Graph]] = {
    "subgraph": lambda g: g.subgraph([2, 1]),
    "edge_subgraph": lambda g: g.edge_subgraph([1]),
    "in_subgraph": lambda g: g.in_subgraph([2], relabel_nodes=True),
    "out_subgraph": lambda g: g.out_subgraph([1], relabel_nodes=True),
}


@each("taken", SUBGRAPHS)
def test_subgraph_features_are_gathered_at_the_first_read(taken: Callable[[Graph], Graph]) -> None:
    g = path()
    part = taken(g)
    ids = part.ndata[gm.NID]
    add_one(g)  # is seen, since nothing was gathered yet
    x, w = part.ndata["x"], part.edata["w"]
    assert x.view(-1).tolist() == (ids + 1.0).tolist()
    add_one(g)
    assert part.ndata["x"] is x
    assert x.view(-1).tolist() == (ids + 1.0).tolist()
    assert part.edata["w"].tolist() == w.tolist() == [21]


def add_one(g: Graph) -> None:
    """Change all features in place."""
    g.ndata["x"].add_(1)
    g.edata["w"].add_(1)


@each("taken", SUBGRAPHS)
def test_assignments_do_not_cross_between_graph_and_subgraph(
    taken: Callable[[Graph], Graph],
) -> None:
    g = path()
    part = taken(g)
    g.ndata["x"] = torch.full((3, 1), 9.0)
    part.edata["w"] = torch.zeros(1)
    part.ndata["h"] = torch.zeros(2)
    assert part.ndata["x"].view(-1).tolist() == part.ndata[gm.NID].tolist()
    assert g.edata["w"].tolist() == [10, 20]
    assert "h" not in g.ndata


def test_lazy_slices_compose() -> None:
    g = gm.graph((torch.arange(9), torch.arange(1, 10)))
    g.ndata["x"], g.edata["w"] = torch.arange(10) * 10, torch.arange(9) * 100
    part = g.subgraph([8, 7, 6, 5, 4]).subgraph([3, 2, 1]).subgraph([1, 0])
    assert part.ndata["x"].tolist() == [60, 50]
    assert part.edata["w"].tolist() == [500]


def test_a_slice_that_was_read_can_be_sliced_again() -> None:
    g = path()
    first = g.subgraph([2, 1])
    assert first.ndata["x"].view(-1).tolist() == [2, 1]
    assert first.subgraph([1]).ndata["x"].tolist() == [[1]]


def test_lazy_slices_compose_across_devices() -> None:
    g = path()
    part = g.subgraph([2, 1]).subgraph([1]).to("meta")
    assert part.ndata["x"].device.type == "meta"
    assert part.ndata["x"].shape == (1, 1)
    assert part.edata["w"].shape == (0,)


def test_schemes_and_copies_do_not_gather_a_column() -> None:
    g = path()
    part = g.subgraph([2])
    local = part.local_var()
    assert part.node_attr_schemes()["x"] == ((1,), torch.float32)
    g.ndata["x"].add_(1)
    assert local.ndata["x"].tolist() == part.ndata["x"].tolist() == [[3]]


def test_a_column_read_in_a_scope_is_gathered_once() -> None:
    part = path().subgraph([2])
    with part.local_scope():
        x = part.ndata["x"]
    assert part.ndata["x"] is x


def test_gradients_flow_through_a_gathered_column() -> None:
    g = path()
    x = g.ndata["x"].requires_grad_()
    g.subgraph([2, 1]).subgraph([0]).ndata["x"].sum().backward()
    assert x.grad is not None
    assert x.grad.view(-1).tolist() == [0, 0, 1]


# ---- devices and id types


def batch_of_two() -> Graph:
    """A graph that is a batch of a graph of two nodes and one of one node."""
    g = path()
    g.set_batch_num_nodes([2, 1])
    g.set_batch_num_edges([1, 1])
    return g


COPIES: dict[str, Callable[[Graph], Graph]] = {
    "to": lambda g: g.to("meta"),
    "int": lambda g: g.int(),
    "clone": lambda g: g.clone(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda g: pickle.loads(pickle.dumps(g)),
    "formats": lambda g: g.formats("csc"),
    "to_half": gm.to_half,
    "add_self_loop": gm.add_self_loop,
    "add_edges": lambda g: gm.add_edges(g, [0], [0]),
    "remove_nodes": lambda g: gm.remove_nodes(g, [0]),
    "transform": gm.DropEdge(0.5),
}


@each("copied", COPIES)
def test_a_copy_has_the_attributes_that_a_program_has_set(
    copied: Callable[[Graph], Graph],
) -> None:
    g = path()
    g.y, g.name = torch.ones(1), "molecule"  # type: ignore[attr-defined]
    new: Any = copied(g)
    assert new is not g
    assert (new.y.tolist(), new.name) == ([1], "molecule")
    assert not hasattr(g.reverse(), "y")
    assert not hasattr(gm.batch([g]), "y")


def test_to_the_same_device_returns_the_same_object() -> None:
    g = path()
    assert g.to("cpu") is g.to(torch.device("cpu")) is g.cpu() is g


def test_to_another_device_returns_a_new_graph() -> None:
    g = path()
    moved = g.to("meta")
    assert (moved.device.type, g.device.type) == ("meta", "cpu")
    tensors = (*moved.edges(), moved.ndata["x"], moved.edata["w"])
    assert {t.device.type for t in tensors} == {"meta"}
    assert contents(g) == contents(path())
    moved.ndata["h"] = torch.ones(3, device="meta")
    assert "h" not in g.ndata


def test_to_moves_batch_information() -> None:
    moved = batch_of_two().to("meta")
    assert moved.batch_size == 2
    sizes = (moved.batch_num_nodes(), moved.batch_num_edges())
    assert [(t.device.type, t.shape) for t in sizes] == [("meta", (2,))] * 2


def test_to_passes_keyword_arguments_to_torch() -> None:
    assert path().to("meta", non_blocking=True).ndata["x"].device.type == "meta"


def test_int_and_long_change_ids_and_not_features() -> None:
    g = batch_of_two()
    g.ndata["count"] = torch.arange(3)
    narrow = g.int()
    assert narrow.idtype == narrow.edges()[0].dtype == narrow.in_degrees().dtype == torch.int32
    assert narrow.batch_num_nodes().dtype == narrow.batch_num_edges().dtype == torch.int32
    assert all(narrow.ndata[name] is g.ndata[name] for name in g.ndata)
    assert narrow.edata["w"] is g.edata["w"]
    assert narrow.long().idtype == torch.int64
    assert torch.equal(narrow.long().edges()[1], g.edges()[1])


def test_int_and_long_return_the_same_object_when_nothing_changes() -> None:
    g = path()
    assert g.long() is g
    assert g.astype(torch.int64) is g
    narrow = g.int()
    assert narrow.int() is narrow.astype(torch.int32) is narrow


def test_a_graph_with_new_ids_has_its_own_fields() -> None:
    g = path()
    g.int().ndata["h"] = torch.ones(3)
    assert "h" not in g.ndata


def test_other_id_dtypes_are_an_error() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"int32 or torch\.int64, got torch\.float32"):
        path().astype(torch.float32)


def test_ids_that_do_not_fit_int32_are_an_error() -> None:
    with pytest.raises(gm.GraphValueError, match="int32 ids cannot number 2147483648"):
        gm.graph(([], []), num_nodes=2**31).int()


# ---- pickle and deepcopy


def through_spawn(g: Graph) -> Graph:
    """What a new process received and sent back."""
    with torch.multiprocessing.get_context("spawn").Pool(1) as pool:
        back: Graph = pool.apply(copy.deepcopy, (g,))
        return back


ROUND_TRIPS: dict[str, Any] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda g: pickle.loads(pickle.dumps(g)),
    "oldest pickle": lambda g: pickle.loads(pickle.dumps(g, protocol=2)),
    "spawn": pytest.param(through_spawn, marks=pytest.mark.program),
}


@each("travel", ROUND_TRIPS)
def test_pickle_and_deepcopy_keep_everything(travel: Callable[[Graph], Graph]) -> None:
    g = batch_of_two().formats(["csr", "csc"])
    g.in_edges(0)
    back = travel(g)
    assert repr(back) == repr(g)
    assert contents(back) == contents(g)
    assert [ends.tolist() for ends in back.edges()] == [[0, 1], [1, 2]]
    assert back.formats() == g.formats()
    assert back.batch_num_nodes().tolist() == [2, 1]
    assert back.batch_num_edges().tolist() == [1, 1]


@pytest.mark.parametrize("travel", list(ROUND_TRIPS.values())[:2], ids=list(ROUND_TRIPS)[:2])
def test_pickle_and_deepcopy_keep_types_blocks_and_slices(
    travel: Callable[[Graph], Graph],
) -> None:
    many = shop()
    block = gm.create_block(([0, 1], [0, 0]), num_src_nodes=3, idtype=torch.int32)
    block.srcdata["x"] = torch.arange(3)
    part = path().subgraph([2, 1])
    assert contents(travel(many)) == contents(many)
    assert travel(many).canonical_etypes == many.canonical_etypes
    assert (travel(block).is_block, travel(block).idtype) == (True, torch.int32)
    assert travel(block).srcdata["x"].tolist() == [0, 1, 2]
    assert "x" not in travel(block).dstdata
    assert travel(part).ndata["x"].tolist() == [[2], [1]]


@pytest.mark.parametrize("travel", list(ROUND_TRIPS.values())[:2], ids=list(ROUND_TRIPS)[:2])
def test_a_copy_by_pickle_or_deepcopy_is_independent(travel: Callable[[Graph], Graph]) -> None:
    g = path()
    back = travel(g)
    back.ndata["x"].add_(1)
    back.adjacency.src.add_(1)
    back.ndata["h"] = torch.ones(3)
    assert contents(g) == contents(path())


def test_source_and_destination_data_stay_shared_after_pickle() -> None:
    back = pickle.loads(pickle.dumps(path()))
    back.srcdata["h"] = torch.ones(3)
    assert back.dstdata["h"] is back.ndata["h"] is back.srcdata["h"]


def test_a_deepcopied_graph_passes_messages() -> None:
    g = path()
    g.update_all(fn.copy_u("x", "m"), fn.sum("m", "x"))
    back = copy.deepcopy(g)
    back.update_all(fn.copy_u("x", "m"), fn.sum("m", "x"))
    assert back.ndata["x"].view(-1).tolist() == [0, 0, 0]
    assert g.ndata["x"].view(-1).tolist() == [0, 0, 1]
