"""Section 4 of the semantics, lines 47 to 49: changed graphs, transforms and batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import Graph


def diamond() -> Graph:
    """Four nodes and four edges, 0 to 1 and 2 to 3, with a feature on both."""
    g = gm.graph(([0, 0, 1, 2], [1, 2, 3, 3]))
    g.ndata["x"] = torch.arange(4.0)
    g.edata["w"] = torch.arange(4.0) * 10
    return g


def shop() -> Graph:
    """Users who follow users and buy games, with a feature on every type."""
    g = gm.heterograph(
        {
            ("user", "buys", "game"): ([0, 1, 2], [0, 0, 1]),
            ("user", "follows", "user"): ([0, 1], [1, 2]),
        }
    )
    g.ndata["x"] = {"user": torch.arange(3.0), "game": torch.arange(2.0)}
    g.edata["w"] = {"buys": torch.arange(3.0), "follows": torch.arange(2.0)}
    return g


def edges(g: Graph, etype: Any = None) -> list[tuple[int, int]]:
    u, v = g.edges(etype=etype)
    return list(zip(u.tolist(), v.tolist(), strict=True))


def contents(g: Graph) -> dict[Any, Any]:
    """Edges and features of a graph as plain Python, to be compared."""
    found: dict[Any, Any] = {t: edges(g, t) for t in g.canonical_etypes}
    for ntype in g.ntypes:
        data = {name: t.tolist() for name, t in g.nodes[ntype].data.items()}
        found[ntype] = (g.num_nodes(ntype), data)
    for etype in g.canonical_etypes:
        data = {name: t.tolist() for name, t in g.edges[etype].data.items()}
        found[etype, "data"] = data
    return found


def sevens(shape: tuple[int, ...], dtype: torch.dtype, ctx: torch.device, _rows: slice) -> Tensor:
    return torch.full(shape, 7, dtype=dtype, device=ctx)


# ---- 47: adding


def test_line_47_new_nodes_come_last_and_are_padded_with_zeros() -> None:
    g = diamond()
    g.add_nodes(2)
    assert g.num_nodes() == 6
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 0, 0]
    assert edges(g) == edges(diamond())
    assert g.in_degrees().tolist() == [0, 1, 1, 2, 0, 0]


def test_line_47_new_nodes_and_edges_are_padded_by_the_initializer() -> None:
    g = diamond()
    g.set_n_initializer(sevens)
    g.set_e_initializer(sevens, "w")
    g.add_edges(3, 5)
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 7, 7]
    assert g.edata["w"].tolist() == [0, 10, 20, 30, 7]


def test_line_47_new_nodes_may_bring_features() -> None:
    g = diamond()
    g.add_nodes(2, {"x": torch.tensor([8.0, 9.0]), "new": torch.ones(2, 1)})
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 8, 9]
    assert g.ndata["new"].view(-1).tolist() == [0, 0, 0, 0, 1, 1]


def test_line_47_new_edges_come_last_and_bring_the_nodes_they_lack() -> None:
    g = diamond()
    g.add_edges([0, 5], [3, 0], {"w": torch.tensor([1.0, 2.0])})
    assert edges(g) == [*edges(diamond()), (0, 3), (5, 0)]
    assert g.num_nodes() == 6
    assert g.ndata["x"].tolist() == [0, 1, 2, 3, 0, 0]
    assert g.edata["w"].tolist() == [0, 10, 20, 30, 1, 2]


def test_line_47_a_single_end_goes_with_each_of_the_others() -> None:
    g = diamond()
    g.add_edges(3, [0, 1])
    g.add_edges([1, 2], 0)
    g.add_edges(0, 0)
    assert edges(g)[4:] == [(3, 0), (3, 1), (1, 0), (2, 0), (0, 0)]


NOTHING: dict[str, Callable[[Graph], object]] = {
    "add_nodes": lambda g: g.add_nodes(0),
    "add_edges": lambda g: g.add_edges([], []),
    "remove_nodes": lambda g: g.remove_nodes([]),
    "remove_edges": lambda g: g.remove_edges(torch.tensor([], dtype=torch.int64)),
}


@pytest.mark.parametrize("change", NOTHING.values(), ids=NOTHING)
def test_line_47_nothing_added_or_removed_changes_nothing(
    change: Callable[[Graph], object],
) -> None:
    g = diamond()
    change(g)
    assert contents(g) == contents(diamond())


def test_line_47_types_grow_apart() -> None:
    g = shop()
    g.add_nodes(1, ntype="game")
    g.add_edges([0], [4], etype="follows")
    assert (g.num_nodes("user"), g.num_nodes("game")) == (5, 3)
    assert edges(g, "follows") == [(0, 1), (1, 2), (0, 4)]
    assert edges(g, "buys") == edges(shop(), "buys")
    assert g.nodes["user"].data["x"].tolist() == [0, 1, 2, 0, 0]
    assert g.out_degrees(etype="buys").tolist() == [1, 1, 1, 0, 0]


# ---- 47: removing


def test_line_47_removed_nodes_take_their_edges_and_the_rest_keeps_its_order() -> None:
    g = diamond()
    g.remove_nodes([1])
    assert edges(g) == [(0, 1), (1, 2)]
    assert g.ndata["x"].tolist() == [0, 2, 3]
    assert g.edata["w"].tolist() == [10, 30]


def test_line_47_removed_edges_leave_the_rest_in_order() -> None:
    g = diamond()
    g.remove_edges([2, 0])
    assert edges(g) == [(0, 2), (2, 3)]
    assert g.num_nodes() == 4
    assert g.edata["w"].tolist() == [10, 30]


def test_line_47_ids_that_are_removed_may_be_given_twice_and_singly() -> None:
    g = diamond()
    g.remove_edges([0, 0])
    g.remove_edges(0)
    g.remove_nodes(3)
    assert (g.num_nodes(), g.num_edges()) == (3, 0)


def test_line_47_store_ids_writes_the_ids_of_before() -> None:
    g = diamond()
    g.remove_edges([0], store_ids=True)
    assert g.edata[gm.EID].tolist() == [1, 2, 3]
    assert gm.NID not in g.ndata
    other = diamond().int()
    other.remove_nodes([1], store_ids=True)
    assert (other.ndata[gm.NID].tolist(), other.edata[gm.EID].tolist()) == ([0, 2, 3], [1, 3])
    assert other.ndata[gm.NID].dtype == other.edata[gm.EID].dtype == torch.int32


def test_line_47_a_removed_node_leaves_every_relation_of_its_type() -> None:
    g = shop()
    g.remove_nodes([1], "user")
    assert edges(g, "buys") == [(0, 0), (1, 1)]
    assert edges(g, "follows") == []
    assert g.edges["buys"].data["w"].tolist() == [0, 2]
    assert g.nodes["game"].data["x"].tolist() == [0, 1]


# ---- 47: all changes

CHANGES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "add_nodes": (gm.add_nodes, (2,)),
    "add_edges": (gm.add_edges, ([0], [5])),
    "remove_nodes": (gm.remove_nodes, ([1],)),
    "remove_edges": (gm.remove_edges, ([1, 2],)),
}


@pytest.mark.parametrize(("function", "arguments"), CHANGES.values(), ids=CHANGES)
def test_line_47_the_function_gives_what_the_method_makes_and_leaves_the_graph(
    function: Any, arguments: tuple[Any, ...]
) -> None:
    g, changed = diamond(), diamond()
    getattr(changed, function.__name__)(*arguments)
    assert contents(function(g, *arguments)) == contents(changed)
    assert contents(g) == contents(diamond())
    assert contents(changed) != contents(diamond())


@pytest.mark.parametrize(("function", "arguments"), CHANGES.values(), ids=CHANGES)
def test_line_47_a_changed_graph_answers_like_a_new_one(
    function: Any, arguments: tuple[Any, ...]
) -> None:
    g = diamond().formats(["coo", "csc"])
    g.create_formats_()
    g.in_degrees(), g.is_multigraph, g.update_all(fn.copy_u("x", "m"), fn.sum("m", "sum"))
    changed = function(g, *arguments)
    new = gm.graph(changed.edges(), num_nodes=changed.num_nodes())
    for graph in (changed, new):
        graph.ndata["x"] = torch.arange(1.0, new.num_nodes() + 1)
        graph.update_all(fn.copy_u("x", "m"), fn.sum("m", "sum"))
    assert changed.ndata["sum"].tolist() == new.ndata["sum"].tolist()
    assert changed.in_degrees().tolist() == new.in_degrees().tolist()
    assert changed.edges("eid", "srcdst").tolist() == new.edges("eid", "srcdst").tolist()
    assert "csr" not in changed.formats()["not created"]


@pytest.mark.parametrize(("function", "arguments"), CHANGES.values(), ids=CHANGES)
def test_line_47_a_block_cannot_be_changed(function: Any, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(gm.GraphValueError, match="A block cannot be changed"):
        function(gm.create_block(([0, 1], [0, 1])), *arguments)


@pytest.mark.parametrize(("function", "arguments"), CHANGES.values(), ids=CHANGES)
def test_line_47_a_view_of_one_relation_keeps_what_it_was(
    function: Any, arguments: tuple[Any, ...]
) -> None:
    g = diamond()
    view = g["_E"]
    getattr(g, function.__name__)(*arguments)
    assert contents(view) == contents(diamond())


# ---- 48: transforms


def test_line_48_reverse_turns_edges_and_keeps_their_ids() -> None:
    g = diamond()
    turned = gm.reverse(g)
    assert edges(turned) == [(v, u) for u, v in edges(g)]
    assert edges(gm.reverse(turned)) == edges(g)
    assert turned.in_degrees().tolist() == g.out_degrees().tolist()
    assert turned.in_edges(0, "eid").tolist() == g.out_edges(0, "eid").tolist()


def test_line_48_reverse_copies_features_of_nodes_and_on_demand_of_edges() -> None:
    g = diamond()
    assert gm.reverse(g).ndata["x"] is g.ndata["x"]
    assert "w" not in gm.reverse(g).edata
    assert gm.reverse(g, copy_edata=True).edata["w"] is g.edata["w"]
    assert "x" not in gm.reverse(g, copy_ndata=False).ndata
    gm.reverse(g).ndata["h"] = torch.ones(4)
    assert "h" not in g.ndata


def test_line_48_reverse_swaps_the_types_of_a_relation() -> None:
    turned = gm.reverse(shop(), copy_edata=True)
    assert turned.canonical_etypes == [("game", "buys", "user"), ("user", "follows", "user")]
    assert edges(turned, "buys") == [(0, 0), (0, 1), (1, 2)]
    assert turned.edges["buys"].data["w"].tolist() == [0, 1, 2]


def test_line_48_to_bidirected_has_each_edge_in_both_directions_once() -> None:
    g = gm.graph(([0, 0, 1, 2], [1, 1, 0, 2]), num_nodes=4)
    g.ndata["x"] = torch.arange(4.0)
    both = gm.to_bidirected(g)
    assert sorted(edges(both)) == [(0, 1), (1, 0), (2, 2)]
    assert both.num_nodes() == 4
    assert not both.ndata
    assert gm.to_bidirected(g, copy_ndata=True).ndata["x"] is g.ndata["x"]


def test_line_48_add_self_loop_appends_one_for_each_node_without_looking() -> None:
    g = gm.graph(([0, 1], [0, 2]))
    assert edges(gm.add_self_loop(g)) == [(0, 0), (1, 2), (0, 0), (1, 1), (2, 2)]
    assert edges(g) == [(0, 0), (1, 2)]


FILLS: dict[Any, list[float]] = {
    1.0: [1, 1, 1, 1],
    0: [0, 0, 0, 0],
    "sum": [0, 0, 10, 50],
    "mean": [0, 0, 10, 25],
    "max": [0, 0, 10, 30],
    "min": [0, 0, 10, 20],
}


@pytest.mark.parametrize(("fill", "expected"), FILLS.items(), ids=map(str, FILLS))
def test_line_48_a_self_loop_gets_a_number_or_what_enters_its_node(
    fill: Any, expected: list[float]
) -> None:
    looped = gm.add_self_loop(diamond(), fill_data=fill)
    assert looped.edata["w"].tolist() == [0, 10, 20, 30, *expected]


def test_line_48_a_self_loop_may_get_a_row_of_its_own_and_only_in_some_fields() -> None:
    g = diamond()
    g.edata["v"] = torch.ones(4, 2, dtype=torch.int64)
    looped = gm.add_self_loop(g, ["v"], torch.tensor([5, 6]))
    assert looped.edata["v"][4:].tolist() == [[5, 6]] * 4
    assert looped.edata["w"][4:].tolist() == [0, 0, 0, 0]


def test_line_48_self_loops_of_one_relation_among_several() -> None:
    looped = gm.add_self_loop(shop(), etype="follows")
    assert edges(looped, "follows") == [(0, 1), (1, 2), (0, 0), (1, 1), (2, 2)]
    assert edges(looped, "buys") == edges(shop(), "buys")


def test_line_48_remove_self_loop_removes_them_all() -> None:
    g = gm.graph(([0, 0, 1, 0], [0, 1, 1, 0]))
    g.edata["w"] = torch.arange(4)
    assert edges(gm.remove_self_loop(g)) == [(0, 1)]
    assert gm.remove_self_loop(g).edata["w"].tolist() == [1]


def test_line_48_a_self_loop_needs_one_node_type_at_both_ends() -> None:
    for function in (gm.add_self_loop, gm.remove_self_loop):
        with pytest.raises(gm.GraphValueError, match=r"one node type at both ends.*'buys'"):
            function(shop(), etype="buys")
    with pytest.raises(gm.GraphValueError, match=r"one node type at both ends.*'buys'"):
        gm.to_bidirected(shop())
    with pytest.raises(gm.GraphValueError, match="block"):
        gm.add_self_loop(gm.create_block(([0], [0])))


@pytest.mark.parametrize(("fill", "error"), [("median", gm.GraphValueError), ([1], TypeError)])
def test_line_48_a_self_loop_cannot_be_filled_with_anything_else(fill: Any, error: Any) -> None:
    with pytest.raises(error, match=r"fill_data is a number.* came"):
        gm.add_self_loop(diamond(), fill_data=fill)


def parallel() -> Graph:
    """Three edges from 1 to 0, one from 0 to 2, in mixed order."""
    g = gm.graph(([1, 0, 1, 1], [0, 2, 0, 0]))
    g.ndata["x"] = torch.arange(3.0)
    g.edata["w"] = torch.tensor([1.0, 5.0, 2.0, 6.0])
    return g


def test_line_48_to_simple_makes_one_edge_of_parallel_edges() -> None:
    g = parallel()
    simple = gm.to_simple(g)
    assert sorted(edges(simple)) == [(0, 2), (1, 0)]
    assert simple.ndata["x"] is g.ndata["x"]
    assert list(simple.edata) == ["count"]
    assert not simple.is_multigraph


def test_line_48_to_simple_counts_under_the_name_asked_for() -> None:
    simple = gm.to_simple(parallel(), return_counts="times")
    assert simple.edata["times"][simple.edge_ids([0, 1], [2, 0])].tolist() == [1, 3]
    assert not gm.to_simple(parallel(), return_counts=None).edata


def test_line_48_to_simple_maps_each_edge_to_what_it_became() -> None:
    g = parallel()
    simple, mapping = gm.to_simple(g, writeback_mapping=True)
    assert [edges(simple)[i] for i in mapping.tolist()] == edges(g)
    _, mappings = gm.to_simple(shop(), writeback_mapping=True)
    assert sorted(mappings) == shop().canonical_etypes


@pytest.mark.parametrize(("aggregator", "expected"), [("arbitrary", 1), ("sum", 9), ("mean", 3)])
def test_line_48_to_simple_may_aggregate_features_of_parallel_edges(
    aggregator: str, expected: float
) -> None:
    simple = gm.to_simple(parallel(), copy_edata=True, aggregator=aggregator)
    assert simple.edata["w"][simple.edge_ids([0, 1], [2, 0])].tolist() == [5, expected]


def test_line_48_to_simple_refuses_blocks_and_unknown_aggregators() -> None:
    with pytest.raises(gm.GraphValueError, match="block"):
        gm.to_simple(gm.create_block(([0], [0])))
    with pytest.raises(gm.GraphValueError, match="arbitrary, sum or mean, but 'max' came"):
        gm.to_simple(parallel(), aggregator="max")


# ---- 49: batches


def two() -> list[Graph]:
    """Two graphs of the same schema."""
    small = gm.graph(([0], [1]))
    small.ndata["x"], small.edata["w"] = torch.tensor([7.0, 8.0]), torch.tensor([9.0])
    return [small, diamond()]


def test_line_49_a_batch_lays_graphs_side_by_side() -> None:
    batch = gm.batch(two())
    assert edges(batch) == [(0, 1), (2, 3), (2, 4), (3, 5), (4, 5)]
    assert batch.ndata["x"].tolist() == [7, 8, 0, 1, 2, 3]
    assert batch.edata["w"].tolist() == [9, 0, 10, 20, 30]
    assert batch.batch_size == 2
    assert batch.batch_num_nodes().tolist() == [2, 4]
    assert batch.batch_num_edges().tolist() == [1, 4]


def test_line_49_unbatch_inverts_batch() -> None:
    for graphs in (two(), [shop(), shop()]):
        parts = gm.unbatch(gm.batch(graphs))
        assert [contents(part) for part in parts] == [contents(g) for g in graphs]
        assert [part.batch_size for part in parts] == [1, 1]


def test_line_49_a_batch_of_several_types_counts_each() -> None:
    batch = gm.batch([shop(), shop()])
    assert edges(batch, "buys") == [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3)]
    assert batch.batch_num_nodes("game").tolist() == [2, 2]
    assert batch.batch_num_edges("buys").tolist() == [3, 3]


def test_line_49_nested_batches_flatten() -> None:
    inner = gm.batch(two())
    batch = gm.batch([inner, diamond(), inner])
    assert batch.batch_num_nodes().tolist() == [2, 4, 4, 2, 4]
    assert len(gm.unbatch(batch)) == batch.batch_size == 5


def test_line_49_a_graph_without_nodes_is_exempt_from_the_schema() -> None:
    nothing = gm.graph(([], []))
    for graphs in ([nothing, *two()], [*two(), nothing]):
        batch = gm.batch(graphs)
        assert batch.ndata["x"].tolist() == [7, 8, 0, 1, 2, 3]
        assert sorted(batch.batch_num_nodes().tolist()) == [0, 2, 4]
        assert len(gm.unbatch(batch)) == 3
    assert gm.batch([nothing, nothing]).batch_num_nodes().tolist() == [0, 0]


def test_line_49_fields_to_keep_may_be_chosen() -> None:
    graphs = two()
    graphs[0].ndata["only here"] = torch.ones(2)
    batch = gm.batch(graphs, ndata=["x"], edata=None)
    assert (list(batch.ndata), list(batch.edata)) == (["x"], [])


def test_line_49_gradients_flow_through_a_batch() -> None:
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
        "one id type, but torch.int64 and torch.int32",
    ),
    "devices": (lambda: diamond().to("meta"), ValueError, "one device, but cpu and meta came"),
    "relations": (shop, ValueError, "same types, but .*'_E'.*'buys'"),
    "fields": (without_w, KeyError, "'w' of the edges .* is not in every graph"),
    "shapes": (with_wide_x, ValueError, "'x' of the nodes .* another shape or dtype"),
    "blocks": (lambda: gm.create_block(([0], [0])), ValueError, "Blocks cannot be batched"),
    "no graphs": (lambda: 3, TypeError, "A list of graphs is wanted, but int 3 came"),
}


@pytest.mark.parametrize(("other", "error", "message"), UNLIKE.values(), ids=UNLIKE)
def test_line_49_graphs_that_are_not_alike_cannot_be_batched(
    other: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        gm.batch([diamond(), other()])
    assert isinstance(caught.value, gm.GraphError)


def test_line_49_a_batch_needs_a_graph() -> None:
    with pytest.raises(gm.GraphValueError, match="At least one graph is wanted"):
        gm.batch([])


def test_line_49_unbatch_takes_sizes_of_its_own() -> None:
    batch = gm.batch(two())
    whole, rest = gm.unbatch(batch, torch.tensor([6, 0]), torch.tensor([5, 0]))
    assert contents(whole) == contents(batch)
    assert (rest.num_nodes(), rest.num_edges()) == (0, 0)


def test_line_49_sizes_that_do_not_fit_are_errors() -> None:
    batch = gm.batch(two())
    with pytest.raises(gm.GraphValueError, match="joins two graphs"):
        gm.unbatch(batch, torch.tensor([3, 3]), torch.tensor([1, 4]))
    with pytest.raises(gm.GraphValueError, match="must sum to 6"):
        gm.unbatch(batch, torch.tensor([3, 2]), torch.tensor([1, 4]))
    with pytest.raises(gm.GraphValueError, match="together, or neither"):
        gm.unbatch(batch, torch.tensor([2, 4]))
    with pytest.raises(gm.GraphValueError, match="as many graphs"):
        gm.unbatch(batch, torch.tensor([2, 4]), torch.tensor([1, 2, 2]))


def test_line_49_a_graph_that_is_no_batch_is_a_batch_of_one() -> None:
    g = diamond()
    assert (g.batch_size, g.batch_num_nodes().tolist(), g.batch_num_edges().tolist()) == (
        1,
        [4],
        [4],
    )
    assert [contents(part) for part in gm.unbatch(g)] == [contents(g)]
