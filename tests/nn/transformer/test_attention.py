"""BiasedMHA, GraphormerLayer and EGTLayer agree with their formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn
from support.laws import assert_close
from torch import Tensor, nn
from torch.nn.functional import layer_norm

import graphmp as gm
from graphmp.nn import BiasedMHA, EGTLayer, GraphormerLayer

B, N, SIZE, HEADS, EDGE = 2, 4, 6, 3, 5


def rand(*size: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(size, generator=generator, dtype=torch.float64)


HIDDEN = rand(B, N, N) > 0.3
HIDDEN[..., 0] = False
HIDDEN[1, 2] = True  # it attends to none


class First(nn.Module):
    """A layer that is called without a graph, and with a mask."""

    def __init__(self, layer: nn.Module, **options: Any) -> None:
        super().__init__()
        self.layer, self.options = layer, options

    def forward(self, _: Any, feat: Tensor, **more: Tensor) -> Any:
        return self.layer(feat, **more, **self.options)


def linear(p: Parameters, name: str, x: Tensor) -> Tensor:
    bias = p.get(f"layer.{name}.bias")
    out = x @ p[f"layer.{name}.weight"].T
    return out if bias is None else out + bias


def norm(p: Parameters, name: str, x: Tensor) -> Tensor:
    weights = p[f"layer.{name}.weight"], p[f"layer.{name}.bias"]
    return layer_norm(x, x.shape[-1:], *weights)


def attend(p: Parameters, x: Tensor, bias: Any, prefix: str = "", kind: str = "add") -> Tensor:
    """(B, N, SIZE): the heads of every node, one after the other."""
    q, k, v = (linear(p, f"{prefix}{name}_proj", x) for name in "qkv")
    rows = []
    for b in range(B):
        for node in range(N):
            seen = [other for other in range(N) if not HIDDEN[b, node, other]]
            heads = []
            for head in range(HEADS):
                at = slice(head * SIZE // HEADS, (head + 1) * SIZE // HEADS)
                scores = (k[b, seen, at] @ q[b, node, at]) / (SIZE // HEADS) ** 0.5
                own = bias[b, node, seen, head]
                scores = scores + own if kind == "add" else scores * own
                heads.append(scores.softmax(0) @ v[b, seen, at])
            rows.append(torch.cat(heads))
    return linear(p, f"{prefix}out_proj", torch.stack(rows).view(B, N, SIZE))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["add", "mul"])
def test_biased_mha_agrees_with_the_formula(kind: str, bias: bool) -> None:
    def formula(p: Parameters, x: Tensor, *_: Any, attn_bias: Any) -> Tensor:
        return attend(p, x, attn_bias, kind=kind)

    layer = First(BiasedMHA(SIZE, HEADS, bias, kind, attn_drop=0.0), attn_mask=HIDDEN)
    inputs, more = (rand(B, N, SIZE),), {"attn_bias": rand(B, N, N, HEADS, seed=1)}
    assert_agrees(drawn(layer), formula, None, inputs, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("first", [True, False])
def test_graphormer_layer_agrees_with_the_formula(first: bool) -> None:
    def feed(p: Parameters, x: Tensor) -> Tensor:
        return linear(p, "ffn.3", linear(p, "ffn.0", x).relu())

    def formula(p: Parameters, x: Tensor, *_: Any, attn_bias: Any) -> Tensor:
        if first:
            h = x + attend(p, norm(p, "attn_layer_norm", x), attn_bias, "attn.")
            return h + feed(p, norm(p, "ffn_layer_norm", h))
        h = norm(p, "attn_layer_norm", x + attend(p, x, attn_bias, "attn."))
        return norm(p, "ffn_layer_norm", h + feed(p, h))

    plain = GraphormerLayer(SIZE, 5, HEADS, norm_first=first)
    layer = drawn(First(plain, attn_mask=HIDDEN)).eval()
    inputs, more = (rand(B, N, SIZE),), {"attn_bias": rand(B, N, N, HEADS, seed=1)}
    assert_agrees(layer, formula, None, inputs, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("update", [True, False])
def test_egt_layer_agrees_with_the_formula(update: bool, masked: bool) -> None:
    def feed(p: Parameters, name: str, x: Tensor) -> Tensor:
        inner = linear(p, f"{name}.1", norm(p, f"{name}.0", x))
        return linear(p, f"{name}.3", nn.functional.elu(inner))

    def formula(p: Parameters, x: Tensor, *_: Any, efeat: Any) -> Any:
        e = norm(p, "mha_ln_e", efeat)
        qkv = linear(p, "qkv_proj", norm(p, "mha_ln_h", x)).view(B, N, 3, -1, HEADS)
        bias, gates = linear(p, "edge_input", e), linear(p, "gate", e).sigmoid()
        scores = torch.stack(
            [
                (qkv[:, :, None, 0, :, head] * qkv[:, None, :, 1, :, head]).sum(-1).clamp(-5, 5)
                for head in range(HEADS)
            ],
            -1,
        )
        scores = scores + bias
        rows = []
        for b in range(B):
            for node in range(N):
                seen = [k for k in range(N) if not (masked and HIDDEN[b, node, k])]
                alpha = scores[b, node, seen].softmax(0) * gates[b, node, seen]
                total = (alpha[:, None] * qkv[b, seen, 2]).sum(0)
                scale = 1.0 if node < 1 else (1 + gates[b, node, seen].sum(0)).log()
                rows.append((total * scale).flatten())
        h = x + linear(p, "node_output", torch.stack(rows).view(B, N, SIZE))
        h = h + feed(p, "node_ffn", h)
        if not update:
            return h
        edges = efeat + linear(p, "edge_output", scores)
        return h, edges + feed(p, "edge_ffn", edges)

    mask = torch.zeros(B, N, N).double().masked_fill(HIDDEN, -torch.inf) if masked else None
    layer = First(EGTLayer(SIZE, EDGE, HEADS, 1, edge_update=update), mask=mask)
    inputs, more = (rand(B, N, SIZE),), {"efeat": rand(B, N, N, EDGE, seed=1)}
    assert_agrees(drawn(layer), formula, None, inputs, **more)  # type: ignore[arg-type]


def test_a_finite_mask_is_added() -> None:
    layer, x, e = EGTLayer(SIZE, EDGE, HEADS, 0).double(), rand(B, N, SIZE), rand(B, N, N, EDGE)
    assert_close(layer(x, e, torch.zeros(B, N, N).double())[0], layer(x, e)[0])
    assert not torch.equal(layer(x, e, rand(B, N, N))[0], layer(x, e)[0])


def test_dropout_is_for_training() -> None:
    x, e = rand(B, N, SIZE), rand(B, N, N, EDGE)
    for layer, inputs in (
        (BiasedMHA(SIZE, HEADS, attn_drop=1.0), (x,)),
        (GraphormerLayer(SIZE, 5, HEADS, dropout=0.5), (x,)),
        (EGTLayer(SIZE, EDGE, HEADS, 0, 0.5, 0.5, edge_update=False), (x, e)),
    ):
        layer.double()
        trained = layer(*inputs)
        assert not torch.equal(trained, layer.eval()(*inputs))
        assert_close(layer(*inputs), layer(*inputs))


def test_a_batch_without_graphs_or_nodes_will_do() -> None:
    for size in ((0, 4), (2, 0)):
        x, e = torch.ones(*size, SIZE), torch.ones(*size, size[1], EDGE)
        assert GraphormerLayer(SIZE, 5, HEADS)(x).shape == x.shape
        assert EGTLayer(SIZE, EDGE, HEADS, 1)(x, e)[1].shape == e.shape


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (
            (rand(B, N, 5),),
            gm.GraphValueError,
            r"ndata: expected shape \(any, any, 6\), got a shape",
        ),
        ((rand(B, N, SIZE).float(),), gm.GraphTypeError, "ndata: expected the parameters' dtype"),
        (([1.0],), gm.GraphTypeError, "ndata: expected a tensor, got list"),
        (
            (rand(B, N, SIZE), rand(B, N, N)),
            gm.GraphValueError,
            r"attn_bias: expected shape \(2, 4, 4, 3",
        ),
        (
            (rand(B, N, SIZE), None, HIDDEN[0]),
            gm.GraphValueError,
            r"attn_mask: expected shape \(2, 4, 4",
        ),
    ],
)
def test_wrong_inputs_of_attention_are_refused(inputs: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        BiasedMHA(SIZE, HEADS).double()(*inputs)


def test_wrong_features_of_edges_are_refused() -> None:
    with pytest.raises(gm.GraphValueError, match=r"efeat: expected shape \(2, 4, 4, 5\)"):
        EGTLayer(SIZE, EDGE, HEADS, 0).double()(rand(B, N, SIZE), rand(B, N, N, 4))
    with pytest.raises(gm.GraphValueError, match=r"mask: expected shape \(2, 4, 4\)"):
        EGTLayer(SIZE, EDGE, HEADS, 0).double()(rand(B, N, SIZE), rand(B, N, N, EDGE), rand(B, N))


def test_wrong_options_are_refused() -> None:
    for make in (
        lambda: BiasedMHA(6, 4),
        lambda: GraphormerLayer(6, 5, 0),
        lambda: EGTLayer(6, 5, 4, 0),
    ):
        with pytest.raises(gm.GraphValueError, match="num_heads: expected a divisor of feat_size"):
            make()
    with pytest.raises(gm.GraphValueError, match="attn_bias_type: expected one of add, mul"):
        BiasedMHA(6, 3, attn_bias_type="sub")
