"""Scores are products of the input or of one head; a map with a hook is called and read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import GATConv
from graphmp.ops import eager

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
BLOCK = gm.to_block(gm.in_subgraph(RING, torch.tensor([1, 2])), torch.tensor([1, 2]))
IN, OUT, HEADS = 3, 2, 4
SHAPES = ((3, IN), (3, 2, IN))


@pytest.fixture(autouse=True)
def _every_size_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eager, "_MANY", 0)


def _gradients(conv: GATConv, graph: gm.Graph, feat: Any, order: int) -> list[Tensor]:
    """The output, and derivatives of its squares."""
    leaves = [*conv.parameters(), *(feat if isinstance(feat, tuple) else (feat,))]
    out = conv(graph, feat)
    results = [out]
    for _ in range(order):
        loss = torch.stack([r.square().sum() for r in results]).sum()
        results = list(torch.autograd.grad(loss, leaves, create_graph=True, allow_unused=True))
        results = [r for r in results if r is not None]
    return [out, *results]


def _pair(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    return torch.randn(shape).double(), torch.randn(shape).double()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("kind", ["one", "block", "pair"])
def test_folded_scores_are_those_of_the_mapped_features(
    kind: str, order: int, shape: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    feat: Any = _pair(shape) if kind == "pair" else torch.randn(shape).double()
    graph = BLOCK if kind == "block" else RING
    sizes = (IN, IN) if kind == "pair" else IN
    conv = GATConv(sizes, OUT, HEADS, allow_zero_in_degree=True).double()
    for leaf in feat if isinstance(feat, tuple) else (feat,):
        leaf.requires_grad_()
    folded = _gradients(conv, graph, feat, order)
    for linear in conv.linear_maps():
        linear.register_forward_hook(lambda *_: None)
    for a, b in zip(folded, _gradients(conv, graph, feat, order), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("kind", ["one", "block", "pair"])
def test_scores_of_one_narrow_head_are_those_of_few_elements(
    kind: str, order: int, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    feat: Any = _pair(shape) if kind == "pair" else torch.randn(shape).double()
    graph = BLOCK if kind == "block" else RING
    conv = GATConv((IN, IN) if kind == "pair" else IN, IN - 1, 1, allow_zero_in_degree=True)
    conv.double()
    for leaf in feat if isinstance(feat, tuple) else (feat,):
        leaf.requires_grad_()
    many = _gradients(conv, graph, feat, order)
    monkeypatch.setattr(eager, "_MANY", 1 << 16)
    for a, b in zip(many, _gradients(conv, graph, feat, order), strict=True):
        torch.testing.assert_close(a, b)


HOOKS: tuple[Callable[[nn.Linear], Any], ...] = (
    lambda linear: linear.register_forward_hook(lambda module, args, out: 2 * out),
    lambda linear: linear.register_forward_pre_hook(lambda module, args: (2 * args[0],)),
    nn.utils.parametrizations.weight_norm,
)


@pytest.mark.parametrize("change", HOOKS)
def test_a_map_that_was_changed_is_not_folded(change: Callable[[nn.Linear], Any]) -> None:
    conv, feat = GATConv(IN, OUT, HEADS, bias=False), torch.randn(3, IN)
    expected = [2 * conv.fc.weight.detach(), conv.fc.weight.detach()]
    change(conv.fc)
    out = conv(RING, feat)
    plain = GATConv(IN, OUT, HEADS, bias=False)
    plain.attn_l, plain.attn_r = conv.attn_l, conv.attn_r
    plain.fc.weight.data = expected[change is nn.utils.parametrizations.weight_norm]
    torch.testing.assert_close(out, plain(RING, feat))
