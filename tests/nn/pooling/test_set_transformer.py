"""SetTransformerEncoder and SetTransformerDecoder agree with their formulas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees, drawn
from support.corner_graphs import NO_NODES, SMALL_CORNERS, TINY, feature
from support.laws import assert_close
from torch import Tensor
from torch.nn.functional import layer_norm

import graphmp as gm
from graphmp.nn import SetTransformerDecoder, SetTransformerEncoder
from graphmp.nn.pooling.set_attention import sets_of

SIZE, HEADS, HEAD = 4, 2, 3
OPTIONS = (SIZE, HEADS, HEAD, 5)


def batched(idtype: torch.dtype = torch.int64) -> gm.Graph:
    corners = [c for c in SMALL_CORNERS if not c.bipartite]
    return gm.batch([c.graph(idtype) for c in (*corners, NO_NODES, TINY)])


def own(p: Parameters, name: str) -> dict[str, Tensor]:
    """The parameters of a module."""
    return {key.removeprefix(name): x for key, x in p.items() if key.startswith(name)}


def feed(p: Parameters, x: Tensor) -> Tensor:
    hidden = (x @ p["ffn.0.weight"].T + p["ffn.0.bias"]).relu()
    return hidden @ p["ffn.3.weight"].T + p["ffn.3.bias"]


def norm(p: Parameters, name: str, x: Tensor) -> Tensor:
    return layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"])


def attend(p: Parameters, x: Tensor, memory: Tensor) -> Tensor:
    """The members of one set attend to those of another."""
    heads = []
    for head in range(HEADS):
        at = slice(head * HEAD, (head + 1) * HEAD)
        q, k, v = (
            h @ p[f"proj_{name}.weight"][at].T
            for name, h in (("q", x), ("k", memory), ("v", memory))
        )
        heads.append((q @ k.T / HEAD**0.5).softmax(1) @ v if len(memory) else torch.zeros_like(q))
    x = norm(p, "norm_in", x + torch.cat(heads, 1) @ p["proj_o.weight"].T)
    return norm(p, "norm_inter", x + feed(p, x))


@pytest.mark.parametrize("points", [None, 1, 3])
def test_the_encoder_agrees_with_the_formula(points: Any) -> None:
    def formula(p: Parameters, feat: Tensor, *_: Any) -> Tensor:
        rows = []
        for x in torch.split(feat, batched().batch_num_nodes().tolist()):
            for i in range(2):
                if points is None:
                    x = attend(own(p, f"layers.{i}.mha."), x, x)
                else:
                    mine = p[f"layers.{i}.inducing_points"]
                    memory = attend(own(p, f"layers.{i}.mha.0."), mine, x)
                    x = attend(own(p, f"layers.{i}.mha.1."), x, memory)
            rows.append(x)
        return torch.cat(rows)

    kind = "sab" if points is None else "isab"
    layer = drawn(SetTransformerEncoder(*OPTIONS, 2, kind, points))
    g = batched()
    assert_agrees(layer, formula, g, (feature(g.num_nodes(), (SIZE,), torch.float64),))


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_decoder_agrees_with_the_formula(seeds: int) -> None:
    def formula(p: Parameters, feat: Tensor, *_: Any) -> Tensor:
        rows = []
        for x in torch.split(feat, batched().batch_num_nodes().tolist()):
            h = attend(own(p, "pma.mha."), p["pma.seed_vectors"], feed(own(p, "pma."), x))
            rows.append(attend(own(p, "layers.0.mha."), h, h).flatten())
        return torch.stack(rows)

    layer, g = drawn(SetTransformerDecoder(*OPTIONS, 1, seeds)), batched()
    assert_agrees(layer, formula, g, (feature(g.num_nodes(), (SIZE,), torch.float64),))


def layers() -> tuple[Any, ...]:
    torch.manual_seed(0)
    return (
        SetTransformerEncoder(*OPTIONS),
        SetTransformerEncoder(*OPTIONS, block_type="isab", m=2),
        SetTransformerDecoder(*OPTIONS, 1, 2),
    )


def test_int32_ids_and_no_batch_give_the_same() -> None:
    x = feature(batched().num_nodes(), (SIZE,))
    for layer in layers():
        assert_close(layer(batched(torch.int32), x), layer(batched(), x))
        alone = layer(TINY.graph(), x[-4:])
        assert_close(alone, layer(batched(), x)[-len(alone) :])


def test_a_graph_without_nodes_will_do() -> None:
    g, x = gm.graph(([], []), num_nodes=0), torch.ones(0, SIZE)
    encoder, points, decoder = layers()
    assert encoder(g, x).shape == points(g, x).shape == (0, SIZE)
    assert decoder(g, x).shape == (1, 2 * SIZE)
    out = decoder(gm.batch([g, g]), x)
    assert_close(out[0], out[1])


def test_dropout_is_for_training() -> None:
    x, g = feature(batched().num_nodes(), (SIZE,)), batched()
    for name in ("dropouth", "dropouta"):
        options: dict[str, Any] = {name: 0.5}
        for layer in (
            SetTransformerEncoder(*OPTIONS, **options),
            SetTransformerDecoder(*OPTIONS, 1, 2, **options),
        ):
            assert not torch.equal(layer(g, x), layer.eval()(g, x))
            assert torch.equal(layer(g, x), layer(g, x))


def test_members_are_placed_in_padded_rows() -> None:
    sets = sets_of(torch.tensor([2, 0, 3], dtype=torch.int32), 5)
    x = torch.arange(1.0, 6.0).view(5, 1)
    assert sets.pad(x).squeeze(2).tolist() == [[1, 2, 0], [0, 0, 0], [3, 4, 5]]
    assert_close(sets.unpad(sets.pad(x)), x)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(gm.GraphKeyError, match="block_type: expected one of sab, isab, got 'tab'"):
        SetTransformerEncoder(*OPTIONS, block_type="tab")
    with pytest.raises(gm.GraphKeyError, match="m: expected the number of points"):
        SetTransformerEncoder(*OPTIONS, block_type="isab")


def test_wrong_inputs_are_refused() -> None:
    for layer in layers():
        with pytest.raises(gm.GraphValueError, match="expected 4 as the last dimension"):
            layer(TINY.graph(), torch.ones(4, 5))
        with pytest.raises(gm.GraphValueError, match="expected 4 rows"):
            layer(TINY.graph(), torch.ones(3, SIZE))
        with pytest.raises(gm.GraphValueError, match=r"expected shape \(N, 4\), got \(4, 2, 4\)"):
            layer(TINY.graph(), torch.ones(4, 2, SIZE))
        with pytest.raises(gm.GraphTypeError, match=r"torch\.float64"):
            layer(TINY.graph(), torch.ones(4, SIZE).double())
        block = gm.create_block(([0], [0]), 1, 1)
        with pytest.raises(gm.GraphValueError, match="got a block"):
            layer(block, torch.ones(1, SIZE))
