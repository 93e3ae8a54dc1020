from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Formula, Parameters, assert_agrees, drawn, features
from support.corner_graphs import BIPARTITE, MIXED, TINY, Corner, each_corner
from support.laws import assert_close, assert_differentiable_twice
from support.memory import LargestTensor
from torch import Tensor

import graphmp as gm
from graphmp.nn import TransformerConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
HEADS, OUT, EDGE = 3, 2, 4
OPTIONS: list[dict[str, Any]] = [
    {},
    {"beta": True},
    {"residual": False, "bias": False},
    {"beta": True, "bias": False},
]


def formula_of(corner: Corner) -> Formula:
    """Every edge's keys and values are made, with what its features add."""
    src, dst = list(corner.src), list(corner.dst)

    def formula(
        p: Parameters, source: Tensor, own: Tensor, _: Any, edge_feat: Tensor | None = None
    ) -> Tensor:
        def mapped(h: Tensor, name: str) -> Tensor:
            made = h @ p[f"{name}.weight"].T
            return made + p[f"{name}.bias"] if f"{name}.bias" in p else made

        def at_edges(name: str) -> Tensor:
            made = mapped(source, name)[src]
            made = made if edge_feat is None else made + mapped(edge_feat, "lin_edge")
            return made.view(-1, HEADS, OUT)

        query = mapped(own, "lin_query")[dst].view(-1, HEADS, OUT)
        scores = (query * at_edges("lin_key")).sum(-1) / OUT**0.5
        attention = dense.edge_softmax(scores, corner.dst, corner.num_dst).unsqueeze(-1)
        inbox = attention * at_edges("lin_value")
        out = dense.reduce("sum", inbox, corner.dst, corner.num_dst).flatten(1)
        if "lin_skip.weight" in p:
            kept = mapped(own, "lin_skip")
            if "lin_beta.weight" in p:
                gate = mapped(torch.cat([out, kept, out - kept], 1), "lin_beta").sigmoid()
                out = gate * kept + (1 - gate) * out
            else:
                out = out + kept
        return out.view(-1, HEADS, OUT)

    return formula


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, options: dict[str, Any]) -> None:
    layer = drawn(TransformerConv(4, OUT, HEADS, **options))
    assert_agrees(layer, formula_of(corner), corner.graph(), features(corner, (4, 4)))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@each_corner
def test_features_of_edges_agree_with_the_dense_formula(
    corner: Corner, options: dict[str, Any]
) -> None:
    layer = drawn(TransformerConv(4, OUT, HEADS, EDGE, **options))
    edges = corner.feature("e", (EDGE,), torch.float64)
    inputs = features(corner, (4, 4))
    assert_agrees(layer, formula_of(corner), corner.graph(), inputs, edge_feat=edges)


def test_a_pair_of_sizes_agrees_with_the_dense_formula() -> None:
    layer = drawn(TransformerConv((5, 4), OUT, HEADS, EDGE, beta=True))
    edges = BIPARTITE.feature("e", (EDGE,), torch.float64)
    inputs = features(BIPARTITE, (5, 4))
    assert_agrees(layer, formula_of(BIPARTITE), BIPARTITE.graph(), inputs, edge_feat=edges)


@pytest.mark.parametrize("edge_feats", [None, EDGE])
def test_the_attention_given_is_the_one_applied(edge_feats: int | None) -> None:
    layer = TransformerConv(4, OUT, HEADS, edge_feats, attn_drop=0.5, residual=False)
    x, e = torch.randn(3, 4), torch.randn(4, EDGE)
    out, attention = layer(RING, x, e if edge_feats else None, get_attention=True)
    assert attention.shape == (4, HEADS, 1)
    sent = layer.lin_value(x)[RING.edges()[0]]
    sent = sent if layer.lin_edge is None else sent + layer.lin_edge(e)
    assert_close(gm.ops.copy_e_sum(RING, attention * sent.view(4, HEADS, OUT)), out)


@pytest.mark.parametrize("edge_feats", [None, EDGE])
def test_dropout_follows_the_seed_and_training(edge_feats: int | None) -> None:
    layer = TransformerConv(4, OUT, HEADS, edge_feats, feat_drop=0.3, attn_drop=0.5)
    x, e = torch.randn(6, 4), torch.randn(9, EDGE) if edge_feats else None

    def run(seed: int) -> Tensor:
        torch.manual_seed(seed)
        made: Tensor = layer(MIXED.graph(), x, e)
        return made

    assert_close(run(1), run(1))
    assert not torch.equal(run(1), run(2))
    layer.eval()
    assert_close(run(1), run(2))


def test_the_residual_is_all_where_no_edge_enters() -> None:
    layer, x = TransformerConv(4, OUT, HEADS), torch.randn(2, 4)
    out = layer(gm.graph(([0], [1])), x)
    assert layer.lin_skip is not None
    assert_close(out[0], layer.lin_skip(x[0]).view(HEADS, OUT))


def test_features_may_have_more_dimensions() -> None:
    layer, x = TransformerConv(4, OUT, HEADS, EDGE, beta=True), torch.randn(3, 5, 4)
    e = torch.randn(4, 5, EDGE)
    parts = [layer(RING, x[:, i], e[:, i]) for i in range(5)]
    assert_close(layer(RING, x, e), torch.stack(parts, 1))
    parts = [layer(RING, x[:, i], e[:, 0]) for i in range(5)]
    assert_close(layer(RING, x, e[:, :1]), torch.stack(parts, 1))


@pytest.mark.parametrize("edge_feats", [None, 32])
def test_nothing_is_made_for_an_edge_a_head_and_a_feature(edge_feats: int | None) -> None:
    pytest.importorskip("numba", reason="the CPU kernels need Numba: pip install numba")
    g = gm.graph((torch.randint(40, (8000,)), torch.randint(40, (8000,))), num_nodes=40)
    g.create_formats_()
    layer = TransformerConv(64, 32, 4, edge_feats, beta=True)
    x = torch.randn(40, 64, requires_grad=True)
    e = torch.randn(8000, 32, requires_grad=True) if edge_feats else None
    with LargestTensor() as largest:
        layer(g, x, e).square().sum().backward()
    assert 0 < largest.bytes < 8000 * 4 * 32 * 4 / 2
    assert e is None or e.grad is not None


def test_derivatives_of_edges_are_those_of_finite_differences() -> None:
    layer, g = drawn(TransformerConv(2, OUT, HEADS, 2, beta=True)), TINY.graph()
    x, e = (TINY.feature(end, (2,), torch.float64) for end in "ue")
    assert_differentiable_twice(lambda x, e: layer(g, x, e), x, e)


def test_the_weights_can_be_drawn_anew() -> None:
    layer = TransformerConv(4, OUT, HEADS, EDGE, beta=True)
    before = {name: p.clone() for name, p in layer.named_parameters()}
    layer.reset_parameters()
    assert not any(torch.equal(p, before[name]) for name, p in layer.named_parameters())


def test_the_activation_comes_last() -> None:
    layer = TransformerConv(4, OUT, HEADS, activation=lambda h: h * 0 + 7)
    assert bool((layer(RING, torch.ones(3, 4)) == 7).all())


def test_a_gate_needs_a_residual() -> None:
    with pytest.raises(gm.GraphValueError, match=r"residual: .* got False; omit one"):
        TransformerConv(4, OUT, HEADS, beta=True, residual=False)


def test_edges_are_as_the_layer_was_made_for() -> None:
    x = torch.ones(3, 4)
    with pytest.raises(gm.GraphValueError, match=r"edge_feat of .*: expected 4 .* \(4, 3\)"):
        TransformerConv(4, OUT, HEADS, EDGE)(RING, x, torch.ones(4, 3))
    with pytest.raises(
        gm.GraphValueError, match=r"edge_feat: expected features, .* edge_feats=4, got None; pass"
    ):
        TransformerConv(4, OUT, HEADS, EDGE)(RING, x)
    with pytest.raises(
        gm.GraphValueError,
        match=r"edge_feat: expected None, .* got a tensor .* pass .* as edge_feats",
    ):
        TransformerConv(4, OUT, HEADS)(RING, x, torch.ones(4, EDGE))


def test_repr_tells_the_sizes() -> None:
    assert "in=5, out=2, heads=3, edge=4" in repr(TransformerConv(5, OUT, HEADS, EDGE))
    assert "in=5, out=2, heads=3\n" in repr(TransformerConv(5, OUT, HEADS))
