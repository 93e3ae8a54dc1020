"""Mistakes that newcomers make get an error that says what was wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import pytest
import scipy.sparse
import torch
from support.unchanged import each

import graphmp as gm
import graphmp.function as fn


def test_features_before_the_graph_are_an_error() -> None:
    g, x = gm.graph(([0], [1])), torch.ones(2, 3)
    message = "Expected a graph, got a tensor of torch.float32; pass the graph first"
    swapped: list[Callable[[], Any]] = [
        lambda: gm.ops.copy_u_sum(x, g),
        lambda: gm.ops.u_dot_v(x, x, g),
        lambda: gm.ops.edge_softmax(x, g),
        lambda: gm.nn.GraphConv(3, 2)(x, g),
    ]
    for call in swapped:
        with pytest.raises(gm.GraphTypeError, match=message):
            call()


def test_an_activation_is_a_function() -> None:
    nn, relu = gm.nn, torch.nn.ReLU
    made: list[Callable[[Any], Any]] = [
        lambda f: nn.GraphConv(3, 2, activation=f),
        lambda f: nn.SAGEConv(3, 2, "mean", activation=f),
        lambda f: nn.GATConv(3, 2, 2, activation=f),
        lambda f: nn.GATv2Conv(3, 2, 2, activation=f),
        lambda f: nn.EdgeGATConv(3, 2, 2, 2, activation=f),
        lambda f: nn.TransformerConv(3, 2, 2, activation=f),
        lambda f: nn.GINConv(activation=f),
        lambda f: nn.RelGraphConv(3, 2, 2, activation=f),
        lambda f: nn.ChebConv(3, 2, 2, activation=f),
        lambda f: nn.TAGConv(3, 2, activation=f),
        lambda f: nn.GCN2Conv(3, 1, activation=f),
        lambda f: nn.GatedGCNConv(3, 2, 2, activation=f),
    ]
    for make in made:
        with pytest.raises(gm.GraphTypeError, match=r"class ReLU; pass an instance, ReLU\(\)"):
            make(relu)
        with pytest.raises(gm.GraphTypeError, match=r"torch.relu, got str 'relu'"):
            make("relu")
        assert make(relu()) is not None
    for wrong in (lambda: nn.GINConv(5), lambda: nn.GINEConv(5)):  # type: ignore[arg-type]
        with pytest.raises(
            gm.GraphTypeError,
            match=r"apply_func: .* function or a module, such as torch\.relu, got int 5",
        ):
            wrong()


def test_a_layer_says_whose_features_are_wrong() -> None:
    shop = gm.heterograph({("a", "buys", "b"): ([0], [0]), ("a", "r", "a"): ([0], [0])})
    layers = {"buys": gm.nn.GraphConv(2, 2), "r": gm.nn.GraphConv(3, 2)}
    x = {"a": torch.ones(1, 2), "b": torch.ones(1, 2)}
    message = (
        r"feat of the source nodes of \('a', 'r', 'a'\): expected 3 as the last dimension, "
        r"got a shape of \(1, 2\)"
    )
    with pytest.raises(gm.GraphValueError, match=message):
        gm.nn.HeteroGraphConv(layers)(shop, x)
    with pytest.raises(gm.GraphValueError, match=r"Take it by graph\[etype\]; nn.HeteroGraphConv"):
        gm.nn.GraphConv(2, 2)(shop, x)
    block = gm.create_block(([0], [0]), num_src_nodes=2, num_dst_nodes=1)
    with pytest.raises(gm.GraphValueError, match="source nodes of the block, got 5 rows"):
        gm.nn.GraphConv(2, 2)(block, torch.ones(5, 2))


def test_graphs_of_other_libraries_name_the_function_that_reads_them() -> None:
    for other in (nx.path_graph(3), scipy.sparse.eye(3), torch.ones(2, 3)):
        with pytest.raises(gm.GraphTypeError, match=r"from_edge_index, .* from_scipy"):
            gm.graph(other)
    with pytest.raises(gm.GraphTypeError, match="Expected a NetworkX graph, got list"):
        gm.from_networkx([1, 2])


def test_a_device_that_torch_cannot_use_is_an_error() -> None:
    g = gm.graph(([0], [1]))
    for device in ("gpu", torch.float32):
        with pytest.raises(
            gm.GraphValueError, match="Expected a device that this torch can use, got"
        ):
            g.to(device)
        with pytest.raises(
            gm.GraphValueError, match="Expected a device that this torch can use, got"
        ):
            gm.graph(([0], [1]), device=device)


def test_a_graph_is_counted_before_it_moves() -> None:
    assert gm.graph(([0, 1], [1, 4]), device="meta").num_nodes() == 5


def test_one_graph_in_place_of_a_list_is_an_error() -> None:
    with pytest.raises(gm.GraphTypeError, match="put it into a list"):
        gm.batch(gm.graph(([0], [1])))  # type: ignore[arg-type]


def test_complex_features_have_no_maximum() -> None:
    with pytest.raises(
        gm.GraphTypeError, match=r"max: expected real numbers, got torch\.complex64"
    ):
        gm.ops.copy_u_max(gm.graph(([0], [1])), torch.ones(2, dtype=torch.complex64))


def test_names_of_an_older_dgl_are_told_their_new_ones() -> None:
    for old, new in {
        "copy_src": "copy_u",
        "copy_edge": "copy_e",
        "src_mul_edge": "u_mul_e",
    }.items():
        with pytest.raises(AttributeError, match=f"no builtin '{old}': it is {new} now"):
            getattr(fn, old)
    with pytest.raises(
        AttributeError, match=r"'variance'; the reducers are sum, .*register_reducer"
    ):
        _ = fn.variance
    with pytest.raises(AttributeError, match=r"no builtin 'copy_x'; the reducers are"):
        _ = fn.copy_x


def test_a_mailbox_lists_its_messages() -> None:
    g = gm.graph(([0], [1]))
    g.ndata["h"] = torch.ones(2, 3)
    with pytest.raises(gm.GraphKeyError, match=r"expected one of its messages \('m'\), got 'h'"):
        g.update_all(fn.copy_u("h", "m"), lambda nodes: {"h": nodes.mailbox["h"].sum(1)})


def test_names_of_fields_are_shown_without_their_tensors() -> None:
    g = gm.graph(([0], [1]))
    g.ndata["h"] = torch.ones(2, 3)
    assert repr(g.ndata.keys()) == repr(g.nodes[[0]].data.keys()) == "Fields(['h'])"
    assert g.ndata.keys() == {"h"}
    shop = gm.heterograph({("a", "r", "b"): ([0], [0])})
    shop.nodes["a"].data["x"] = torch.ones(1)
    assert repr(shop.ndata.keys()) == "Fields(['x'])"


# ---- what user-defined functions return


def star() -> gm.Graph:
    """A graph whose nodes have in-degrees 0, 1 and 2."""
    g = gm.graph(([0, 1, 0], [2, 2, 1]))
    g.ndata["h"] = torch.arange(12.0).view(3, 4)
    return g


class Pair(NamedTuple):
    """Two results of a function."""

    first: torch.Tensor
    second: torch.Tensor


SEVERAL: dict[str, tuple[Callable[[torch.Tensor], Any], str]] = {
    "max": (lambda m: m.max(1), r"max\(values, indices\) .*\.values, or call \.amax\(1\)"),
    "min": (lambda m: m.min(1), r"\.values, or call \.amin\(1\)"),
    "sort": (
        lambda m: m.sort(1),
        r"got sort\(values, indices\) of 2 tensors; take its \.values\.$",
    ),
    "median": (lambda m: m.median(1), r"take its \.values\.$"),
    "mode": (lambda m: m.mode(1), r"take its \.values\.$"),
    "topk": (lambda m: m.topk(1, 1), r"take its \.values\.$"),
    "a NamedTuple": (lambda m: Pair(m, m), r"got Pair\(first, second\) of 2 .* take one .*\.first"),
    "a list": (lambda m: [m, m], r"got list of 2 tensors; call torch\.stack on it"),
}


@each("reduce, message", SEVERAL)
def test_several_tensors_in_place_of_one_say_which_to_take(
    reduce: Callable[[torch.Tensor], Any], message: str
) -> None:
    g = star()
    with pytest.raises(gm.GraphTypeError, match=message) as caught:
        g.update_all(fn.copy_u("h", "m"), lambda nodes: {"o": reduce(nodes.mailbox["m"])})
    assert "tensor([" not in str(caught.value)


@pytest.mark.parametrize("reduce", [torch.sum, lambda m: m.sum(0).sum(0), lambda m: m])
def test_a_reduction_over_another_dimension_names_those_of_messages(
    reduce: Callable[[torch.Tensor], Any],
) -> None:
    g = star()
    with pytest.raises(gm.GraphValueError, match=r"\(nodes, degree, …\): reduce over dim=1\."):
        g.update_all(fn.copy_u("h", "m"), lambda nodes: {"o": reduce(nodes.mailbox["m"])})
    assert "o" not in g.ndata


# ---- text


class Series:
    """A column of pandas, as far as it is read here."""

    def __init__(self, values: list[Any]) -> None:
        self.shape, self.values = (len(values),), values

    def to_numpy(self) -> np.ndarray[Any, Any]:
        return np.array(self.values, dtype=object if isinstance(self.values[0], str) else None)


TEXT: dict[str, Any] = {
    "a list": ["a", "b", "c"],
    "a nested list": [["a"], ["b"], ["c"]],
    "an array": np.array(["a", "b", "c"]),
    "an array of objects": np.array(["a", None, 1.0], dtype=object),
    "a column of a table": Series(["a", "b", "c"]),
}


@each("values", TEXT)
def test_text_in_place_of_features_says_how_to_encode_it(values: Any) -> None:
    g = gm.graph(([0, 1, 0], [2, 2, 1]))
    for data, what in ((g.ndata, "nodes"), (g.edata, "edges")):
        with pytest.raises(gm.GraphTypeError, match=f"Field 'city' of the {what}: ") as caught:
            data["city"] = values
        message = str(caught.value)
        assert "pandas.factorize, or one-hot (see https://" in message
        assert "as_tensor" not in message


def test_other_columns_say_how_to_convert_them() -> None:
    g = star()
    with pytest.raises(gm.GraphTypeError, match=r"got Series of shape \(3,\); .* its \.to_numpy"):
        g.ndata["x"] = Series([1, 2, 3])
    with pytest.raises(
        gm.GraphTypeError, match=r"array of object; convert it by \.astype\(float\)"
    ):
        g.ndata["x"] = np.array([1, None, 2], dtype=object)


def test_text_as_ids_or_attributes_says_how_to_encode_it() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"expected integers, .* pandas\.factorize"):
        gm.graph((["Ann", "Bob"], ["Bob", "Ann"]))
    named = nx.DiGraph([(0, 1, {"kind": "x"})])
    nx.set_node_attributes(named, {0: "a", 1: "b"}, "name")
    with pytest.raises(gm.GraphTypeError, match=r"'name' of some node: .* pandas\.factorize"):
        gm.from_networkx(named, node_attrs=["name"])
    with pytest.raises(gm.GraphTypeError, match=r"'kind' of some edge: .* pandas\.factorize"):
        gm.from_networkx(named, edge_attrs=["kind"])
