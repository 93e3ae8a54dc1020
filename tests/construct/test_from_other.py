from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from scipy import sparse
from support.unchanged import each

import graphmp as gm
from graphmp import Graph


def edges(g: Graph, etype: Any = None) -> list[tuple[int, int]]:
    u, v = g.edges(etype=etype)
    return list(zip(u.tolist(), v.tolist(), strict=True))


def path() -> Graph:
    """Edges 0 → 1, 1 → 2 twice, and a loop at 2, with features."""
    g = gm.graph(([0, 1, 1, 2], [1, 2, 2, 2]))
    g.ndata["x"], g.edata["w"] = torch.eye(3), torch.tensor([1.0, 2.0, 3.0, 4.0])
    return g


def shop() -> Graph:
    """Three users who buy two games and follow each other."""
    return gm.heterograph(
        {
            ("user", "buys", "game"): ([0, 2], [1, 0]),
            ("user", "follows", "user"): ([1, 2], [0, 0]),
        }
    )


# ---- SciPy


@pytest.mark.parametrize("kind", ["coo_matrix", "csr_matrix", "csc_array", "lil_matrix"])
def test_entries_of_a_sparse_matrix_are_edges_from_row_to_column(kind: str) -> None:
    matrix = getattr(sparse, kind)([[0, 5, 0], [0, 0, 6], [7, 0, 0]])
    g = gm.from_scipy(matrix, eweight_name="w")
    assert sorted(zip(edges(g), g.edata["w"].tolist(), strict=True)) == [
        ((0, 1), 5),
        ((1, 2), 6),
        ((2, 0), 7),
    ]
    assert not gm.from_scipy(matrix).edata


def test_a_sparse_matrix_keeps_empty_rows_stored_zeros_and_repeated_entries() -> None:
    matrix = sparse.coo_matrix(([0.0, 2.0, 3.0], ([0, 1, 1], [1, 0, 0])), shape=(5, 5))
    g = gm.from_scipy(matrix, eweight_name="w", idtype=torch.int32)
    assert (g.num_nodes(), edges(g), g.idtype) == (5, [(0, 1), (1, 0), (1, 0)], torch.int32)
    assert g.edata["w"].tolist() == [0, 2, 3]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_ids_are_not_shared_with_the_matrix(dtype: Any, idtype: torch.dtype) -> None:
    matrix = sparse.csr_matrix([[0, 5, 0], [0, 0, 6], [7, 0, 0]])
    matrix.indptr, matrix.indices = matrix.indptr.astype(dtype), matrix.indices.astype(dtype)
    g = gm.from_scipy(matrix, idtype=idtype)
    matrix.indices[:], matrix.indptr[:] = 2**30, 2**30
    assert (edges(g), g.idtype) == ([(0, 1), (1, 2), (2, 0)], idtype)
    assert g.in_degrees().tolist() == [1, 1, 1]


def test_weights_are_not_shared_with_the_matrix() -> None:
    matrix = sparse.coo_matrix(([1.0], ([0], [1])), shape=(2, 2))
    gm.from_scipy(matrix, eweight_name="w").edata["w"].add_(1)
    assert matrix.data.tolist() == [1]


def test_rows_and_columns_of_a_bipartite_matrix_are_two_types() -> None:
    matrix = sparse.coo_matrix(([5.0, 6.0], ([0, 3], [1, 0])), shape=(4, 2))
    g = gm.bipartite_from_scipy(matrix, "user", "buys", "game", eweight_name="w")
    assert g.canonical_etypes == [("user", "buys", "game")]
    assert (g.num_nodes("user"), g.num_nodes("game"), edges(g)) == (4, 2, [(0, 1), (3, 0)])
    assert g.edata["w"].tolist() == [5, 6]


def test_what_is_no_square_sparse_matrix_is_an_error() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"sparse matrix, got Tensor"):
        gm.from_scipy(torch.eye(3))
    with pytest.raises(gm.GraphValueError, match=r"got 2 x 3.*bipartite_from_scipy"):
        gm.from_scipy(sparse.coo_matrix((2, 3)))
    with pytest.raises(gm.GraphValueError, match="two ends need different types"):
        gm.bipartite_from_scipy(sparse.coo_matrix((2, 3)), "a", "x", "a")


# ---- matrices of a graph


def test_adj_has_a_row_for_each_source_and_counts_parallel_edges() -> None:
    matrix = path().adj()
    assert matrix.to_dense().tolist() == [[0, 1, 0], [0, 0, 2], [0, 0, 1]]
    assert path().adj(eweight_name="w").to_dense().tolist() == [[0, 1, 0], [0, 0, 5], [0, 0, 4]]


def test_adj_of_a_relation_has_the_shape_of_its_ends() -> None:
    assert shop().adj("buys").to_dense().tolist() == [[0, 1], [0, 0], [1, 0]]
    assert gm.create_block(([3], [1])).adj().shape == (4, 2)


def test_adj_lets_gradients_through_to_the_weights() -> None:
    g = path()
    w = g.edata["w"].requires_grad_()
    (grad,) = torch.autograd.grad((g.adj(eweight_name="w").to_dense() ** 2).sum(), w)
    assert grad.tolist() == [2, 10, 10, 8]


def test_weights_of_adj_are_numbers_or_vectors() -> None:
    g = path()
    g.edata["wide"], g.edata["deep"] = torch.ones(4, 2), torch.ones(4, 2, 2)
    assert g.adj(eweight_name="wide").to_dense()[1, 2].tolist() == [2, 2]
    with pytest.raises(gm.GraphValueError, match=r"\(nnz,\) or \(nnz, D\), got .*\(4, 2, 2\)"):
        g.adj(eweight_name="deep")
    with pytest.raises(gm.GraphKeyError, match="no field 'missing'"):
        g.adj(eweight_name="missing")


def test_adj_is_a_sparse_matrix_that_shares_the_layouts_of_the_graph() -> None:
    g = path()
    A = g.adj()
    assert isinstance(A, gm.sparse.SparseMatrix)
    assert torch.equal(A.indices(), torch.stack(g.edges()))
    assert A.csr()[0] is g.adjacency.csr.indptr
    x = torch.rand(3, 2)
    assert torch.equal(A.T @ x, gm.ops.copy_u_sum(g, x))
    assert torch.equal(g.adjacency_matrix().to_dense(), A.to_dense())


def test_adj_external_is_a_torch_or_a_scipy_matrix() -> None:
    g = path()
    dense = g.adj().to_dense()
    assert torch.equal(g.adj_external().to_dense(), dense)
    assert torch.equal(g.adj_external(transpose=True).to_dense(), dense.T)
    for fmt in ("coo", "csr"):
        assert g.adj_external(scipy_fmt=fmt).format == fmt
        assert g.adj_external(scipy_fmt=fmt).toarray().tolist() == dense.tolist()
    assert shop().adj_external(etype="buys", scipy_fmt="csr", transpose=True).shape == (2, 3)
    parallel = gm.graph(([1, 0, 0], [0, 1, 1])).adj_external(scipy_fmt="csr")
    assert (parallel.data.tolist(), parallel.dtype) == ([1, 1, 1], "int64")
    assert gm.graph(([0], [1])).int().adj_external(scipy_fmt="coo").dtype == "int32"
    with pytest.raises(gm.GraphValueError, match="'coo' or 'csr', got 'dok'"):
        g.adj_external(scipy_fmt="dok")


@pytest.mark.parametrize("layout", ["coo", "csr", "csc"])
def test_adj_tensors_make_the_same_graph_again(layout: str) -> None:
    g = path()
    arrays = g.adj_tensors(layout)
    assert edges(gm.graph((layout, arrays))) == edges(g)


def test_adj_tensors_know_three_layouts() -> None:
    with pytest.raises(gm.GraphValueError, match="'coo', 'csr' or 'csc', got 'ell'"):
        path().adj_tensors("ell")


def test_inc_has_a_row_for_each_node_and_a_column_for_each_edge() -> None:
    g = path()
    assert g.inc("in").to_dense().tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 1]]
    assert g.inc("out").to_dense().tolist() == [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    assert g.inc("both").to_dense().tolist() == [[-1, 0, 0, 0], [1, -1, -1, 0], [0, 1, 1, 0]]


def test_inc_of_a_relation_between_two_types_has_one_end() -> None:
    g = gm.heterograph({("user", "buys", "game"): ([0, 2], [1, 0])})
    assert g.inc("in").shape == (2, 2)
    assert g.inc("out").shape == (3, 2)
    for wrong in ("both", "all"):
        with pytest.raises(gm.GraphValueError, match=f"got '{wrong}' between 'user' and 'game'"):
            g.inc(wrong)


def test_inc_of_both_ends_needs_one_node_type_of_the_relation_alone() -> None:
    g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "a"): ([0, 1], [1, 1])})
    assert g.inc("both", etype="y").to_dense().tolist() == [[-1, 0], [1, 0]]


# ---- NetworkX


def test_a_graph_goes_to_networkx_and_comes_back() -> None:
    g = path()
    made = g.to_networkx(node_attrs=["x"], edge_attrs=["w"])
    back = gm.from_networkx(made, ["x"], ["w"], edge_id_attr_name="id")
    assert edges(back) == edges(g)
    assert torch.equal(back.ndata["x"], g.ndata["x"])
    assert torch.equal(back.edata["w"], g.edata["w"])


def test_to_networkx_numbers_edges_and_leaves_features_out_unless_named() -> None:
    made = gm.to_networkx(path())
    assert list(made.edges(data=True)) == [
        (0, 1, {"id": 0}),
        (1, 2, {"id": 1}),
        (1, 2, {"id": 2}),
        (2, 2, {"id": 3}),
    ]
    assert list(made.nodes(data=True)) == [(0, {}), (1, {}), (2, {})]


def test_to_networkx_lays_types_one_after_the_other() -> None:
    made = shop().to_networkx()
    assert [made.nodes[i]["ntype"] for i in range(5)] == ["game"] * 2 + ["user"] * 3
    assert sorted(made.edges(data="etype")) == [
        (2, 1, ("user", "buys", "game")),
        (3, 2, ("user", "follows", "user")),
        (4, 0, ("user", "buys", "game")),
        (4, 2, ("user", "follows", "user")),
    ]


def test_attributes_of_to_networkx_are_named() -> None:
    made = shop().to_networkx(ntype_attr="kind", etype_attr="relation", eid_attr="number")
    assert made.nodes[0] == {"kind": "game"}
    assert made.edges[2, 1, 0] == {"number": 0, "relation": ("user", "buys", "game")}
    assert path().to_networkx(eid_attr="number").edges[0, 1, 0] == {"number": 0}


def test_to_networkx_refuses_blocks_and_unknown_features() -> None:
    with pytest.raises(gm.GraphValueError, match="block"):
        gm.create_block(([0], [0])).to_networkx()
    with pytest.raises(gm.GraphKeyError, match="got 'missing'"):
        path().to_networkx(node_attrs=["missing"])


def test_from_networkx_numbers_nodes_in_sorted_order() -> None:
    made = nx.DiGraph([("c", "a"), ("a", "b")])
    assert edges(gm.from_networkx(made)) == [(2, 0), (0, 1)]


def test_from_networkx_makes_two_edges_of_an_undirected_one() -> None:
    g = gm.from_networkx(nx.Graph([(0, 1), (1, 2)]), idtype=torch.int32)
    assert sorted(edges(g)) == [(0, 1), (1, 0), (1, 2), (2, 1)]
    assert g.idtype == torch.int32


def test_from_networkx_keeps_parallel_edges_and_lone_nodes() -> None:
    made = nx.MultiDiGraph([(0, 1), (0, 1)])
    made.add_node(5)
    assert edges(gm.from_networkx(made)) == [(0, 1), (0, 1)]
    assert gm.from_networkx(made).num_nodes() == 3


def test_from_networkx_copies_the_attributes_named() -> None:
    made = nx.DiGraph()
    made.add_node(0, x=[1.0, 2.0], n=3)
    made.add_node(1, x=[3.0, 4.0], n=4)
    made.add_edge(1, 0, w=0.5)
    g = gm.from_networkx(made, node_attrs=["x", "n"], edge_attrs=["w"])
    assert g.ndata["x"].tolist() == [[1, 2], [3, 4]]
    assert (g.ndata["n"].tolist(), g.ndata["n"].dtype) == ([3, 4], torch.int64)
    assert g.edata["w"].tolist() == [0.5]


@pytest.mark.parametrize(
    "values",
    [
        [True, False],
        [1, 2**40],
        [1, 0.5],
        [1e300, float("nan")],
        [[1, 2], [0.5, 3.0]],
        [(True, 2), (3, 4)],
        [[], []],
        [[[1]], [[2]]],
        [np.float64(1), np.float64(2)],
        [np.float32(1), np.float64(2)],
        [np.ones(2, np.float16), np.zeros(2, np.float16)],
        [np.ones(2, np.uint8), np.zeros(2, np.uint8)],
        [np.ones(2), [1, 2]],
        [[np.float64(1)], [np.float64(2)]],
        [torch.ones(2), torch.zeros(2)],
    ],
    ids=str,
)
def test_from_networkx_reads_an_attribute_as_torch_reads_each_value(values: list[Any]) -> None:
    made = nx.DiGraph()
    made.add_nodes_from((i, {"x": value}) for i, value in enumerate(values))
    x = gm.from_networkx(made, ["x"]).ndata["x"]
    wanted = torch.stack([torch.as_tensor(value) for value in values])
    assert x.dtype == wanted.dtype
    assert torch.equal(x.nan_to_num(), wanted.nan_to_num())


@pytest.mark.parametrize("made", [nx.Graph, nx.MultiGraph])
def test_from_networkx_goes_through_edges_as_a_directed_copy_does(made: Any) -> None:
    undirected = made([(2, 0), (0, 1), (1, 1), (1, 2), (0, 2)])
    copy = gm.from_networkx(undirected.to_directed())
    assert edges(gm.from_networkx(undirected)) == edges(copy)


@pytest.mark.parametrize("boxed", [int, np.atleast_1d, torch.tensor])
def test_from_networkx_orders_edges_by_their_ids(boxed: Callable[[int], Any]) -> None:
    made = nx.DiGraph()
    made.add_edge(0, 1, id=boxed(1))
    made.add_edge(1, 2, id=boxed(0))
    assert edges(gm.from_networkx(made, edge_id_attr_name="id")) == [(1, 2), (0, 1)]


def attributed(directed: bool, **attributes: Any) -> Any:
    made = nx.DiGraph() if directed else nx.Graph()
    made.add_edge(0, 1, **attributes)
    return made


BAD: dict[str, tuple[Callable[[], Graph], type[gm.GraphError], str]] = {
    "lacking node attribute": (
        lambda: gm.from_networkx(attributed(True), node_attrs=["x"]),
        gm.GraphKeyError,
        "no attribute 'x'",
    ),
    "lacking edge attribute": (
        lambda: gm.from_networkx(attributed(True), edge_attrs=["w"]),
        gm.GraphKeyError,
        "no attribute 'w'",
    ),
    "lacking edge id": (
        lambda: gm.from_networkx(attributed(True), edge_id_attr_name="id"),
        gm.GraphKeyError,
        "no attribute 'id'",
    ),
    "wrong edge id": (
        lambda: gm.from_networkx(attributed(True, id=1), edge_id_attr_name="id"),
        gm.GraphValueError,
        "each of 0 to 0 once",
    ),
    "edge ids of an undirected graph": (
        lambda: gm.from_networkx(attributed(False, id=0), edge_id_attr_name="id"),
        gm.GraphValueError,
        r"need a directed graph.*\.to_directed\(\)",
    ),
}


@each("make, error, message", BAD)
def test_attributes_that_are_not_there_or_do_not_fit_are_errors(
    make: Callable[[], Graph], error: type[gm.GraphError], message: str
) -> None:
    with pytest.raises(error, match=message):
        make()


def buyers(directed: bool) -> Any:
    made = nx.DiGraph() if directed else nx.Graph()
    made.add_nodes_from(["ann", "bob"], bipartite=0, age=30)
    made.add_nodes_from(["chess", "go"], bipartite=1, price=5.0)
    made.add_edge("bob", "chess", w=1)
    made.add_edge("ann", "go", w=2)
    return made


@pytest.mark.parametrize("directed", [True, False])
def test_sides_of_a_bipartite_networkx_graph_are_two_types(directed: bool) -> None:
    g = gm.bipartite_from_networkx(
        buyers(directed), "user", "buys", "game", u_attrs=["age"], e_attrs=["w"], v_attrs=["price"]
    )
    assert g.canonical_etypes == [("user", "buys", "game")]
    found = sorted(zip(edges(g), g.edata["w"].tolist(), strict=True))
    assert found == [((0, 1), 2), ((1, 0), 1)]
    assert g.nodes["user"].data["age"].tolist() == [30, 30]
    assert g.nodes["game"].data["price"].tolist() == [5, 5]


def test_a_bipartite_networkx_graph_needs_sides_and_edges_between_them() -> None:
    with pytest.raises(gm.GraphKeyError, match="needs an attribute 'bipartite' of 0 or 1"):
        gm.bipartite_from_networkx(nx.DiGraph([(0, 1)]), "a", "x", "b")
    wrong = buyers(True)
    wrong.add_edge("go", "ann")
    with pytest.raises(gm.GraphValueError, match="'go' -> 'ann' does not go from side 0"):
        gm.bipartite_from_networkx(wrong, "a", "x", "b")
    with pytest.raises(gm.GraphValueError, match="two ends need different types"):
        gm.bipartite_from_networkx(buyers(True), "a", "x", "a")


def test_the_metagraph_is_a_networkx_graph_of_types() -> None:
    meta = shop().metagraph()
    assert sorted(meta.nodes) == ["game", "user"]
    assert sorted(meta.edges) == [("user", "game", "buys"), ("user", "user", "follows")]


def test_edges_are_numbered_over_all_types_and_types_may_lack_a_feature() -> None:
    g = gm.heterograph({("a", "to", "b"): ([0, 1], [0, 0]), ("b", "of", "a"): ([0], [1])})
    g.nodes["a"].data["x"], g.edges["of"].data["w"] = torch.tensor([1.0, 2.0]), torch.tensor([3.0])
    result = gm.to_networkx(g, ["x"], ["w"], ntype_attr="n", etype_attr="e", eid_attr="number")
    assert sorted(number for *_, number in result.edges(data="number")) == [0, 1, 2]
    assert [dict(data) for _, data in result.nodes(data=True)] == [
        {"n": "a", "x": 1},
        {"n": "a", "x": 2},
        {"n": "b"},
    ]
    edges = sorted((data["e"][1], data.get("w")) for *_, data in result.edges(data=True))
    assert edges == [("of", 3), ("to", None), ("to", None)]
    with pytest.raises(gm.GraphKeyError, match="a feature of some nodes, got 'y'; they have: 'x'"):
        gm.to_networkx(g, ["y"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("indptr", [0, 2**31 - 1, 0, 0]),
        ("indptr", [0, 9, 1, 2]),
        ("indptr", [1, 1, 1, 2]),
        ("indptr", [0, 1, 2]),
        ("indptr", [0, 1, 2, 3]),
        ("indices", [0, 7]),
        ("indices", [0, 2**30]),
        ("indices", [-1, 0]),
        ("indices", [0, 1, 2]),
    ],
)
@pytest.mark.parametrize("kind", ["csr", "csc"])
def test_parts_of_a_matrix_that_do_not_fit_are_an_error(kind: str, name: str, value: Any) -> None:
    count = 0 if value[-1] == 0 else 2
    matrix = sparse.random(3, 3, count / 9, format=kind)
    matrix.__dict__[name] = np.array(value, np.int32)
    with pytest.raises(gm.GraphValueError, match="sparse matrix whose parts fit together"):
        gm.from_scipy(matrix)
    with pytest.raises(gm.GraphValueError, match="sparse matrix whose parts fit together"):
        gm.bipartite_from_scipy(matrix, "user", "buys", "game")


@pytest.mark.skipif(
    sparse.coo_array(np.ones(3)).ndim == 2,
    reason="sparse vectors need SciPy 1.13: pip install 'scipy>=1.13'",
)
def test_a_sparse_vector_is_an_error() -> None:
    with pytest.raises(
        gm.GraphValueError, match=r"Expected a matrix, got an array of shape \(3,\)"
    ):
        gm.from_scipy(sparse.coo_array(np.ones(3)))


@pytest.mark.parametrize("number", ["x", None, [0], np.datetime64("2020-01-01")])
def test_edge_ids_and_sides_that_are_not_integers_are_an_error(number: Any) -> None:
    pairs = nx.DiGraph()
    pairs.add_edge(0, 1, number=number)
    with pytest.raises(gm.GraphValueError, match="each of 0 to 0 once"):
        gm.from_networkx(pairs, edge_id_attr_name="number")
    pairs.nodes[0]["bipartite"] = number
    with pytest.raises(gm.GraphKeyError, match="needs an attribute 'bipartite'"):
        gm.bipartite_from_networkx(pairs, "a", "to", "b")
