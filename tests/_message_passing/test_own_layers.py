"""Layers written with functions of one's own: fused, they give what they give as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import HUB, MIXED, Corner
from support.fused_runs import PARAMETERS, SEVERAL, WITH_EDGES, Several, assert_same, featured
from support.memory import LargestTensor
from support.own_functions import ELEMENTWISE, MESSAGES, REDUCTIONS, UNCHANGED
from support.own_layers import LAYERS
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import kernels
from graphmp._message_passing.recording.fusion import REFUSED

EACH_LAYER = pytest.mark.parametrize("name", LAYERS)


@pytest.fixture(autouse=True)
def nothing_is_known() -> None:
    """Functions are recorded, and checked, in every test."""
    REFUSED._facts.clear()


@EACH_LAYER
@pytest.mark.parametrize("corner", WITH_EDGES, ids=str)
def test_a_layer_gives_what_its_functions_give(corner: Corner, name: str) -> None:
    with kernels.using("reference"):
        assert_same(corner, *LAYERS[name])


@EACH_LAYER
@pytest.mark.parametrize("several", SEVERAL, ids=str)
def test_a_layer_of_several_relations(several: Several, name: str) -> None:
    with kernels.using("reference"):
        assert_same(several, *LAYERS[name])


@pytest.mark.loops
@EACH_LAYER
def test_a_layer_in_kernels(name: str) -> None:
    assert_same(MIXED, *LAYERS[name])


def both_ways(run: Callable[[], Tensor], inputs: list[Tensor]) -> None:
    """What a program gives, and its gradients, are the same, fused or not."""
    results = []
    for is_fused in (True, False):
        with gm.fuse_functions(is_fused), kernels.using("reference"):
            y = run()
        weights = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view_as(y)
        wanted = [*inputs, *PARAMETERS]
        grads = torch.autograd.grad(
            (y * weights).sum(), wanted, allow_unused=True, materialize_grads=True
        )
        results.append((y, grads))
    torch.testing.assert_close(*results)


@EACH_LAYER
def test_a_layer_on_a_block(name: str) -> None:
    message, reduce = LAYERS[name]
    g = HUB.graph()
    block = gm.to_block(gm.in_subgraph(g, g.nodes()[::2]), g.nodes()[::2])
    generator = torch.Generator().manual_seed(1)
    x, v, w = (
        torch.randn(rows, width, generator=generator, dtype=torch.float64, requires_grad=True)
        for rows, width in (
            (block.num_src_nodes(), 6),
            (block.num_dst_nodes(), 6),
            (block.num_edges(), 1),
        )
    )

    def run() -> Tensor:
        with block.local_scope():
            block.srcdata["x"], block.dstdata["x"], block.edata["w"] = x, v, w
            block.update_all(message, reduce)
            return block.dstdata["y"]  # type: ignore[no-any-return]

    both_ways(run, [x, v, w])


def pulled(g: gm.Graph, message: Any, reduce: Any) -> None:
    g.pull(g.nodes()[g.in_degrees() > 0][:2], message, reduce)


def sent_and_received(g: gm.Graph, message: Any, reduce: Any) -> None:
    g.send_and_recv(torch.arange(g.num_edges())[1::2], message, reduce)


def pushed(g: gm.Graph, message: Any, reduce: Any) -> None:
    g.push(g.nodes()[:2], message, reduce)


def across(g: gm.Graph, message: Any, reduce: Any) -> None:
    g.multi_update_all({g.etypes[0]: (message, reduce)}, "sum")


@EACH_LAYER
@pytest.mark.parametrize("verb", [pulled, sent_and_received, pushed, across])
def test_a_layer_by_other_verbs(verb: Callable[..., None], name: str) -> None:
    g, inputs = featured(MIXED)

    def run() -> Tensor:
        with g.local_scope():
            verb(g, *LAYERS[name])
            return g.ndata["y"]  # type: ignore[no-any-return]

    both_ways(run, inputs)


@EACH_LAYER
def test_messages_of_a_layer_at_the_edges(name: str) -> None:
    g, inputs = featured(MIXED)

    def run() -> Tensor:
        with g.local_scope():
            g.apply_edges(LAYERS[name][0])
            kept = [g.edata[field] for field in sorted(g.edata) if field != "w"]
            return torch.cat([m.flatten(1) for m in kept], 1)

    both_ways(run, inputs)


def test_most_functions_are_recognized() -> None:
    g, _ = featured(HUB)
    pairs = {
        **{name: (message, fn.sum("m", "y")) for name, message in MESSAGES.items()},
        **{f"{name} (reduction)": (MESSAGES["GCN"], r) for name, r in REDUCTIONS.items()},
        **LAYERS,
    }
    others = [name for name, functions in pairs.items() if not gm.explain(g, *functions).is_fused]
    share = 1 - len(others) / len(pairs)
    print(f"\n{share:.0%} of {len(pairs)} functions are recognized; not: {', '.join(others)}")
    assert len(pairs) >= 40
    assert share >= 0.8
    assert len(UNCHANGED) >= 30
    assert len(ELEMENTWISE) >= 30


# They compute six numbers at the edges, from the edges' own feature or by layers that are no sums.
STORING = {"continuous filter", "edge network", "message network", "collaborative filtering"}
BY_DEGREE = {"scaled by degree", "GraphSAGE by LSTM", "einsum attention"}
# A number is added to a parameter, outside of what is recorded: there the guard's own code is seen.
GUARDED = {"isomorphism with edges"}


@pytest.mark.loops
@pytest.mark.parametrize("name", sorted(LAYERS.keys() - STORING - BY_DEGREE - GUARDED))
def test_no_messages_of_a_layer_are_stored(name: str) -> None:
    num_edges = 4000
    g = gm.graph((torch.randint(50, (num_edges,)), torch.randint(50, (num_edges,))), num_nodes=50)
    x = torch.randn(50, 6, dtype=torch.float64, requires_grad=True)
    g.ndata["x"] = x
    g.edata["w"] = torch.randn(num_edges, 1, dtype=torch.float64, requires_grad=True)
    with gm.fuse_functions(check=False), LargestTensor() as largest:
        g.update_all(*LAYERS[name])
        g.ndata["y"].square().sum().backward()
    assert x.grad is not None
    assert 0 < largest.bytes < num_edges * 6 * x.element_size()
