"""Parts of a partition have their own nodes, and the edges around these."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.samples import edges, shop

import graphmp as gm

PARTS = [0, 0, 0, 1, 1, 1, 1, 1]
each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def sample(idtype: torch.dtype = torch.int64) -> gm.Graph:
    g = gm.graph(([0, 1, 2, 3, 4, 4, 6, 7], [1, 2, 3, 4, 5, 0, 4, 6]), idtype=idtype)
    g.ndata["x"], g.edata["w"] = torch.arange(8), torch.arange(8)
    return g


# What DGL 2.1 returns: for each number of steps and each part the original ids of the nodes around
# it, of the edges that enter its nodes, and of the other edges.
AROUND: dict[int, list[tuple[set[int], set[int], set[int]]]] = {
    0: [(set(), {0, 1}, set()), (set(), {3, 4, 6, 7}, set())],
    1: [({3, 4}, {0, 1, 5}, {2}), ({0, 2}, {2, 3, 4, 6, 7}, {5})],
    2: [({3, 4, 6}, {0, 1, 5}, {2, 3, 6}), ({0, 1, 2}, {2, 3, 4, 6, 7}, {1, 5})],
    3: [({3, 4, 6, 7}, {0, 1, 5}, {2, 3, 6, 7}), ({0, 1, 2}, {2, 3, 4, 6, 7}, {0, 1, 5})],
}


def check_part(sub: gm.Graph, g: gm.Graph, parts: torch.Tensor, number: int) -> tuple[Any, ...]:
    """Ids, ends and fields agree with the whole graph; the ids of what is around the part."""
    nodes, eids = sub.ndata[gm.NID], sub.edata[gm.EID]
    assert nodes.dtype == eids.dtype == sub.idtype == g.idtype
    for end, whole in zip(sub.edges(), g.edges(), strict=True):
        assert torch.equal(nodes[end.long()], whole[eids.long()])
    own = parts == number
    inner, enters = sub.ndata["inner_node"], sub.edata["inner_edge"]
    assert (inner.dtype, enters.dtype) == (torch.int32, torch.int8)
    assert torch.equal(inner.bool(), own[nodes.long()])
    assert torch.equal(enters.bool(), own[g.edges()[1][eids.long()].long()])
    assert nodes[inner.bool()].tolist() == own.nonzero().view(-1).tolist()
    assert bool((inner.diff() <= 0).all())
    assert bool((enters.diff() <= 0).all())
    assert torch.equal(sub.ndata["part_id"], parts[nodes.long()])
    around = set(nodes[inner == 0].tolist())
    return around, {*eids[enters == 1].tolist()}, {*eids[enters == 0].tolist()}


@each_idtype
@pytest.mark.parametrize("hops", AROUND)
def test_a_part_has_what_is_around_it(hops: int, idtype: torch.dtype) -> None:
    g, parts = sample(idtype), torch.tensor(PARTS)
    subgraphs, nodes, eids = gm.partition_graph_with_halo(g, PARTS, hops)
    assert (nodes, eids, list(subgraphs)) == (None, None, [0, 1])
    for number, sub in subgraphs.items():
        assert check_part(sub, g, parts, number) == AROUND[hops][number]
        assert torch.equal(sub.ndata["x"], sub.ndata[gm.NID].long())
        assert torch.equal(sub.edata["w"], sub.edata[gm.EID].long())


@each_idtype
@pytest.mark.parametrize("hops", AROUND)
def test_a_reshuffled_graph_is_numbered_by_part(hops: int, idtype: torch.dtype) -> None:
    g, parts = sample(idtype), torch.tensor([1, 0, 1, 0, 1, 0, 1, 0])
    subgraphs, nodes, eids = gm.partition_graph_with_halo(g, parts, hops, reshuffle=True)
    assert nodes is not None
    assert eids is not None
    assert nodes.tolist() == [1, 3, 5, 7, 0, 2, 4, 6]
    ends = [torch.argsort(nodes)[end[eids.long()].long()].to(idtype) for end in g.edges()]
    assert bool((ends[1].diff() >= 0).all())
    renumbered = gm.graph((ends[0], ends[1]), num_nodes=8)
    plain = gm.partition_graph_with_halo(renumbered, parts[nodes.long()], hops)[0]
    for number, sub in subgraphs.items():
        around = check_part(sub, renumbered, parts[nodes.long()], number)
        assert around == check_part(plain[number], renumbered, parts[nodes.long()], number)
        assert torch.equal(sub.ndata["orig_id"], nodes[sub.ndata[gm.NID].long()])
        assert torch.equal(sub.edata["orig_id"], eids[sub.edata[gm.EID].long()])
        assert torch.equal(sub.ndata["x"], sub.ndata["orig_id"].long())
    assert list(g.ndata) == ["x"]


def test_types_stay_together_in_a_part() -> None:
    g = sample()
    g.ndata[gm.NTYPE] = torch.tensor([1, 0, 1, 0, 1, 0, 1, 0])
    assert gm.partition_graph_with_halo(g, PARTS, 0, reshuffle=True)[1].tolist() == [  # type: ignore[union-attr]
        *[1, 0, 2],
        *[3, 5, 7, 4, 6],
    ]


def test_metis_divides_and_cuts_the_graph() -> None:
    g, types = sample(), torch.zeros(8, dtype=torch.int64)
    subgraphs = gm.metis_partition(g, 2, extra_cached_hops=1, balance_ntypes=types)
    inner = [sub.ndata[gm.NID][sub.ndata["inner_node"] == 1] for sub in subgraphs.values()]
    assert sorted(torch.cat(inner).tolist()) == list(range(8))
    parts = gm.metis_partition_assignment(g, 2, types)
    expected = gm.partition_graph_with_halo(g, parts, 1)[0]
    assert [edges(sub) for sub in subgraphs.values()] == [edges(s) for s in expected.values()]


def test_wrong_parts_are_refused() -> None:
    g, divide = sample(), gm.partition_graph_with_halo
    with pytest.raises(gm.GraphValueError, match=r"parts of shape \(8,\), got \(2,\)"):
        divide(g, [0, 1], 0)
    with pytest.raises(gm.GraphTypeError, match="parts as integers"):
        divide(g, torch.zeros(8), 0)
    with pytest.raises(gm.GraphValueError, match="parts from 0, got -1"):
        divide(g, [-1] * 8, 0)
    with pytest.raises(gm.GraphValueError, match="extra_cached_hops: expected a non-negative"):
        divide(g, PARTS, -1)
    with pytest.raises(gm.GraphValueError, match="one node and one edge type"):
        divide(shop(), [0] * 5, 0)
    assert divide(gm.graph(([], [])), [], 1) == ({}, None, None)
