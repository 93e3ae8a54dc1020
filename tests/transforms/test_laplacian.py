"""Eigenvalues and eigenvectors satisfy their equations, and agree with networkx and NumPy."""

from __future__ import annotations

import importlib.util
import math
import sys
from typing import Any

import networkx as nx
import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.samples import shop
from torch import Tensor

import graphmp as gm
from graphmp.transforms import laplacian

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def symmetric(nodes: int = 12, idtype: torch.dtype = torch.int64) -> gm.Graph:
    """A connected graph whose eigenvalues differ, with its reversed edges."""
    generator = torch.Generator().manual_seed(5)
    ids = torch.arange(nodes)
    u = torch.cat([ids, torch.randint(nodes, (nodes,), generator=generator)])
    v = torch.cat([(ids + 1) % nodes, torch.randint(nodes, (nodes,), generator=generator)])
    apart = u != v
    return gm.to_bidirected(gm.graph((u[apart].to(idtype), v[apart].to(idtype))))


def dense(g: gm.Graph) -> Tensor:
    simple = nx.Graph(g.to_networkx().to_undirected())
    matrix = nx.normalized_laplacian_matrix(simple, nodelist=range(g.num_nodes()))
    return torch.from_numpy(matrix.toarray())


@pytest.fixture(params=[None, 30, 0], ids=["dense", "sparse", "shifted"])
def each_method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small graphs, too, are computed by every method."""
    if request.param is not None:
        monkeypatch.setattr(laplacian, "_DENSE", 0)
        monkeypatch.setattr(laplacian, "_RESTARTS", max(request.param, 1))
    if request.param == 0:
        monkeypatch.setattr(laplacian, "_WIDTH", 1)


@pytest.mark.usefixtures("each_method")
@each_idtype
def test_the_largest_eigenvalue_of_each_graph(idtype: torch.dtype) -> None:
    parts = [symmetric(nodes, idtype) for nodes in (5, 12, 30)]
    values = gm.laplacian_lambda_max(gm.batch(parts))
    expected = [float(torch.linalg.eigvalsh(dense(part))[-1]) for part in parts]
    assert values == pytest.approx(expected)
    assert gm.laplacian_lambda_max(parts[0]) == pytest.approx(expected[:1])


@pytest.mark.usefixtures("each_method")
@each_idtype
def test_columns_are_eigenvectors_of_the_smallest_eigenvalues(idtype: torch.dtype) -> None:
    g = symmetric(30, idtype)
    encoding, values = gm.lap_pe(g, 4, return_eigval=True)
    assert (encoding.dtype, values.dtype) == (torch.float32, torch.float32)
    expected = torch.linalg.eigvalsh(dense(g))[1:5]
    torch.testing.assert_close(values.double(), expected, rtol=1e-4, atol=1e-5)
    vectors = encoding.double()
    torch.testing.assert_close(dense(g) @ vectors, vectors * expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(vectors.T @ vectors, torch.eye(4).double(), rtol=1e-4, atol=1e-5)


def test_missing_columns_are_padded() -> None:
    encoding, values = gm.lap_pe(symmetric(4), 5, padding=True, return_eigval=True)
    assert (encoding.shape, values.shape) == ((4, 5), (5,))
    assert not encoding[:, 3:].any()
    assert values.isnan().tolist() == [False] * 3 + [True] * 2
    assert gm.lap_pe(gm.graph(([], [])), 2, padding=True).shape == (0, 2)
    alone = gm.lap_pe(gm.graph(([], []), num_nodes=1), 2, padding=True)
    assert alone.tolist() == [[0, 0]]


def test_signs_follow_the_seed() -> None:
    g = symmetric()
    gm.seed(0)
    drawn = [gm.lap_pe(g, 5) for _ in range(10)]
    gm.seed(0)
    assert torch.equal(gm.lap_pe(g, 5), drawn[0])
    assert all(torch.equal(pe.abs(), drawn[0].abs()) for pe in drawn)
    assert len({tuple(pe[0].sign().tolist()) for pe in drawn}) > 1


def test_isolated_nodes_and_parallel_edges_count() -> None:
    g = gm.graph(([0, 0, 1, 1], [1, 1, 0, 0]), num_nodes=3)
    values = gm.lap_pe(g, 2, return_eigval=True)[1]
    torch.testing.assert_close(values, torch.tensor([1.0, 2.0]))


def test_objects_write_features() -> None:
    g = symmetric()
    gm.seed(0)
    encoding, values = gm.lap_pe(g, 3, return_eigval=True)
    gm.seed(0)
    new = gm.LapPE(3, "p", eigval_name="v")(g)
    assert torch.equal(new.ndata["p"], encoding)
    assert torch.equal(new.ndata["v"], values.expand(12, 3))
    assert list(gm.LapPE(20, padding=True)(g).ndata) == ["PE"]
    assert not g.ndata


def test_older_names_are_the_same() -> None:
    assert (gm.laplacian_pe, gm.LaplacianPE) == (gm.lap_pe, gm.LapPE)
    assert gm.to_simple_graph is gm.to_simple


def test_wrong_graphs_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="k below the number of nodes 12, got 12"):
        gm.lap_pe(symmetric(), 12)
    functions: list[Any] = [lambda g: gm.lap_pe(g, 1), gm.laplacian_lambda_max]
    for function in functions:
        with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
            function(shop())
    with pytest.raises(gm.GraphValueError, match="Expected a graph with nodes"):
        gm.laplacian_lambda_max(gm.graph(([], [])))


@pytest.mark.parametrize("dense", [500, 0], ids=["dense", "sparse"])
def test_edges_without_reverse_give_real_parts_and_a_warning(
    monkeypatch: pytest.MonkeyPatch, dense: int
) -> None:
    monkeypatch.setattr(laplacian, "_DENSE", dense)
    ring = gm.graph((torch.arange(30), (torch.arange(30) + 1) % 30))
    with pytest.warns(gm.GraphWarning, match="each edge has its reverse"):
        encoding, values = gm.lap_pe(ring, 2, return_eigval=True)
    assert values.tolist() == pytest.approx([1 - math.cos(2 * math.pi / 30)] * 2, abs=1e-5)
    assert encoding.shape == (30, 2)
    with pytest.warns(gm.GraphWarning, match="each edge has its reverse"):
        assert gm.laplacian_lambda_max(ring) == pytest.approx([2.0], abs=1e-5)


def test_large_graphs_need_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert importlib.util.find_spec("scipy") is not None
    monkeypatch.setattr(laplacian, "_DENSE", 0)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(gm.GraphRuntimeError, match="pip install scipy"):
        gm.laplacian_lambda_max(symmetric())
