from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Formula, Parameters, assert_agrees, drawn, ends_of, features
from support.corner_graphs import BIPARTITE, Corner, each_corner
from support.laws import assert_close
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import GATConv
from graphmp.ops import eager

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
HEADS, OUT = 3, 2
WIDTH = HEADS * OUT


def formula_of(corner: Corner, slope: float, residual: bool) -> Formula:
    """Each head by dense matrices, the softmax by a loop over nodes."""
    leaves, enters = ends_of(corner)

    def formula(p: Parameters, source: Tensor, own: Tensor, weight: Tensor | None) -> Tensor:
        w_src, w_dst = p.get("fc_src.weight", p.get("fc.weight")), p.get("fc_dst.weight")
        assert w_src is not None
        left = (source @ w_src.T).view(-1, HEADS, OUT)
        right = (own @ (w_src if w_dst is None else w_dst).T).view(-1, HEADS, OUT)
        weights = torch.ones(len(leaves), 1) if weight is None else weight
        weights = weights.view(len(leaves), *(weights.shape[1:] or (1,)))
        heads = []
        for head in range(HEADS):
            score = leaves @ left[:, head] @ p["attn_l"][0, head]
            score = score + enters @ right[:, head] @ p["attn_r"][0, head]
            score = torch.where(score > 0, score, slope * score)
            attention = dense.edge_softmax(score, corner.dst, corner.num_dst)
            attention = attention * weights.expand(-1, HEADS)[:, head]
            heads.append(enters.T @ (attention.view(-1, 1) * (leaves @ left[:, head])))
        out = torch.stack(heads, 1)
        if residual:
            rest = own @ p["res_fc.weight"].T if "res_fc.weight" in p else own
            out = out + (rest + p.get("res_fc.bias", 0.0)).view(out.shape)
        return out + p["bias"].view(HEADS, OUT) if "bias" in p else out

    return formula


@pytest.mark.parametrize("options", [{}, {"negative_slope": 0.6}, {"residual": True}], ids=str)
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, options: dict[str, Any]) -> None:
    layer = drawn(GATConv(4, OUT, HEADS, allow_zero_in_degree=True, **options))
    formula = formula_of(corner, options.get("negative_slope", 0.2), "residual" in options)
    for shape in (None, (), (1,), (HEADS,)):
        weight = None if shape is None else corner.feature("e", shape, torch.float64)
        assert_agrees(layer, formula, corner.graph(), features(corner, (4, 4)), weight)


@pytest.mark.parametrize("size", [4, WIDTH], ids=["linear residual", "identity residual"])
def test_a_pair_of_sizes_agrees_with_the_dense_formula(size: int) -> None:
    layer = drawn(GATConv((5, size), OUT, HEADS, residual=True, allow_zero_in_degree=True))
    inputs = features(BIPARTITE, (5, size))
    assert_agrees(layer, formula_of(BIPARTITE, 0.2, True), BIPARTITE.graph(), inputs)


def test_attention_sums_to_one_at_each_node_and_head() -> None:
    out, attention = GATConv(4, OUT, HEADS)(RING, torch.randn(3, 4), get_attention=True)
    assert out.shape == (3, HEADS, OUT)
    assert attention.shape == (4, HEADS, 1)
    assert_close(gm.ops.copy_e_sum(RING, attention), torch.ones(3, HEADS, 1))


def test_the_attention_given_is_the_one_applied() -> None:
    layer, x, w = (
        GATConv(4, OUT, HEADS, attn_drop=0.5, bias=False),
        torch.randn(3, 4),
        torch.rand(4),
    )
    out, attention = layer(RING, x, edge_weight=w, get_attention=True)
    sent = layer.fc(x).view(3, HEADS, OUT)
    assert_close(gm.ops.u_mul_e_sum(RING, sent, attention), out)


def test_attention_is_dropped_out_in_training_alone() -> None:
    layer, x = GATConv(4, OUT, 50, attn_drop=0.5), torch.randn(3, 4)
    dropped = layer(RING, x, get_attention=True)[1]
    whole = layer.eval()(RING, x, get_attention=True)[1]
    assert 0.3 < float((dropped == 0).float().mean()) < 0.7
    assert bool((whole > 0).all())
    assert_close(dropped[dropped != 0], 2 * whole[dropped != 0])


def test_features_may_have_more_dimensions() -> None:
    layer, x = GATConv(4, OUT, HEADS, residual=True), torch.randn(3, 5, 4)
    for w in (None, torch.rand(4), torch.rand(4, HEADS)):
        parts = [layer(RING, x[:, i], edge_weight=w) for i in range(5)]
        assert_close(layer(RING, x, edge_weight=w), torch.stack(parts, 1))


def test_the_activation_comes_last() -> None:
    layer = GATConv(4, OUT, HEADS, activation=lambda h: h * 0 + 7)
    assert bool((layer(RING, torch.ones(3, 4)) == 7).all())


@pytest.mark.parametrize("shape", [(4, 2), (4, HEADS, 2)], ids=str)
def test_edge_weights_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(gm.GraphValueError, match=r"\(E,\) or \(E, 3\), got a shape of \(4, "):
        GATConv(4, OUT, HEADS)(RING, torch.ones(3, 4), edge_weight=torch.ones(shape))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast_gives_about_the_same(dtype: torch.dtype) -> None:
    layer, x = GATConv(4, OUT, HEADS), torch.ones(3, 4)
    with torch.autocast("cpu", dtype=dtype):
        out = layer(RING, x)
    assert torch.allclose(out.float(), layer(RING, x), rtol=0.05, atol=0.05)
    out.sum().backward()
    assert all(p.grad is not None for p in layer.parameters())


def test_its_attention_serves_as_weights() -> None:
    layer, x = GATConv(4, OUT, HEADS), torch.ones(3, 4)
    _, attention = layer(RING, x, get_attention=True)
    weighted = layer(RING, x, edge_weight=attention)
    assert_close(weighted, layer(RING, x, edge_weight=attention[..., 0]))


def test_one_tensor_does_not_serve_two_sizes() -> None:
    with pytest.raises(gm.GraphValueError, match="destination nodes: expected 3 as the last"):
        GATConv((4, 3), OUT, HEADS)(RING, torch.ones(3, 4))


def test_initial_parameters_are_glorots_and_zeros() -> None:
    layer = GATConv(300, 40, 10, residual=True)
    assert isinstance(layer.res_fc, nn.Linear)
    spread = 2**0.5 * (2 / 700) ** 0.5
    for weight in (layer.fc.weight, layer.res_fc.weight):
        assert abs(float(weight.detach().std()) / spread - 1) < 0.05
    assert not layer.res_fc.bias.any()
    plain = GATConv(3, OUT, HEADS)
    assert plain.bias is not None
    assert not plain.bias.any()


def test_repr_tells_the_sizes() -> None:
    assert "in=4, out=2, heads=3" in repr(GATConv(4, OUT, HEADS))


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_gradients_of_many_elements_are_those_of_few(
    residual: bool, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bias that is added in place changes nothing that a gradient reads."""
    x, conv = (
        torch.randn(3, 4, requires_grad=True),
        GATConv(4, OUT, HEADS, residual=residual, bias=bias),
    )
    for parameter in conv.parameters():
        nn.init.normal_(parameter)
    results = []
    for many in (1 << 16, 0):
        monkeypatch.setattr(eager, "_MANY", many)
        out = conv(RING, x)
        grads = torch.autograd.grad(out.square().sum(), [x, *conv.parameters()])
        results.append([out, *grads])
    for few, many in zip(*results, strict=True):
        assert_close(few, many)
