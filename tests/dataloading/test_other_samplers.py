"""LABOR, ShaDow, GraphSAINT, Cluster-GCN, and samplers of a user's own."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
import torch
from support.loaders import EID, NID, market, people
from torch import Tensor

import graphmp as gm
from graphmp import dataloading as dl

IDTYPES = [pytest.param(torch.int32, marks=pytest.mark.loops), torch.int64]
each_idtype = pytest.mark.parametrize("idtype", IDTYPES, ids=str)

# ---- LABOR


def test_labor_chooses_as_many_edges_of_fewer_sources() -> None:
    g, seeds = people(num_nodes=400, degree=20), range(100)
    sources: dict[type, list[int]] = {dl.NeighborSampler: [], dl.LaborSampler: []}
    for kind, found in sources.items():
        for seed in range(10):
            gm.seed(seed)
            _, _, (block,) = kind([5]).sample(g, seeds)
            assert torch.equal(block.in_degrees(), g.in_degrees(range(100)).clamp(max=5))
            found.append(block.num_src_nodes())
    assert mean(sources[dl.LaborSampler]) < 0.9 * mean(sources[dl.NeighborSampler])


def test_layers_that_depend_on_each_other_share_sources() -> None:
    g, seeds = people(num_nodes=400, degree=20), range(50)
    inputs = {
        together: mean(
            len(dl.LaborSampler([5, 5], layer_dependency=together).sample(g, seeds)[0])
            for _ in range(10)
        )
        for together in (False, True)
    }
    assert inputs[True] < inputs[False]


def test_in_every_layer_a_node_chooses_alike_if_layers_depend_on_each_other() -> None:
    g = people(num_nodes=400, degree=20)
    _, _, (first, last) = dl.LaborSampler([5, 5], layer_dependency=True).sample(g, range(50))
    chosen = [first.edata[EID][first.edges()[1] < 50], last.edata[EID]]
    assert torch.equal(*(eids.sort().values for eids in chosen))


def test_a_seed_of_labor_makes_all_batches_alike() -> None:
    g, sampler = people(), dl.LaborSampler([2, 2])
    sampler.set_seed(7)
    one, two = (sampler.sample(g, range(20))[0].tolist() for _ in range(2))
    sampler.set_seed()
    others = {tuple(sampler.sample(g, range(20))[0].tolist()) for _ in range(5)}
    assert one == two
    assert len(others) > 1


def test_the_better_the_chances_the_fewer_the_sources() -> None:
    g, seeds = people(num_nodes=400, degree=20), range(150)
    inputs = []
    for steps in (0, 1, 3, -1):
        gm.seed(0)
        sampler = dl.LaborSampler([5, 5], importance_sampling=steps)
        inputs.append(mean(len(sampler.sample(g, seeds)[0]) for _ in range(20)))
    assert inputs[1] < inputs[0]
    assert inputs[3] <= inputs[2] < inputs[1]


@pytest.mark.parametrize("prob", [None, "w"])
@pytest.mark.parametrize("steps", [0, 2, -1])
def test_the_mean_with_edge_weights_is_right_on_average(steps: int, prob: str | None) -> None:
    g, seeds = people(num_nodes=300, degree=30), torch.arange(60)
    g.edata["w"] = g.edata["w"].float().abs() + 0.1
    feat = torch.randn(300, generator=torch.Generator().manual_seed(1)) + 3
    weights = torch.ones(g.num_edges()) if prob is None else g.edata["w"]
    u, v = g.edges()
    sums = torch.zeros(2, 300).index_add_(1, v, torch.stack([weights * feat[u], weights]))
    sampler = dl.LaborSampler([8], prob=prob, importance_sampling=steps)
    found = torch.zeros(60)
    gm.seed(0)
    for _ in range(300):
        inputs, _, (block,) = sampler.sample(g, seeds)
        block.srcdata["x"] = feat[inputs]
        if sampler.importance_sampling == 0 and prob is None:
            assert "edge_weights" not in block.edata
            block.edata["edge_weights"] = torch.ones(block.num_edges())
        block.update_all(gm.function.u_mul_e("x", "edge_weights", "m"), gm.function.mean("m", "h"))
        found += block.dstdata["h"] / 300
    torch.testing.assert_close(found, (sums[0] / sums[1])[:60], atol=0.12, rtol=0)


def test_only_relations_that_need_them_have_edge_weights() -> None:
    g = market()
    g.edges["buys"].data["p"] = torch.rand(g.num_edges("buys"))
    _, _, (block,) = dl.LaborSampler([2], prob="p").sample(g, {"user": [0, 1], "item": range(5)})
    with_weights = {t for t in block.canonical_etypes if "edge_weights" in block.edges[t].data}
    assert with_weights == {g.to_canonical_etype("buys")}


def shared_sources(sampler: dl.LaborSampler, workers: int = 0) -> list[float]:
    """The part of a batch's sources that the next one has too; all batches have equal seeds."""
    g = people(num_nodes=2000, degree=40)
    loader = dl.DataLoader(g, list(range(20)) * 12, sampler, batch_size=20, num_workers=workers)
    sources = [set(inputs[20:].tolist()) for inputs, _, _ in loader]
    return [len(a & b) / len(a) for a, b in itertools.pairwise(sources)]


def test_batches_that_depend_on_each_other_share_sources() -> None:
    gm.seed(0)
    alone, near, all_alike = (
        shared_sources(dl.LaborSampler([4], batch_dependency=depends)) for depends in (1, 64, 0)
    )
    assert min(near) > 1.5 * mean(alone)
    assert set(all_alike) == {1.0}


@pytest.mark.parametrize("depends", [0, 1, 8])
def test_batches_that_depend_on_each_other_are_alike_for_all_workers(depends: int) -> None:
    found = []
    for workers in (0, 1, 3):
        gm.seed(3)
        found.append(shared_sources(dl.LaborSampler([4], batch_dependency=depends), workers))
    assert found[0] == found[1] == found[2]


def test_outside_of_a_loader_batches_count_from_one_to_the_next() -> None:
    g = people(num_nodes=2000, degree=40)
    sampler = dl.LaborSampler([4], batch_dependency=32)
    sources = [set(sampler.sample(g, range(20))[0][20:].tolist()) for _ in range(40)]
    near, far = (len(sources[0] & sources[i]) for i in (1, 39))
    assert near > 2 * far


def test_labor_refuses_numbers_that_are_none() -> None:
    with pytest.raises(gm.GraphTypeError, match="importance_sampling: expected an int"):
        dl.LaborSampler([2], importance_sampling=0.5)  # type: ignore[arg-type]
    with pytest.raises(gm.GraphTypeError, match="batch_dependency: expected an int"):
        dl.LaborSampler([2], batch_dependency=True)


# ---- ShaDow


@each_idtype
def test_shadow_gives_all_edges_between_the_nodes_that_it_reaches(idtype: torch.dtype) -> None:
    g = people(idtype)
    inputs, outputs, subgraph = dl.ShaDowKHopSampler([2, 2]).sample(g, [9, 4])
    assert inputs[:2].tolist() == outputs.tolist() == [9, 4]
    assert inputs.dtype == subgraph.idtype == idtype
    assert torch.equal(subgraph.ndata[NID], inputs)
    ends = torch.stack(g.edges())
    inside = torch.isin(ends, inputs).all(0).nonzero().view(-1)
    assert torch.equal(subgraph.edata[EID].long().sort().values, inside)


def test_shadow_takes_several_types() -> None:
    g = market()
    inputs, outputs, subgraph = dl.ShaDowKHopSampler([2, 2]).sample(g, {"item": [3]})
    assert inputs["item"][0] == outputs["item"][0] == 3
    assert subgraph.canonical_etypes == g.canonical_etypes
    assert subgraph.num_nodes("user") == len(inputs["user"]) > 0


def test_shadow_leaves_excluded_edges_out() -> None:
    g = people()
    gone = torch.arange(0, g.num_edges(), 3)
    _, _, subgraph = dl.ShaDowKHopSampler([-1, -1]).sample(g, [1, 2], gone)
    assert subgraph.num_edges() > 0
    assert not bool(torch.isin(subgraph.edata[EID], gone).any())
    assert torch.equal(subgraph.edata["w"], g.edata["w"][subgraph.edata[EID]])


# ---- GraphSAINT


def drawn(g: gm.Graph, mode: str, budget: Any, times: int) -> Tensor:
    """How often each node was drawn."""
    sampler = dl.SAINTSampler(mode, budget)
    ids = torch.cat([sampler.sample(g, [0]).ndata[NID] for _ in range(times)])
    return torch.bincount(ids.long(), minlength=g.num_nodes()) / times


@each_idtype
@pytest.mark.parametrize(("mode", "budget"), [("node", 9), ("edge", 9), ("walk", (4, 3))])
def test_saint_gives_the_subgraph_of_the_nodes_it_draws(
    mode: str, budget: Any, idtype: torch.dtype
) -> None:
    g = people(idtype)
    found = dl.SAINTSampler(mode, budget, prefetch_ndata=["x"], prefetch_edata=["w"]).sample(g, [0])
    ids = found.ndata[NID]
    assert found.idtype == ids.dtype == idtype
    assert 0 < len(ids) <= 18
    assert torch.equal(found.edata[EID], gm.node_subgraph(g, ids).edata[EID])
    assert torch.equal(found.ndata["x"], g.ndata["x"][ids.long()])


def test_saint_draws_nodes_in_proportion_to_their_out_degrees() -> None:
    g = gm.graph(([0, 0, 0, 4, 5], [1, 2, 3, 3, 6]))
    found = drawn(g, "node", 1, 2000)
    expected = g.out_degrees().clamp(min=1) / 9
    torch.testing.assert_close(found, expected, atol=0.04, rtol=0)


def test_saint_draws_edges_of_nodes_of_small_degree_more_often() -> None:
    g = gm.graph(([0, 0, 0, 4, 5], [1, 2, 3, 3, 6]))
    found = drawn(g, "edge", 1, 2000)
    of_edges = torch.tensor([4 / 3, 4 / 3, 5 / 6, 3 / 2, 2]) / 7
    expected = torch.zeros(7)
    for ends in g.edges():
        expected.index_add_(0, ends, of_edges)
    torch.testing.assert_close(found, expected, atol=0.04, rtol=0)


def test_saint_walks_along_edges_and_stops_where_none_leaves() -> None:
    path = gm.graph((list(range(9)), list(range(1, 10))))
    for _ in range(20):
        ids = dl.SAINTSampler("walk", (1, 3)).sample(path, [0]).ndata[NID].tolist()
        assert ids == list(range(ids[0], min(ids[0] + 4, 10)))


def test_saint_looks_at_another_graph_anew() -> None:
    sampler = dl.SAINTSampler("node", 1)
    one, two = gm.graph(([0] * 99, [1] * 99)), gm.graph(([1] * 99, [0] * 99))
    names = [sampler.sample(g, [0]).ndata[NID].item() for g in (one, two) for _ in range(5)]
    assert sum(names[:5]) <= 1
    assert sum(names[5:]) >= 4


SAINT: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "mode": (("nodes", 3), gm.GraphValueError, "mode to be one of node, edge, walk, got"),
    "zero": (("node", 0), gm.GraphValueError, "at least 1"),
    "no walks": (("walk", (0, 2)), gm.GraphValueError, "number of walks to be at least 1, got 0"),
    "a pair of nodes": (("node", (2, 3)), gm.GraphTypeError, "expected an int"),
    "a number of walks": (("walk", 3), gm.GraphTypeError, "to be a pair"),
}


@pytest.mark.parametrize("bad", SAINT.values(), ids=SAINT)
def test_saint_refuses_what_does_not_fit(bad: Any) -> None:
    args, error, message = bad
    with pytest.raises(error, match=message):
        dl.SAINTSampler(*args)


def test_saint_and_clusters_are_of_one_type() -> None:
    with pytest.raises(gm.GraphValueError, match="to_homogeneous"):
        dl.DataLoader(market(), range(3), dl.SAINTSampler("node", 3))
    with pytest.raises(gm.GraphValueError, match="to_homogeneous"):
        dl.ClusterGCNSampler(market(), 3, None)


@pytest.mark.parametrize(("mode", "budget"), [("node", 3), ("edge", 3), ("walk", (2, 2))])
def test_saint_needs_something_to_draw_from(mode: str, budget: Any) -> None:
    with pytest.raises(gm.GraphValueError, match=r"has no (node|edge)s to sample from"):
        dl.SAINTSampler(mode, budget).sample(gm.graph(([], [])), [0])


# ---- Cluster-GCN


def cliques(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Four cliques of five nodes, whose members have ids that differ by multiples of four."""
    ids = torch.arange(20)
    u, v = torch.meshgrid(ids, ids, indexing="ij")
    same = (u % 4 == v % 4) & (u != v)
    return gm.graph((u[same].to(idtype), v[same].to(idtype)))


@pytest.fixture
def without_metis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are made as where pymetis is not installed."""
    monkeypatch.setattr(
        "graphmp._graph.partition.find_spec",
        lambda name: None if name == "pymetis" else importlib.util.find_spec(name),
    )


def test_a_missing_folder_of_the_cache_is_an_error_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("graphmp.dataloading.cluster_gcn.metis_partition_assignment")
    with pytest.raises(gm.GraphError, match=r"lie in a folder that exists, got '.*gone"):
        dl.ClusterGCNSampler(gm.rand_graph(8, 9), 2, cache_path=tmp_path / "gone" / "parts.pkl")


@pytest.mark.usefixtures("without_metis")
@each_idtype
def test_parts_cover_the_graph_and_keep_its_cliques_whole(idtype: torch.dtype) -> None:
    g = cliques(idtype)
    with pytest.warns(gm.GraphWarning, match="pip install pymetis"):
        sampler = dl.ClusterGCNSampler(g, 4, cache_path=None)
    found = [part.ndata[NID] for part in dl.DataLoader(g, range(4), sampler)]
    assert sorted(torch.cat(found).tolist()) == list(range(20))
    assert {ids.dtype for ids in found} == {idtype}
    assert [len(set((ids % 4).tolist())) for ids in found] == [1] * 4
    both = sampler.sample(g, [2, 0])
    assert torch.equal(both.ndata[NID], torch.cat([found[2], found[0]]))
    assert both.num_edges() == 40


@pytest.mark.parametrize("mode", ["k-way", "recursive"])
@pytest.mark.parametrize("balance_edges", [False, True])
def test_metis_divides_where_it_is_installed(mode: str, balance_edges: bool) -> None:
    pytest.importorskip("pymetis", reason="needs METIS: pip install pymetis")
    g = cliques()
    sampler = dl.ClusterGCNSampler(g, 4, None, balance_edges=balance_edges, mode=mode)
    found = [sampler.sample(g, [i]).ndata[NID] for i in range(4)]
    assert sorted(torch.cat(found).tolist()) == list(range(20))
    assert [len(set((ids % 4).tolist())) for ids in found] == [1] * 4


def test_without_any_method_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphmp._graph.partition.find_spec", lambda name: None)
    with pytest.raises(gm.GraphRuntimeError, match="pip install pymetis"):
        dl.ClusterGCNSampler(people(), 2, None)


def test_parts_are_balanced_in_every_type_of_nodes() -> None:
    g = people()
    sampler = dl.ClusterGCNSampler(g, 5, None, balance_ntypes=g.ndata["label"])
    for part in dl.DataLoader(g, range(5), sampler):
        assert torch.bincount(part.ndata["label"], minlength=3).tolist() == [4, 4, 4]


def test_parts_are_balanced_in_edges() -> None:
    star = gm.graph(([0] * 99, list(range(1, 100))))
    types = torch.zeros(100, dtype=torch.int64)
    degrees = (star.in_degrees() + star.out_degrees()).float()
    sampler = dl.ClusterGCNSampler(star, 2, None, types, balance_edges=True)
    edges = [degrees[sampler.sample(star, [i]).ndata[NID]].sum() for i in range(2)]
    assert abs(edges[0] - edges[1]) <= 99
    sampler = dl.ClusterGCNSampler(star, 2, None, types)
    assert [sampler.sample(star, [i]).num_nodes() for i in range(2)] == [50, 50]


def test_parts_are_read_from_their_file_if_they_are_of_the_same_graph(tmp_path: Path) -> None:
    file, g = tmp_path / "parts.pkl", people()
    types = g.ndata["label"]
    first = dl.ClusterGCNSampler(g, 5, file, types)
    written = file.stat().st_mtime_ns, file.read_bytes()
    again = dl.ClusterGCNSampler(g, 5, file, types)
    assert (file.stat().st_mtime_ns, file.read_bytes()) == written
    assert torch.equal(first.partition_node_ids, again.partition_node_ids)
    other = dl.ClusterGCNSampler(g, 6, file, types)
    assert len(other.partition_offset) == 6
    assert file.read_bytes() != written[1]


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("my notes")
    with pytest.raises(gm.GraphValueError, match="pass another cache_path"):
        dl.ClusterGCNSampler(people(), 2, file)
    assert file.read_text() == "my notes"


CLUSTERS: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "no part": ({"k": 0}, gm.GraphValueError, "k to be from 1 to 60"),
    "too many": ({"k": 61}, gm.GraphValueError, "k to be from 1 to 60"),
    "mode": ({"k": 2, "mode": "metis"}, gm.GraphValueError, "'k-way' or 'recursive'"),
    "types": ({"k": 2, "balance_ntypes": [1]}, gm.GraphValueError, r"shape \(60,\), got \(1,\)"),
    "floats": ({"k": 2, "balance_ntypes": [0.5] * 60}, gm.GraphTypeError, "to be integers"),
}


@pytest.mark.parametrize("bad", CLUSTERS.values(), ids=CLUSTERS)
def test_clusters_refuse_what_does_not_fit(bad: Any) -> None:
    kwargs, error, message = bad
    with pytest.raises(error, match=message):
        dl.ClusterGCNSampler(people(), cache_path=None, **kwargs)


def test_a_part_that_is_not_there_and_another_graph_are_refused() -> None:
    g = people()
    sampler = dl.ClusterGCNSampler(g, 5, None, g.ndata["label"])
    with pytest.raises(gm.GraphIndexError, match="from 0 to 4, got 5"):
        dl.DataLoader(g, [5], sampler)
    with pytest.raises(gm.GraphValueError, match="has 60 nodes, got one of 20"):
        dl.DataLoader(cliques(), [0], sampler)


# ---- samplers of a user's own


class Own(dl.Sampler):
    """As DGL's guide writes one."""

    def __init__(self, fanouts: list[int]) -> None:
        super().__init__()
        self.fanouts = fanouts

    def sample(self, g: gm.Graph, indices: Any) -> Any:
        blocks: list[gm.Graph] = []
        output_nodes = indices
        for fanout in reversed(self.fanouts):
            block = gm.to_block(g.sample_neighbors(indices, fanout), indices)
            indices = block.srcdata[NID]
            blocks.insert(0, block)
        dl.set_src_lazy_features(blocks[0], ["x"])
        return indices, output_nodes, blocks


class OwnBlocks(dl.BlockSampler):
    def sample_blocks(self, g: gm.Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        part = gm.sampling.sample_neighbors(g, seed_nodes, 2, exclude_edges=exclude_eids)
        block = gm.to_block(part, seed_nodes)
        block.edata[EID] = part.edata[EID]  # to_block's own are those of the part
        return block.srcdata[NID], seed_nodes, [block]


def test_a_sampler_of_ones_own_is_loaded() -> None:
    g = people()
    loader = dl.DataLoader(g, torch.arange(10), Own([3, 2]), batch_size=4, num_workers=2)
    outputs = []
    for inputs, output_nodes, blocks in loader:
        assert torch.equal(blocks[0].srcdata["x"], g.ndata["x"][inputs])
        outputs += output_nodes.tolist()
    assert outputs == list(range(10))


def test_blocks_of_ones_own_bring_features_along_and_leave_edges_out() -> None:
    g = people()
    sampler = dl.as_edge_prediction_sampler(OwnBlocks(prefetch_node_feats=["x"]), exclude="self")
    for _, pairs, blocks in dl.DataLoader(g, torch.arange(40), sampler, batch_size=10):
        assert "x" in blocks[0].srcdata
        assert not bool(torch.isin(blocks[0].edata[EID], pairs.edata[EID]).any())


def test_any_object_that_samples_is_a_sampler() -> None:
    class Echo:
        def sample(self, g: gm.Graph, indices: Any) -> Any:
            return g.num_nodes(), indices

    assert [n for n, _ in dl.DataLoader(people(), [5, 5, 99], Echo())] == [60] * 3


def test_a_sampler_that_overrides_nothing_says_what_to_override() -> None:
    with pytest.raises(gm.GraphNotImplementedError, match=r"must override sample\(g, indices\)"):
        dl.Sampler().sample(people(), [1])
    with pytest.raises(gm.GraphNotImplementedError, match="must override sample_blocks"):
        dl.BlockSampler().sample(people(), [1])
