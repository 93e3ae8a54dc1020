from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support.unchanged import each

import graphmp as gm
from graphmp import Graph


def edges(g: Graph) -> list[tuple[int, int]]:
    u, v = g.edges()
    return list(zip(u.tolist(), v.tolist(), strict=True))


# ---- edge indices


def test_an_edge_index_goes_in_and_comes_out() -> None:
    index = torch.tensor([[0, 3, 1], [2, 0, 2]], dtype=torch.int32)
    g = gm.from_edge_index(index)
    assert edges(g) == [(0, 2), (3, 0), (1, 2)]
    assert g.idtype == torch.int32
    assert torch.equal(gm.to_edge_index(g), index)
    assert gm.from_edge_index(index, 9, idtype=torch.int64).num_nodes() == 9


def test_an_edge_index_may_be_lists_or_an_array_and_may_be_empty() -> None:
    assert edges(gm.from_edge_index([[0], [1]])) == [(0, 1)]
    assert edges(gm.from_edge_index(np.array([[0], [1]]))) == [(0, 1)]
    assert gm.to_edge_index(gm.from_edge_index(torch.empty(2, 0, dtype=torch.int64))).shape == (
        2,
        0,
    )


def test_an_edge_index_of_one_relation_among_several() -> None:
    g = gm.heterograph({("a", "x", "b"): ([1], [2]), ("b", "y", "a"): ([0], [0])})
    assert gm.to_edge_index(g, "x").tolist() == [[1], [2]]


BAD_INDICES: dict[str, tuple[Any, str]] = {
    "one row": (torch.zeros(1, 3, dtype=torch.int64), r"shape \(2, E\), got \(1, 3\)"),
    "transposed": (torch.zeros(3, 2, dtype=torch.int64), r"shape \(2, E\), got \(3, 2\)"),
    "no rows": (torch.tensor(3), r"shape \(2, E\), got \(\)"),
    "a number": (3, "got int 3"),
    "ragged": ([[0, 1], [1]], "as many sources as destinations, got 2 and 1"),
}


@each("index, message", BAD_INDICES)
def test_what_is_no_edge_index_is_an_error(index: Any, message: str) -> None:
    with pytest.raises(gm.GraphError, match=message):
        gm.from_edge_index(index)


# ---- random graphs


@pytest.mark.parametrize("num_edges", [0, 3, 40, 99, 100])
@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_a_random_graph_has_different_edges(num_edges: int, idtype: torch.dtype) -> None:
    g = gm.rand_graph(10, num_edges, idtype=idtype)
    assert (g.num_nodes(), len(set(edges(g))), g.num_edges()) == (10, num_edges, num_edges)
    assert g.idtype == idtype


def test_a_random_bipartite_graph_has_different_edges_between_two_types() -> None:
    g = gm.rand_bipartite("user", "buys", "game", 4, 6, 20)
    assert g.canonical_etypes == [("user", "buys", "game")]
    assert (g.num_nodes("user"), g.num_nodes("game")) == (4, 6)
    assert len(set(edges(g))) == 20


@pytest.mark.parametrize("num_edges", [3, 8])
def test_random_edges_are_spread_over_all_pairs(num_edges: int) -> None:
    gm.seed(0)
    hits = torch.stack([gm.rand_graph(4, num_edges).adj().to_dense() for _ in range(800)]).sum(0)
    mean = 800 * num_edges / 16
    assert (hits - mean).abs().max() < 5 * mean**0.5


@pytest.mark.parametrize("seed", [gm.seed, torch.manual_seed])
def test_a_seed_decides_which_edges(seed: Callable[[int], object]) -> None:
    found = []
    for value in (1, 1, 2):
        seed(value)
        found.append(edges(gm.rand_graph(50, 20)))
    assert found[0] == found[1] != found[2]


BAD_SIZES: dict[str, tuple[Callable[[], object], str]] = {
    "too many edges": (lambda: gm.rand_graph(3, 10), "at most 9 edges, .* pair .* got 10"),
    "edges without nodes": (lambda: gm.rand_graph(0, 1), "at most 0 edges, .* pair"),
    "negative": (
        lambda: gm.rand_graph(-3, 0),
        "num_nodes: expected a non-negative int, got -3",
    ),
    "float": (lambda: gm.rand_graph(3, 1.0), "num_edges: expected an int, got float 1.0"),  # type: ignore[arg-type]
    "bool": (lambda: gm.rand_graph(True, 0), "num_nodes: expected an int, got bool True"),
    "one type": (lambda: gm.rand_bipartite("a", "x", "a", 1, 1, 1), "two different node types"),
}


@each("make, message", BAD_SIZES)
def test_sizes_that_make_no_random_graph_are_errors(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(gm.GraphError, match=message):
        make()


# ---- bad edges

EDGES: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "negative": (([0, -1], [1, 1]), gm.GraphIndexError, "not negative, got -1"),
    "floats": (([0.0], [1]), gm.GraphTypeError, "expected integers, got an array of float64"),
    "float tensors": ((torch.ones(1), [1]), gm.GraphTypeError, r"got torch\.float32"),
    "bools": (([True], [1]), gm.GraphTypeError, "expected integers, got an array of bool"),
    "bool tensors": ((torch.tensor([True]), [1]), gm.GraphTypeError, r"got torch\.bool"),
    "small tensors": ((torch.ones(1, dtype=torch.int16), [1]), gm.GraphTypeError, "got .*int16"),
    "strings": ((["a"], ["b"]), gm.GraphTypeError, "expected integers"),
    "unequal": (([0, 1], [1]), gm.GraphValueError, "destinations, got 2 and 1"),
    "ragged": (([[0], [1, 2]], [1, 1]), gm.GraphValueError, "one flat list of ids"),
    "matrices": ((torch.zeros(2, 2).long(), [1]), gm.GraphValueError, r"got .* of \(2, 2\)"),
    "triples": ([(0, 1, 2)], gm.GraphValueError, "items that are not pairs"),
    "three ends": (([0], [1], [2]), gm.GraphValueError, "got 3 parts"),
    "one tensor": (torch.zeros(2, 3), gm.GraphTypeError, "use from_edge_index"),
    "a sparse matrix": (gm.sparse.identity((3, 3)), gm.GraphTypeError, r"pass its .coo\(\)"),
    "one array": (np.zeros((2, 3)), gm.GraphTypeError, "use from_edge_index"),
    "string": ("coo", gm.GraphTypeError, "got str 'coo'"),
    "nothing": (None, gm.GraphTypeError, "got None"),
    "number": (3, gm.GraphTypeError, "got int 3"),
    "unknown layout": (("lil", ([0], [1])), gm.GraphValueError, "a layout .* got 'lil'"),
    "too few arrays": (("csr", ([0], [1])), gm.GraphValueError, "3 arrays for layout 'csr'"),
    "too many arrays": (("coo", ([0], [1], [0])), gm.GraphValueError, "2 arrays for layout 'coo'"),
    "no indptr": (("csr", ([], [], [])), gm.GraphValueError, "indptr that starts with 0"),
    "late indptr": (("csr", ([1, 1], [0], [])), gm.GraphValueError, "indptr that starts with 0"),
    "falling indptr": (("csc", ([0, 2, 1], [0], [])), gm.GraphValueError, "and never decreases"),
    "short indptr": (
        ("csc", ([0, 1], [0, 1], [])),
        gm.GraphValueError,
        "ends with the number of indices, 2, got 1",
    ),
    "repeated ids": (
        ("csc", ([0, 2], [0, 1], [0, 0])),
        gm.GraphValueError,
        "each edge id from 0 to 1 once",
    ),
    "too few ids": (
        ("csc", ([0, 2], [0, 1], [0])),
        gm.GraphValueError,
        "each edge id from 0 to 1 once",
    ),
    "negative indices": (("csr", ([0, 1], [-2], [])), gm.GraphIndexError, "got -2"),
    "two id types": (
        (torch.zeros(1, dtype=torch.int32), torch.zeros(1, dtype=torch.int64)),
        gm.GraphTypeError,
        r"got torch\.int32 and torch\.int64; cast them",
    ),
    "two devices": (
        (torch.zeros(1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64, device="meta")),
        gm.GraphValueError,
        "one device, got cpu and meta; pass device=, or move them",
    ),
}


@pytest.mark.parametrize("make", [gm.graph, gm.create_block], ids=["graph", "block"])
@each("data, error, message", EDGES)
def test_what_are_no_edges_is_an_error(
    make: Callable[[Any], Graph], data: Any, error: type[gm.GraphError], message: str
) -> None:
    with pytest.raises(error, match=message):
        make(data)


def test_edges_by_type_make_no_graph_of_one_type() -> None:
    with pytest.raises(gm.GraphTypeError, match="for a dict by edge type heterograph"):
        gm.graph({("a", "x", "b"): ([0], [1])})


@pytest.mark.parametrize("ends", [[2**31], [2**40], [-(2**31) - 1]])
def test_ids_that_do_not_fit_int32_are_an_error(ends: list[int]) -> None:
    for data in (ends, torch.tensor(ends), np.array(ends)):
        with pytest.raises(gm.GraphIndexError, match=f"got {ends[0]}"):
            gm.graph((data, [0]), idtype=torch.int32)


OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "float count": ({"num_nodes": 2.0}, "num_nodes: expected an int, got float 2.0"),
    "negative count": (
        {"num_nodes": -1},
        "num_nodes: expected a non-negative int, got -1",
    ),
    "float ids": ({"idtype": torch.float32}, r"int32 or torch\.int64, got torch\.float32"),
    "named ids": ({"idtype": "int32"}, r"int32 or torch\.int64, got int32"),
    "many nodes": ({"num_nodes": 2**31, "idtype": torch.int32}, "int32 .* 2147483648 nodes"),
}


@each("options, message", OPTIONS)
def test_options_that_make_no_graph_are_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(gm.GraphError, match=message):
        gm.graph(([0], [1]), **options)


TYPED: dict[str, tuple[Any, Any, type[gm.GraphError], str]] = {
    "no dict": (([0], [1]), None, gm.GraphTypeError, "for one type use graph"),
    "a name": ({"x": ([0], [1])}, None, gm.GraphTypeError, "triple .* got 'x'"),
    "numbers": ({(0, 1, 2): ([0], [1])}, None, gm.GraphTypeError, r"got \(0, 1, 2\)"),
    "no count": (
        {("a", "x", "b"): ([0], [0])},
        {"a": 1},
        gm.GraphValueError,
        "Expected a number of nodes of type 'b'",
    ),
    "no counts": ({("a", "x", "b"): ([0], [0])}, 3, gm.GraphTypeError, "dict .* got int 3"),
    "bad count": ({("a", "x", "a"): ([0], [0])}, {"a": 1.5}, gm.GraphTypeError, "got float 1.5"),
    "bad type": ({("a", "x", "a"): ([0], [0])}, {"a": 1, 3: 1}, gm.GraphTypeError, "got int 3"),
    "id types": (
        {
            ("a", "x", "b"): (torch.zeros(1, dtype=torch.int32), [0]),
            ("b", "y", "a"): (torch.zeros(1, dtype=torch.int64), [0]),
        },
        None,
        gm.GraphTypeError,
        r"got torch\.int32 and torch\.int64",
    ),
}


@each("data, counts, error, message", TYPED)
def test_what_makes_no_graph_of_several_types_is_an_error(
    data: Any, counts: Any, error: type[gm.GraphError], message: str
) -> None:
    with pytest.raises(error, match=message):
        gm.heterograph(data, counts)


# ---- blocks


def test_a_block_of_several_types_counts_each_end_apart() -> None:
    block = gm.create_block(
        {("a", "x", "b"): ([0, 3], [1, 0]), ("b", "y", "b"): ([4], [2])},
        num_src_nodes={"a": 5, "b": 6},
        num_dst_nodes={"b": 3},
    )
    assert block.is_block
    assert [block.num_src_nodes(t) for t in ("a", "b")] == [5, 6]
    assert (block.num_dst_nodes("b"), block.num_nodes("DST/b"), block.num_nodes("b")) == (3, 3, 6)
    assert block.in_degrees(etype="x").tolist() == [1, 1, 0]


def test_sizes_of_a_block_of_several_types_are_dicts() -> None:
    data = {("a", "x", "b"): ([0], [0]), ("b", "y", "c"): ([0], [0])}
    with pytest.raises(gm.GraphTypeError, match=r"num_src_nodes as a dict .* 2 node types"):
        gm.create_block(data, num_src_nodes=3)
    with pytest.raises(gm.GraphValueError, match="nodes of type 'c' in num_dst_nodes"):
        gm.create_block(data, num_dst_nodes={"b": 1})


def test_features_of_a_block_are_reached_at_its_ends() -> None:
    block = gm.create_block(([0], [0]))
    with pytest.raises(gm.GraphValueError, match="use srcdata and dstdata"):
        block.ndata  # noqa: B018
    with pytest.raises(gm.GraphValueError, match="use srcnodes and dstnodes"):
        block.nodes()


# ---- nothing is shared with what was given


def test_a_graph_does_not_change_what_it_was_made_of() -> None:
    u, v = torch.tensor([0, 1]), torch.tensor([1, 2])
    g = gm.graph((u, v))
    g.add_edges(2, 0)
    g.remove_nodes([0])
    assert (u.tolist(), v.tolist()) == ([0, 1], [1, 2])


def test_ids_in_a_sparse_tensor_are_an_error() -> None:
    ids = torch.tensor([0, 1]).to_sparse()
    for call in (lambda: gm.graph((ids, [0, 1])), lambda: gm.graph(([0], [0])).in_degrees(ids)):
        with pytest.raises(gm.GraphTypeError, match="expected a dense tensor of integers"):
            call()


@pytest.mark.parametrize("layout", ["csr", "csc"])
def test_a_layout_with_an_id_that_no_memory_holds_is_an_error(layout: str) -> None:
    with pytest.raises(gm.GraphValueError, match="a number that memory can hold"):
        gm.graph((layout, ([0, 1], [2**62], [])))


# ---- columns of tables


class Series:
    """A column of pandas: its methods are those of a dict, from the labels of rows to values."""

    def __init__(self, values: list[int]) -> None:
        self.shape, self.values = (len(values),), np.array(values)

    def __getitem__(self, label: int) -> int:
        return int(self.values[label - 7])

    def keys(self) -> range:
        """The labels of the rows."""
        return range(7, 7 + len(self.values))

    def items(self) -> list[tuple[int, int]]:
        """Labels and values."""
        return list(zip(self.keys(), self.values.tolist(), strict=True))

    def to_numpy(self) -> np.ndarray[Any, Any]:
        """The values."""
        return self.values


def test_columns_of_a_table_are_ids() -> None:
    src, dst = Series([0, 0, 2]), Series([1, 2, 1])
    g = gm.graph((src, dst))
    assert edges(g) == [(0, 1), (0, 2), (2, 1)]
    assert edges(gm.heterograph({("a", "b", "c"): (src, dst)})) == edges(g)
    assert g.in_degrees(dst).tolist() == [2, 1, 2]
    assert gm.node_subgraph(g, Series([0, 2])).num_edges() == 1
    with pytest.raises(gm.GraphTypeError, match=r"list of pairs, got Series of shape \(3,\)"):
        gm.graph(src)


def test_homogeneous_graphs_share_their_types_and_others_do_not() -> None:
    one, two = gm.graph(([0], [1])), gm.graph(([0, 1], [1, 2]))
    assert one._meta is two._meta is gm.reverse(two)._meta
    ends = {("_N", "_E", "_N"): ([0], [1])}
    more = gm.heterograph(ends, {"_N": 2, "other": 3})
    assert (more.ntypes, gm.reverse(more).ntypes) == (["_N", "other"], ["_N", "other"])
    named = gm.heterograph({("a", "x", "b"): ([0], [1]), ("a", "y", "a"): ([0], [1])})
    assert gm.reverse(named).canonical_etypes == [("b", "x", "a"), ("a", "y", "a")]
