"""Edges go to cuGraph and back; stand-ins with its names take its place here."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils.dlpack import from_dlpack

import graphmp as gm
from graphmp.compat.cugraph import from_cugraph, to_cugraph


class Series(SimpleNamespace):
    """A column of ids."""

    def to_dlpack(self) -> Any:
        return self.ids.__dlpack__()


class Edges:
    """A graph of cuGraph."""

    def __init__(self, directed: bool = False) -> None:
        self.directed, self.table = directed, dict[str, Series]()

    def from_cudf_edgelist(self, table: dict[str, Series], source: str, destination: str) -> None:
        self.table = {"src": table[source], "dst": table[destination]}

    def is_directed(self) -> bool:
        return self.directed

    def to_directed(self) -> Edges:
        new = Edges(directed=True)
        src, dst = self.table["src"].ids, self.table["dst"].ids
        new.table = {
            "src": Series(ids=torch.cat([src, dst])),
            "dst": Series(ids=torch.cat([dst, src])),
        }
        return new

    def edges(self) -> dict[str, Series]:
        return self.table


@pytest.fixture
def on_a_gpu() -> gm.Graph:
    """A graph that says so; its ids are on the CPU, where the stand-ins take them."""
    g = gm.graph(([0, 1], [1, 2]))
    g.device = torch.device("cuda")
    return g


def test_edges_go_there_and_back(monkeypatch: pytest.MonkeyPatch, on_a_gpu: gm.Graph) -> None:
    cudf, cugraph = ModuleType("cudf"), ModuleType("cugraph")
    vars(cudf).update(from_dlpack=lambda pack: Series(ids=from_dlpack(pack)), DataFrame=dict)
    vars(cugraph).update(Graph=Edges)
    monkeypatch.setitem(sys.modules, "cudf", cudf)
    monkeypatch.setitem(sys.modules, "cugraph", cugraph)
    there = on_a_gpu.to_cugraph()  # type: ignore[attr-defined]
    assert there.is_directed()
    assert [ends.tolist() for ends in from_cugraph(there).edges()] == [[0, 1], [1, 2]]
    there.directed = False
    assert [e.tolist() for e in from_cugraph(there).edges()] == [[0, 1, 1, 2], [1, 2, 0, 1]]


def test_without_cugraph_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, on_a_gpu: gm.Graph
) -> None:
    monkeypatch.setitem(sys.modules, "cudf", None)
    with pytest.raises(ModuleNotFoundError, match="expected cudf and cugraph to be installed"):
        to_cugraph(on_a_gpu)


def test_only_graphs_of_one_type_on_a_gpu_are_converted() -> None:
    with pytest.raises(
        gm.GraphValueError, match=r"got one of 1 and 1 on cpu; call g\.to\('cuda'\)"
    ):
        to_cugraph(gm.graph(([0], [1])))
