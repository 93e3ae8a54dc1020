"""Orders of rows: when they are kept, when they are dropped, and that no result changes."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from support.corner_graphs import ID_DTYPES, Corner, each_corner

import graphmp as gm
from graphmp import ops
from graphmp._storage import locality
from graphmp.kernels.contract import Csr, OrderedCsr


def communities(idtype: torch.dtype = torch.int64, others: int = 1200) -> gm.Graph:
    """A graph of 60 communities, whose nodes are numbered at random."""
    u = torch.randint(1200, (12_000,))
    v = (u // 20 * 20 + torch.randint(20, (12_000,))) * others // 1200
    ends = torch.randperm(1200)[u], torch.randperm(others)[v]
    kinds = ("a", "r", "a" if others == 1200 else "b")
    return gm.heterograph({kinds: ends}, {"a": 1200, kinds[2]: others}, idtype=idtype)


def layouts(g: gm.Graph) -> list[Csr]:
    return [csr for a in g.adjacencies.values() for csr in (a.csc, a.csr)]


def is_ordered(g: gm.Graph) -> list[bool]:
    return [isinstance(csr, OrderedCsr) for csr in layouts(g)]


@pytest.fixture(autouse=True)
def _small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graphs of a test are as large as the cache that is assumed."""
    monkeypatch.setattr(locality, "_WINDOW", 400)


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("others", [1200, 900])
def test_graphs_with_communities_have_an_order(idtype: torch.dtype, others: int) -> None:
    g = communities(idtype, others)
    g.create_formats_(locality=True)
    assert is_ordered(g) == [True, True]
    for csr in layouts(g):
        assert isinstance(csr, OrderedCsr)
        assert csr.rows.dtype == csr.visited.indptr.dtype == idtype
        assert sorted(csr.rows.tolist()) == list(range(len(csr.indptr) - 1))
        assert csr.visited.indptr.diff().tolist() == csr.indptr.diff()[csr.rows.long()].tolist()


@pytest.mark.parametrize("others", [1200, 900])
def test_sums_and_gradients_have_the_same_bits(others: int) -> None:
    g = communities(others=others)
    ordered = copy.deepcopy(g)
    ordered.create_formats_(locality=True)
    x, w = torch.randn(1200, 2, 8), torch.randn(12_000, 2, 1)
    results = []
    for graph in (g, ordered):
        left, right = x.clone().requires_grad_(), w.clone().requires_grad_()
        total = ops.u_mul_e_sum(graph, left, right) + ops.copy_u_max(graph, left)
        total = total + ops.copy_u_mean(graph, left)
        results.append((total, *torch.autograd.grad(total.sin().sum(), (left, right))))
    assert all(map(torch.equal, *results))


@each_corner
def test_any_graph_may_look_for_an_order(corner: Corner) -> None:
    g = corner.graph()
    g.create_formats_(locality=True)
    assert g.formats()["created"] == ["coo", "csr", "csc"]


def test_graphs_without_communities_have_no_order() -> None:
    g = gm.rand_graph(1200, 12_000)
    g.create_formats_(locality=True)
    assert is_ordered(g) == [False, False]


def test_only_layouts_that_may_be_stored_are_ordered() -> None:
    g = communities().formats("csc")
    g.create_formats_(locality=True)
    assert g.formats() == {"created": ["csc"], "not created": []}
    assert isinstance(g.adjacency.csc, OrderedCsr)
    assert not isinstance(g.adjacency.csr, OrderedCsr)


def test_a_second_call_keeps_the_order() -> None:
    g = communities()
    g.create_formats_(locality=True)
    before = g.adjacency.csc
    g.create_formats_(locality=True)
    assert g.adjacency.csc is before


def test_clones_share_the_order_and_other_copies_drop_it() -> None:
    g = communities()
    g.create_formats_(locality=True)
    assert is_ordered(g.clone()) == [True, True]
    assert is_ordered(g.local_var()) == [True, True]
    for other in (g.int(), copy.deepcopy(g), pickle.loads(pickle.dumps(g))):
        assert is_ordered(other) == [False, False]


@pytest.mark.compiler
def test_a_compiled_program_takes_a_graph_with_an_order() -> None:
    g = communities()
    g.create_formats_(locality=True)
    x = torch.randn(1200, 8, requires_grad=True)
    layer = gm.nn.SAGEConv(8, 8, "mean")
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    results = [torch.autograd.grad(f(g, x).sin().sum(), x)[0] for f in (layer, compiled)]
    torch.testing.assert_close(*results)
