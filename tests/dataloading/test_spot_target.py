"""SpotTarget, lazy features, and loaders under older names."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp import dataloading as dl
from graphmp.dataloading import LazyFeature, SpotTarget

ID_DTYPES = pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)


def graph(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """In-degrees 3, 2, 1 and 0; edges 0 and 3 are each other's reverse."""
    g = gm.graph(([1, 2, 3, 0, 2, 0], [0, 0, 0, 1, 1, 2]), idtype=idtype)
    g.ndata["x"], g.edata["w"] = torch.arange(4.0), torch.arange(6.0)
    return g


@ID_DTYPES
def test_edges_with_a_node_below_the_threshold_are_excluded(idtype: torch.dtype) -> None:
    g = graph(idtype)
    degrees = g.in_degrees()
    u, v = g.edges()
    for threshold in range(5):
        low = torch.minimum(degrees[u.long()], degrees[v.long()]) < threshold
        expected = torch.arange(6, dtype=idtype)[low]
        assert torch.equal(
            SpotTarget(g, "self", threshold)(torch.arange(6, dtype=idtype)), expected
        )


def test_reverse_edges_are_excluded_too() -> None:
    reverse = torch.tensor([3, 5, 2, 0, 4, 1])
    spot = SpotTarget(graph(), "reverse_id", 2, reverse_eids=reverse)
    assert spot(torch.tensor([0, 1])).tolist() == [1, 5]
    assert SpotTarget(graph(), None, 2)(torch.tensor([0, 1])) is None
    assert SpotTarget(graph(), lambda eids: eids + 1, 2)(torch.tensor([0, 1])).tolist() == [2]


def test_degrees_of_several_types_are_of_all_edges() -> None:
    ends = ([0, 1], [0, 0])
    g = gm.heterograph({("a", "to", "b"): ends, ("b", "of", "a"): ends[::-1]})
    spot = SpotTarget(g, "reverse_types", 2, reverse_etypes={"to": "of"})
    assert {etype[1]: ids.tolist() for etype, ids in spot({"to": [0, 1]}).items()} == {
        "to": [0, 1],
        "of": [0, 1],
    }
    spot = SpotTarget(g, "self", 1)
    assert [ids.tolist() for ids in spot({"to": [0, 1]}).values() if len(ids)] == []


def test_a_sampler_of_seed_edges_takes_it() -> None:
    full = dl.MultiLayerFullNeighborSampler(1)
    sampler = dl.as_edge_prediction_sampler(full, exclude=SpotTarget(graph(), "self", 2))
    _, _, [block] = sampler.sample(graph(), torch.tensor([0, 1]))
    assert 0 in block.edata[gm.EID]
    assert 1 not in block.edata[gm.EID]


def test_wrong_arguments_of_spot_target_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="exclude"):
        SpotTarget(graph(), "all")
    with pytest.raises(gm.GraphTypeError, match="reverse_eids"):
        SpotTarget(graph(), "reverse_id")
    with pytest.raises(gm.GraphValueError, match="degree_threshold"):
        SpotTarget(graph(), "self", -1)
    with pytest.raises(gm.GraphIndexError, match="6"):
        SpotTarget(graph(), "self")([6])


def test_a_lazy_feature_is_gathered_where_it_is_assigned() -> None:
    part = gm.node_subgraph(graph(), [2, 0])
    part.ndata["x"] = LazyFeature()
    part.ndata["h"] = LazyFeature("x")
    part.edata.update(w=LazyFeature(), v=LazyFeature("w"))
    assert part.ndata["x"].tolist() == part.ndata["h"].tolist() == [2, 0]
    assert part.edata["v"].tolist() == part.edata["w"].tolist() == part.edata[gm.EID].tolist()


def test_a_lazy_feature_can_name_its_rows() -> None:
    part = gm.node_subgraph(graph(), [2, 0])
    part.ndata["h"] = LazyFeature("x", torch.tensor([3, 3], dtype=torch.int32))
    assert part.ndata["h"].tolist() == [3, 3]
    for feature, error in (
        (LazyFeature("x", torch.tensor([4, 0])), gm.GraphIndexError),
        (LazyFeature("x", torch.tensor([0])), gm.GraphValueError),
        (LazyFeature("h", torch.tensor([0, 0])), gm.GraphValueError),
        (LazyFeature("y"), gm.GraphKeyError),
    ):
        with pytest.raises(error):
            part.ndata["z"] = feature
    assert "z" not in part.ndata


def test_custom_samplers_return_lazy_features() -> None:
    class Around(dl.Sampler):
        def sample(self, g: gm.Graph, indices: Any) -> gm.Graph:
            part = gm.in_subgraph(g, indices, relabel_nodes=True)
            part.ndata["h"], part.edata["v"] = LazyFeature("x"), LazyFeature("w")
            return part

    for part in dl.DataLoader(graph(), [0, 1, 2], Around(), num_workers=1):
        assert torch.equal(part.ndata["h"], part.ndata[gm.NID].float())
        assert torch.equal(part.edata["v"], part.edata[gm.EID].float())


def test_a_node_loader_and_a_data_loader_are_alike() -> None:
    full = dl.MultiLayerFullNeighborSampler(1)
    older = dl.NodeDataLoader(graph(), torch.arange(4), full, batch_size=2)
    newer = dl.DataLoader(graph(), torch.arange(4), full, batch_size=2)
    for (inputs, outputs, _), (same_inputs, same_outputs, _) in zip(older, newer, strict=True):
        assert torch.equal(inputs, same_inputs)
        assert torch.equal(outputs, same_outputs)


def test_an_edge_loader_has_the_arguments_of_the_edge_sampler() -> None:
    loader = dl.EdgeDataLoader(
        graph(),
        torch.arange(6),
        dl.MultiLayerFullNeighborSampler(1),
        exclude="self",
        negative_sampler=dl.negative_sampler.Uniform(2),
        batch_size=3,
        shuffle=True,
    )
    seen = []
    for _, pairs, negatives, [block] in loader:
        assert negatives.num_edges() == 6
        assert not set(pairs.edata[gm.EID].tolist()) & set(block.edata[gm.EID].tolist())
        seen += pairs.edata[gm.EID].tolist()
    assert sorted(seen) == list(range(6))
