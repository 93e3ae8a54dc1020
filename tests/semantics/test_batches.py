"""Batches of graphs."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.samples import contents, diamond, edges, shop
from support.unchanged import Case, each, refuses

import graphmp as gm
from graphmp import Graph


def two() -> list[Graph]:
    """Two graphs of the same schema."""
    small = gm.graph(([0], [1]))
    small.ndata["x"], small.edata["w"] = torch.tensor([7.0, 8.0]), torch.tensor([9.0])
    return [small, diamond()]


def test_a_batch_is_the_disjoint_union_of_its_graphs() -> None:
    batch = gm.batch(two())
    assert edges(batch) == [(0, 1), (2, 3), (2, 4), (3, 5), (4, 5)]
    assert batch.ndata["x"].tolist() == [7, 8, 0, 1, 2, 3]
    assert batch.edata["w"].tolist() == [9, 0, 10, 20, 30]
    assert batch.batch_size == 2
    assert batch.batch_num_nodes().tolist() == [2, 4]
    assert batch.batch_num_edges().tolist() == [1, 4]


def test_unbatch_inverts_batch() -> None:
    for graphs in (two(), [shop(), shop()]):
        parts = gm.unbatch(gm.batch(graphs))
        assert [contents(part) for part in parts] == [contents(g) for g in graphs]
        assert [part.batch_size for part in parts] == [1, 1]


def test_a_batch_of_several_types_counts_each_type() -> None:
    batch = gm.batch([shop(), shop()])
    assert edges(batch, "buys") == [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3)]
    assert batch.batch_num_nodes("game").tolist() == [2, 2]
    assert batch.batch_num_edges("buys").tolist() == [3, 3]


def test_nested_batches_flatten() -> None:
    inner = gm.batch(two())
    batch = gm.batch([inner, diamond(), inner])
    assert batch.batch_num_nodes().tolist() == [2, 4, 4, 2, 4]
    assert len(gm.unbatch(batch)) == batch.batch_size == 5


def test_a_graph_without_nodes_is_exempt_from_the_schema() -> None:
    nothing = gm.graph(([], []))
    for graphs in ([nothing, *two()], [*two(), nothing]):
        batch = gm.batch(graphs)
        assert batch.ndata["x"].tolist() == [7, 8, 0, 1, 2, 3]
        assert sorted(batch.batch_num_nodes().tolist()) == [0, 2, 4]
        assert len(gm.unbatch(batch)) == 3
    assert gm.batch([nothing, nothing]).batch_num_nodes().tolist() == [0, 0]


def test_readouts_of_an_empty_graph_give_0() -> None:
    batch = gm.batch([gm.graph(([], [])), *two()])
    for op in ("sum", "mean", "max", "min"):
        assert gm.readout_nodes(batch, "x", op=op)[0] == 0
        assert gm.readout_edges(batch, "w", op=op)[0] == 0
    assert gm.sum_nodes(batch, "x").tolist() == [0, 15, 6]


def test_batch_keeps_the_chosen_fields() -> None:
    graphs = two()
    graphs[0].ndata["only here"] = torch.ones(2)
    batch = gm.batch(graphs, ndata=["x"], edata=None)
    assert (list(batch.ndata), list(batch.edata)) == (["x"], [])


def test_gradients_flow_through_a_batch() -> None:
    graphs = two()
    x = graphs[1].ndata["x"].requires_grad_()
    gm.batch(graphs).ndata["x"].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 1, 1, 1]


def without_w() -> Graph:
    g = diamond()
    del g.edata["w"]
    return g


def with_wide_x() -> Graph:
    g = diamond()
    g.ndata["x"] = torch.ones(4, 2)
    return g


UNLIKE: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "id types": (
        lambda: diamond().int(),
        TypeError,
        "one id type, got torch.int32 in graph 1 and torch.int64 in graph 0",
    ),
    "devices": (
        lambda: diamond().to("meta"),
        ValueError,
        "one device, got meta in graph 1 and cpu in graph 0",
    ),
    "relations": (
        shop,
        ValueError,
        "same types, got graph 1 with .* more\\), unlike graph 0",
    ),
    "fields": (
        without_w,
        KeyError,
        "edges with the same fields .* graph 1 without 'w', unlike graph 0",
    ),
    "shapes": (with_wide_x, ValueError, "'x' of the nodes with one shape and dtype"),
    "blocks": (lambda: gm.create_block(([0], [0])), ValueError, "not a block, got a block"),
    "no graphs": (lambda: 3, TypeError, "Expected a list of graphs, got int 3"),
}


@each("other, error, message", UNLIKE)
def test_graphs_of_different_schemas_cannot_be_batched(
    other: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        gm.batch([diamond(), other()])
    assert isinstance(caught.value, gm.GraphError)


def other_dtype() -> Graph:
    g = diamond()
    g.ndata["x"] = g.ndata["x"].double()
    return g


def with_y() -> Graph:
    g = diamond()
    g.ndata["y"] = torch.ones(4)
    return g


@each(
    "other", {"dtypes": other_dtype, "more fields": with_y, **{n: c[0] for n, c in UNLIKE.items()}}
)
@pytest.mark.parametrize("position", [0, 3])
def test_one_graph_that_differs_is_named_in_one_short_line(
    other: Callable[[], Any], position: int
) -> None:
    graphs = [diamond() for _ in range(200)]
    graphs[position] = other()
    with pytest.raises(gm.GraphError) as caught:
        gm.batch(graphs)
    message = str(caught.value)
    assert len(message) < 300
    assert "\n" not in message
    if isinstance(graphs[position], Graph) and not graphs[position].is_block:
        usual = 1 if position == 0 else 0
        assert f"graph {position} " in message
        assert f"in graph {usual}" in message or f"unlike graph {usual}." in message


def test_a_chosen_field_that_one_graph_lacks_is_an_error_that_names_the_graph() -> None:
    with pytest.raises(gm.GraphKeyError, match=r"'w' of the edges .* got graph 1 without it"):
        gm.batch([diamond(), without_w()], edata=["w"])


def test_a_batch_needs_at_least_one_graph() -> None:
    with pytest.raises(gm.GraphValueError, match="Expected at least one graph"):
        gm.batch([])


def test_unbatch_accepts_sizes() -> None:
    batch = gm.batch(two())
    whole, rest = gm.unbatch(batch, torch.tensor([6, 0]), torch.tensor([5, 0]))
    assert contents(whole) == contents(batch)
    assert (rest.num_nodes(), rest.num_edges()) == (0, 0)


def test_unbatch_rejects_sizes_that_do_not_fit() -> None:
    batch = gm.batch(two())
    with pytest.raises(gm.GraphValueError, match="an edge between two"):
        gm.unbatch(batch, torch.tensor([3, 3]), torch.tensor([1, 4]))
    with pytest.raises(gm.GraphValueError, match="that sum to 6"):
        gm.unbatch(batch, torch.tensor([3, 2]), torch.tensor([1, 4]))
    with pytest.raises(gm.GraphValueError, match="node_split and edge_split, or neither, got one"):
        gm.unbatch(batch, torch.tensor([2, 4]))
    with pytest.raises(gm.GraphValueError, match="of 2 graphs, got those of other"):
        gm.unbatch(batch, torch.tensor([2, 4]), torch.tensor([1, 2, 2]))


def test_a_single_graph_is_a_batch_of_one() -> None:
    g = diamond()
    assert (g.batch_size, g.batch_num_nodes().tolist(), g.batch_num_edges().tolist()) == (
        1,
        [4],
        [4],
    )
    assert [contents(part) for part in gm.unbatch(g)] == [contents(g)]


def test_batch_sizes_can_be_set() -> None:
    g = shop()
    g.set_batch_num_nodes({"user": [2, 1], "game": torch.tensor([1, 1])})
    g.set_batch_num_edges({"buys": [2, 1], "follows": [1, 1]})
    assert g.batch_size == 2
    assert g.batch_num_nodes("user").tolist() == [2, 1]
    assert g.batch_num_edges("buys").tolist() == [2, 1]


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_batch_sizes_may_be_of_either_integer_dtype(dtype: torch.dtype) -> None:
    for g in (diamond(), diamond().int()):
        g.set_batch_num_nodes(torch.tensor([4, 0], dtype=dtype))
        assert (g.batch_num_nodes().tolist(), g.batch_num_nodes().dtype) == ([4, 0], g.idtype)
    whole = (torch.tensor([4], dtype=dtype), torch.tensor([4], dtype=dtype))
    assert [part.num_edges() for part in gm.unbatch(diamond().int(), *whole)] == [4]


SIZES: dict[str, Case] = {
    "negative": (lambda g: g.set_batch_num_edges([5, -1]), gm.GraphValueError, "from 0 to 21474"),
    "wraps": (
        lambda g: g.int().set_batch_num_nodes(torch.tensor([2**32 + 4])),
        gm.GraphValueError,
        "from 0 to 2147483647, got",
    ),
    "overflows": (
        lambda g: g.set_batch_num_nodes(torch.tensor([2**62, 2**62, 2**62, 2**62, 4])),
        gm.GraphValueError,
        "from 0 to 2147483647, got",
    ),
    "floats": (lambda g: g.set_batch_num_nodes([4.0]), gm.GraphTypeError, "expected integers"),
    "type": (lambda g: g.set_batch_num_nodes({"q": [4]}), gm.GraphKeyError, "no node type 'q'"),
}


@each("case", SIZES)
def test_invalid_batch_sizes_are_errors(case: Case) -> None:
    g = diamond()
    refuses(g, case)
    assert g.batch_num_nodes().tolist() == g.batch_num_edges().tolist() == [4]


BY_NODES: dict[str, Callable[[Graph], object]] = {
    "sum_nodes": lambda g: gm.sum_nodes(g, "x"),
    "softmax_nodes": lambda g: gm.softmax_nodes(g, "x"),
    "topk_nodes": lambda g: gm.topk_nodes(g, "x", 1),
    "broadcast_nodes": lambda g: gm.broadcast_nodes(g, torch.ones(2, 1)),
    "pooling": lambda g: gm.nn.Set2Set(1, 1, 1)(g, g.ndata["x"]),
    "node drop": lambda g: gm.nn.TopKPooling(1)(g, g.ndata["x"]),
    "PNAConv": lambda g: gm.nn.PNAConv(1, 1, ["sum"], ["identity"], 1.0)(g, g.ndata["x"]),
    "ChebConv": lambda g: gm.nn.ChebConv(1, 1, 2)(g, g.ndata["x"], [2.0, 2.0]),
    "unbatch": gm.unbatch,
    "slice_batch": lambda g: gm.slice_batch(g, 0),
    "batch": lambda g: gm.batch([g, g]),
}
BY_EDGES: dict[str, Callable[[Graph], object]] = {
    "sum_edges": lambda g: gm.sum_edges(g, "w"),
    "unbatch": gm.unbatch,
    "batch": lambda g: gm.batch([g, g]),
}
COPIES: dict[str, Callable[[Graph], Graph]] = {
    "itself": lambda g: g,
    "clone": Graph.clone,
    "int": lambda g: g.int(),
    "reverse": lambda g: gm.reverse(g, copy_edata=True),
    "pickle": lambda g: pickle.loads(pickle.dumps(g)),
}


def with_column(g: Graph) -> Graph:
    """The diamond with features of one column."""
    g.ndata["x"], g.edata["w"] = torch.ones(4, 1), torch.ones(4, 1)
    return g


@each("copy", COPIES)
@each("call", BY_NODES)
def test_numbers_of_another_sum_are_returned_and_not_computed_with(
    call: Callable[[Graph], object], copy: Callable[[Graph], Graph]
) -> None:
    g = with_column(diamond())
    g.set_batch_num_nodes([2, 4])
    again = copy(g)
    assert (again.batch_size, again.batch_num_nodes().tolist()) == (2, [2, 4])
    assert again.batch_num_nodes().dtype == again.idtype
    with pytest.raises(
        gm.GraphValueError, match=r"that sum to 4, got \[2, 4\]; call set_batch_num"
    ):
        call(again)
    again.set_batch_num_nodes([1, 3])
    assert gm.sum_nodes(again, "x").tolist() == [[1], [3]]


@each("copy", COPIES)
@each("call", BY_EDGES)
def test_numbers_of_edges_of_another_sum_are_returned_and_not_computed_with(
    call: Callable[[Graph], object], copy: Callable[[Graph], Graph]
) -> None:
    g = with_column(diamond())
    g.set_batch_num_edges([1, 1])
    again = copy(g)
    assert (again.batch_size, again.batch_num_edges().tolist()) == (2, [1, 1])
    with pytest.raises(gm.GraphValueError, match=r"of edges that sum to 4, got \[1, 1\]; call"):
        call(again)
    again.set_batch_num_edges([1, 3])
    assert gm.sum_edges(again, "w").tolist() == [[1], [3]]


def test_numbers_of_another_sum_are_gone_after_a_change_of_structure() -> None:
    g = with_column(diamond())
    g.set_batch_num_nodes([2, 4])
    assert gm.add_self_loop(g).batch_num_nodes().tolist() == [4]
    g.add_nodes(1)
    assert g.batch_num_nodes().tolist() == [5]


def test_numbers_of_another_sum_of_one_type_count_for_all_types() -> None:
    g = shop()
    g.set_batch_num_nodes({"user": [2, 2], "game": [1, 1]})
    assert g.batch_num_nodes("game").tolist() == [1, 1]
    with pytest.raises(gm.GraphValueError, match="of nodes of type 'user' that sum to 3"):
        gm.unbatch(g)


def test_a_graph_with_sizes_of_nodes_alone_can_be_pickled() -> None:
    g = diamond()
    g.set_batch_num_nodes([1, 3])
    again = pickle.loads(pickle.dumps(g))
    assert again.batch_num_nodes().tolist() == [1, 3]
    assert again.batch_num_edges().tolist() == [4]


def test_batch_sizes_of_several_types_are_a_dict_of_every_type() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"a dict .* several node types"):
        shop().set_batch_num_nodes([5])
    with pytest.raises(gm.GraphValueError, match=r"every node type, got none for 'user'"):
        shop().set_batch_num_nodes({"game": [2]})
    with pytest.raises(gm.GraphValueError, match="as many graphs for every type, got"):
        shop().set_batch_num_nodes({"game": [2], "user": [2, 1]})


def shrunk_batch(dtype: torch.dtype) -> gm.Graph:
    """Three equal graphs with a self-loop each, and one without nodes between them."""
    one = gm.graph(([0, 1, 1, 2], [1, 1, 2, 0]), idtype=dtype)
    return gm.batch([one, one, gm.graph(([], []), idtype=dtype), one])


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_a_batch_stays_one_when_nodes_or_edges_are_removed(dtype: torch.dtype) -> None:
    sizes: dict[Callable[[Graph], Graph], tuple[list[int], list[int]]] = {
        lambda g: gm.remove_edges(g, [1, 4, 5]): ([3, 3, 0, 3], [3, 2, 0, 4]),
        lambda g: gm.remove_nodes(g, [1, 8]): ([2, 3, 0, 2], [1, 4, 0, 2]),
        lambda g: gm.remove_nodes(g, list(range(9))): ([0, 0, 0, 0], [0, 0, 0, 0]),
        gm.remove_self_loop: ([3, 3, 0, 3], [3, 3, 0, 3]),
        gm.DropEdge(1.0): ([3, 3, 0, 3], [0, 0, 0, 0]),
        gm.DropNode(0.0): ([3, 3, 0, 3], [4, 4, 0, 4]),
    }
    for change, (nodes, rows) in sizes.items():
        batch = change(shrunk_batch(dtype))
        assert batch.batch_num_nodes().tolist() == nodes
        assert batch.batch_num_edges().tolist() == rows
        assert batch.batch_num_nodes().dtype == dtype
        batch.ndata["x"] = torch.ones(batch.num_nodes())
        assert gm.sum_nodes(batch, "x").tolist() == nodes
        assert [part.num_edges() for part in gm.unbatch(batch)] == rows


def test_a_batch_of_several_types_stays_one_when_rows_of_a_type_are_removed() -> None:
    edges = {("a", "x", "b"): ([0, 1], [0, 0]), ("b", "y", "b"): ([0], [0])}
    batch = gm.batch([gm.heterograph(edges)] * 2)
    batch.remove_nodes([0], "b")
    assert batch.batch_num_nodes("a").tolist() == [2, 2]
    assert batch.batch_num_nodes("b").tolist() == [0, 1]
    assert batch.batch_num_edges("x").tolist() == [0, 2]
    assert batch.batch_num_edges("y").tolist() == [0, 1]


def test_added_nodes_and_edges_make_one_graph_of_a_batch() -> None:
    for change in (lambda g: gm.add_nodes(g, 1), lambda g: gm.add_edges(g, 0, 1), gm.add_self_loop):
        assert change(shrunk_batch(torch.int64)).batch_size == 1
