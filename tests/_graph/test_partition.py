"""Partitions as a function; ClusterGCN's tests compare methods."""

from __future__ import annotations

import importlib.util

import pytest
import torch

import graphmp as gm


def cliques(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Three cliques of four nodes; node i is in clique i modulo 3."""
    ids = torch.arange(12)
    u, v = torch.meshgrid(ids, ids, indexing="ij")
    inside = (u % 3 == v % 3) & (u < v)
    return gm.graph((u[inside].to(idtype), v[inside].to(idtype)))


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_every_clique_becomes_a_part(idtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "graphmp._graph.partition.find_spec",
        lambda name: None if name == "pymetis" else importlib.util.find_spec(name),
    )
    with pytest.warns(gm.GraphWarning, match="pip install pymetis"):
        parts = gm.metis_partition_assignment(cliques(idtype), 3)
    assert parts.dtype == torch.int64
    assert len({*parts[:3].tolist()}) == 3
    assert torch.equal(parts, parts[:3].repeat(4))


@pytest.mark.parametrize("objective", ["cut", "vol"])
@pytest.mark.parametrize("mode", ["k-way", "recursive"])
def test_metis_finds_the_cliques(mode: str, objective: str) -> None:
    pytest.importorskip("pymetis", reason="needs METIS: pip install pymetis")
    parts = gm.metis_partition_assignment(cliques(), 3, mode=mode, objtype=objective)
    assert torch.equal(parts, parts[:3].repeat(4))


def test_wrong_arguments_are_refused() -> None:
    g, partition = cliques(), gm.metis_partition_assignment
    with pytest.raises(gm.GraphValueError, match="k to be from 1 to 12, the number of nodes, got"):
        partition(g, 13)
    with pytest.raises(gm.GraphValueError, match="mode to be 'k-way' or 'recursive', got 'x'"):
        partition(g, 2, mode="x")
    with pytest.raises(gm.GraphValueError, match="objtype to be 'cut' or 'vol', got 'x'"):
        partition(g, 2, objtype="x")
    with pytest.raises(gm.GraphValueError, match=r"of shape|to have shape \(12,\), got \(2,\)"):
        partition(g, 2, [0, 1])
    with pytest.raises(gm.GraphTypeError, match="balance_ntypes to be integers"):
        partition(g, 2, torch.zeros(12))
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        partition(gm.heterograph({("a", "x", "b"): ([0], [0])}), 1)
