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
    csr, start = kernels.compress(src, dst, corner.num_src), torch.arange(0, corner.num_src, 9)
    ones = torch.ones(corner.num_src, dtype=idtype)
    levels, edges = kernels.levels(csr, start.to(idtype), ones)
    g = nx.MultiDiGraph(zip(corner.src, corner.dst, strict=True))
    g.add_nodes_from(range(corner.num_src))
    sources = set(start.tolist())
    distances = nx.multi_source_dijkstra_path_length(g, sources) if sources else {}
    assert levels.tolist() == [distances.get(v, -1) for v in range(corner.num_src)]
    pairs = list(zip(corner.src, corner.dst, strict=True))
    for v, level in enumerate(levels.tolist()):
        through = [e for e, (u, w) in enumerate(pairs) if w == v and 0 <= levels[u] == level - 1]
        assert int(edges[v]) == (through[0] if through else -1)
    assert levels.dtype == edges.dtype == idtype


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_a_node_that_needs_several_edges_waits_for_the_last(idtype: torch.dtype) -> None:
    src, dst = torch.tensor([[0, 0, 1, 2, 2, 4], [2, 1, 2, 3, 5, 5]], dtype=idtype)
    needed = torch.tensor([1, 1, 2, 1, 1, 2], dtype=idtype)
    start = torch.tensor([0], dtype=idtype)
    levels, edges = kernels.levels(kernels.compress(src, dst, 6), start, needed)
    assert levels.tolist() == [0, 1, 2, 3, -1, -1]
    assert edges.tolist() == [-1, 1, 0, 3, -1, 4]
