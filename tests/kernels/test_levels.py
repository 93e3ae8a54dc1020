"""Levels of a search: every backend as NetworkX, and as the definition."""

from __future__ import annotations

import networkx as nx
import pytest
import torch
from support.corner_graphs import CORNERS, ID_DTYPES, Corner

from graphmp import kernels

each_square = pytest.mark.parametrize("corner", [c for c in CORNERS if not c.bipartite], ids=str)


@each_square
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_levels_of_a_search_are_distances(corner: Corner, idtype: torch.dtype) -> None:
    src, dst = (torch.tensor(end, dtype=idtype) for end in (corner.src, corner.dst))
    csr, sources = kernels.compress(src, dst, corner.num_src), list(range(0, corner.num_src, 9))
    needed = torch.ones(2, corner.num_src, dtype=idtype)
    needed[0, sources] = 0
    needed[1, sources[-1:]] = 0
    levels = kernels.levels(csr, needed)
    edges = kernels.first_edges(kernels.compress(dst, src, corner.num_src), levels)
    assert levels.dtype == edges.dtype == idtype
    for starts, own_levels, own_edges in zip((sources, sources[-1:]), levels, edges, strict=True):
        check(corner, starts, own_levels.tolist(), own_edges.tolist())


def check(corner: Corner, starts: list[int], levels: list[int], edges: list[int]) -> None:
    """Compare a search with NetworkX, and its edges with their definition."""
    pairs = list(zip(corner.src, corner.dst, strict=True))
    g = nx.MultiDiGraph(pairs)
    g.add_nodes_from(range(corner.num_src))
    distances = nx.multi_source_dijkstra_path_length(g, set(starts)) if starts else {}
    assert levels == [distances.get(v, -1) for v in range(corner.num_src)]
    for v, level in enumerate(levels):
        through = [e for e, (u, w) in enumerate(pairs) if w == v and 0 <= levels[u] == level - 1]
        assert edges[v] == (through[0] if through else -1)


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_a_node_that_needs_several_edges_waits_for_the_last(idtype: torch.dtype) -> None:
    src, dst = torch.tensor([[0, 0, 1, 2, 2, 4, 3], [2, 1, 2, 3, 5, 5, 0]], dtype=idtype)
    needed = torch.tensor([[0, 1, 2, 1, 1, 2]], dtype=idtype)
    levels = kernels.levels(kernels.compress(src, dst, 6), needed)
    edges = kernels.first_edges(kernels.compress(dst, src, 6), levels)
    assert levels.tolist() == [[0, 1, 2, 3, -1, -1]]
    assert edges.tolist() == [[-1, 1, 0, 3, -1, -1]]


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_no_search_and_no_node_give_no_levels(idtype: torch.dtype) -> None:
    none = torch.empty(0, dtype=idtype)
    for shape in ((0, 3), (2, 0), (0, 0)):
        csr = kernels.compress(none, none, shape[1])
        levels = kernels.levels(csr, torch.ones(shape, dtype=idtype))
        assert levels.shape == kernels.first_edges(csr, levels).shape == shape
