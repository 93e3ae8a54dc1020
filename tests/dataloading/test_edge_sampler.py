"""Edge samplers: pair graphs, negative graphs, and what is kept out of the blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from support.loaders import BOUGHT, BUYS, EID, FOLLOWS, NID, market, people, reverse_ids
from torch import Tensor

import graphmp as gm
from graphmp import dataloading as dl
from graphmp.dataloading import negative_sampler

IDTYPES = [pytest.param(torch.int32, marks=pytest.mark.loops), torch.int64]
each_idtype = pytest.mark.parametrize("idtype", IDTYPES, ids=str)
full = dl.MultiLayerFullNeighborSampler(2)  # what is not excluded is in its blocks


def nodes_of(g: gm.Graph, etype: Any) -> tuple[Tensor, Tensor]:
    """The ends of the edges of a compacted graph, as ids of the graph it came from."""
    u, v = g.edges(etype=etype)
    source, _, target = g.to_canonical_etype(etype)
    return g.nodes[source].data[NID][u.long()], g.nodes[target].data[NID][v.long()]


def in_blocks(blocks: list[gm.Graph], etype: Any) -> Tensor:
    """The edges of a type that are in any of the blocks."""
    found: Tensor = torch.unique(torch.cat([block.edges[etype].data[EID] for block in blocks]))
    return found


@each_idtype
def test_the_pair_graph_has_the_seeds_as_edges(idtype: torch.dtype) -> None:
    g = people(idtype)
    seeds = torch.tensor([8, 3, 100], dtype=idtype)
    inputs, pairs, blocks = dl.as_edge_prediction_sampler(full).sample(g, seeds)
    assert torch.equal(pairs.edata[EID], seeds)
    only = g.canonical_etypes[0]
    for ends, expected in zip(nodes_of(pairs, only), g.find_edges(seeds), strict=True):
        assert torch.equal(ends, expected)
    assert pairs.idtype == inputs.dtype == idtype
    assert torch.equal(pairs.ndata[NID], blocks[-1].dstdata[NID])
    assert torch.equal(pairs.ndata["x"], g.ndata["x"][pairs.ndata[NID].long()])
    assert torch.equal(pairs.edata["w"], g.edata["w"][seeds.long()])


@each_idtype
def test_pair_and_negative_graph_share_compacted_ids(idtype: torch.dtype) -> None:
    g = people(idtype)
    sampler = dl.as_edge_prediction_sampler(full, negative_sampler=negative_sampler.Uniform(3))
    _, pairs, negatives, blocks = sampler.sample(g, torch.arange(5, dtype=idtype))
    assert torch.equal(pairs.ndata[NID], negatives.ndata[NID])
    assert torch.equal(pairs.ndata[NID], blocks[-1].dstdata[NID])
    touched = torch.cat([*pairs.edges(), *negatives.edges()])
    assert torch.equal(torch.unique(touched).long(), torch.arange(pairs.num_nodes()))
    sources = pairs.edges()[0].repeat_interleave(3)
    assert torch.equal(negatives.edges()[0], sources)
    assert negatives.idtype == idtype
    assert list(negatives.ndata) == [NID]


def test_seeds_of_several_types_are_a_dict() -> None:
    g = market()
    sampler = dl.as_edge_prediction_sampler(full, negative_sampler=negative_sampler.Uniform(2))
    seeds = {"buys": torch.tensor([7, 2]), FOLLOWS: torch.tensor([1])}
    inputs, pairs, negatives, blocks = sampler.sample(g, seeds)
    assert pairs.canonical_etypes == negatives.canonical_etypes == g.canonical_etypes
    assert [pairs.num_edges(t) for t in (BUYS, FOLLOWS, BOUGHT)] == [2, 1, 0]
    assert [negatives.num_edges(t) for t in (BUYS, FOLLOWS, BOUGHT)] == [4, 2, 0]
    assert pairs.edges[BUYS].data[EID].tolist() == [7, 2]
    for ntype in g.ntypes:
        own = pairs.nodes[ntype].data[NID]
        assert torch.equal(own, negatives.nodes[ntype].data[NID])
        assert torch.equal(own, blocks[-1].dstnodes[ntype].data[NID])
        assert torch.equal(inputs[ntype], blocks[0].srcnodes[ntype].data[NID])


def test_seeds_are_in_the_blocks_if_nothing_is_excluded() -> None:
    seeds = torch.arange(9)
    _, _, blocks = dl.as_edge_prediction_sampler(full).sample(people(), seeds)
    assert bool(torch.isin(seeds, in_blocks(blocks, "_E")).all())


def test_the_seeds_themselves_are_excluded() -> None:
    g, seeds = people(), torch.tensor([4, 9, 300])
    _, _, blocks = dl.as_edge_prediction_sampler(full, exclude="self").sample(g, seeds)
    found = in_blocks(blocks, "_E")
    assert not bool(torch.isin(seeds, found).any())
    assert bool(torch.isin(reverse_ids(g)[seeds], found).all())


def test_reverse_ids_are_excluded() -> None:
    g, seeds = people(), torch.tensor([4, 9, 300])
    reverse = reverse_ids(g)
    sampler = dl.as_edge_prediction_sampler(full, exclude="reverse_id", reverse_eids=reverse)
    _, _, blocks = sampler.sample(g, seeds)
    gone = torch.cat([seeds, reverse[seeds]])
    assert not bool(torch.isin(gone, in_blocks(blocks, "_E")).any())


def test_reverse_ids_are_given_by_type() -> None:
    g, seeds = market(), torch.tensor([4, 9])
    reverse = {"follows": torch.arange(90).flip(0)}
    sampler = dl.as_edge_prediction_sampler(full, "reverse_id", reverse)
    _, _, blocks = sampler.sample(g, {"follows": seeds})
    gone = torch.cat([seeds, 89 - seeds])
    assert not bool(torch.isin(gone, in_blocks(blocks, FOLLOWS)).any())
    with pytest.raises(gm.GraphKeyError, match=r"reverse_eids to have edges of type .* got only"):
        sampler.sample(g, {"buys": seeds})


def test_reverse_types_are_excluded() -> None:
    g, seeds = market(), {"buys": torch.tensor([4, 9]), "follows": torch.tensor([3])}
    sampler = dl.as_edge_prediction_sampler(
        full, exclude="reverse_types", reverse_etypes={"buys": "by", "by": "buys"}
    )
    _, _, blocks = sampler.sample(g, seeds)
    for etype, gone in ((BUYS, [4, 9]), (BOUGHT, [4, 9]), (FOLLOWS, [3])):
        assert not bool(torch.isin(torch.tensor(gone), in_blocks(blocks, etype)).any())


def test_a_function_says_what_is_excluded() -> None:
    given: list[Any] = []

    def exclude(seeds: Any) -> Any:
        given.append(seeds)
        return {FOLLOWS: torch.arange(0, 90, 2)} if isinstance(seeds, Mapping) else seeds + 1

    _, _, blocks = dl.as_edge_prediction_sampler(full, exclude).sample(people(), torch.tensor([3]))
    assert 4 not in in_blocks(blocks, "_E")
    sampler = dl.as_edge_prediction_sampler(full, exclude)
    _, _, blocks = sampler.sample(market(), {"buys": torch.tensor([3])})
    assert bool((in_blocks(blocks, FOLLOWS) % 2 == 1).all())
    assert [list(seeds) for seeds in given] == [[3], [BUYS]]


def test_ids_are_excluded_from_every_batch() -> None:
    ids = torch.arange(0, 90, 2)
    sampler = dl.as_edge_prediction_sampler(full, exclude=ids)
    for _, _, blocks in dl.DataLoader(people(), [1, 3, 5], sampler):
        assert bool((in_blocks(blocks, "_E")[in_blocks(blocks, "_E") < 90] % 2 == 1).all())
    sampler = dl.as_edge_prediction_sampler(full, exclude={FOLLOWS: ids})
    _, _, blocks = sampler.sample(market(), {"buys": torch.tensor([3])})
    assert bool((in_blocks(blocks, FOLLOWS) % 2 == 1).all())
    assert dl.find_exclude_eids(people(), torch.tensor([3]), ids) is ids


@pytest.mark.parametrize("threads", [0, 2])
def test_excluded_edges_are_in_no_block_of_a_loader(threads: int) -> None:
    g = people()
    reverse = reverse_ids(g)
    sampler = dl.as_edge_prediction_sampler(
        dl.NeighborSampler([4, 4]), exclude="reverse_id", reverse_eids=reverse
    )
    for _, pairs, blocks in dl.DataLoader(
        g, range(g.num_edges()), sampler, batch_size=50, shuffle=True, num_workers=threads
    ):
        seeds = pairs.edata[EID]
        gone = torch.cat([seeds, reverse[seeds]])
        assert not bool(torch.isin(gone, in_blocks(blocks, "_E")).any())


def test_labels_of_the_pairs_are_read_while_the_batch_is_made() -> None:
    g = people()
    sampler = dl.as_edge_prediction_sampler(full, prefetch_labels=["w"])
    _, pairs, _ = sampler.sample(g, torch.tensor([3, 8]))
    expected = g.edata["w"][[3, 8]]
    g.edata["w"].zero_()
    assert torch.equal(pairs.edata["w"], expected)


def test_a_subgraph_takes_the_place_of_blocks() -> None:
    g = people()
    sampler = dl.as_edge_prediction_sampler(dl.ShaDowKHopSampler([3, 3]), exclude="self")
    inputs, pairs, subgraph = sampler.sample(g, torch.arange(6))
    assert torch.equal(subgraph.ndata[NID], inputs)
    assert torch.equal(pairs.ndata[NID], inputs[: pairs.num_nodes()])
    assert not bool(torch.isin(torch.arange(6), subgraph.edata[EID]).any())


# ---- negative samplers


@each_idtype
def test_uniform_pairs_have_the_sources_of_the_seeds_and_any_destination(
    idtype: torch.dtype,
) -> None:
    g, seeds = people(idtype), torch.arange(100, dtype=idtype)
    u, v = negative_sampler.PerSourceUniform(4)(g, seeds)
    assert torch.equal(u, g.find_edges(seeds)[0].repeat_interleave(4))
    assert u.dtype == v.dtype == idtype
    assert 0 <= int(v.min()) < 5 < 55 < int(v.max()) < 60
    found = negative_sampler.Uniform(1)(market(idtype), {"buys": seeds[:50]})
    assert list(found) == [BUYS]
    assert int(found[BUYS][1].max()) < 20


@each_idtype
def test_global_pairs_are_no_edges(idtype: torch.dtype) -> None:
    g = people(idtype)
    u, v = negative_sampler.GlobalUniform(2)(g, torch.arange(50, dtype=idtype))
    assert 50 < len(u) == len(v) <= 100
    assert u.dtype == idtype
    assert not bool(g.has_edges_between(u, v).any())
    assert not bool((u == v).any())
    found = negative_sampler.GlobalUniform(1, exclude_self_loops=False, replace=True)(
        market(idtype), {BUYS: torch.arange(9, dtype=idtype)}
    )
    assert list(found) == [BUYS]


def test_negative_pairs_come_from_a_function_of_ones_own() -> None:
    def two(g: gm.Graph, eids: Any) -> Any:
        return {"buys": ([5, 6], [1, 2])} if isinstance(eids, Mapping) else ([5, 6], [1, 2])

    sampler = dl.as_edge_prediction_sampler(full, negative_sampler=two)
    _, _, negatives, _ = sampler.sample(people(), [0])
    assert [ends.tolist() for ends in nodes_of(negatives, "_E")] == [[5, 6], [1, 2]]
    _, _, negatives, _ = sampler.sample(market(), {"buys": [0]})
    assert [ends.tolist() for ends in nodes_of(negatives, "buys")] == [[5, 6], [1, 2]]
    wrong = dl.as_edge_prediction_sampler(full, negative_sampler=lambda g, eids: ([5], [1]))
    with pytest.raises(gm.GraphTypeError, match="must return a dict"):
        wrong.sample(market(), {"buys": [0]})
    wrong = dl.as_edge_prediction_sampler(full, negative_sampler=lambda g, eids: ([60], [1]))
    with pytest.raises(gm.GraphIndexError, match="60"):
        wrong.sample(people(), [0])


# ---- arguments

make = dl.as_edge_prediction_sampler
BAD: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "no sampler": (lambda: make([2, 2]), gm.GraphTypeError, "such as NeighborSampler"),
    "choice": (lambda: make(full, "reverse"), gm.GraphValueError, "'reverse_id', 'reverse_types'"),
    "no ids": (lambda: make(full, "reverse_id"), gm.GraphTypeError, "needs reverse_eids"),
    "ids": (lambda: make(full, "reverse_id", 3), gm.GraphTypeError, "needs reverse_eids"),
    "no types": (lambda: make(full, "reverse_types"), gm.GraphTypeError, "needs reverse_etypes"),
    "types": (
        lambda: make(full, "reverse_types", reverse_etypes="by"),
        gm.GraphTypeError,
        "needs reverse_etypes",
    ),
    "negative": (
        lambda: make(full, negative_sampler=3),
        gm.GraphTypeError,
        "a function of a graph",
    ),
    "none": (lambda: negative_sampler.Uniform(0), gm.GraphValueError, "at least 1"),
    "half": (lambda: negative_sampler.GlobalUniform(0.5), gm.GraphTypeError, "expected an int"),  # type: ignore[arg-type]
    "length": (
        lambda: make(full, "reverse_id", torch.arange(3)).sample(people(), [0]),
        gm.GraphValueError,
        r"to have shape \(420,\), got \(3,\)",
    ),
    "edge": (lambda: make(full).sample(people(), [420]), gm.GraphIndexError, "from 0 to 419"),
    "type": (lambda: make(full).sample(market(), {"sells": [1]}), gm.GraphKeyError, "'sells'"),
    "no dict": (lambda: make(full).sample(market(), [1]), gm.GraphValueError, "3 edge types"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_arguments_that_cannot_be_used_are_refused(bad: Any) -> None:
    call, error, message = bad
    with pytest.raises(error, match=message):
        call()


def gives(result: Any) -> Any:
    """A negative sampler that gives always the same."""

    def mine(g: gm.Graph, eids: Any) -> Any:
        return result

    return mine


ids, PAIR = torch.tensor, r"sampler mine must return \(sources, destinations\)"
NEGATIVES: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "nothing": (None, gm.GraphTypeError, f"{PAIR}.* got None"),
    "one tensor": (ids([1, 2]), gm.GraphTypeError, f"{PAIR}.* got a tensor of torch.int64"),
    "three": ((ids([1]),) * 3, gm.GraphTypeError, f"{PAIR}.* got tuple of 3"),
    "unequal": (
        (ids([1, 2]), ids([3])),
        gm.GraphValueError,
        "sampler mine must return as many sources as destinations, got 2 and 1; use repeat",
    ),
    "too large": (
        (ids([1]), ids([60])),
        gm.GraphIndexError,
        "negative sampler mine returns: expected ids from 0 to 59, got 60",
    ),
    "below 0": ((ids([-1]), ids([0])), gm.GraphIndexError, "sampler mine .*, got -1"),
    "floats": (
        (ids([1.0]), ids([2.0])),
        gm.GraphTypeError,
        r"sampler mine .* got torch.float32; call .long\(\)",
    ),
    "rows": ((ids([[1]]), ids([[2]])), gm.GraphValueError, "sampler mine .* one dimension"),
    "unknown type": (
        {"sells": (ids([1]), ids([2]))},
        gm.GraphKeyError,
        "sampler mine returns pairs of edge type 'sells': There is no edge type",
    ),
}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("bad", NEGATIVES.values(), ids=NEGATIVES)
def test_a_negative_sampler_that_gives_no_pairs_is_named(bad: Any, number: int) -> None:
    result, error, message = bad
    sampler = dl.as_edge_prediction_sampler(full, negative_sampler=gives(result))
    loader = dl.DataLoader(people(), torch.arange(9), sampler, num_workers=number)
    with pytest.raises(error, match=message):
        list(loader)


@pytest.mark.parametrize("kind", [torch.int32, torch.int64, list, "numpy"])
def test_a_negative_sampler_may_give_ids_of_any_kind(kind: Any) -> None:
    ends = (ids([1, 2]), ids([3, 0]))
    made = tuple(
        end.tolist() if kind is list else end.numpy() if kind == "numpy" else end.to(kind)
        for end in ends
    )
    sampler = dl.as_edge_prediction_sampler(full, negative_sampler=gives(made))
    _, _, negatives, _ = sampler.sample(people(), [5])
    for end, expected in zip(nodes_of(negatives, negatives.etypes[0]), ends, strict=True):
        assert torch.equal(end, expected)


class Around(dl.Sampler):
    """Takes no edges to exclude."""

    def sample(self, g: gm.Graph, indices: Any) -> Any:
        return indices, indices, [gm.to_block(gm.in_subgraph(g, indices), indices)]


def test_a_sampler_that_excludes_nothing_is_refused_only_where_it_should() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"exclude='self', but Around.sample takes no"):
        dl.as_edge_prediction_sampler(Around(), exclude="self")
    _, pairs, (block,) = dl.as_edge_prediction_sampler(Around()).sample(people(), [3, 4])
    assert torch.equal(block.dstdata[NID], pairs.ndata[NID])


def test_a_sampler_of_subgraphs_cannot_take_the_place_of_blocks() -> None:
    sampler = dl.as_edge_prediction_sampler(dl.SAINTSampler("node", 3))
    with pytest.raises(gm.GraphTypeError, match=r"SAINTSampler.sample to return \(input_nodes, "):
        sampler.sample(people(), [1])


def test_reverse_ids_that_are_not_there_are_named() -> None:
    g = people()
    wrong = dl.as_edge_prediction_sampler(full, "reverse_id", reverse_ids(g) + 420)
    with pytest.raises(gm.GraphIndexError, match=r"reverse_eids of edges: .* from 0 to 419"):
        wrong.sample(g, [1])
    lists = dl.as_edge_prediction_sampler(full, "reverse_id", {"_E": [0] * 420})
    with pytest.raises(gm.GraphTypeError, match=r"to be a tensor.* call torch.as_tensor on it"):
        lists.sample(g, [1])


def test_types_that_are_no_reverse_of_each_other_are_named() -> None:
    sampler = dl.as_edge_prediction_sampler(
        full, "reverse_types", reverse_etypes={"buys": "follows"}
    )
    with pytest.raises(gm.GraphValueError, match="pair edge types with equal numbers of edges"):
        sampler.sample(market(), {"buys": [1]})
