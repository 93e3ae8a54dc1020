"""Powers, products and sums of adjacency matrices agree with dense matrices."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import ID_DTYPES, MIXED, SMALL_CORNERS, Corner
from support.samples import edges
from support.shops import FOLLOWS, VIEWS, shop
from torch import Tensor

import graphmp as gm

SQUARE = [corner for corner in SMALL_CORNERS if not corner.bipartite]
square = pytest.mark.parametrize("corner", SQUARE, ids=str)
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def dense(g: gm.Graph, etype: Any = None, weight: str | None = None) -> Tensor:
    """The adjacency matrix, one edge after the other."""
    etype = g.to_canonical_etype(etype)
    matrix = torch.zeros(g.num_nodes(etype[0]), g.num_nodes(etype[2]), dtype=torch.float64)
    weights = g.edges[etype].data[weight] if weight else torch.ones(g.num_edges(etype))
    matrix = matrix + 0 * weights.sum()  # so that it has a gradient without edges, too
    for (u, v), w in zip(edges(g, etype), weights, strict=True):
        matrix[u, v] = matrix[u, v] + w
    return matrix


@square
@each_idtype
@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_a_power_counts_walks(corner: Corner, idtype: torch.dtype, k: int) -> None:
    g = corner.graph(idtype)
    expected = torch.linalg.matrix_power(dense(g), k)
    power = gm.khop_adj(g, k)
    assert power.dtype == torch.float32
    assert torch.equal(power.double(), expected)
    walks = gm.khop_graph(g, k)
    assert torch.equal(dense(walks), expected)
    assert edges(walks) == sorted(edges(walks))
    assert walks.idtype == idtype


def test_walks_keep_node_features_on_request() -> None:
    g = MIXED.graph()
    g.ndata["x"], g.edata["w"] = torch.ones(6), torch.ones(9)
    walks = gm.khop_graph(g, 2)
    assert walks.ndata["x"] is g.ndata["x"]
    assert (list(walks.edata), list(gm.khop_graph(g, 2, copy_ndata=False).ndata)) == ([], [])


def test_as_many_steps_as_an_int_counts_are_taken_by_squaring() -> None:
    ring = gm.graph((torch.arange(7), (torch.arange(7) + 1) % 7))
    for step in (10**9, 10**18 + 1):
        ends = (torch.arange(7) + step % 7) % 7
        assert torch.equal(gm.khop_graph(ring, step).edges()[1], ends)
        assert torch.equal(gm.khop_adj(ring, step), torch.eye(7)[ends])
    growing = gm.graph(([0] * 9 + [2], [0] * 9 + [2]), num_nodes=4)
    assert gm.khop_adj(growing, 10**9).diagonal().tolist() == [torch.inf, 0, 1, 0]
    assert not gm.khop_adj(growing, 10**9).isnan().any()
    with pytest.raises(gm.GraphValueError, match="a number that memory can hold"):
        gm.khop_graph(growing, 10**9)


@pytest.mark.parametrize("k", [-1, 1.5, None])
def test_steps_are_counted(k: Any) -> None:
    for function in (gm.khop_adj, gm.khop_graph):
        with pytest.raises(gm.GraphError, match="k: expected"):
            function(MIXED.graph(), k)
        with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
            function(shop(), 2)


@each_idtype
@pytest.mark.parametrize(
    "path", [[FOLLOWS], ["views", "viewed-by"], [FOLLOWS, VIEWS], ["viewed-by"]]
)
def test_a_metapath_reaches_what_the_product_reaches(path: list[Any], idtype: torch.dtype) -> None:
    g = shop(idtype)
    reachable = gm.metapath_reachable_graph(g, path)
    expected = torch.eye(g.num_nodes(g.to_canonical_etype(path[0])[0]), dtype=torch.float64)
    for etype in path:
        expected = expected @ dense(g, etype)
    assert torch.equal(dense(reachable), (expected > 0).double())
    assert edges(reachable) == sorted(edges(reachable))
    source, target = g.to_canonical_etype(path[0])[0], g.to_canonical_etype(path[-1])[2]
    assert reachable.canonical_etypes == [(source, "_E", target)]
    assert reachable.ntypes == sorted({source, target})
    assert reachable.idtype == idtype
    if source == "user":
        assert reachable.nodes["user"].data["x"] is g.nodes["user"].data["x"]


def test_wrong_metapaths_are_refused() -> None:
    with pytest.raises(gm.GraphKeyError, match="There is no edge type 'x'"):
        gm.metapath_reachable_graph(shop(), ["x"])
    with pytest.raises(gm.GraphValueError, match="at least one edge type"):
        gm.metapath_reachable_graph(shop(), [])
    with pytest.raises(gm.GraphValueError, match="not a block"):
        gm.metapath_reachable_graph(gm.create_block(([0], [0])), ["_E"])


def weighted(corner: Corner, idtype: torch.dtype, seed: int) -> gm.Graph:
    g = corner.graph(idtype)
    torch.manual_seed(seed)
    g.edata["w"] = torch.randn(g.num_edges(), requires_grad=True)
    return g


def assert_weights(C: gm.Graph, expected: Tensor, pairs: Tensor, inputs: list[Tensor]) -> None:
    """The graph's matrix and its gradients are those of a dense one; its edges are ``pairs``."""
    assert edges(C) == [tuple(pair) for pair in pairs.nonzero().tolist()]
    torch.testing.assert_close(dense(C, weight="w"), expected, rtol=1e-5, atol=1e-5)
    upstream = torch.randn(expected.shape, dtype=torch.float64)
    u, v = (end.long() for end in C.edges())
    grads = torch.autograd.grad(C.edata["w"], inputs, upstream[u, v].float(), retain_graph=True)
    torch.testing.assert_close(grads, torch.autograd.grad(expected, inputs, upstream))


@square
@each_idtype
def test_a_product_of_graphs_is_that_of_matrices(corner: Corner, idtype: torch.dtype) -> None:
    A, B = weighted(corner, idtype, 0), weighted(corner, idtype, 1)
    C = gm.adj_product_graph(A, B, "w")
    expected = dense(A, weight="w") @ dense(B, weight="w")
    assert_weights(C, expected, dense(A) @ dense(B), [A.edata["w"], B.edata["w"]])
    assert (C.idtype, C.canonical_etypes) == (idtype, A.canonical_etypes)


@square
@each_idtype
def test_a_sum_of_graphs_is_that_of_matrices(corner: Corner, idtype: torch.dtype) -> None:
    A, B = weighted(corner, idtype, 0), gm.reverse(weighted(corner, idtype, 1))
    B.edata["w"] = torch.randn(B.num_edges(), requires_grad=True)
    C = gm.adj_sum_graph([A, B, A], "w")
    expected = 2 * dense(A, weight="w") + dense(B, weight="w")
    assert_weights(C, expected, dense(A) + dense(B), [A.edata["w"], B.edata["w"]])


def test_a_product_goes_from_one_type_to_another() -> None:
    A = gm.heterograph({("a", "x", "b"): ([0, 1], [1, 0])}, {"a": 3, "b": 2})
    B = gm.heterograph({("b", "y", "c"): ([0, 1], [1, 1])}, {"b": 2, "c": 4})
    A.edata["w"], B.edata["w"] = torch.tensor([2.0, 3.0]), torch.tensor([5.0, 0.0])
    C = gm.adj_product_graph(A, B, "w", etype="z")
    assert C.canonical_etypes == [("a", "z", "c")]
    assert (C.num_nodes("a"), C.num_nodes("c")) == (3, 4)
    assert (edges(C), C.edata["w"].tolist()) == ([(0, 1), (1, 1)], [0.0, 15.0])


def test_graphs_that_do_not_fit_are_refused() -> None:
    A, B = gm.graph(([0], [1])), gm.graph(([0], [2]))
    for g in (A, B):
        g.edata["w"], g.edata["wide"] = torch.ones(1), torch.ones(1, 1)
    with pytest.raises(gm.GraphValueError, match=r"B with 2 source nodes, .* got 3"):
        gm.adj_product_graph(A, B, "w")
    with pytest.raises(gm.GraphValueError, match=r"from 2 to 2 nodes, got .* from 3 to 3"):
        gm.adj_sum_graph([A, B], "w")
    with pytest.raises(gm.GraphValueError, match=r"shape \(1,\), got field 'wide'"):
        gm.adj_product_graph(A, A, "wide")
    with pytest.raises(gm.GraphKeyError, match="no field 'missing'"):
        gm.adj_sum_graph([A], "missing")
    with pytest.raises(gm.GraphValueError, match="at least one graph"):
        gm.adj_sum_graph([], "w")
    with pytest.raises(gm.GraphTypeError, match="one id type"):
        gm.adj_product_graph(A, A.int(), "w")
    narrow = gm.heterograph({("a", "x", "b"): ([0], [0])}, {"a": 3, "b": 2})
    back = gm.heterograph({("b", "y", "a"): ([0], [0])}, {"a": 5, "b": 2})
    narrow.edata["w"], back.edata["w"] = torch.ones(1), torch.ones(1)
    with pytest.raises(gm.GraphValueError, match=r"as many nodes of type 'a' .* got 3 and 5"):
        gm.adj_product_graph(narrow, back, "w")
