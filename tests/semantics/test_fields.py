"""Fields of features: assignment, rows, initializers, several types."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, MutableMapping
from types import FrameType
from typing import Any

import pytest
import torch
from support.samples import contents, filled_with, path, shop
from support.unchanged import each
from torch import Tensor

import graphmp as gm
from graphmp import Graph

# ---- assigning


def test_a_field_is_the_assigned_tensor_object() -> None:
    g, nodes, edges = path(), torch.ones(3), torch.ones(2)
    g.ndata["h"], g.edata["h"] = nodes, edges
    views = (g.ndata, g.srcdata, g.dstdata, g.nodes["_N"].data, g.nodes[:].data)
    assert all(view["h"] is nodes for view in views)
    assert all(view["h"] is edges for view in (g.edata, g.edges["_E"].data, g.edges[:].data))


def test_a_field_of_several_types_holds_the_assigned_tensor_objects() -> None:
    g, users, bought = shop(), torch.ones(3), torch.ones(3)
    g.ndata["h"], g.edata["h"] = {"user": users}, {"buys": bought}
    assert g.ndata["h"]["user"] is g.nodes["user"].data["h"] is users
    assert g.edata["h"]["user", "buys", "game"] is g.edges["buys"].data["h"] is bought


def test_a_field_of_a_block_is_the_assigned_tensor_object() -> None:
    block, sources, targets = gm.create_block(([0, 1], [0, 0])), torch.ones(2), torch.ones(1)
    block.srcdata["h"], block.dstdata["h"] = sources, targets
    assert block.srcdata["h"] is sources
    assert block.dstdata["h"] is targets


def test_assigning_or_reading_a_field_enters_two_python_functions() -> None:
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


# ---- initializers


def test_unwritten_rows_are_zero() -> None:
    g = path()
    g.nodes[[2, 0]].data["h"] = torch.tensor([[3, 3], [1, 1]])
    g.edges[0, 1].data["h"] = torch.tensor([1.5])
    assert g.ndata["h"].tolist() == [[1, 1], [0, 0], [3, 3]]
    assert g.edata["h"].tolist() == [1.5, 0]


def test_unwritten_rows_come_from_the_initializer() -> None:
    g = path()
    g.set_n_initializer(filled_with(7))
    g.set_e_initializer(filled_with(8))
    g.nodes[1].data["h"], g.edges[1].data["h"] = torch.ones(1), torch.ones(1)
    assert g.ndata["h"].tolist() == [7, 1, 7]
    assert g.edata["h"].tolist() == [8, 1]


def test_a_field_may_have_its_own_initializer() -> None:
    g = path()
    g.set_n_initializer(filled_with(7), "h")
    g.nodes[1].data["h"], g.nodes[1].data["other"] = torch.ones(1), torch.ones(1)
    assert g.ndata["h"].tolist() == [7, 1, 7]
    assert g.ndata["other"].tolist() == [0, 1, 0]


def test_an_initializer_belongs_to_one_type() -> None:
    g = shop()
    g.set_n_initializer(filled_with(7), ntype="game")
    g.set_e_initializer(filled_with(8), etype="follows")
    for ntype in g.ntypes:
        g.nodes[ntype, [0]].data["h"] = torch.ones(1)
    assert g.nodes["game"].data["h"].tolist() == [1, 7]
    assert g.nodes["user"].data["h"].tolist() == [1, 0, 0]


def test_an_initializer_gets_shape_dtype_device_and_rows() -> None:
    told = []

    def initializer(*given: Any) -> Tensor:
        told.append(given)
        return filled_with(0)(*given)

    g = path()
    g.set_n_initializer(initializer)
    g.nodes[1].data["h"] = torch.ones(1, 2, dtype=torch.float64)
    assert told == [((3, 2), torch.float64, torch.device("cpu"), slice(0, 3))]


def test_an_existing_column_does_not_use_the_initializer() -> None:
    g = path()
    g.set_n_initializer(filled_with(7))
    g.nodes[1].data["x"] = torch.tensor([[5.0]])
    assert g.ndata["x"].view(-1).tolist() == [0, 5, 2]


@pytest.mark.parametrize("bad", [torch.ones(2), torch.ones(3, dtype=torch.int64), 7])
def test_an_initializer_that_returns_something_else_is_an_error(bad: Any) -> None:
    g = path()
    g.set_n_initializer(lambda *_: bad)
    with pytest.raises(gm.GraphValueError, match=r"expected a tensor of shape \(3,\)"):
        g.nodes[1].data["h"] = torch.ones(1)
    assert contents(g) == contents(path())


def test_an_initializer_must_be_a_function_for_a_known_type() -> None:
    g = shop()
    with pytest.raises(gm.GraphTypeError, match=r"initializer: expected a function .*, got int 0"):
        g.set_n_initializer(0, ntype="user")  # type: ignore[arg-type]
    with pytest.raises(gm.GraphKeyError, match=r"no node type 'shop'.*'game', 'user'"):
        g.set_n_initializer(filled_with(1), ntype="shop")


# ---- values that do not fit


def test_rows_of_another_shape_are_an_error_that_names_both() -> None:
    g = path()
    with pytest.raises(
        gm.GraphValueError, match=r"'x'.* rows of shape \(1,\), got \(2,\).*whole column"
    ):
        g.nodes[[0, 1]].data["x"] = torch.ones(2, 2)
    assert contents(g) == contents(path())


def test_rows_of_another_dtype_are_an_error_that_names_both() -> None:
    g = path()
    with pytest.raises(gm.GraphTypeError, match=r"'w'.*rows of torch\.float32, got torch\.float64"):
        g.edges[[0, 1]].data["w"] = torch.ones(2, dtype=torch.float64)
    assert contents(g) == contents(path())


def test_assigning_a_whole_column_may_change_shape_and_dtype() -> None:
    g = path()
    g.ndata["x"] = torch.ones(3, 4, 5, dtype=torch.int64)
    assert g.node_attr_schemes() == {"x": ((4, 5), torch.int64)}


def test_schemes_report_the_shape_and_dtype_of_rows() -> None:
    g = shop()
    g.edges["buys"].data["wide"] = torch.ones(3, 2, dtype=torch.float64)
    assert g.node_attr_schemes("game") == {"x": ((), torch.float32)}
    assert g.edge_attr_schemes("buys")["wide"] == ((2,), torch.float64)
    assert g.edge_attr_schemes("follows")["w"].shape == ()


WRONG_LENGTHS: dict[str, tuple[Callable[[], Any], str]] = {
    "ndata": (lambda: path().ndata, "expected 3 rows.*nodes, got 7 rows"),
    "edata": (lambda: path().edata, "expected 2 rows.*edges, got 7 rows"),
    "nodes[type]": (lambda: shop().nodes["game"].data, "expected 2 rows.*'game', got 7 rows"),
    "edges[type]": (lambda: shop().edges["buys"].data, "expected 3 rows.*'buys'.*, got 7 rows"),
    "nodes[ids]": (
        lambda: path().nodes[[0, 1]].data,
        "expected 2 rows.*nodes being written, got 7 rows",
    ),
    "edges[ids]": (
        lambda: path().edges[[0]].data,
        "expected 1 rows.*edges being written, got 7 rows",
    ),
    "srcdata": (lambda: gm.create_block(([0], [0])).srcdata, "expected 1 rows.*source nodes"),
    "dstdata": (lambda: gm.create_block(([0], [0])).dstdata, "expected 1 rows.*destination nodes"),
}


@each("data, message", WRONG_LENGTHS)
def test_a_wrong_length_is_an_error_with_both_counts_and_the_type(
    data: Callable[[], Any], message: str
) -> None:
    view = data()
    with pytest.raises(gm.GraphValueError, match=message):
        view["h"] = torch.ones(7)
    assert "h" not in view


def test_a_wrong_length_for_one_of_several_types_writes_nothing() -> None:
    g = shop()
    with pytest.raises(gm.GraphValueError, match=r"expected 3 rows.*'user', got 1 rows"):
        g.ndata["x"] = {"game": torch.ones(2), "user": torch.ones(1)}
    assert contents(g) == contents(shop())


@pytest.mark.parametrize("data", [lambda g: g.ndata, lambda g: g.nodes[[0, 1, 2]].data])
def test_a_wrong_device_is_an_error_with_both_devices_and_the_fix(data: Any) -> None:
    g = path()
    with pytest.raises(gm.GraphValueError, match=r"on cpu, got one on meta; call \.to\('cpu'\)"):
        data(g)["h"] = torch.ones(3, device="meta")
    assert contents(g) == contents(path())


@pytest.mark.parametrize("value", [[1.0, 2.0, 3.0], 1.0, None, {"_N": torch.ones(3)}])
def test_a_value_that_is_not_a_tensor_is_an_error(value: Any) -> None:
    g = path()
    with pytest.raises(gm.GraphTypeError, match=f"got .*{type(value).__name__[:4]}"):
        g.ndata["h"] = value
    assert contents(g) == contents(path())


def test_a_tensor_without_dimensions_is_an_error() -> None:
    with pytest.raises(gm.GraphValueError, match="got a tensor without rows"):
        path().ndata["h"] = torch.tensor(1.0)


def test_a_field_name_must_be_a_string() -> None:
    with pytest.raises(gm.GraphTypeError, match="as a string, got int 0"):
        path().ndata[0] = torch.ones(3)


# ---- mappings

VIEWS: dict[str, Callable[[Graph], Any]] = {
    "ndata": lambda g: g.ndata,
    "srcdata": lambda g: g.srcdata,
    "dstdata": lambda g: g.dstdata,
    "edata": lambda g: g.edata,
    "nodes": lambda g: g.nodes["_N"].data,
    "edges": lambda g: g.edges["_E"].data,
}


@each("view", VIEWS)
def test_features_are_a_mutable_mapping(view: Callable[[Graph], Any]) -> None:
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


def test_features_of_several_types_are_a_mutable_mapping() -> None:
    data = shop().ndata
    assert isinstance(data, MutableMapping)
    data["h"] = {"user": torch.ones(3)}
    assert (list(data), len(data), "h" in data, "q" in data) == (["x", "h"], 2, True, False)
    assert list(data.pop("h")) == ["user"]
    assert data.pop("h", None) is None
    del data["x"]
    assert not data


@each("view", VIEWS)
def test_a_missing_field_is_a_key_error_that_lists_the_others(
    view: Callable[[Graph], Any],
) -> None:
    data = view(gm.graph(([0, 1], [1, 0])))
    data["here"] = torch.ones(2)
    for use in (operator.getitem, operator.delitem, lambda d, name: d.pop(name)):
        with pytest.raises(gm.GraphKeyError, match="no field 'missing'; they have: 'here'"):
            use(data, "missing")


def test_deleting_a_field_that_no_type_has_is_a_key_error() -> None:
    with pytest.raises(gm.GraphKeyError, match="No node type has a field 'missing'"):
        del shop().ndata["missing"]


def test_fields_of_some_rows_cannot_be_deleted() -> None:
    rows = path().nodes[[2, 1]].data
    assert {name: t.view(-1).tolist() for name, t in rows.items()} == {"x": [2, 1]}
    assert (len(rows), "x" in rows) == (1, True)
    with pytest.raises(gm.GraphValueError, match="cannot be deleted for some rows"):
        del rows["x"]


def test_rows_are_selected_by_ids_in_any_form() -> None:
    g = path()
    for ids in ([2, 0], (2, 0), torch.tensor([2, 0]), torch.tensor([2, 0]).numpy()):
        assert g.nodes[ids].data["x"].view(-1).tolist() == [2, 0]
    assert g.nodes[2].data["x"].tolist() == [[2]]
    for key in (("user", [2, 0]), ([2, 0], "user")):
        assert shop().nodes[key].data["x"].tolist() == [2, 0]
    assert g.edges[torch.tensor([1]).numpy()].data["w"].tolist() == [20]


# ---- several types


def test_reading_several_types_gives_a_dict_of_those_that_have_the_field() -> None:
    g = shop()
    g.nodes["game"].data["h"] = torch.ones(2)
    g.edges["follows"].data["h"] = torch.ones(2)
    assert list(g.ndata["x"]) == ["game", "user"]
    assert list(g.ndata["h"]) == ["game"]
    assert list(g.edata["h"]) == [("user", "follows", "user")]
    assert g.ndata["missing"] == {}


def test_assigning_to_several_types_takes_a_dict_and_leaves_the_others() -> None:
    g = shop()
    g.ndata["x"] = {"game": torch.ones(2)}
    g.edata["w"] = {("user", "follows", "user"): torch.ones(2)}
    assert g.nodes["user"].data["x"].tolist() == [0, 1, 2]
    assert g.nodes["game"].data["x"].tolist() == [1, 1]
    assert g.edges["buys"].data["w"].tolist() == [0, 1, 2]
    assert g.edges["follows"].data["w"].tolist() == [1, 1]


def test_a_side_with_one_type_takes_a_tensor() -> None:
    bipartite = gm.heterograph({("user", "buys", "game"): ([0, 1], [0, 0])})
    bipartite.edata["w"] = torch.ones(2)
    bipartite.srcdata["h"], bipartite.dstdata["h"] = torch.ones(2), torch.zeros(1)
    assert {t: h.tolist() for t, h in bipartite.ndata["h"].items()} == {"user": [1, 1], "game": [0]}


def test_a_tensor_for_several_types_is_an_error() -> None:
    g = shop()
    with pytest.raises(gm.GraphTypeError, match=r"dict.*several node types, got a tensor of"):
        g.ndata["x"] = torch.ones(3)
    with pytest.raises(gm.GraphTypeError, match=r"dict.*several edge types, got a tensor of"):
        g.edata["w"] = torch.ones(3)
    assert contents(g) == contents(shop())


def test_a_dict_for_a_single_type_is_an_error() -> None:
    with pytest.raises(gm.GraphTypeError, match="expected one tensor, got a dict"):
        path().ndata["x"] = {"_N": torch.ones(3)}


def test_an_unknown_type_is_an_error_and_nothing_is_written() -> None:
    g = shop()
    with pytest.raises(gm.GraphKeyError, match="no node type 'shop'"):
        g.ndata["x"] = {"user": torch.ones(3), "shop": torch.ones(1)}
    with pytest.raises(gm.GraphKeyError, match="no edge type 'sells'"):
        g.edata["w"] = {"buys": torch.ones(3), "sells": torch.ones(1)}
    with pytest.raises(gm.GraphKeyError, match="no edge type 'sells'"):
        g.edges["sells"]
    assert contents(g) == contents(shop())


def test_update_writes_all_columns_or_none() -> None:
    g = path()
    g.ndata["h"] = torch.zeros(g.num_nodes())
    with pytest.raises(gm.GraphValueError, match="'w': expected 3 rows"):
        g.ndata.update({"h": torch.ones(g.num_nodes()), "w": torch.ones(g.num_nodes() + 1)})
    assert list(g.ndata) == ["x", "h"]
    assert not g.ndata["h"].any()
    g.ndata.update([("y", torch.ones(g.num_nodes()))], z=torch.ones(g.num_nodes()))
    assert list(g.ndata) == ["x", "h", "y", "z"]
