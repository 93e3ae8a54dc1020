"""Reordered graphs: the same edges and features under other ids."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from scipy import sparse
from support.corner_graphs import ID_DTYPES, MIXED, SMALL_CORNERS, Corner
from support.samples import edges

import graphmp as gm

SQUARE = [corner for corner in SMALL_CORNERS if not corner.bipartite]


def numbered(corner: Corner, idtype: torch.dtype = torch.int64) -> gm.Graph:
    g = corner.graph(idtype)
    g.ndata["n"], g.edata["e"] = torch.arange(g.num_nodes()), torch.arange(g.num_edges())
    return g


def assert_same_graph(new: gm.Graph, g: gm.Graph) -> None:
    """Every edge has the ends that it had; ids and features name the originals."""
    nodes, eids = new.ndata[gm.NID], new.edata[gm.EID]
    assert nodes.dtype == eids.dtype == new.idtype == g.idtype
    assert sorted(nodes.tolist()) == list(range(g.num_nodes()))
    assert sorted(eids.tolist()) == list(range(g.num_edges()))
    for new_end, old_end in zip(new.edges(), g.edges(), strict=True):
        assert torch.equal(nodes[new_end.long()], old_end[eids.long()])
    assert torch.equal(new.ndata["n"], nodes.long())
    assert torch.equal(new.edata["e"], eids.long())


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("order", ["src", "dst"])
@pytest.mark.parametrize("algorithm", [None, "rcmk", "community", "degree"])
@pytest.mark.parametrize("corner", SQUARE, ids=str)
def test_a_reordered_graph_is_the_same_graph(
    corner: Corner, algorithm: str | None, order: str, idtype: torch.dtype
) -> None:
    g = numbered(corner, idtype)
    new = g.reorder_graph(algorithm, order)
    assert_same_graph(new, g)
    ends = new.edges()[order == "dst"]
    assert bool((ends.diff() >= 0).all())
    assert not {gm.NID, gm.EID} & {*g.ndata, *g.edata}


def test_reverse_cuthill_mckee_is_scipys() -> None:
    g = numbered(MIXED)
    order = sparse.csgraph.reverse_cuthill_mckee(g.adj_external(scipy_fmt="csr"))
    assert gm.reorder_graph(g, "rcmk").ndata[gm.NID].tolist() == order.tolist()


def test_communities_are_placed_one_after_the_other() -> None:
    nodes = torch.tensor([0, 2, 4, 6, 1, 3, 5, 7])  # two cliques, of even and of odd ids
    u, v = torch.cartesian_prod(nodes, nodes)[
        nodes.repeat_interleave(8) % 2 == nodes.repeat(8) % 2
    ].T
    new = gm.reorder_graph(gm.graph((u, v)), "community")
    assert sorted(new.ndata[gm.NID].view(2, 4).sort()[0].tolist()) == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_nodes_with_many_edges_come_first() -> None:
    g = gm.graph(([0, 1, 2, 2, 3], [2, 2, 1, 3, 4]))
    assert gm.reorder_graph(g, "degree").ndata[gm.NID].tolist() == [2, 1, 3, 0, 4]


def test_parts_are_placed_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = torch.tensor([1, 0, 2, 1, 0, 2])
    monkeypatch.setattr("graphmp._graph.reorder.metis_partition_assignment", lambda g, k: parts)
    g = numbered(MIXED)
    new = gm.reorder_graph(g, "metis", permute_config={"k": 3})
    assert new.ndata[gm.NID].tolist() == [1, 4, 0, 3, 2, 5]
    assert_same_graph(new, g)


def test_orders_of_ones_own_name_original_ids() -> None:
    g = numbered(MIXED)
    nodes, eids = [5, 0, 4, 1, 3, 2], [8, 7, 6, 5, 4, 3, 2, 1, 0]
    new = gm.reorder_graph(
        g, "custom", "custom", permute_config={"nodes_perm": nodes, "edges_perm": eids}
    )
    assert (new.ndata[gm.NID].tolist(), new.edata[gm.EID].tolist()) == (nodes, eids)
    assert_same_graph(new, g)


def test_ids_are_stored_only_on_request() -> None:
    new = gm.reorder_graph(numbered(MIXED), store_ids=False)
    assert (list(new.ndata), list(new.edata)) == (["n"], ["e"])
    assert edges(new) == sorted(edges(MIXED.graph()), key=lambda pair: pair[0])


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"node_permute_algo": "x"},
        gm.GraphValueError,
        "None or one of rcmk, community, degree, metis, custom, got 'x'",
    ),
    ({"edge_permute_algo": None}, gm.GraphValueError, "one of src, dst, custom, got None"),
    ({"node_permute_algo": "metis"}, gm.GraphValueError, "permute_config with the key 'k'"),
    ({"node_permute_algo": "custom"}, gm.GraphValueError, "with the key 'nodes_perm'"),
    ({"edge_permute_algo": "custom"}, gm.GraphValueError, "with the key 'edges_perm'"),
    (
        {"node_permute_algo": "custom", "permute_config": {"nodes_perm": [0, 0, 1, 2, 3, 4]}},
        gm.GraphValueError,
        "each of 6 ids once, got 6 ids, 5 of them distinct",
    ),
    (
        {"node_permute_algo": "custom", "permute_config": {"nodes_perm": [0, 1, 2, 3, 4, 6]}},
        gm.GraphIndexError,
        "nodes_perm",
    ),
]


@pytest.mark.parametrize(("arguments", "error", "text"), WRONG, ids=[text for *_, text in WRONG])
def test_wrong_orders_are_refused(
    arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        gm.reorder_graph(MIXED.graph(), **arguments)


def test_several_types_and_blocks_are_refused() -> None:
    typed = gm.heterograph({("a", "x", "b"): ([0], [0])})
    for g in (typed, gm.create_block(([0], [0]))):
        with pytest.raises(gm.GraphValueError, match="of one node and one edge type"):
            gm.reorder_graph(g)
