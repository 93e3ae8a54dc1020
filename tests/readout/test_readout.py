"""What the nodes or edges of each graph in a batch say together."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support import dense
from support.corner_graphs import FLOATS, HUB, INTEGERS, SHAPES, SMALL_CORNERS, TINY, feature
from support.laws import assert_close, assert_same_bits, assert_same_with_gradients, gradients
from support.samples import shop
from support.unchanged import Case, each, refuses
from torch import Tensor

import graphmp as gm
from graphmp import Graph

ENDS = ("nodes", "edges")
OPS = ("sum", "mean", "max", "min")
KINDS = {"nodes": "ntype", "edges": "etype"}
PARTS = tuple(c for c in SMALL_CORNERS if not c.bipartite)

each_end = pytest.mark.parametrize("end", ENDS)


def batched(shape: tuple[int, ...] = (), dtype: torch.dtype = torch.float32) -> Graph:
    """A batch with ``x``, and a factor ``w`` of one number, on nodes and edges."""
    empty = gm.graph(([], []))
    g = gm.batch([*(c.graph() for c in PARTS), empty, TINY.graph()])
    for data, rows in ((g.ndata, g.num_nodes()), (g.edata, g.num_edges())):
        data["x"], data["w"] = feature(rows, shape, dtype), feature(rows, (1,), dtype, 1)
    return g


def data(g: Graph, end: str) -> Any:
    return g.ndata if end == "nodes" else g.edata


def sizes(g: Graph, end: str) -> list[int]:
    counts: Tensor = getattr(g, f"batch_num_{end}")()
    found: list[int] = counts.tolist()
    return found


def owners(g: Graph, end: str) -> list[int]:
    """The graph of each node or edge."""
    return [graph for graph, size in enumerate(sizes(g, end)) for _ in range(size)]


def called(name: str, end: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(gm, f"{name}_{end}")
    return function


def of(g: Graph, end: str, call: Callable[[Graph], Tensor]) -> Callable[..., Tensor]:
    """``call`` as a function of the feature ``x``, and perhaps ``w``."""

    def run(*columns: Tensor) -> Tensor:
        with g.local_scope():
            data(g, end).update(zip("xw", columns, strict=False))
            return call(g)

    return run


# ---- reduced


@each_end
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_each_graph_is_reduced_alone_and_an_empty_one_gives_0(
    end: str, op: str, shape: tuple[int, ...]
) -> None:
    g = batched(shape)
    own, count = owners(g, end), g.batch_size
    expected = of(g, end, lambda h: called("readout", end)(h, "x", op=op))
    for call in (expected, of(g, end, lambda h: called(op, end)(h, "x"))):
        assert_same_with_gradients(
            call, lambda x: dense.reduce(op, x, own, count), data(g, end)["x"]
        )


@each_end
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("factor", [(), (1,), (3,), (2, 3)], ids=str)
def test_features_are_weighed_before(end: str, op: str, factor: tuple[int, ...]) -> None:
    g = batched((3,))
    own, count = owners(g, end), g.batch_size
    assert_same_with_gradients(
        of(g, end, lambda h: called(op, end)(h, "x", "w")),
        lambda x, w: dense.reduce(op, dense.binary("mul", x, w), own, count),
        data(g, end)["x"],
        feature(len(own), factor, seed=3),
    )


@each_end
def test_a_sum_is_the_default(end: str) -> None:
    g = batched()
    assert_same_bits(called("readout", end)(g, "x", "w"), called("sum", end)(g, "x", "w"))


@each_end
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS], ids=str)
def test_every_dtype_is_reduced(end: str, op: str, dtype: torch.dtype) -> None:
    g = gm.batch([TINY.graph(), gm.graph(([], [])), PARTS[-2].graph()])
    x = data(g, end)["x"] = feature(sum(sizes(g, end)), (2,), dtype)
    out = called(op, end)(g, "x")
    exact = x.double() if dtype.is_floating_point or op == "mean" else x
    assert_close(out, dense.reduce(op, exact, owners(g, end), g.batch_size))
    mean = torch.float32 if op == "mean" else dtype
    assert out.dtype == (dtype if dtype.is_floating_point else mean)


def test_a_graph_that_is_no_batch_gives_one_row() -> None:
    g = TINY.graph()
    g.ndata["x"], g.edata["w"] = torch.ones(4, 2), torch.ones(5)
    assert gm.sum_nodes(g, "x").tolist() == [[4, 4]]
    assert gm.sum_edges(g, "w").tolist() == [5]
    nothing = gm.graph(([], []))
    nothing.ndata["x"] = torch.ones(0, 2)
    assert gm.mean_nodes(nothing, "x").tolist() == [[0, 0]]


def test_several_types_are_named() -> None:
    g = gm.batch([shop(), shop()])
    assert gm.sum_nodes(g, "x", ntype="user").tolist() == [3, 3]
    assert gm.max_nodes(g, "x", ntype="game").tolist() == [1, 1]
    assert gm.readout_edges(g, "w", op="mean", etype="buys").tolist() == [1, 1]
    assert gm.min_edges(g, "w", "w", etype=("user", "follows", "user")).tolist() == [0, 0]
    assert gm.softmax_nodes(g, "x", ntype="game").sum().item() == pytest.approx(2)
    assert gm.broadcast_edges(g, torch.tensor([1, 2]), etype="follows").tolist() == [1, 1, 2, 2]
    assert gm.topk_nodes(g, "x", 1, ntype="user")[1].tolist() == [[2], [2]]


def test_edges_of_a_block_are_read_out() -> None:
    block = gm.create_block(([0, 1], [0, 0]))
    block.edata["w"] = torch.tensor([1.0, 2.0])
    assert gm.sum_edges(block, "w").tolist() == [3]


# ---- for each member


@each_end
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_softmax_is_over_the_members_of_a_graph(end: str, shape: tuple[int, ...]) -> None:
    g = batched(shape)
    assert_same_with_gradients(
        of(g, end, lambda h: called("softmax", end)(h, "x")),
        lambda x: dense.edge_softmax(x, owners(g, end), g.batch_size),
        data(g, end)["x"],
    )


@each_end
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_members_get_what_their_graph_has(end: str, shape: tuple[int, ...]) -> None:
    g = batched()
    assert_same_with_gradients(
        lambda x: called("broadcast", end)(g, x),
        lambda x: x[owners(g, end)],
        feature(g.batch_size, shape),
    )


@each_end
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)], ids=str)
def test_one_graph_may_lack_the_dimension_of_graphs_but_warns(
    end: str, shape: tuple[int, ...]
) -> None:
    g, given = TINY.graph(), feature(1, shape)
    expected = called("broadcast", end)(g, given)
    with pytest.warns(gm.GraphWarning, match=r"call \.unsqueeze\(0\) on it") as caught:
        assert torch.equal(called("broadcast", end)(g, given[0]), expected)
    assert caught[0].filename == __file__


# ---- the first of each graph


def top(
    x: Tensor, lengths: list[int], k: int, descending: bool, sortby: int | None
) -> tuple[Tensor, Tensor]:
    """Oracle: graph by graph and column by column, with Python's stable sort."""
    width = x.shape[1:].numel()
    flat, by_row = x.reshape(len(x), width), sortby is not None
    rows = x.new_zeros(len(lengths), k, width)
    places = torch.full((len(lengths), k, 1 if by_row else width), -1)
    starts = [sum(lengths[:graph]) for graph in range(len(lengths))]
    for graph, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        for place, column in enumerate([sortby] if sortby is not None else range(width)):
            keys = flat[start : start + length, column] * (-1 if descending else 1)
            order = sorted(range(length), key=keys.tolist().__getitem__)
            for rank, member in enumerate(order[:k]):
                places[graph, rank, place] = member
                picked = slice(None) if by_row else column
                rows[graph, rank, picked] = flat[start + member, picked]
    shape = (len(lengths), k)
    return rows.view(*shape, *x.shape[1:]), places.view(*shape, *(() if by_row else x.shape[1:]))


@each_end
@pytest.mark.parametrize("k", [0, 1, 3, 7])
@pytest.mark.parametrize("descending", [True, False], ids=["largest", "smallest"])
@pytest.mark.parametrize(
    ("shape", "sortby"),
    [((), None), ((1,), None), ((3,), None), ((2, 2), None), ((3,), 0), ((3,), -1), ((1,), 0)],
    ids=str,
)
def test_the_first_of_each_graph(
    end: str, k: int, descending: bool, shape: tuple[int, ...], sortby: int | None
) -> None:
    g = batched(shape)
    x = data(g, end)["x"]
    call = called("topk", end)
    options = {"descending": descending, "sortby": sortby}
    wanted = top(x, sizes(g, end), k, descending, sortby)
    assert torch.equal(call(g, "x", k, **options)[1], wanted[1])
    assert_same_with_gradients(
        of(g, end, lambda h: call(h, "x", k, **options)[0]),
        lambda y: top(y, sizes(g, end), k, descending, sortby)[0],
        x,
    )


@each_end
@pytest.mark.parametrize("descending", [True, False], ids=["largest", "smallest"])
@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.bfloat16], ids=str)
@pytest.mark.usefixtures("backend")
def test_of_equal_members_the_first_comes_first(
    end: str, descending: bool, dtype: torch.dtype
) -> None:
    g = gm.batch([HUB.graph(), TINY.graph(), HUB.graph()])
    rows = sum(sizes(g, end))
    x = data(g, end)["x"] = torch.arange(2 * rows).view(rows, 2).remainder(3).to(dtype)
    for sortby in (None, 1):
        out = called("topk", end)(g, "x", 50, descending=descending, sortby=sortby)
        wanted = top(x, sizes(g, end), 50, descending, sortby)
        assert all(map(torch.equal, out, wanted))


def test_infinities_are_kept_and_nan_is_the_greatest() -> None:
    g = gm.batch([gm.graph(([], []), num_nodes=n) for n in (3, 1)])
    inf, nan = torch.inf, torch.nan
    g.ndata["x"] = torch.tensor([-inf, nan, inf, inf])
    largest, places = gm.topk_nodes(g, "x", 3)
    assert_close(largest, torch.tensor([[nan, inf, -inf], [inf, 0, 0]]))
    assert places.tolist() == [[1, 2, 0], [0, -1, -1]]
    smallest, places = gm.topk_nodes(g, "x", 3, descending=False)
    assert_close(smallest, torch.tensor([[-inf, inf, nan], [inf, 0, 0]]))
    assert places.tolist() == [[0, 2, 1], [0, -1, -1]]


# ---- laws

PER_GRAPH: dict[str, Callable[[Graph], Tensor]] = {
    **{op: lambda g, op=op: called(op, "nodes")(g, "x", "w") for op in OPS},  # type: ignore[misc]
    "topk": lambda g: gm.topk_nodes(g, "x", 3)[0],
    "topk sortby": lambda g: gm.topk_nodes(g, "x", 3, sortby=1)[0],
}
PER_NODE: dict[str, Callable[[Graph], Tensor]] = {
    "softmax": lambda g: gm.softmax_nodes(g, "x"),
    "broadcast": lambda g: gm.broadcast_nodes(g, gm.sum_nodes(g, "x")),
}


@each("call", {**PER_GRAPH, **PER_NODE})
def test_a_batch_is_its_graphs(call: Callable[[Graph], Tensor]) -> None:
    g = batched((3,))
    assert_same_bits(call(g), torch.cat([call(part) for part in gm.unbatch(g)]))


@each("call", {**PER_GRAPH, **PER_NODE})
def test_permuting_the_nodes_of_a_graph_changes_only_their_order(
    call: Callable[[Graph], Tensor],
) -> None:
    g = batched((3,))
    order = torch.cat([torch.randperm(n) + s for n, s in zip(*_spans(g), strict=True)])
    moved = g.local_var()
    for name in "xw":
        moved.ndata[name] = g.ndata[name][order]
    expected = call(g)
    assert_close(call(moved), expected[order] if len(expected) == g.num_nodes() else expected)


def _spans(g: Graph) -> tuple[list[int], list[int]]:
    counts = g.batch_num_nodes()
    return counts.tolist(), (counts.cumsum(0) - counts).tolist()


@each("call", {**PER_GRAPH, **PER_NODE})
@pytest.mark.loops
def test_int32_ids_and_a_second_call_give_the_same_bits(call: Callable[[Graph], Tensor]) -> None:
    g = batched((3,))
    x = g.ndata["x"].requires_grad_()
    upstream = torch.randn_like(call(g))
    for same in (g, g.int()):
        assert_same_bits(call(same), call(g))
        made = (gradients(call(h), [x], upstream)[0] for h in (same, g))
        assert_same_bits(*made)


# ---- bad input


def sample() -> Graph:
    return gm.batch([TINY.graph(), TINY.graph()])


def featured() -> Graph:
    g = sample()
    for end in ENDS:
        rows = sum(sizes(g, end))
        columns = {"x": torch.ones(rows, 3), "flat": torch.ones(rows), "w": torch.ones(rows, 2)}
        data(g, end).update(columns, count=torch.ones(rows, dtype=torch.int64))
    return g


def case(call: str, error: type[gm.GraphError], message: str) -> dict[str, Case]:
    """The same mistake with nodes and with edges."""
    names = {"gm": gm, "torch": torch}
    calls = [f"lambda g: gm.{call.format(end)}" for end in ENDS]
    return {text: (eval(text, names), error, message) for text in calls}


MISTAKES = {
    **case("sum_{0}(g, 'nope')", gm.GraphKeyError, "no field 'nope'; they have: 'x'"),
    **case("sum_{0}(g, torch.ones(2))", gm.GraphTypeError, "name of a field .* tensor of torch.f"),
    **case("sum_{0}(g, ['x'])", gm.GraphTypeError, "name of a field .* list"),
    **case("sum_{0}(g, 'x', torch.ones(2))", gm.GraphTypeError, "name of a field"),
    **case("sum_{0}(g, 'x', 'nope')", gm.GraphKeyError, "no field 'nope'"),
    **case("sum_{0}(g, 'x', 'w')", gm.GraphValueError, r"broadcast, got \(3,\) and \(2,\)"),
    **case("readout_{0}(g, 'x', op='median')", gm.GraphValueError, "op: .* max, min, got 'med"),
    **case("readout_{0}(g, 'x', op=['sum'])", gm.GraphValueError, r"op: .* got \['sum'\]"),
    **case(
        "softmax_{0}(g, 'count')",
        gm.GraphTypeError,
        "Field 'count' of .*: expected floating point, got torch.int64",
    ),
    **case("broadcast_{0}(g, torch.ones(3))", gm.GraphValueError, "2 rows, .* graphs of the batch"),
    **case("broadcast_{0}(g, [1.0, 2.0])", gm.GraphTypeError, "expected a tensor, got list"),
    **case(
        "topk_{0}(g, 'x', -1)",
        gm.GraphValueError,
        "k: expected a non-negative int, got -1",
    ),
    **case("topk_{0}(g, 'x', 1.5)", gm.GraphTypeError, "k: expected an int, got float 1.5"),
    **case("topk_{0}(g, 'x', 1, sortby=3)", gm.GraphIndexError, "from -3 to 2, got 3"),
    **case("topk_{0}(g, 'x', 1, sortby='x')", gm.GraphTypeError, "the index of a column, or None"),
    **case(
        "topk_{0}(g, 'flat', 1, sortby=0)", gm.GraphValueError, r"\(N, D\) with sortby, got \(.*,\)"
    ),
    **case("sum_{0}([g], 'x')", gm.GraphTypeError, "Expected a graph, got list"),
}


@each("mistake", MISTAKES)
def test_mistakes_are_named_and_change_nothing(mistake: Case) -> None:
    refuses(featured(), mistake)


def test_types_are_needed_and_must_be_there() -> None:
    g = shop()
    with pytest.raises(gm.GraphValueError, match="2 node types, so name one"):
        gm.sum_nodes(g, "x")
    with pytest.raises(gm.GraphValueError, match="2 edge types, so name one"):
        gm.sum_edges(g, "w")
    with pytest.raises(gm.GraphKeyError, match="no node type 'shop'"):
        gm.sum_nodes(g, "x", ntype="shop")
    with pytest.raises(gm.GraphKeyError, match="no edge type 'sells'"):
        gm.sum_edges(g, "w", etype="sells")


def test_nodes_of_a_block_are_refused() -> None:
    block = gm.create_block(([0, 1], [0, 0]))
    with pytest.raises(gm.GraphValueError, match="read out the graph that it was made of"):
        gm.sum_nodes(block, "x")


def test_nothing_else_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g = batched()
        gm.broadcast_nodes(g, torch.ones(g.batch_size))
        gm.broadcast_nodes(TINY.graph(), torch.ones(1, 3))
