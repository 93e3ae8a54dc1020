"""Section 3 of the semantics: frames and scopes."""

from __future__ import annotations

import copy
import operator
import pickle
import sys
from collections.abc import Callable, MutableMapping
from types import FrameType
from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import Graph

Change = Callable[[Graph], object]


def path() -> Graph:
    """Three nodes in a row, with a feature on nodes and one on edges."""
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["x"] = torch.tensor([[0.0], [1.0], [2.0]])
    g.edata["w"] = torch.tensor([10.0, 20.0])
    return g


def shop() -> Graph:
    """Three users who buy two games and follow each other, with features on all of them."""
    g = gm.heterograph(
        {
            ("user", "buys", "game"): ([0, 1, 2], [0, 0, 1]),
            ("user", "follows", "user"): ([0, 1], [1, 2]),
        }
    )
    g.ndata["x"] = {"user": torch.arange(3.0), "game": torch.arange(2.0)}
    g.edata["w"] = {"buys": torch.arange(3.0), "follows": torch.arange(2.0)}
    return g


def contents(g: Graph) -> dict[str, Any]:
    """All features of a graph as plain Python, to be compared."""
    data: dict[str, Any] = {}
    for ntype in g.ntypes:
        data[ntype] = {name: t.tolist() for name, t in g.nodes[ntype].data.items()}
    for etype in g.canonical_etypes:
        data[str(etype)] = {name: t.tolist() for name, t in g.edges[etype].data.items()}
    return data


# ---- 26: assigning


def test_line_26_a_field_is_the_very_tensor_that_was_assigned() -> None:
    g, nodes, edges = path(), torch.ones(3), torch.ones(2)
    g.ndata["h"], g.edata["h"] = nodes, edges
    views = (g.ndata, g.srcdata, g.dstdata, g.nodes["_N"].data, g.nodes[:].data)
    assert all(view["h"] is nodes for view in views)
    assert all(view["h"] is edges for view in (g.edata, g.edges["_E"].data, g.edges[:].data))


def test_line_26_a_field_of_several_types_is_the_very_tensors_that_were_assigned() -> None:
    g, users, bought = shop(), torch.ones(3), torch.ones(3)
    g.ndata["h"], g.edata["h"] = {"user": users}, {"buys": bought}
    assert g.ndata["h"]["user"] is g.nodes["user"].data["h"] is users
    assert g.edata["h"]["user", "buys", "game"] is g.edges["buys"].data["h"] is bought


def test_line_26_a_field_of_a_block_is_the_very_tensor_that_was_assigned() -> None:
    block, sources, targets = gm.create_block(([0, 1], [0, 0])), torch.ones(2), torch.ones(1)
    block.srcdata["h"], block.dstdata["h"] = sources, targets
    assert block.srcdata["h"] is sources
    assert block.dstdata["h"] is targets


def test_line_26_assigning_and_reading_a_field_enter_two_python_functions_each() -> None:
    g, x = path(), torch.ones(3)

    def assign() -> None:
        g.ndata["h"] = x

    def read() -> None:
        g.ndata["h"]

    assert entered(assign) == entered(read) == 2


def entered(function: Callable[[], None]) -> int:
    """How many Python functions a function enters, itself not counted."""
    calls = -1

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(previous)
    return calls


# ---- 27: scopes and copies


def in_scope(g: Graph, change: Change) -> None:
    with g.local_scope():
        change(g)


COPIES: dict[str, Callable[[Graph], Graph]] = {
    "local_var": Graph.local_var,
    "clone": Graph.clone,
    "copy": copy.copy,
}
WAYS: dict[str, Callable[[Graph, Change], object]] = {
    "local_scope": in_scope,
    "local_var": lambda g, change: change(g.local_var()),
    "clone": lambda g, change: change(g.clone()),
    "copy": lambda g, change: change(copy.copy(g)),
}
CHANGES: dict[str, Change] = {
    "a new field": lambda g: g.ndata.update(h=torch.ones(3)),
    "a new value": lambda g: g.edata.update(w=torch.ones(2)),
    "a deleted field": lambda g: operator.delitem(g.ndata, "x"),
    "a popped field": lambda g: g.edata.pop("w"),
    "no fields": lambda g: g.ndata.clear(),
    "rows of nodes": lambda g: operator.setitem(g.nodes[[0]].data, "x", torch.ones(1, 1)),
    "rows of edges": lambda g: operator.setitem(g.edges[1].data, "w", torch.ones(1)),
    "messages": lambda g: g.update_all(fn.copy_u("x", "m"), fn.sum("m", "x")),
    "pulled rows": lambda g: g.pull([1], fn.copy_u("x", "m"), fn.sum("m", "x")),
    "applied rows": lambda g: g.apply_nodes(lambda nodes: {"x": nodes.data["x"] + 1}, [0]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_line_27_scopes_and_copies_forget(
    way: Callable[[Graph, Change], object], change: Change
) -> None:
    g, outside = path(), path()
    way(g, change)
    change(outside)
    assert contents(g) == contents(path())
    assert contents(outside) != contents(path())


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_line_27_scopes_and_copies_share_tensors(
    way: Callable[[Graph, Change], object],
) -> None:
    g = path()
    x = g.ndata["x"]
    way(g, lambda local: local.ndata["x"].add_(1))
    assert g.ndata["x"] is x
    assert x.view(-1).tolist() == [1, 2, 3]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_line_27_scopes_and_copies_forget_for_every_type(
    way: Callable[[Graph, Change], object],
) -> None:
    g = shop()
    way(g, lambda local: (local.ndata.clear(), local.edata.clear()))
    assert contents(g) == contents(shop())


def test_line_27_a_scope_of_a_block_forgets_at_both_ends() -> None:
    block = gm.create_block(([0, 1], [0, 0]))
    with block.local_scope():
        block.srcdata["h"], block.dstdata["h"] = torch.ones(2), torch.ones(1)
    assert not block.srcdata
    assert not block.dstdata


def test_line_27_nested_scopes_restore_one_by_one() -> None:
    g = path()
    outer, inner = torch.ones(3), torch.zeros(3)
    with g.local_scope():
        g.ndata["h"] = outer
        with g.local_scope():
            g.ndata["h"] = inner
            del g.ndata["x"]
        assert g.ndata["h"] is outer
        assert "x" in g.ndata
    assert "h" not in g.ndata


def test_line_27_a_scope_can_be_entered_again() -> None:
    g = path()
    scope = g.local_scope()
    for _ in range(2):
        with scope:
            g.ndata["h"] = torch.ones(3)
        assert "h" not in g.ndata


def test_line_27_an_exception_restores() -> None:
    g = path()

    def fail() -> None:
        with g.local_scope(), g.local_scope():
            g.ndata["x"] = torch.ones(3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert contents(g) == contents(path())


def test_line_27_an_early_return_restores() -> None:
    g = path()

    def forward() -> Tensor:
        with g.local_scope():
            g.ndata["x"] = g.ndata["x"] * 2
            return g.ndata["x"]

    assert forward().view(-1).tolist() == [0, 2, 4]
    assert contents(g) == contents(path())


def test_line_27_a_scope_holds_for_graphs_that_share_its_features() -> None:
    g = shop()
    with g.local_scope():
        g["follows"].ndata["h"] = torch.ones(3)
        assert "h" in g.nodes["user"].data
    assert contents(g) == contents(shop())


RESTRUCTURED: dict[str, tuple[Change, tuple[int, int]]] = {
    "add_nodes": (lambda g: g.add_nodes(2), (5, 2)),
    "add_edges": (lambda g: g.add_edges([0, 0], [2, 3]), (4, 4)),
    "remove_nodes": (lambda g: g.remove_nodes([0]), (2, 1)),
    "remove_edges": (lambda g: g.remove_edges([0]), (3, 1)),
}


@pytest.mark.parametrize(("change", "counts"), RESTRUCTURED.values(), ids=RESTRUCTURED)
def test_line_27_changes_of_structure_are_not_scoped(
    change: Change, counts: tuple[int, int]
) -> None:
    g, outside = path(), path()
    with g.local_scope(), g.local_scope():
        g.ndata["h"] = torch.ones(3)
        change(g)
        assert len(g.ndata["h"]) == counts[0]
    change(outside)
    assert (g.num_nodes(), g.num_edges()) == counts
    assert contents(g) == contents(outside)


@pytest.mark.parametrize(("change", "counts"), RESTRUCTURED.values(), ids=RESTRUCTURED)
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_line_27_a_copy_has_a_structure_of_its_own(
    copied: Callable[[Graph], Graph], change: Change, counts: tuple[int, int]
) -> None:
    g = path()
    local = copied(g)
    change(local)
    assert (local.num_nodes(), local.num_edges()) == counts
    assert (g.num_nodes(), g.num_edges()) == (3, 2)
    assert contents(g) == contents(path())


# ---- 28: initializers


def filled_with(
    value: float,
) -> Callable[[tuple[int, ...], torch.dtype, torch.device, slice], Tensor]:
    return lambda shape, dtype, ctx, id_range: torch.full(shape, value, dtype=dtype, device=ctx)


def test_line_28_rows_that_nobody_wrote_are_zero() -> None:
    g = path()
    g.nodes[[2, 0]].data["h"] = torch.tensor([[3, 3], [1, 1]])
    g.edges[0, 1].data["h"] = torch.tensor([1.5])
    assert g.ndata["h"].tolist() == [[1, 1], [0, 0], [3, 3]]
    assert g.edata["h"].tolist() == [1.5, 0]


def test_line_28_rows_that_nobody_wrote_come_from_the_initializer() -> None:
    g = path()
    g.set_n_initializer(filled_with(7))
    g.set_e_initializer(filled_with(8))
    g.nodes[1].data["h"], g.edges[1].data["h"] = torch.ones(1), torch.ones(1)
    assert g.ndata["h"].tolist() == [7, 1, 7]
    assert g.edata["h"].tolist() == [8, 1]


def test_line_28_a_field_may_have_an_initializer_of_its_own() -> None:
    g = path()
    g.set_n_initializer(filled_with(7), "h")
    g.nodes[1].data["h"], g.nodes[1].data["other"] = torch.ones(1), torch.ones(1)
    assert g.ndata["h"].tolist() == [7, 1, 7]
    assert g.ndata["other"].tolist() == [0, 1, 0]


def test_line_28_an_initializer_belongs_to_one_type() -> None:
    g = shop()
    g.set_n_initializer(filled_with(7), ntype="game")
    g.set_e_initializer(filled_with(8), etype="follows")
    for ntype in g.ntypes:
        g.nodes[ntype, [0]].data["h"] = torch.ones(1)
    assert g.nodes["game"].data["h"].tolist() == [1, 7]
    assert g.nodes["user"].data["h"].tolist() == [1, 0, 0]


def test_line_28_an_initializer_is_told_shape_dtype_device_and_rows() -> None:
    told = []

    def initializer(*given: Any) -> Tensor:
        told.append(given)
        return filled_with(0)(*given)

    g = path()
    g.set_n_initializer(initializer)
    g.nodes[1].data["h"] = torch.ones(1, 2, dtype=torch.float64)
    assert told == [((3, 2), torch.float64, torch.device("cpu"), slice(0, 3))]


def test_line_28_a_column_that_exists_needs_no_initializer() -> None:
    g = path()
    g.set_n_initializer(filled_with(7))
    g.nodes[1].data["x"] = torch.tensor([[5.0]])
    assert g.ndata["x"].view(-1).tolist() == [0, 5, 2]


@pytest.mark.parametrize("bad", [torch.ones(2), torch.ones(3, dtype=torch.int64), 7])
def test_line_28_an_initializer_that_gives_something_else_is_an_error(bad: Any) -> None:
    g = path()
    g.set_n_initializer(lambda *_: bad)
    with pytest.raises(gm.GraphValueError, match=r"must return a tensor of shape \(3,\)"):
        g.nodes[1].data["h"] = torch.ones(1)
    assert contents(g) == contents(path())


def test_line_28_an_initializer_must_be_a_function_for_a_type_that_exists() -> None:
    g = shop()
    with pytest.raises(gm.GraphTypeError, match=r"function .*, but int 0 came"):
        g.set_n_initializer(0, ntype="user")  # type: ignore[arg-type]
    with pytest.raises(gm.GraphKeyError, match=r"no node type 'shop'.*'game', 'user'"):
        g.set_n_initializer(filled_with(1), ntype="shop")


# ---- 29, 30: what does not fit


def test_line_29_rows_of_another_shape_are_an_error_that_names_both() -> None:
    g = path()
    with pytest.raises(gm.GraphValueError, match=r"'x'.*\(1,\), but \(2,\) came.*whole column"):
        g.nodes[[0, 1]].data["x"] = torch.ones(2, 2)
    assert contents(g) == contents(path())


def test_line_29_rows_of_another_dtype_are_an_error_that_names_both() -> None:
    g = path()
    with pytest.raises(gm.GraphTypeError, match=r"'w'.*float32, but rows of torch\.float64 came"):
        g.edges[[0, 1]].data["w"] = torch.ones(2, dtype=torch.float64)
    assert contents(g) == contents(path())


def test_line_29_a_whole_column_may_change_shape_and_dtype() -> None:
    g = path()
    g.ndata["x"] = torch.ones(3, 4, 5, dtype=torch.int64)
    assert g.node_attr_schemes() == {"x": ((4, 5), torch.int64)}


WRONG_LENGTHS: dict[str, tuple[Callable[[], Any], str]] = {
    "ndata": (lambda: path().ndata, "needs 3 rows.*nodes of type '_N', but 7 rows came"),
    "edata": (lambda: path().edata, "needs 2 rows.*edges of type .*'_E'.*, but 7 rows came"),
    "nodes[type]": (lambda: shop().nodes["game"].data, "needs 2 rows.*'game', but 7 rows"),
    "edges[type]": (lambda: shop().edges["buys"].data, "needs 3 rows.*'buys'.*, but 7 rows"),
    "nodes[ids]": (lambda: path().nodes[[0, 1]].data, "needs 2 rows.*'_N'.*, but 7 rows"),
    "edges[ids]": (lambda: path().edges[[0]].data, "needs 1 rows.*'_E'.*, but 7 rows"),
    "srcdata": (lambda: gm.create_block(([0], [0])).srcdata, "needs 1 rows.*source nodes"),
    "dstdata": (lambda: gm.create_block(([0], [0])).dstdata, "needs 1 rows.*destination nodes"),
}


@pytest.mark.parametrize(("data", "message"), WRONG_LENGTHS.values(), ids=WRONG_LENGTHS)
def test_line_30_a_wrong_length_says_how_many_rows_of_which_type_and_how_many_came(
    data: Callable[[], Any], message: str
) -> None:
    view = data()
    with pytest.raises(gm.GraphValueError, match=message):
        view["h"] = torch.ones(7)
    assert "h" not in view


def test_line_30_a_wrong_length_among_several_types_writes_none_of_them() -> None:
    g = shop()
    with pytest.raises(gm.GraphValueError, match=r"needs 3 rows.*'user', but 1 rows came"):
        g.ndata["x"] = {"game": torch.ones(2), "user": torch.ones(1)}
    assert contents(g) == contents(shop())


@pytest.mark.parametrize("data", [lambda g: g.ndata, lambda g: g.nodes[[0, 1, 2]].data])
def test_line_30_a_wrong_device_names_both_and_the_call_that_mends_it(data: Any) -> None:
    g = path()
    with pytest.raises(gm.GraphValueError, match=r"on cpu, but it is on meta: call \.to\('cpu'\)"):
        data(g)["h"] = torch.ones(3, device="meta")
    assert contents(g) == contents(path())


@pytest.mark.parametrize("value", [[1.0, 2.0, 3.0], 1.0, None, {"_N": torch.ones(3)}])
def test_line_30_what_is_no_tensor_is_an_error(value: Any) -> None:
    g = path()
    with pytest.raises(gm.GraphTypeError, match=f"{type(value).__name__}.* came"):
        g.ndata["h"] = value
    assert contents(g) == contents(path())


def test_line_30_a_tensor_without_rows_is_an_error() -> None:
    with pytest.raises(gm.GraphValueError, match="a tensor without rows came"):
        path().ndata["h"] = torch.tensor(1.0)


def test_line_30_a_field_name_must_be_a_string() -> None:
    with pytest.raises(gm.GraphTypeError, match="must be a string, but int 0 came"):
        path().ndata[0] = torch.ones(3)


# ---- 31: mappings

VIEWS: dict[str, Callable[[Graph], Any]] = {
    "ndata": lambda g: g.ndata,
    "srcdata": lambda g: g.srcdata,
    "dstdata": lambda g: g.dstdata,
    "edata": lambda g: g.edata,
    "nodes": lambda g: g.nodes["_N"].data,
    "edges": lambda g: g.edges["_E"].data,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_line_31_features_are_a_mutable_mapping(view: Callable[[Graph], Any]) -> None:
    a, b = torch.ones(2), torch.zeros(2)
    data = view(gm.graph(([0, 1], [1, 0])))
    assert isinstance(data, MutableMapping)
    data.update(a=a, b=b)
    assert (list(data), len(data), "a" in data, "c" in data) == (["a", "b"], 2, True, False)
    assert data.pop("a") is a
    assert data.setdefault("b", a) is b
    assert data.get("a") is None
    del data["b"]
    data["c"] = a
    data.clear()
    assert not data
    assert len(data) == 0


def test_line_31_features_of_several_types_are_a_mutable_mapping() -> None:
    data = shop().ndata
    assert isinstance(data, MutableMapping)
    data["h"] = {"user": torch.ones(3)}
    assert (list(data), len(data), "h" in data, "q" in data) == (["x", "h"], 2, True, False)
    assert list(data.pop("h")) == ["user"]
    assert data.pop("h", None) is None
    del data["x"]
    assert not data


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_line_31_a_missing_field_is_a_key_error_that_lists_the_others(
    view: Callable[[Graph], Any],
) -> None:
    data = view(gm.graph(([0, 1], [1, 0])))
    data["here"] = torch.ones(2)
    for use in (operator.getitem, operator.delitem, lambda d, name: d.pop(name)):
        with pytest.raises(gm.GraphKeyError, match="no field 'missing'; they have: 'here'"):
            use(data, "missing")


def test_line_31_deleting_a_field_that_no_type_has_is_a_key_error() -> None:
    with pytest.raises(gm.GraphKeyError, match="No node type has a field 'missing'"):
        del shop().ndata["missing"]


def test_line_31_some_rows_are_a_mapping_whose_fields_cannot_be_deleted() -> None:
    rows = path().nodes[[2, 1]].data
    assert {name: t.view(-1).tolist() for name, t in rows.items()} == {"x": [2, 1]}
    assert (len(rows), "x" in rows) == (1, True)
    with pytest.raises(gm.GraphValueError, match="cannot be deleted for some rows"):
        del rows["x"]


def test_line_31_ids_name_rows_whatever_they_come_in() -> None:
    g = path()
    for ids in ([2, 0], (2, 0), torch.tensor([2, 0]), torch.tensor([2, 0]).numpy()):
        assert g.nodes[ids].data["x"].view(-1).tolist() == [2, 0]
    assert g.nodes[2].data["x"].tolist() == [[2]]
    assert g.edges[torch.tensor([1]).numpy()].data["w"].tolist() == [20]


# ---- 32: several types


def test_line_32_reading_gives_a_dict_of_the_types_that_have_the_field() -> None:
    g = shop()
    g.nodes["game"].data["h"] = torch.ones(2)
    g.edges["follows"].data["h"] = torch.ones(2)
    assert list(g.ndata["x"]) == ["game", "user"]
    assert list(g.ndata["h"]) == ["game"]
    assert list(g.edata["h"]) == [("user", "follows", "user")]
    assert g.ndata["missing"] == {}


def test_line_32_setting_takes_a_dict_and_leaves_the_other_types() -> None:
    g = shop()
    g.ndata["x"] = {"game": torch.ones(2)}
    g.edata["w"] = {("user", "follows", "user"): torch.ones(2)}
    assert g.nodes["user"].data["x"].tolist() == [0, 1, 2]
    assert g.nodes["game"].data["x"].tolist() == [1, 1]
    assert g.edges["buys"].data["w"].tolist() == [0, 1, 2]
    assert g.edges["follows"].data["w"].tolist() == [1, 1]


def test_line_32_one_type_sets_a_tensor_where_the_other_side_has_several() -> None:
    bipartite = gm.heterograph({("user", "buys", "game"): ([0, 1], [0, 0])})
    bipartite.edata["w"] = torch.ones(2)
    bipartite.srcdata["h"], bipartite.dstdata["h"] = torch.ones(2), torch.zeros(1)
    assert {t: h.tolist() for t, h in bipartite.ndata["h"].items()} == {"user": [1, 1], "game": [0]}


def test_line_32_a_tensor_for_several_types_is_an_error() -> None:
    g = shop()
    with pytest.raises(gm.GraphTypeError, match=r"several node types.*dict.*tensor of .* came"):
        g.ndata["x"] = torch.ones(3)
    with pytest.raises(gm.GraphTypeError, match=r"several edge types.*dict.*tensor of .* came"):
        g.edata["w"] = torch.ones(3)
    assert contents(g) == contents(shop())


def test_line_32_a_dict_for_a_single_type_is_an_error() -> None:
    with pytest.raises(gm.GraphTypeError, match="must be one tensor, but a dict came"):
        path().ndata["x"] = {"_N": torch.ones(3)}


def test_line_32_an_unknown_type_is_an_error_and_nothing_is_written() -> None:
    g = shop()
    with pytest.raises(gm.GraphKeyError, match="no node type 'shop'"):
        g.ndata["x"] = {"user": torch.ones(3), "shop": torch.ones(1)}
    with pytest.raises(gm.GraphKeyError, match="no edge type 'sells'"):
        g.edata["w"] = {"buys": torch.ones(3), "sells": torch.ones(1)}
    with pytest.raises(gm.GraphKeyError, match="no edge type 'sells'"):
        g.edges["sells"]
    assert contents(g) == contents(shop())


# ---- 33: shared frames

SHARING: dict[str, Callable[[Graph], Graph]] = {
    "g[etype]": lambda g: g["follows"],
    "g[triple]": lambda g: g["user", "follows", "user"],
    "g[pattern]": lambda g: g[:, "follows", :],
    "node_type_subgraph": lambda g: g.node_type_subgraph(["user"]),
    "edge_type_subgraph": lambda g: g.edge_type_subgraph(["follows"]),
}


@pytest.mark.parametrize("part", SHARING.values(), ids=SHARING)
def test_line_33_parts_by_type_see_each_others_writes(part: Callable[[Graph], Graph]) -> None:
    g = shop()
    users = part(g)
    users.ndata["here"], users.edata["here"] = torch.ones(3), torch.ones(2)
    g.nodes["user"].data["there"], g.edges["follows"].data["there"] = torch.ones(3), torch.ones(2)
    del g.nodes["user"].data["x"]
    users.nodes[[0]].data["here"] = torch.zeros(1)
    assert list(users.ndata) == list(g.nodes["user"].data) == ["here", "there"]
    assert list(users.edata) == list(g.edges["follows"].data) == ["w", "here", "there"]
    assert g.nodes["user"].data["here"].tolist() == [0, 1, 1]


# ---- 34: lazy columns

SUBGRAPHS: dict[str, Callable[[Graph], Graph]] = {
    "subgraph": lambda g: g.subgraph([2, 1]),
    "edge_subgraph": lambda g: g.edge_subgraph([1]),
    "in_subgraph": lambda g: g.in_subgraph([2], relabel_nodes=True),
    "out_subgraph": lambda g: g.out_subgraph([1], relabel_nodes=True),
}


@pytest.mark.parametrize("taken", SUBGRAPHS.values(), ids=SUBGRAPHS)
def test_line_34_columns_are_gathered_at_the_first_read(taken: Callable[[Graph], Graph]) -> None:
    g = path()
    part = taken(g)
    g.ndata["x"].add_(1), g.edata["w"].add_(1)  # seen, since nothing was gathered yet
    x, w = part.ndata["x"], part.edata["w"]
    assert x.view(-1).tolist() == (part.ndata[gm.NID] + 1.0).tolist()
    assert w.tolist() == [21]
    g.ndata["x"].add_(1), g.edata["w"].add_(1)
    assert part.ndata["x"] is x
    assert x.view(-1).tolist() == (part.ndata[gm.NID] + 1.0).tolist()
    assert part.edata["w"].tolist() == [21]


@pytest.mark.parametrize("taken", SUBGRAPHS.values(), ids=SUBGRAPHS)
def test_line_34_assignments_do_not_pass_between_graph_and_subgraph(
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


def test_line_34_slices_of_slices_read_the_right_rows() -> None:
    g = gm.graph((torch.arange(9), torch.arange(1, 10)))
    g.ndata["x"], g.edata["w"] = torch.arange(10) * 10, torch.arange(9) * 100
    part = g.subgraph([8, 7, 6, 5, 4]).subgraph([3, 2, 1]).subgraph([1, 0])
    assert part.ndata["x"].tolist() == [60, 50]
    assert part.edata["w"].tolist() == [500]


def test_line_34_a_slice_read_before_it_is_sliced_again_reads_the_same() -> None:
    g = path()
    first = g.subgraph([2, 1])
    assert first.ndata["x"].view(-1).tolist() == [2, 1]
    assert first.subgraph([1]).ndata["x"].tolist() == [[1]]


def test_line_34_slices_go_to_another_device_unread() -> None:
    g = path()
    part = g.subgraph([2, 1]).subgraph([1]).to("meta")
    assert part.ndata["x"].device.type == "meta"
    assert part.ndata["x"].shape == (1, 1)
    assert part.edata["w"].shape == (0,)


def test_line_34_schemes_and_copies_leave_a_column_ungathered() -> None:
    g = path()
    part = g.subgraph([2])
    local = part.local_var()
    assert part.node_attr_schemes()["x"] == ((1,), torch.float32)
    g.ndata["x"].add_(1)
    assert local.ndata["x"].tolist() == part.ndata["x"].tolist() == [[3]]


def test_line_34_a_column_read_in_a_scope_is_gathered_once() -> None:
    part = path().subgraph([2])
    with part.local_scope():
        x = part.ndata["x"]
    assert part.ndata["x"] is x


def test_line_34_gradients_flow_through_a_gathered_column() -> None:
    g = path()
    x = g.ndata["x"].requires_grad_()
    g.subgraph([2, 1]).subgraph([0]).ndata["x"].sum().backward()
    assert x.grad is not None
    assert x.grad.view(-1).tolist() == [0, 0, 1]


# ---- 35, 36: devices and id types


def batch_of_two() -> Graph:
    """A graph that is a batch of a graph of two nodes and one of one node."""
    g = path()
    g.set_batch_num_nodes([2, 1])
    g.set_batch_num_edges([1, 1])
    return g


def test_line_35_a_graph_that_is_there_already_is_the_same_object() -> None:
    g = path()
    assert g.to("cpu") is g.to(torch.device("cpu")) is g.cpu() is g


def test_line_35_another_device_gives_a_new_graph_and_leaves_this_one() -> None:
    g = path()
    moved = g.to("meta")
    assert (moved.device.type, g.device.type) == ("meta", "cpu")
    tensors = (*moved.edges(), moved.ndata["x"], moved.edata["w"])
    assert {t.device.type for t in tensors} == {"meta"}
    assert contents(g) == contents(path())
    moved.ndata["h"] = torch.ones(3, device="meta")
    assert "h" not in g.ndata


def test_line_35_batch_information_moves_too() -> None:
    moved = batch_of_two().to("meta")
    assert moved.batch_size == 2
    sizes = (moved.batch_num_nodes(), moved.batch_num_edges())
    assert [(t.device.type, t.shape) for t in sizes] == [("meta", (2,))] * 2


def test_line_35_keyword_arguments_reach_torch() -> None:
    assert path().to("meta", non_blocking=True).ndata["x"].device.type == "meta"


def test_line_36_int_and_long_change_ids_and_leave_features() -> None:
    g = batch_of_two()
    g.ndata["count"] = torch.arange(3)
    narrow = g.int()
    assert narrow.idtype == narrow.edges()[0].dtype == narrow.in_degrees().dtype == torch.int32
    assert narrow.batch_num_nodes().dtype == narrow.batch_num_edges().dtype == torch.int32
    assert all(narrow.ndata[name] is g.ndata[name] for name in g.ndata)
    assert narrow.edata["w"] is g.edata["w"]
    assert narrow.long().idtype == torch.int64
    assert torch.equal(narrow.long().edges()[1], g.edges()[1])


def test_line_36_a_graph_of_that_id_type_is_the_same_object() -> None:
    g = path()
    assert g.long() is g
    assert g.astype(torch.int64) is g
    assert g.int().int().idtype == torch.int32


def test_line_36_fields_of_the_new_graph_are_its_own() -> None:
    g = path()
    g.int().ndata["h"] = torch.ones(3)
    assert "h" not in g.ndata


def test_line_36_other_id_types_are_an_error() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"int32 or torch\.int64, but torch\.float32 came"):
        path().astype(torch.float32)


def test_line_36_ids_that_do_not_fit_int32_are_an_error() -> None:
    with pytest.raises(gm.GraphValueError, match="int32 ids cannot number 2147483648"):
        gm.graph(([], []), num_nodes=2**31).int()


# ---- 37: pickle and deepcopy


def through_spawn(g: Graph) -> Graph:
    """What a new process received and sent back."""
    with torch.multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(copy.deepcopy, (g,))


ROUND_TRIPS: dict[str, Callable[[Graph], Graph]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda g: pickle.loads(pickle.dumps(g)),
    "oldest pickle": lambda g: pickle.loads(pickle.dumps(g, protocol=2)),
    "spawn": through_spawn,
}


@pytest.mark.parametrize("travel", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_line_37_a_graph_comes_back_with_all_that_it_had(travel: Callable[[Graph], Graph]) -> None:
    g = batch_of_two().formats(["csr", "csc"])
    g.in_degrees(), g.in_edges(0)
    back = travel(g)
    assert repr(back) == repr(g)
    assert contents(back) == contents(g)
    assert [ends.tolist() for ends in back.edges()] == [[0, 1], [1, 2]]
    assert back.formats() == g.formats()
    assert back.batch_num_nodes().tolist() == [2, 1]
    assert back.batch_num_edges().tolist() == [1, 1]


@pytest.mark.parametrize("travel", list(ROUND_TRIPS.values())[:2], ids=list(ROUND_TRIPS)[:2])
def test_line_37_several_types_blocks_and_slices_come_back(
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
def test_line_37_what_came_back_is_independent(travel: Callable[[Graph], Graph]) -> None:
    g = path()
    back = travel(g)
    back.ndata["x"].add_(1)
    back.edges()[0].add_(1)
    back.ndata["h"] = torch.ones(3)
    assert contents(g) == contents(path())
    assert g.edges()[0].tolist() == [0, 1]


def test_line_37_both_ends_of_a_graph_that_came_back_are_still_one() -> None:
    back = pickle.loads(pickle.dumps(path()))
    back.srcdata["h"] = torch.ones(3)
    assert back.dstdata["h"] is back.ndata["h"] is back.srcdata["h"]


def test_line_37_a_graph_that_came_back_passes_messages() -> None:
    g = path()
    g.update_all(fn.copy_u("x", "m"), fn.sum("m", "x"))
    back = copy.deepcopy(g)
    back.update_all(fn.copy_u("x", "m"), fn.sum("m", "x"))
    assert back.ndata["x"].view(-1).tolist() == [0, 0, 0]
    assert g.ndata["x"].view(-1).tolist() == [0, 0, 1]
