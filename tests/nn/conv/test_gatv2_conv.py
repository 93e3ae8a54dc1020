from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Formula, Parameters, assert_agrees, drawn, features
from support.corner_graphs import BIPARTITE, Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import GATv2Conv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
HEADS, OUT = 3, 2


def formula_of(corner: Corner, slope: float) -> Formula:
    """The maps of both ends, scores and sums edge by edge."""

    def mapped(p: Parameters, name: str, h: Tensor) -> Tensor:
        name = name if f"{name}.weight" in p else "fc_src"
        made = h @ p[f"{name}.weight"].T + p.get(f"{name}.bias", 0.0)
        return made.view(len(h), HEADS, OUT)

    def formula(p: Parameters, source: Tensor, own: Tensor, _: Any) -> Tensor:
        left, right = mapped(p, "fc_src", source), mapped(p, "fc_dst", own)
        ends = corner.src, corner.dst
        logits = dense.scores("leaky", *ends, left, right, slant=p["attn"][0], slope=slope)
        out, _ = dense.attend(logits, left, *ends, corner.num_dst)
        return out + mapped(p, "res_fc", own) if "res_fc.weight" in p else out

    return formula


@pytest.mark.parametrize(
    "options",
    [{}, {"negative_slope": 0.6, "bias": False}, {"residual": True}, {"share_weights": True}],
    ids=str,
)
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, options: dict[str, Any]) -> None:
    layer = drawn(GATv2Conv(4, OUT, HEADS, allow_zero_in_degree=True, **options))
    formula = formula_of(corner, options.get("negative_slope", 0.2))
    assert_agrees(layer, formula, corner.graph(), features(corner, (4, 4)))


def test_a_pair_of_sizes_agrees_with_the_dense_formula() -> None:
    layer = drawn(GATv2Conv((5, 4), OUT, HEADS, residual=True, allow_zero_in_degree=True))
    assert_agrees(layer, formula_of(BIPARTITE, 0.2), BIPARTITE.graph(), features(BIPARTITE, (5, 4)))


def test_a_residual_of_the_right_size_is_added_as_it_is() -> None:
    plain, residual = GATv2Conv(6, OUT, HEADS), GATv2Conv(6, OUT, HEADS, residual=True)
    residual.load_state_dict(plain.state_dict())
    x = torch.randn(3, 6)
    assert_close(residual(RING, x), plain(RING, x) + x.view(3, HEADS, OUT))


def test_the_attention_given_is_the_one_applied() -> None:
    layer, x = GATv2Conv(4, OUT, HEADS, attn_drop=0.5), torch.randn(3, 4)
    out, attention = layer(RING, x, get_attention=True)
    assert attention.shape == (4, HEADS, 1)
    sent = layer.fc_src(x).view(3, HEADS, OUT)
    assert_close(gm.ops.u_mul_e_sum(RING, sent, attention), out)


def test_attention_is_dropped_out_in_training_alone() -> None:
    layer, x = GATv2Conv(4, OUT, 50, attn_drop=0.5), torch.randn(3, 4)
    dropped = layer(RING, x, get_attention=True)[1]
    whole = layer.eval()(RING, x, get_attention=True)[1]
    assert 0.3 < float((dropped == 0).float().mean()) < 0.7
    assert_close(gm.ops.copy_e_sum(RING, whole), torch.ones(3, 50, 1))


def test_features_may_have_more_dimensions() -> None:
    layer, x = GATv2Conv(4, OUT, HEADS, residual=True), torch.randn(3, 5, 4)
    assert_close(layer(RING, x), torch.stack([layer(RING, x[:, i]) for i in range(5)], 1))


def test_the_activation_comes_last() -> None:
    layer = GATv2Conv(4, OUT, HEADS, activation=lambda h: h * 0 + 7)
    assert bool((layer(RING, torch.ones(3, 4)) == 7).all())


def test_shared_weights_need_one_size() -> None:
    with pytest.raises(gm.GraphValueError, match=r"one size at both ends .* got \(4, 3\)"):
        GATv2Conv((4, 3), OUT, HEADS, share_weights=True)


def test_initial_biases_are_zeros() -> None:
    layer = GATv2Conv(4, OUT, HEADS, residual=True)
    assert not any(p.any() for name, p in layer.named_parameters() if "bias" in name)


def test_nodes_without_in_edges_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match="GATv2Conv needs an edge into every node"):
        GATv2Conv(4, OUT, HEADS)(gm.graph(([0], [1])), torch.ones(2, 4))


def test_repr_tells_the_sizes() -> None:
    assert "in=4, out=2, heads=3" in repr(GATv2Conv(4, OUT, HEADS))
