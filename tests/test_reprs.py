"""Every public object says what it is when it is printed."""

from __future__ import annotations

import inspect
import os
from typing import Any

import pytest
import torch
from support.unchanged import each

import graphmp as gm
from graphmp.nn.optim import SparseAdam

MODULES = (
    *(gm, gm.data, gm.dataloading, gm.function, gm.io, gm.nn, gm.nn.functional, gm.ops),
    *(gm.sampling, gm.sparse, gm.transforms),
)
CLASSES = {
    value.__name__: value
    for module in MODULES
    for name in module.__all__
    if inspect.isclass(value := getattr(module, name)) and value.__module__.startswith("graphmp")
}
G = gm.graph(([0, 1, 2], [1, 2, 0]))
ITEMS = gm.heterograph({("u", "x", "v"): ([0, 1], [0, 0]), ("v", "y", "u"): ([0, 0], [0, 1])})


class NoLength(gm.data.GraphDataset):
    """A dataset that is shown while its author still writes it."""


class Unloaded(gm.data.GraphDataset):
    """A dataset that is shown before it has items, as a debugger does."""

    def process(self) -> None:
        self.shown = repr(self)
        self.items = [G]

    def __len__(self) -> int:
        return len(self.items)


SHOWN: dict[str, tuple[Any, str]] = {
    "a transform": (gm.transforms.GDC([0.3, 0.2]), "GDC(coefs=[0.3, 0.2])"),
    "defaults": (gm.DropEdge(), "DropEdge()"),
    "several transforms": (
        gm.Compose([gm.add_self_loop, gm.KHopGraph(2)]),
        "Compose([\n  add_self_loop,\n  KHopGraph(k=2)\n])",
    ),
    "random walks": (
        gm.sampling.RandomWalkNeighborSampler(G, 2, 0.5, 10, 5),
        (
            "RandomWalkNeighborSampler(G=3 nodes and 3 edges, num_traversals=2, "
            "termination_prob=0.5, num_random_walks=10, num_neighbors=5)"
        ),
    ),
    "PinSAGE": (
        gm.sampling.PinSAGESampler(ITEMS, "u", "v", 1, 0.0, 10, 1),
        (
            "PinSAGESampler(G=3 nodes and 4 edges, num_traversals=1, termination_prob=0.0, "
            "num_random_walks=10, num_neighbors=1, "
            "metapath=[('u', 'x', 'v'), ('v', 'y', 'u')], ntype='u')"
        ),
    ),
    "a collator": (gm.dataloading.GraphCollator(), "GraphCollator()"),
    "an optimizer": (
        SparseAdam([gm.nn.NodeEmbedding(3, 2, "users")], lr=0.1),
        "SparseAdam(params=['users'], lr=0.1)",
    ),
    "jumping knowledge": (gm.nn.JumpingKnowledge("max"), "JumpingKnowledge(mode=max)"),
    "a layer with an aggregator": (
        gm.nn.SAGEConv(2, 3, "gcn"),
        (
            "SAGEConv(\n  aggregator=gcn\n"
            "  (feat_drop): Dropout(p=0.0, inplace=False)\n"
            "  (fc_neigh): Linear(in_features=2, out_features=3, bias=False)\n)"
        ),
    ),
    "edges": (G.adjacency, "Adjacency(num_src=3, num_dst=3, num_edges=3)"),
    "nodes of a graph": (
        G.nodes,
        "NodeView: call nodes() for ids, and index nodes[...].data for features",
    ),
    "edges of a graph": (
        G.edges,
        "EdgeView: call edges() for their ends, and index edges[...].data for features",
    ),
    "some items of a dataset": (
        gm.data.Subset(gm.data.MiniGCDataset(8, 10, 20), [0, 3]),
        "Subset(MiniGCDataset, 2 of 8 items)",
    ),
    "some items of a generator of unknown length": (
        gm.data.Subset(zip([1, 2]), [0]),
        "Subset(zip, 1 items)",
    ),
    "a dataset without a length": (
        NoLength("mine", raw_dir="folder"),
        'Dataset("mine", save_path=folder/mine)'.replace("/", os.sep),
    ),
}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_no_public_class_has_the_repr_of_object(name: str) -> None:
    if name != "BuiltinFunction":  # a base that has no instances of its own
        assert CLASSES[name].__repr__ is not object.__repr__


@each("shown", SHOWN)
def test_objects_show_what_they_are(shown: tuple[Any, str]) -> None:
    assert repr(shown[0]) == shown[1]


class Model(torch.nn.Module):
    """What an explainer explains."""

    def forward(self, graph: gm.Graph, feat: Any, eweight: Any = None) -> Any:
        return feat


@each(
    "shown",
    {
        "EGATConv": (gm.nn.EGATConv(2, 2, 2, 2, 5), "heads=5"),
        "HGTConv": (gm.nn.HGTConv(2, 2, 5, 1, 1), "heads=5"),
        "GNNExplainer": (gm.nn.GNNExplainer(Model(), 3), "num_hops=3, num_epochs=100"),
        "SubgraphX": (gm.nn.SubgraphX(Model(), 3), "num_hops=3, num_rollouts=20"),
    },
)
def test_modules_show_what_their_parts_do_not(shown: tuple[Any, str]) -> None:
    assert repr(shown[0]).splitlines()[1].strip() == shown[1]


def test_a_dataset_is_shown_while_it_loads() -> None:
    dataset = Unloaded("mine")
    assert dataset.shown.startswith('Dataset("mine", save_path=')
    assert repr(dataset).startswith('Dataset("mine", num_graphs=1, save_path=')


def test_transforms_show_a_table_in_a_notebook() -> None:
    page = gm.Compose([gm.add_self_loop, lambda g: g])._repr_html_()
    assert "[add_self_loop, " in page
    assert "&lt;lambda&gt;" in page
