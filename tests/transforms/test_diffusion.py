"""Diffusion matrices and diffused features agree with dense formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from scipy.linalg import expm
from support.corner_graphs import ID_DTYPES, SMALL_CORNERS, Corner
from support.samples import contents, diamond, edges, shop
from torch import Tensor

import graphmp as gm
from graphmp import transforms as T

SQUARE = [corner for corner in SMALL_CORNERS if not corner.bipartite]
square = pytest.mark.parametrize("corner", SQUARE, ids=str)
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def matrix(g: gm.Graph, weights: Tensor) -> Tensor:
    """(N, N) weights, from columns to rows, one edge after the other."""
    result = torch.zeros(g.num_nodes(), g.num_nodes(), dtype=torch.float64)
    for (u, v), w in zip(edges(g), weights, strict=True):
        result[v, u] += w
    return result


def powers(A: Tensor) -> Tensor:
    return 0.5 * torch.eye(len(A)).double() + 0.3 * A + 0.1 * A @ A @ A


DIFFUSIONS: dict[Any, Any] = {
    gm.PPR: ({"alpha": 0.3}, lambda A: 0.3 * torch.inverse(torch.eye(len(A)) - 0.7 * A)),
    gm.HeatKernel: (
        {"t": 1.5},
        lambda A: torch.from_numpy(expm((1.5 * (A - torch.eye(len(A)))).numpy())),
    ),
    gm.GDC: ({"coefs": [0.5, 0.3, 0.0, 0.1]}, powers),
}
each_diffusion = pytest.mark.parametrize("make", DIFFUSIONS, ids=lambda make: make.__name__)


def weighted(corner: Corner, idtype: torch.dtype = torch.int64) -> gm.Graph:
    g = corner.graph(idtype)
    g.edata["w"] = corner.feature("e").abs() / 10
    return g


@square
@each_idtype
@each_diffusion
def test_every_pair_has_its_entry_of_the_matrix(
    make: Any, corner: Corner, idtype: torch.dtype
) -> None:
    arguments, formula = DIFFUSIONS[make]
    g = weighted(corner, idtype)
    g.ndata["x"] = torch.ones(g.num_nodes())
    new = make(**arguments, eps=-1e9)(g)
    expected = formula(matrix(g, g.edata["w"]))
    assert new.num_edges() == g.num_nodes() ** 2
    torch.testing.assert_close(matrix(new, new.edata["w"]), expected, rtol=1e-4, atol=1e-5)
    assert new.ndata["x"] is g.ndata["x"]
    assert new.idtype == idtype


@each_diffusion
def test_weights_are_ones_where_they_are_missing(make: Any) -> None:
    g = diamond()
    arguments, formula = DIFFUSIONS[make]
    new = make(**arguments, eweight_name="p", eps=-1e9)(g)
    expected = formula(matrix(g, torch.ones(4)))
    torch.testing.assert_close(matrix(new, new.edata["p"]), expected, rtol=1e-4, atol=1e-5)
    assert list(new.edata) == ["p"]


@each_diffusion
def test_the_large_entries_become_edges(make: Any) -> None:
    arguments, formula = DIFFUSIONS[make]
    gm.seed(0)
    g = gm.rand_graph(20, 60)
    g.edata["w"] = torch.rand(60) / 10
    entries = formula(matrix(g, g.edata["w"])).flatten().sort(descending=True).values
    few = make(**arguments, avg_degree=2)(g)
    assert few.num_edges() == 40
    torch.testing.assert_close(
        few.edata["w"].double().sort(descending=True).values, entries[:40], rtol=1e-4, atol=1e-5
    )
    assert make(**arguments, avg_degree=30)(g).num_edges() == 400
    threshold = float(entries[9:11].mean())
    assert make(**arguments, eps=threshold)(g).num_edges() == 10


@each_diffusion
def test_gradients_reach_the_weights(make: Any) -> None:
    arguments, _ = DIFFUSIONS[make]
    g = diamond()
    g.edata["w"] = torch.rand(4, requires_grad=True)
    make(**arguments)(g).edata["w"].sum().backward()
    assert bool((g.edata["w"].grad > 0).all())


@each_diffusion
def test_wrong_arguments_are_refused(make: Any) -> None:
    arguments, _ = DIFFUSIONS[make]
    with pytest.raises(gm.GraphValueError, match="avg_degree: expected at least 1"):
        make(**arguments, avg_degree=0)
    with pytest.raises(gm.GraphTypeError, match="avg_degree"):
        make(**arguments, avg_degree=1.5)
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        make(**arguments)(shop())
    g = diamond()
    g.edata["w"] = torch.ones(4, 1)
    with pytest.raises(gm.GraphValueError, match=r"weights of shape \(4,\), got field 'w'"):
        make(**arguments)(g)


def test_a_matrix_without_an_inverse_and_no_coefficients_are_refused() -> None:
    g = gm.graph(([0], [0]))
    g.edata["w"] = torch.tensor([2.0])
    with pytest.raises(gm.GraphValueError, match="normalize them first"):
        gm.PPR(alpha=0.5)(g)
    with pytest.raises(gm.GraphValueError, match="at least one coefficient"):
        gm.GDC([])


# ---- SIGN


def step(op: str, A: Tensor, h: Tensor, x: Tensor) -> Tensor:
    """One step of a diffusion with a dense matrix."""
    degrees = A.sum(1)
    if op == "rw":
        return torch.nan_to_num(A / degrees.view(-1, 1)) @ h
    if op == "raw":
        return A @ h
    roots = torch.where(degrees > 0, degrees.rsqrt(), 0)
    h = roots.view(-1, 1) * A * roots @ h
    return h if op == "gcn" else 0.8 * h + 0.2 * x


@square
@each_idtype
@pytest.mark.parametrize("op", ["raw", "rw", "gcn", "ppr"])
@pytest.mark.parametrize("name", [None, "w"])
def test_features_are_diffused_step_by_step(
    corner: Corner, op: str, name: str | None, idtype: torch.dtype
) -> None:
    g = weighted(corner, idtype)
    g.ndata["feat"] = corner.feature("u", (3,))
    new = gm.SIGNDiffusion(2, eweight_name=name, diffuse_op=op)(g)
    A = matrix(g, g.edata["w"] if name else torch.ones(g.num_edges()))
    x = h = g.ndata["feat"].double()
    for number in (1, 2):
        h = step(op, A, h, x)
        result = new.ndata[f"out_feat_{number}"]
        torch.testing.assert_close(result.double(), h, rtol=1e-5, atol=1e-5)
    assert list(new.ndata) == ["feat", "out_feat_1", "out_feat_2"]
    assert list(g.ndata) == ["feat"]


def test_names_are_chosen_and_nothing_else_changes() -> None:
    g = diamond()
    new = gm.SIGNDiffusion(1, "x", "y", "w", "ppr", alpha=1.0)(g)
    assert torch.equal(new.ndata["y_1"], g.ndata["x"])
    assert contents(g) == contents(diamond())
    assert list(gm.SIGNDiffusion(0, "x")(g).ndata) == ["x"]


def test_unknown_diffusions_and_features_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="one of raw, rw, gcn, ppr, got 'x'"):
        gm.SIGNDiffusion(1, diffuse_op="x")
    with pytest.raises(gm.GraphValueError, match="k: expected a non-negative int"):
        gm.SIGNDiffusion(-1)
    for transform in (gm.SIGNDiffusion(1), gm.SIGNDiffusion(1, "x", eweight_name="missing")):
        with pytest.raises(gm.GraphKeyError, match="no field"):
            transform(diamond())
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        T.SIGNDiffusion(1)(shop())
