"""Counts that ids or memory cannot hold are refused before anything is allocated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp.dataloading.negative_sampler import PerSourceUniform

HUGE = 10**15  # ids of petabytes
RING = gm.graph(([0, 1, 2], [1, 2, 0]))

CALLS: dict[str, Callable[[int], Any]] = {
    "graph": lambda n: gm.graph(([0], [1]), num_nodes=n),
    "graph by its greatest id": lambda n: gm.graph(([0], [n])),
    "from_edge_index": lambda n: gm.from_edge_index(torch.tensor([[0], [1]]), n),
    "heterograph": lambda n: gm.heterograph({("a", "x", "b"): ([0], [1])}, {"a": 3, "b": n}),
    "create_block": lambda n: gm.create_block(([0], [1]), num_src_nodes=n, num_dst_nodes=2),
    "rand_graph of many nodes": lambda n: gm.rand_graph(n, 3),
    "rand_graph of many edges": lambda n: gm.rand_graph(10**9, n),
    "rand_bipartite": lambda n: gm.rand_bipartite("a", "x", "b", 3, n, 3),
    "random_walk": lambda n: gm.sampling.random_walk(RING, [0], length=n),
    "node2vec_random_walk": lambda n: gm.sampling.node2vec_random_walk(RING, [0], 1, 1, n),
    "negative sampling": lambda n: gm.sampling.global_uniform_negative_sampling(
        RING, n, replace=True
    ),
    "negative samplers": lambda n: PerSourceUniform(n)(RING, torch.tensor([0])),
    "segment_broadcast": lambda n: gm.ops.segment_broadcast([n], torch.ones(1)),
    "lap_pe": lambda n: gm.lap_pe(RING, n, padding=True),
    "svd_pe": lambda n: gm.svd_pe(RING, n, padding=True),
    "random_walk_pe": lambda n: gm.random_walk_pe(RING, n),
    "random.choice": lambda n: gm.random.choice(5, n),
}


@pytest.mark.parametrize("name", CALLS)
def test_counts_that_memory_cannot_hold_are_an_error(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match="expected a number that memory can hold, got"):
        CALLS[name](HUGE)


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
@pytest.mark.parametrize("feature", [False, True])
def test_growing_beyond_ids_or_memory_is_an_error_and_changes_nothing(
    feature: bool, idtype: torch.dtype
) -> None:
    g = gm.graph(([0], [1]), idtype=idtype)
    if feature:
        g.ndata["x"] = torch.ones(2, 3)
    huge = 2**31 if idtype == torch.int32 else HUGE
    with pytest.raises(gm.GraphValueError, match=r"int32 ids cannot number|memory can hold"):
        g.add_nodes(huge)
    with pytest.raises(gm.GraphError, match=r"2147483647|memory can hold"):
        g.add_edges(0, huge - 1)
    assert (g.num_nodes(), g.num_edges(), len(g.ndata)) == (2, 1, feature)


def test_features_of_new_nodes_that_memory_cannot_hold_are_an_error() -> None:
    g = gm.graph(([0], [1]))
    g.ndata["x"] = torch.ones(2, 10**6)
    with pytest.raises(gm.GraphValueError, match=r"Rows of field 'x': .* at 4000000 bytes each"):
        g.add_nodes(10**8)
    assert g.num_nodes() == 2


def test_nodes_without_features_or_edges_take_no_memory() -> None:
    g = gm.graph(([0], [1]), num_nodes=10**8)
    g.add_nodes(10**8)
    assert g.num_nodes() == 2 * 10**8
    assert gm.reverse(g).num_nodes() == 2 * 10**8
