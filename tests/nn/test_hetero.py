from __future__ import annotations

from typing import Any

import pytest
import torch
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import (
    GATConv,
    GraphConv,
    HeteroEmbedding,
    HeteroGraphConv,
    HeteroLinear,
    SAGEConv,
    Sequential,
)

FOLLOWS, BUYS, SOLD = ("user", "follows", "user"), ("user", "buys", "item"), ("item", "to", "user")
G = gm.heterograph(
    {FOLLOWS: ([0, 1, 1], [1, 2, 0]), BUYS: ([0, 2], [0, 1]), SOLD: ([1, 1], [0, 2])},
    {"user": 3, "item": 2},
)
X = {"user": torch.randn(3, 4), "item": torch.randn(2, 5)}


class Seen(nn.Module):
    """Gives the destinations' rows times a factor, and keeps what it was called with."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor, self.calls = factor, list[Any]()

    def forward(self, graph: gm.Graph, feat: Any, *args: Any, **kwargs: Any) -> Tensor:
        self.calls.append((graph.canonical_etypes, args, kwargs))
        return torch.ones(len(feat[1]), 2) * self.factor


def layers() -> dict[str, nn.Module]:
    return {
        "follows": GraphConv(4, 2),
        "buys": SAGEConv((4, 5), 2, "mean"),
        "to": SAGEConv((5, 4), 2, "pool"),
    }


def test_each_relation_has_a_layer_and_their_results_are_added() -> None:
    parts = layers()
    out = HeteroGraphConv(parts)(G, X)
    assert set(out) == {"user", "item"}
    assert_close(out["item"], parts["buys"](G["buys"], (X["user"], X["item"])))
    follows = parts["follows"](G["follows"], X["user"])
    assert_close(out["user"], follows + parts["to"](G["to"], (X["item"], X["user"])))


def test_gradients_reach_every_layer() -> None:
    conv = HeteroGraphConv(layers())
    total = torch.stack([h.sum() for h in conv(G, X).values()]).sum()
    total.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None for p in conv.parameters())


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [("sum", 5.0), ("max", 3.0), ("min", 2.0), ("mean", 2.5), (lambda parts, _: parts[-1], 2.0)],
)
def test_results_are_aggregated_in_the_order_of_edge_types(aggregate: Any, expected: float) -> None:
    mods = {"follows": Seen(2), "to": Seen(3), "buys": Seen(7)}
    assert [etype[1] for etype in G.canonical_etypes] == ["to", "buys", "follows"]
    out = HeteroGraphConv(mods, aggregate)(G, X)
    assert_close(out["user"], torch.full((3, 2), expected))
    assert_close(out["item"], torch.full((2, 2), 7.0))


def test_stack_keeps_the_order_of_edge_types() -> None:
    mods = {"follows": Seen(2), "to": Seen(3), "buys": Seen(7)}
    out = HeteroGraphConv(mods, "stack")(G, X)
    order = [etype[1] for etype in G.canonical_etypes if etype[2] == "user"]
    assert out["user"][0, :, 0].tolist() == [mods[name].factor for name in order]
    assert out["item"].shape == (2, 1, 2)


@pytest.mark.parametrize("aggregate", ["sum", "stack"])
def test_results_are_in_the_order_of_the_destination_types(aggregate: str) -> None:
    edges = {FOLLOWS: ([0], [1]), ("user", "plays", "game"): ([0], [1]), SOLD: ([1], [0])}
    g = gm.heterograph(edges)
    conv = HeteroGraphConv({name: Seen() for name in g.etypes}, aggregate)
    x = {ntype: torch.ones(g.num_nodes(ntype), 1) for ntype in g.ntypes}
    assert g.canonical_etypes[0][2] == "user"
    assert list(conv(g, x)) == ["game", "user"]


def test_a_function_is_told_the_node_type() -> None:
    seen = []

    def aggregate(parts: list[Tensor], ntype: str) -> Tensor:
        seen.append((ntype, len(parts)))
        return parts[0]

    HeteroGraphConv({"follows": Seen(), "to": Seen(), "buys": Seen()}, aggregate)(G, X)
    assert sorted(seen) == [("item", 1), ("user", 2)]


def test_canonical_types_name_layers_and_arguments_too() -> None:
    mods = {FOLLOWS: Seen(), "to": Seen(), BUYS: Seen()}
    HeteroGraphConv(mods)(
        G, X, mod_args={"to": (1,), BUYS: (2, 3)}, mod_kwargs={FOLLOWS: {"a": 4}, "buys": {"b": 5}}
    )
    assert mods[FOLLOWS].calls == [([FOLLOWS], (), {"a": 4})]
    assert mods["to"].calls == [([SOLD], (1,), {})]
    assert mods[BUYS].calls == [([BUYS], (2, 3), {"b": 5})]


def test_a_block_takes_the_first_rows_for_its_destinations() -> None:
    some = gm.in_subgraph(G, {"user": torch.tensor([2]), "item": torch.tensor([1])})
    block = gm.to_block(some, {"user": torch.tensor([2]), "item": torch.tensor([1])})
    inputs = {ntype: X[ntype][block.srcnodes[ntype].data[gm.NID]] for ntype in block.srctypes}
    conv = HeteroGraphConv(layers())
    out = conv(block, inputs)
    assert {ntype: len(h) for ntype, h in out.items()} == {"user": 1, "item": 1}
    pair = {ntype: h[:1] for ntype, h in inputs.items()}
    for ntype, h in conv(block, (inputs, pair)).items():
        assert_close(out[ntype], h)


def test_relations_without_features_are_left_out() -> None:
    conv = HeteroGraphConv({"follows": Seen(), "to": Seen(), "buys": Seen()})
    assert set(conv(G, (X, {"item": X["item"]}))) == {"item"}
    assert set(conv(G, ({"item": X["item"]}, X))) == {"user"}
    with pytest.raises(
        gm.GraphKeyError, match=r"features of node type 'item', which .*buys.* needs"
    ):
        conv(G, {"user": X["user"]})


def test_a_relation_without_a_layer_is_an_error() -> None:
    with pytest.raises(
        gm.GraphKeyError,
        match=r"a layer for edge type .*, got layers for follows, to; .*edge_type_subgraph",
    ):
        HeteroGraphConv({"follows": Seen(), "to": Seen()})(G, X)


def test_results_of_different_shapes_are_an_error() -> None:
    unlike = {**layers(), "follows": GATConv(4, 2, 1, allow_zero_in_degree=True)}
    for aggregate in ("sum", "stack"):
        with pytest.raises(gm.GraphValueError, match=r"into 'user', got \(3, 2\), \(3, 1, 2\);"):
            HeteroGraphConv(unlike, aggregate)(G, X)


def test_layers_are_told_that_a_node_may_lack_edges_of_their_type() -> None:
    conv = HeteroGraphConv({"follows": GATConv(4, 2, 1), "to": Seen(), "buys": Seen()}, "max")
    lonely = gm.heterograph({FOLLOWS: ([0], [0])}, {"user": 3})
    assert conv(lonely, {"user": X["user"]})["user"].shape == (3, 1, 2)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match=r"sum, max, min, mean, stack .* got 'add'"):
        HeteroGraphConv({}, "add")
    with pytest.raises(gm.GraphTypeError, match="mods: expected a dict of layers, got list"):
        HeteroGraphConv([Seen()])  # type: ignore[arg-type]
    for inputs in (X["user"], (X, X, X), (X["user"], X["user"])):
        with pytest.raises(gm.GraphTypeError, match="inputs: expected a dict"):
            HeteroGraphConv({"follows": Seen()})(G, inputs)


def test_names_of_parameters_are_those_of_dgl() -> None:
    conv = HeteroGraphConv({"follows": GraphConv(3, 2), BUYS: GraphConv(3, 2, bias=False)})
    assert list(conv.state_dict()) == [
        "mods.follows.weight",
        "mods.follows.bias",
        "mods.('user', 'buys', 'item').weight",
    ]
    linear = HeteroLinear({"a": 3, BUYS: 4}, 2)
    assert {name: tuple(p.shape) for name, p in linear.state_dict().items()} == {
        "linears.a.weight": (2, 3),
        "linears.a.bias": (2,),
        "linears.('user', 'buys', 'item').weight": (2, 4),
        "linears.('user', 'buys', 'item').bias": (2,),
    }
    embedding = HeteroEmbedding({"a": 3, BUYS: 4}, 2)
    assert {name: tuple(p.shape) for name, p in embedding.state_dict().items()} == {
        "embeds.a.weight": (3, 2),
        "embeds.('user', 'buys', 'item').weight": (4, 2),
    }


def test_linear_maps_by_type() -> None:
    layer = HeteroLinear({"user": 4, "item": 5, BUYS: 1}, 2, bias=False)
    out = layer({**X, BUYS: torch.ones(2, 1)})
    assert set(out) == {"user", "item", BUYS}
    assert_close(out["item"], X["item"] @ layer.state_dict()["linears.item.weight"].T)
    with pytest.raises(gm.GraphKeyError, match=r"one of the types user, item, .*, got 'shop'"):
        layer({"shop": X["user"]})


def test_embeddings_by_type() -> None:
    layer = HeteroEmbedding({"user": 4, BUYS: 5}, 2)
    out = layer({BUYS: torch.tensor([4, 0])})
    assert_close(out[BUYS], layer.weight[BUYS][[4, 0]])
    assert set(layer.weight) == {"user", BUYS}
    before = layer.weight["user"].clone()
    layer.reset_parameters()
    assert not torch.equal(before, layer.weight["user"])
    with pytest.raises(gm.GraphKeyError, match=r"one of the types user, .*, got 'item'"):
        layer({"item": torch.tensor([0])})


def test_layers_in_turn_take_one_graph_or_one_each() -> None:
    g, x = gm.add_self_loop(gm.graph(([0, 1], [1, 2]))), torch.randn(3, 4)
    first, second = GraphConv(4, 3), GraphConv(3, 2)
    net = Sequential(first, second)
    assert_close(net(g, x), second(g, first(g, x)))
    other = gm.add_self_loop(gm.graph(([2, 1], [1, 0])))
    assert_close(net([g, other], x), second(other, first(g, x)))
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    with pytest.raises(gm.GraphValueError, match="each of the 2 layers, or one for all, got 1"):
        net([g], x)


def test_layers_in_turn_pass_several_arguments_on() -> None:
    class Swap(nn.Module):
        def forward(self, graph: gm.Graph, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
            return b, a + graph.num_nodes()

    a, b = Sequential(Swap(), Swap())(gm.graph(([0], [1])), torch.zeros(1), torch.ones(1))
    assert (a.item(), b.item()) == (2.0, 3.0)


def test_a_layer_that_is_no_module_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"Expected an nn\.Module for 'follows'"):
        HeteroGraphConv({"follows": "GraphConv"})  # type: ignore[dict-item]


def test_a_mistyped_node_type_is_found() -> None:
    conv = HeteroGraphConv(layers())
    with pytest.raises(
        gm.GraphKeyError, match=r"Expected features of 'user', got .* unknown node type 'users'"
    ):
        conv(G, {"users": X["user"], "item": X["item"]})
    assert set(conv(G, {**X, "shop": torch.ones(1)})) == {"user", "item"}  # one too many is none


def test_arguments_for_a_mistyped_edge_type_are_found() -> None:
    conv, some = HeteroGraphConv(layers()), {FOLLOWS: torch.ones(3)}
    conv(G, X, mod_kwargs={e: {"edge_weight": weight} for e, weight in some.items()})
    wrong: list[dict[str, Any]] = [
        {"mod_kwargs": {"folows": {}}},  # codespell:ignore folows
        {"mod_args": {("user", "buys", "shop"): ()}},
    ]
    for options in wrong:
        with pytest.raises(
            gm.GraphKeyError, match=r"for edge types of the graph, got arguments for"
        ):
            conv(G, X, **options)


def test_wrong_rows_by_type_are_refused() -> None:
    for layer, name in (
        (HeteroLinear({"a": 2}, 2), "feat"),
        (HeteroEmbedding({"a": 2}, 2), "input_ids"),
    ):
        with pytest.raises(
            gm.GraphTypeError, match=f"{name}: expected a dict .* a tensor of torch.int64"
        ):
            layer(torch.tensor([0]))
    linear = HeteroLinear({"a": 2}, 2)
    assert_close(linear({"a": torch.ones(1, 2).int()})["a"], linear({"a": torch.ones(1, 2)})["a"])
    with pytest.raises(gm.GraphTypeError, match=r"feat\['a'\]: expected the parameters' dtype"):
        linear({"a": torch.ones(1, 2).double()})
    embedding = HeteroEmbedding({"a": 2}, 2)
    with pytest.raises(gm.GraphIndexError, match=r"input_ids\['a'\]: expected .* 0 to 1, got 7"):
        embedding({"a": torch.tensor([7])})
    with pytest.raises(
        gm.GraphTypeError, match=r"input_ids\['a'\]: expected a dtype of torch\.int32 or"
    ):
        embedding({"a": torch.tensor([1.0])})
    with pytest.raises(gm.GraphTypeError, match="expected a tensor of integers, got list"):
        embedding({"a": [1]})
