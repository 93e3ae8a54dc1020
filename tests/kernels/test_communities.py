"""Communities: every backend as plain Python, and what labels promise."""

from __future__ import annotations

import pytest
import torch
from support.corner_graphs import CORNERS, ID_DTYPES, Corner

from graphmp import kernels
from graphmp.kernels import reference
from graphmp.kernels.contract import Csr

each_square = pytest.mark.parametrize("corner", [c for c in CORNERS if not c.bipartite], ids=str)


def neighbours(corner: Corner, idtype: torch.dtype) -> Csr:
    src, dst = (torch.tensor(end, dtype=idtype) for end in (corner.src, corner.dst))
    return kernels.compress(torch.cat([src, dst]), torch.cat([dst, src]), corner.num_src)


def cliques(number: int, size: int, idtype: torch.dtype) -> Csr:
    """Cliques in a ring, each joined to the next by one edge."""
    nodes = torch.arange(number * size, dtype=idtype)
    u, v = torch.cartesian_prod(nodes, nodes).unbind(1)
    is_inside, starts = (u // size == v // size) & (u != v), nodes[::size]
    ring = torch.cat([starts, starts.roll(1)]), torch.cat([starts.roll(1), starts])
    return kernels.compress(
        torch.cat([u[is_inside], ring[0]]), torch.cat([v[is_inside], ring[1]]), len(nodes)
    )


@each_square
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize(("max_size", "rounds"), [(1, 2), (3, 1), (3, 5), (1000, 3), (2, 0)])
@pytest.mark.usefixtures("backend")
def test_labels_are_those_of_plain_python(
    corner: Corner, idtype: torch.dtype, max_size: int, rounds: int
) -> None:
    csr = neighbours(corner, idtype)
    labels = kernels.communities(csr, max_size, rounds)
    assert labels.dtype == idtype
    assert labels.tolist() == reference.communities(csr, max_size, rounds).tolist()
    assert not len(labels) or int(labels.long().bincount().max()) <= max_size


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_cliques_are_communities(idtype: torch.dtype) -> None:
    labels = kernels.communities(cliques(5, 6, idtype), 6, 4).view(5, 6)
    assert bool((labels == labels[:, :1]).all())
    assert len(set(labels[:, 0].tolist())) == 5


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_the_first_of_equally_frequent_labels_wins(idtype: torch.dtype) -> None:
    indptr, indices = torch.tensor([0, 4, 4, 4], dtype=idtype), torch.tensor([2, 1, 1, 2])
    csr = Csr(indptr, indices.to(idtype), torch.arange(4, dtype=idtype))
    assert kernels.communities(csr, 3, 1).tolist() == [1, 1, 2]
