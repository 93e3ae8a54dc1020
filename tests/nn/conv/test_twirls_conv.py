"""TWIRLSConv agrees with its formula."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn, features
from support.corner_graphs import MIXED, SMALL_CORNERS, Corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import TWIRLSConv, TWIRLSUnfoldingAndAttention
from graphmp.nn.conv.twirls_conv import MLP

each_corner = pytest.mark.parametrize(
    "corner", [corner for corner in SMALL_CORNERS if not corner.bipartite], ids=str
)
OPTIONS: list[dict[str, Any]] = [
    {},
    {"attention": True, "use_eta": True, "tau": 0.5},
    {"attention": True, "attn_bef": True, "T": 1.2, "p": 0.5},
    {"precond": False, "alp": 0.3, "lam": 0.5, "attention": True},
]


def attended(src: Any, dst: Any, h: Tensor, options: dict[str, Any]) -> Tensor:
    """(E,): what attention gives the edges."""
    squares = (h[src] - h[dst]).square().sum(1)
    powers = (squares + 1e-7) ** (1 - options.get("p", 1) / 2)
    powers = torch.where(powers < options.get("tau", 0.2), options.get("tau", 0.2), powers)
    limit = options.get("T", -1)
    return torch.where((powers > limit) & (limit > 0), 0.0, 1 / powers) + 1e-9


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, options: dict[str, Any]) -> None:
    loops = [(node, node) for node in range(corner.num_src)]
    pairs = [(u, v) for u, v in zip(corner.src, corner.dst, strict=True) if u != v] + loops
    src, dst = torch.tensor(pairs, dtype=torch.int64).view(-1, 2).T
    alp, lam = options.get("alp", 0.5), options.get("lam", 1)

    def formula(p: Parameters, source: Tensor, *_: Any) -> Tensor:
        x = source @ p["mlp_bef.layers.0.weight"].T + p["mlp_bef.layers.0.bias"]
        eta = p.get("unfolding.etas", torch.ones(4).double())
        h, weights = x, torch.ones(len(pairs)).double()
        if options.get("attn_bef"):
            weights = attended(src, dst, h * eta, options)
        for step in range(1, 5):
            adj = source.new_zeros(len(x), len(x)).index_put((dst, src), weights, accumulate=True)
            degrees = adj.sum(1)
            if options.get("precond", True):
                degrees = lam * degrees + 1 - lam
                root = degrees.rsqrt().diag()
                h = (1 - alp) * h + alp * lam * root @ adj @ root @ h + alp * (x.T / degrees).T
            else:
                root = degrees.rsqrt().diag()
                h = (1 - alp * lam - alp) * h + alp * lam * root @ adj @ root @ h + alp * x
            if step == 2 and options.get("attention"):
                weights = attended(src, dst, h * eta, options)
        h = h.relu()
        return h @ p["mlp_aft.layers.0.weight"].T + p["mlp_aft.layers.0.bias"]

    layer = drawn(TWIRLSConv(3, 2, 4, 4, **options))
    assert_agrees(layer, formula, corner.graph(), features(corner, (3, 3)))


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 0), (0, 0), (3, 2)])
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_perceptrons_have_any_number_of_layers(before: int, after: int, norm: str) -> None:
    layer = TWIRLSConv(3, 2, 5, 2, before, after, norm, dropout=0.5)
    out = layer(MIXED.graph(), torch.randn(6, 3, requires_grad=True))
    assert out.shape == (6, 2 if before or after else 3)
    out.sum().backward()
    assert all(p.grad is not None for p in layer.parameters())


def test_a_perceptron_begins_with_an_activation_if_asked() -> None:
    plain, active = MLP(3, 3, 2, 1), MLP(3, 3, 2, 1, init_activate=True)
    active.load_state_dict(plain.state_dict())
    x = torch.randn(4, 3)
    assert_close(active(x), plain(x.relu()))


def test_dropout_of_the_input_and_of_edges_is_for_training() -> None:
    x = torch.randn(6, 3)
    layer = TWIRLSConv(3, 2, 4, 2, inp_dropout=1.0, num_mlp_before=0, num_mlp_after=0)
    assert not layer(MIXED.graph(), x).any()
    assert layer.eval()(MIXED.graph(), x).any()
    edges = TWIRLSUnfoldingAndAttention(3, 0.5, 1, 1, init_att=True, attn_dropout=1.0)
    assert not torch.equal(edges(MIXED.graph(), x), edges.eval()(MIXED.graph(), x))


def test_a_node_without_edges_stays_where_it_is() -> None:
    prop = TWIRLSUnfoldingAndAttention(2, 0.5, 1, prop_step=3, init_att=True)
    x = torch.randn(2, 2)
    halved = x.clone()
    for _ in range(3):
        halved = 0.5 * halved + 0.5 * x
    assert_close(prop(gm.graph(([], []), num_nodes=2), x), halved)


def test_the_same_graph_may_change_its_features_and_the_layer_its_graph() -> None:
    layer, x = TWIRLSConv(3, 2, 4, 2, num_mlp_before=0).eval(), torch.randn(6, 3)
    first = layer(MIXED.graph(), x)
    assert not torch.equal(layer(MIXED.graph(), x + 1), first)
    assert not torch.equal(layer(gm.graph(([0], [1]), num_nodes=6), x), first)


def test_wrong_inputs_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="norm: expected one of batch, layer, none"):
        TWIRLSConv(3, 2, 4, 2, norm="instance")
    with pytest.raises(gm.GraphValueError, match="num_layers: expected a non-negative int"):
        TWIRLSConv(3, 2, 4, 2, num_mlp_before=-1)
    with pytest.raises(gm.GraphValueError, match=": expected 3 as the last dimension"):
        TWIRLSConv(3, 2, 4, 2)(MIXED.graph(), torch.ones(6, 4))
    block = gm.create_block(([0, 1], [0, 0]), 2, 1)
    with pytest.raises(gm.GraphValueError, match="whose destinations are its sources"):
        TWIRLSUnfoldingAndAttention(3, 0.5, 1, 1)(block, torch.ones(2, 3))
