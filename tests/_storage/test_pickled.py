"""Pickles of graphs: as large as the graph, and checked when they are loaded."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.corner_graphs import Corner, each_corner
from torch import Tensor

import graphmp as gm
from graphmp import Graph
from graphmp._storage.metagraph import Metagraph

IDTYPES = pytest.mark.parametrize("idtype", [torch.int32, torch.int64])


def graph(idtype: torch.dtype = torch.int64) -> Graph:
    """Three nodes and four edges with features, in every layout."""
    g = gm.graph(([0, 1, 1, 2], [1, 2, 0, 2]), idtype=idtype)
    g.ndata["x"], g.edata["w"] = torch.rand(3, 2), torch.rand(4)
    g.edges()
    g.create_formats_()
    return g


def again(g: Graph) -> Graph:
    """The graph after a pickle."""
    return pickle.loads(pickle.dumps(g))  # type: ignore[no-any-return]


@each_corner
@IDTYPES
def test_every_graph_is_the_same_after_a_pickle(corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    for each in (g, again(g)):
        each.create_formats_()
        loaded = again(each)
        assert loaded.idtype == g.idtype
        for actual, expected in zip(loaded.edges("all"), g.edges("all"), strict=True):
            assert torch.equal(actual, expected)
        assert torch.equal(loaded.in_degrees(), g.in_degrees())


@pytest.mark.parametrize("copied", [again, copy.deepcopy])
def test_one_graph_of_a_batch_is_pickled_without_the_others(
    copied: Callable[[Graph], Graph],
) -> None:
    graphs = [graph() for _ in range(200)]
    first = gm.unbatch(gm.batch(graphs))[0]
    assert len(pickle.dumps(first)) < 2 * len(pickle.dumps(graphs[0]))
    loaded = copied(first)
    assert torch.equal(loaded.ndata["x"], graphs[0].ndata["x"])
    assert loaded.ndata["x"].untyped_storage().nbytes() == 3 * 2 * 4


def test_a_part_of_a_column_is_pickled_alone_and_gradients_are_needed_still() -> None:
    g, weights = graph(), torch.rand(3000, 2)
    g.ndata["part"] = weights[5:8]
    g.ndata["parameter"] = torch.nn.Parameter(torch.rand(3, 2))
    g.ndata["one"] = torch.ones(1, 2).expand(3, 2)
    loaded = again(g)
    assert len(pickle.dumps(g)) < 8000
    assert torch.equal(loaded.ndata["part"], weights[5:8])
    assert loaded.ndata["parameter"].requires_grad
    assert torch.equal(loaded.ndata["one"], torch.ones(3, 2))


def layouts(g: Graph) -> Any:
    """The layouts of the only relation."""
    return g.adjacencies[g.canonical_etypes[0]]._layouts


def put(tensor: Tensor, value: int) -> None:
    """Write an id in the middle."""
    tensor[len(tensor) // 2] = value


def damage_types(g: Graph, name: str, value: Any) -> None:
    """Change the types of a graph alone: graphs share them."""
    g._meta = Metagraph(g.canonical_etypes, g.ntypes)
    setattr(g._meta, name, value)


DAMAGES: dict[str, Callable[[Graph], Any]] = {
    "an end that is too large": lambda g: put(layouts(g).ends[0], 3),
    "an end below 0": lambda g: put(layouts(g).ends[1], -1),
    "an index that is too large": lambda g: put(layouts(g).compressed[0].indices, 99),
    "an index below 0": lambda g: put(layouts(g).compressed[1].indices, -(2**30)),
    "an edge id twice": lambda g: layouts(g).compressed[1].edge_ids.fill_(0),
    "an edge id that is too large": lambda g: put(layouts(g).compressed[1].edge_ids, 4),
    "rows that descend": lambda g: (
        layouts(g).compressed[0].indptr[1:3].copy_(layouts(g).compressed[0].indptr[1:3].flip(0))
    ),
    "rows that go on": lambda g: layouts(g).compressed[0].indptr[-1:].fill_(5),
    "fewer rows": lambda g: setattr(layouts(g), "num", (2, 3)),
    "more nodes": lambda g: setattr(g, "_num_src", {"_N": 4}),
    "ends of different lengths": lambda g: setattr(
        layouts(g), "ends", (layouts(g).ends[0][:3].clone(), layouts(g).ends[1])
    ),
    "layouts of different lengths": lambda g: setattr(
        layouts(g), "ends", tuple(end[:3].clone() for end in layouts(g).ends)
    ),
    "ids of another dtype": lambda g: setattr(
        layouts(g), "ends", tuple(end.to(torch.int16) for end in layouts(g).ends)
    ),
    "a layout of another dtype": lambda g: setattr(
        layouts(g),
        "ends",
        tuple(
            end.to(torch.int32 if g.idtype == torch.int64 else torch.int64)
            for end in layouts(g).ends
        ),
    ),
    "no layout": lambda g: layouts(g).__init__((3, 3), frozenset()),
    "a short column": lambda g: g._frames.src["_N"]._columns.update(x=torch.rand(2, 2)),
    "a column that is no tensor": lambda g: g._frames.src["_N"]._columns.update(
        x=[1, 2, 3]  # type: ignore[call-overload]
    ),
    "a batch of other sizes": lambda g: setattr(
        g, "_batch_nodes", {"_N": torch.tensor([1, 1], dtype=g.idtype)}
    ),
    "a batch of nodes of another type": lambda g: setattr(
        g, "_batch_nodes", {"_M": torch.tensor([3], dtype=g.idtype)}
    ),
    "numbers of nodes of another type": lambda g: setattr(g, "_unfit_nodes", {"_M": [3]}),
    "numbers of edges that are none": lambda g: setattr(
        g, "_unfit_edges", {g.canonical_etypes[0]: ["3"]}
    ),
    "types of no edges": lambda g: damage_types(g, "canonical_etypes", [("_N", "_E", "_M")]),
    "types that are no texts": lambda g: damage_types(g, "ntypes", ["_N", None]),
    "no types": lambda g: setattr(g, "_meta", None),
    "ids of no dtype": lambda g: setattr(g, "idtype", torch.float32),
    "no device": lambda g: setattr(g, "device", None),
    "layouts of no name": lambda g: setattr(layouts(g), "allowed", frozenset((7,))),
    "an initializer that is none": lambda g: setattr(
        g._frames.src["_N"], "_default_initializer", 7
    ),
    "no list of scopes": lambda g: setattr(g._frames.src["_N"], "_scopes", ()),
    "fewer features than edges": lambda g: g.adjacencies.update(
        {g.canonical_etypes[0]: gm.graph(([0], [1]), num_nodes=3, idtype=g.idtype).adjacency}
    ),
}


@IDTYPES
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_pickle_is_refused_when_it_is_loaded(
    damage: Callable[[Graph], Any], idtype: torch.dtype
) -> None:
    g = graph(idtype)
    assert again(g).num_edges() == 4
    damage(g)
    with pytest.raises(gm.GraphValueError, match="Expected the whole of a graph, but"):
        again(g)


def test_torch_refuses_a_graph_among_weights(tmp_path: Path) -> None:
    torch.save({"graph": graph()}, tmp_path / "checkpoint.pt")
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL graphmp\.Graph"):
        torch.load(tmp_path / "checkpoint.pt", weights_only=True)
