"""One graph taken out of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.corner_graphs import NO_EDGES, NO_NODES, PARALLEL, SELF_LOOP, TINY, feature
from support.samples import contents, diamond, shop
from support.unchanged import Case, each, refuses

import graphmp as gm
from graphmp import Graph


def corners(idtype: torch.dtype = torch.int64) -> list[Graph]:
    """Graphs with features; one has no nodes and two have no edges."""
    graphs = [c.graph(idtype) for c in (TINY, NO_NODES, PARALLEL, NO_EDGES, SELF_LOOP)]
    for seed, g in enumerate(graphs):
        g.ndata["x"] = feature(g.num_nodes(), (2,), seed=seed)
        g.edata["w"] = feature(g.num_edges(), seed=seed)
    return graphs


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_each_graph_comes_out_as_it_went_in(idtype: torch.dtype) -> None:
    graphs = corners(idtype)
    batch = gm.batch(graphs)
    for i, g in enumerate(graphs):
        made = gm.slice_batch(batch, i)
        assert contents(made) == contents(g)
        assert (made.idtype, made.batch_size) == (idtype, 1)


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_a_batch_beside_graphs_counts_as_its_graphs(idtype: torch.dtype) -> None:
    graphs = corners(idtype)
    whole = gm.batch(graphs)
    nested = gm.batch([graphs[0], gm.batch(graphs[1:3]), gm.batch(graphs[3:4]), graphs[4]])
    assert contents(nested) == contents(whole)
    for size in (nested.batch_num_nodes(), nested.batch_num_edges()):
        assert (size.dtype, size.numel()) == (idtype, len(graphs))
    assert torch.equal(nested.batch_num_nodes(), whole.batch_num_nodes())
    assert torch.equal(nested.batch_num_edges(), whole.batch_num_edges())


def test_edges_of_every_graph_are_moved_beyond_the_nodes_before_it() -> None:
    starts = [0, 4, 8]
    joined = gm.batch([diamond() for _ in starts])
    u, v = diamond().edges()
    assert torch.equal(joined.edges()[0], torch.cat([u + start for start in starts]))
    assert torch.equal(joined.edges()[1], torch.cat([v + start for start in starts]))


def test_so_do_graphs_of_several_types() -> None:
    other = shop()
    other.add_nodes(2, ntype="game")
    other.nodes["user"].data["x"] = torch.tensor([7.0, 8.0, 9.0])
    batch = gm.batch([shop(), other, shop()])
    assert [contents(gm.slice_batch(batch, i)) for i in range(3)] == [
        contents(g) for g in (shop(), other, shop())
    ]
    one = gm.slice_batch(batch, 2, store_ids=True)
    assert one.nodes["game"].data["_ID"].tolist() == [6, 7]
    assert one.edges["buys"].data["_ID"].tolist() == [6, 7, 8]


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_ids_in_the_batch_may_be_kept(idtype: torch.dtype) -> None:
    batch = gm.batch(corners(idtype))
    one = gm.slice_batch(batch, 2, store_ids=True)
    for data, whole, name in ((one.ndata, batch.ndata, "x"), (one.edata, batch.edata, "w")):
        assert data["_ID"].dtype == idtype
        assert torch.equal(whole[name][data["_ID"].long()], data[name])
    assert "_ID" not in batch.ndata


def test_a_graph_that_is_no_batch_is_its_only_one() -> None:
    assert contents(gm.slice_batch(diamond(), 0)) == contents(diamond())


def test_gradients_flow_back_to_the_batch() -> None:
    batch = gm.batch(corners())
    x = batch.ndata["x"].requires_grad_()
    (grad,) = torch.autograd.grad(gm.slice_batch(batch, 2).ndata["x"].sum(), x)
    assert grad[:, 0].tolist() == [0] * 4 + [1] * 3 + [0] * 4


@pytest.mark.parametrize("i", [1, np.int64(1), torch.tensor(1)], ids=["int", "NumPy", "tensor"])
def test_the_number_may_be_of_any_kind(i: Any) -> None:
    assert contents(gm.slice_batch(gm.batch([shop(), shop()]), i)) == contents(shop())


def joined() -> Graph:
    """Sizes that cut an edge."""
    g = diamond()
    g.set_batch_num_nodes([2, 2])
    g.set_batch_num_edges([2, 2])
    return g


slice_any: Any = gm.slice_batch
unbatch_any: Any = gm.unbatch
MISTAKES: dict[str, Case] = {
    "too large": (lambda g: gm.slice_batch(g, 2), gm.GraphIndexError, "from 0 to 1, got 2"),
    "negative": (lambda g: gm.slice_batch(g, -1), gm.GraphIndexError, "got -1"),
    "list": (lambda g: slice_any(g, [0]), gm.GraphTypeError, "as an int, got list"),
    "float": (lambda g: slice_any(g, 1.0), gm.GraphTypeError, "as an int, got float"),
    "edge": (lambda g: gm.slice_batch(joined(), 0), gm.GraphValueError, "an edge between two"),
    "no graph": (lambda g: slice_any([g], 0), gm.GraphTypeError, "Expected a graph, got list"),
    "block": (
        lambda g: gm.slice_batch(gm.create_block(([0], [0])), 0),
        gm.GraphValueError,
        "batch of graphs, got a block",
    ),
    "block apart": (
        lambda g: gm.unbatch(gm.create_block(([0], [0]))),
        gm.GraphValueError,
        "batch of graphs, got a block",
    ),
    "no graph to split": (
        lambda g: unbatch_any([g], [1], [1]),
        gm.GraphTypeError,
        "Expected a graph, got list",
    ),
    "no graph apart": (lambda g: unbatch_any([g]), gm.GraphTypeError, "Expected a graph, got list"),
}


@each("case", MISTAKES)
def test_mistakes_are_named(case: Case) -> None:
    refuses(gm.batch([diamond(), diamond()]), case)


def test_a_sparse_column_is_cut_too() -> None:
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["x"] = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]).to_sparse()
    both = gm.batch([g, g])
    for part in [*gm.unbatch(both), gm.slice_batch(both, 1)]:
        assert torch.equal(part.ndata["x"].to_dense(), g.ndata["x"].to_dense())
