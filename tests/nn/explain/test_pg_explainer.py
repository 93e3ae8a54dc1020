"""A network that explains predictions follows its formula, and finds what they rest on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.laws import assert_close, assert_same_bits
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import GraphConv, HeteroPGExplainer, PGExplainer

PAIRS = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (3, 0), (0, 3), (0, 4), (4, 0)]
NODES = "node"


def ring(idtype: torch.dtype = torch.int64) -> gm.Graph:
    src, dst = torch.tensor(PAIRS, dtype=idtype).T
    return gm.graph((src, dst))


def rand(*size: int) -> Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(5)).double()


class Model(nn.Module):
    """A convolution, and logits of the nodes, or of the whole graph."""

    def __init__(self, whole: bool) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.conv = GraphConv(3, 4, allow_zero_in_degree=True)
        self.linear = nn.Linear(4, 2)
        self.whole = whole
        self.double()

    def forward(
        self, graph: gm.Graph, feat: Any, embed: bool = False, edge_weight: Any = None
    ) -> Any:
        h = self.conv(graph, feat, edge_weight=edge_weight).relu()
        if embed:
            return h
        return gm.nn.AvgPooling()(graph, self.linear(h)) if self.whole else self.linear(h)


class Typed(nn.Module):
    """The same model on a graph with the one node type ``NODES``."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, graph: gm.Graph, feat: Any, embed: bool = False, edge_weight: Any = None
    ) -> Any:
        weight = None if edge_weight is None else edge_weight[NODES, "to", NODES]
        out = self.model(graph, feat[NODES], embed, weight)
        return out if self.model.whole and not embed else {NODES: out}


def explainer(whole: bool = True, typed: bool = False, **options: Any) -> Any:
    model = Model(whole)
    torch.manual_seed(2)
    hops: dict[str, Any] = {} if whole else {"num_hops": 1, "explain_graph": False}
    if typed:
        return HeteroPGExplainer(Typed(model), 4, **hops, **options).double()
    return PGExplainer(model, 4, **hops, **options).double()


def weights(layer: Any, z: Tensor, own: Any = None) -> Tensor:
    """What the perceptron makes of each edge."""
    rows = []
    for u, v in PAIRS:
        ends = torch.cat([z[u], z[v], *([] if own is None else [own])])
        rows.append(layer.elayers[2](layer.elayers[0](ends).relu()))
    return torch.cat(rows)


def both_ways(values: Tensor) -> Tensor:
    back = [PAIRS.index((v, u)) for u, v in PAIRS]
    return (values + values[back]) / 2


def test_the_mask_and_the_probabilities_follow_the_formula() -> None:
    layer, g, x = explainer(), ring(), rand(5, 3)
    probs, mask = layer.explain_graph(g, x)
    expected = both_ways(weights(layer, layer.model(g, x, embed=True)).sigmoid())
    assert_close(mask, expected)
    assert_close(probs, layer.model(g, x, edge_weight=expected).softmax(-1))
    assert not probs.requires_grad
    assert not mask.requires_grad


@pytest.mark.parametrize("budget", [0.3, -0.3])
@pytest.mark.parametrize("bias", [0.0, 0.2])
def test_the_loss_and_its_gradient_follow_the_formula(bias: float, budget: float) -> None:
    layer = explainer(coff_budget=budget, coff_connect=0.5, sample_bias=bias)
    g, x = ring(), rand(5, 3)
    torch.manual_seed(3)
    loss = layer.train_step(g, x, 2.0)
    torch.manual_seed(3)
    noise = bias + (1 - 2 * bias) * torch.rand(10, dtype=torch.float64)
    omega = weights(layer, layer.model(g, x, embed=True).detach())
    values = ((noise.log() - (1 - noise).log() + omega) / 2).sigmoid()
    mask = both_ways(values)
    probs = layer.model(g, x, edge_weight=mask).softmax(-1)[0]
    scaled = mask * 0.98 + 0.01
    entropy = -(scaled * scaled.log() + (1 - scaled) * (1 - scaled).log()).mean()
    size = (values.sum() - budget).relu() if budget > 0 else values.sum()
    fit = -(probs[layer.model(g, x)[0].argmax()] + 1e-6).log()
    expected = fit + budget * size + 0.5 * entropy
    assert_close(loss, expected)
    leaves = [*layer.parameters()]
    for one, two in zip(
        torch.autograd.grad(loss, leaves), torch.autograd.grad(expected, leaves), strict=True
    ):
        assert_close(one, two)


def test_only_the_perceptron_learns() -> None:
    layer = explainer()
    layer.train()
    layer.model.conv.eval()
    g, x = ring(), rand(5, 3)
    torch.autograd.backward(layer.train_step(g, x, 2.0))
    assert [p.shape for p in layer.parameters()] == [(64, 8), (64,), (1, 64), (1,)]
    assert all(p.grad is not None for p in layer.parameters())
    assert all(p.grad is None and p.requires_grad for p in layer.model.parameters())
    assert (layer.model.training, layer.model.conv.training) == (True, False)
    assert not g.ndata
    assert not g.edata
    assert {name.partition(".")[0] for name in layer.state_dict()} == {"model", "elayers"}


class Speaks(nn.Module):
    """Node 0 is of class 1 if it hears of node 1; others count for little."""

    def forward(
        self, graph: gm.Graph, feat: Tensor, embed: bool = False, edge_weight: Any = None
    ) -> Tensor:
        if embed:
            return feat
        weight = torch.ones(graph.num_edges()) if edge_weight is None else edge_weight
        heard = gm.ops.u_mul_e_sum(graph, feat[:, :1], weight.view(-1, 1))[:1]
        return torch.cat([torch.zeros_like(heard), 8 * heard - 4], 1)


def test_it_learns_which_edge_a_prediction_rests_on() -> None:
    torch.manual_seed(0)
    g = gm.add_reverse_edges(gm.graph(([1, 2, 3, 4], [0, 0, 0, 0])))
    x = torch.cat([torch.zeros(5, 1), torch.eye(5)], 1)
    x[1, 0] = 1
    layer = PGExplainer(Speaks(), 6, coff_budget=0.05)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        torch.autograd.backward(layer.train_step(g, x, 2.0))
        optimizer.step()
    probs, mask = layer.explain_graph(g, x)
    assert int(mask[:4].argmax()) == 0
    assert float(probs[0, 1]) > 0.9
    assert float(mask[1:4].max()) < 0.5


# ---- nodes


def test_nodes_are_explained_on_what_the_model_sees_of_each() -> None:
    layer, g, x = explainer(whole=False), ring(), rand(5, 3)
    probs, mask, batched, centers = layer.explain_node([2, 4], g, x)
    assert batched.batch_num_nodes().tolist() == [3, 2]
    assert_same_bits(batched.ndata["feat"], x[batched.ndata[gm.NID]])
    assert batched.ndata[gm.NID][centers].tolist() == [2, 4]
    offset = 0
    for node in (2, 4):
        alone = layer.explain_node(node, g, x)
        size = alone[2].num_nodes()
        assert_close(alone[0], probs[offset : offset + size])
        offset += size
    assert_close(torch.cat([layer.explain_node(node, g, x)[1] for node in (2, 4)]), mask)


def test_the_mask_of_a_node_follows_the_formula() -> None:
    layer, g, x = explainer(whole=False), ring(), rand(5, 3)
    layer.num_hops = 3  # all of the graph
    _, mask, sg, center = layer.explain_node(torch.tensor([0]), g, x)
    z = layer.model(sg, sg.ndata["feat"], embed=True)
    own, names = z[int(center)], sg.ndata[gm.NID].tolist()
    values = {}
    for edge, (u, v) in enumerate(zip(*(end.tolist() for end in sg.edges()), strict=True)):
        ends = torch.cat([z[u], z[v], own])
        values[names[u], names[v]] = (edge, layer.elayers(ends).sigmoid())
    for (u, v), (edge, value) in values.items():
        assert_close(mask[edge], (value[0] + values[v, u][1][0]) / 2)


def test_a_step_for_nodes_reads_their_predictions_alone() -> None:
    layer, g, x = explainer(whole=False, coff_connect=0.0, coff_budget=0.0), ring(), rand(5, 3)
    torch.manual_seed(3)
    loss = layer.train_step_node([2, 4], g, x, 2.0)
    torch.manual_seed(3)
    probs, _, batched, centers = layer.explain_node([2, 4], g, x, 2.0, training=True)
    classes = layer.model(batched, batched.ndata["feat"])[centers].argmax(1)
    assert_close(loss, -(probs[centers, classes] + 1e-6).log().mean())
    assert all(grad.any() for grad in torch.autograd.grad(loss, [*layer.parameters()]))


# ---- several types


def typed_ring() -> gm.Graph:
    return gm.heterograph({(NODES, "to", NODES): ring().edges()})


def test_one_type_is_homogeneous() -> None:
    x = rand(5, 3)
    plain, typed = explainer(), explainer(typed=True)
    probs, mask = typed.explain_graph(typed_ring(), {NODES: x})
    expected = plain.explain_graph(ring(), x)
    assert_close(probs, expected[0])
    assert_close(mask[NODES, "to", NODES], expected[1])
    losses = []
    for layer, g, feat in ((plain, ring(), x), (typed, typed_ring(), {NODES: x})):
        torch.manual_seed(4)
        losses.append(layer.train_step(g, feat, 2.0))
    assert_close(*losses)


def test_nodes_of_one_type_are_homogeneous() -> None:
    x = rand(5, 3)
    plain, typed = explainer(False), explainer(False, typed=True)
    probs, mask, _, centers = typed.explain_node({NODES: [2, 4]}, typed_ring(), {NODES: x})
    expected = plain.explain_node([2, 4], ring(), x)
    assert_close(probs[NODES], expected[0])
    assert_close(mask[NODES, "to", NODES], expected[1])
    assert_same_bits(centers[NODES], expected[3])
    losses = []
    for layer, nodes, g, feat in (
        (plain, [2, 4], ring(), x),
        (typed, {NODES: torch.tensor([2, 4])}, typed_ring(), {NODES: x}),
    ):
        torch.manual_seed(4)
        losses.append(layer.train_step_node(nodes, g, feat, 2.0))
    assert_close(*losses)


class Shop(nn.Module):
    """Users and games hear of each other."""

    def __init__(self, whole: bool = False) -> None:
        super().__init__()
        self.whole = whole
        self.conv, self.back = (GraphConv(3, 4, allow_zero_in_degree=True) for _ in range(2))

    def forward(
        self, graph: gm.Graph, feat: Any, embed: bool = False, edge_weight: Any = None
    ) -> Any:
        own = edge_weight or {}
        ends, back = (feat["user"], feat["game"]), (feat["game"], feat["user"])
        games = self.conv(graph["plays"], ends, edge_weight=own.get(("user", "plays", "game")))
        users = self.back(graph["of"], back, edge_weight=own.get(("game", "of", "user")))
        if self.whole and not embed:
            return games.mean(0, keepdim=True)
        return {"user": users, "game": games}


def shop() -> tuple[gm.Graph, dict[str, Tensor]]:
    u, v = torch.tensor([0, 1, 1, 2]), torch.tensor([0, 0, 1, 1])
    g = gm.heterograph({("user", "plays", "game"): (u, v), ("game", "of", "user"): (v[1:], u[1:])})
    return g, {"user": rand(3, 3).float(), "game": rand(2, 3).float()}


def test_an_edge_back_may_be_of_another_type_or_missing() -> None:
    g, x = shop()
    layer = HeteroPGExplainer(Shop(whole=True), 4)
    _, masks = layer.explain_graph(g, x)
    z = layer.model(g, x, embed=True)

    def value(one: Tensor, two: Tensor) -> Tensor:
        out: Tensor = layer.elayers(torch.cat([one, two])).sigmoid()[0]
        return out

    plays, back = masks["user", "plays", "game"], masks["game", "of", "user"]
    for edge, (u, v) in enumerate([(0, 0), (1, 0), (1, 1), (2, 1)]):
        own = value(z["user"][u], z["game"][v])
        other = value(z["game"][v], z["user"][u]) if edge else own
        assert_close(plays[edge], (own + other) / 2)
        if edge:
            assert_close(back[edge - 1], plays[edge])


def test_a_node_of_any_type_is_explained() -> None:
    g, x = shop()
    layer = HeteroPGExplainer(Shop(), 4, 1, explain_graph=False)
    all_nodes: list[dict[str, Any]] = [{"user": [1]}, {"game": torch.tensor([0]), "user": [2]}]
    for nodes in all_nodes:
        probs, masks, batched, centers = layer.explain_node(nodes, g, x)
        for ntype in ("user", "game"):
            names = batched.nodes[ntype].data[gm.NID][centers[ntype]].tolist()
            assert names == [int(node) for node in nodes.get(ntype, [])]
            assert probs[ntype].shape == (batched.num_nodes(ntype), 4)
        assert {etype: len(mask) for etype, mask in masks.items()} == {
            etype: batched.num_edges(etype) for etype in g.canonical_etypes
        }
        torch.autograd.backward(layer.train_step_node(nodes, g, x, 1.0))


# ---- corner cases and wrong inputs


def test_a_batch_of_graphs_is_its_graphs() -> None:
    layer, x = explainer(), rand(10, 3)
    g = gm.batch([ring(), ring()])
    probs, mask = layer.explain_graph(g, x)
    parts = [layer.explain_graph(ring(), x[:5]), layer.explain_graph(ring(), x[5:])]
    assert_close(mask, torch.cat([part[1] for part in parts]))
    assert_close(probs, torch.cat([part[0] for part in parts]))
    assert layer.train_step(g, x, 1.0).isfinite()


def test_int32_ids_and_graphs_without_edges_will_do() -> None:
    layer, x = explainer(), rand(5, 3)
    assert_same_bits(
        layer.explain_graph(ring(torch.int32), x)[1], layer.explain_graph(ring(), x)[1]
    )
    empty = gm.graph(([], []), num_nodes=5)
    assert layer.explain_graph(empty, x)[1].shape == (0,)
    assert layer.train_step(empty, x, 1.0).isfinite()
    nodes = explainer(whole=False)
    assert nodes.explain_node(3, empty, x)[1].shape == (0,)
    assert nodes.explain_node(1, ring(torch.int32), x)[2].idtype == torch.int32


def test_wrong_inputs_are_refused() -> None:
    g, x = ring(), rand(5, 3)
    graphs, nodes = explainer(), explainer(whole=False)
    with pytest.raises(gm.GraphRuntimeError, match="with explain_graph=False"):
        graphs.explain_node(0, g, x)
    with pytest.raises(gm.GraphRuntimeError, match="with explain_graph=True"):
        nodes.train_step(g, x, 1.0)
    with pytest.raises(
        gm.GraphRuntimeError, match="num_hops: expected a number in the constructor"
    ):
        PGExplainer(Model(False), 4, explain_graph=False).double().explain_node(0, g, x)
    with pytest.raises(gm.GraphIndexError, match="expected ids from 0 to 4, got 7"):
        nodes.explain_node(7, g, x)
    with pytest.raises(gm.GraphValueError, match="at least one node to explain"):
        nodes.train_step_node([], g, x, 1.0)
    with pytest.raises(gm.GraphValueError, match="expected 5 rows"):
        graphs.explain_graph(g, x[:4])
    with pytest.raises(gm.GraphValueError, match="use HeteroPGExplainer"):
        graphs.explain_graph(shop()[0], x)
    with pytest.raises(gm.GraphValueError, match=r"embeddings of '_N': expected shape \(5, 7\)"):
        PGExplainer(Model(True), 7).double().explain_graph(g, x)
    with pytest.raises(gm.GraphTypeError, match=r"embed=….*and so lacks embed, edge_weight"):
        PGExplainer(nn.Linear(3, 2), 4)
    with pytest.raises(gm.GraphValueError, match="one row for the graph"):
        PGExplainer(Model(False), 4).double().explain_graph(g, x)


def test_wrong_types_are_refused() -> None:
    (g, x), layer = shop(), HeteroPGExplainer(Shop(), 4, 1, explain_graph=False)
    with pytest.raises(gm.GraphKeyError, match="features of node type 'user'"):
        layer.explain_node({"game": 0}, g, {"game": x["game"]})
    with pytest.raises(gm.GraphTypeError, match="a dict by node type"):
        layer.explain_node(0, g, x)
    with pytest.raises(gm.GraphKeyError, match="one of the node types"):
        layer.explain_node({"shop": 0}, g, x)
