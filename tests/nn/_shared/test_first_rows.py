"""Layers split a block's features into all rows and the first, with the gradients of slices."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import grad, gradgradcheck

import graphmp as gm
from graphmp.nn._shared import inputs
from graphmp.nn._shared.first_rows import with_first_rows
from graphmp.ops import eager

BLOCK = gm.sampling.sample_block(gm.rand_graph(9, 40), [4, 0, 7], -1)
LAYERS: dict[str, Callable[[], nn.Module]] = {
    "SAGEConv mean": lambda: gm.nn.SAGEConv(4, 6, "mean"),
    "SAGEConv gcn": lambda: gm.nn.SAGEConv(4, 6, "gcn"),
    "SAGEConv gcn, mapped first": lambda: gm.nn.SAGEConv(4, 2, "gcn"),
    "GINConv": lambda: gm.nn.GINConv(nn.Linear(4, 2), "max", learn_eps=True),
}
each_layer = pytest.mark.parametrize("name", LAYERS)


GRAPHS = {"block": BLOCK, "graph": gm.rand_graph(9, 40)}
each_graph = pytest.mark.parametrize("g", GRAPHS.values(), ids=GRAPHS)


def features(dtype: torch.dtype = torch.float32, g: gm.Graph = BLOCK) -> Tensor:
    return torch.randn(g.num_src_nodes(), 4, dtype=dtype).requires_grad_()


def slices(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    return x, x[:count]


@each_graph
@each_layer
def test_results_and_gradients_are_those_with_a_slice(
    name: str, g: gm.Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eager, "_MANY", 0)
    layer, x = LAYERS[name](), features(g=g)
    upstream = torch.randn_like(layer(g, x))

    def run() -> list[Tensor]:
        out = layer(g, x)
        return [out, *grad(out, [x, *layer.parameters()], upstream)]

    ours = run()
    monkeypatch.setattr(inputs, "with_first_rows", slices)
    assert all(map(torch.equal, ours, run()))


@each_graph
@each_layer
def test_second_derivatives(name: str, g: gm.Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eager, "_MANY", 0)
    layer, x = LAYERS[name]().double(), features(torch.float64, g)
    assert gradgradcheck(lambda x: layer(g, x), (x,))


def test_the_gradient_is_added_in_the_memory_of_that_of_all_rows() -> None:
    x, given = features(), []
    src, dst = with_first_rows(x, 3)
    src.register_hook(  # type: ignore[no-untyped-call]
        lambda gradient: given.append(gradient.data_ptr())
    )
    (result,) = grad(2 * src, x, torch.ones_like(x), retain_graph=True)
    (summed,) = grad([2 * src, 3 * dst], x, [torch.ones_like(x), torch.ones_like(dst)])
    assert torch.equal(summed[: len(dst)], result[: len(dst)] + 3)
    assert torch.equal(summed[len(dst) :], result[len(dst) :])
    assert summed.data_ptr() == given[-1]


def test_one_of_them_alone_has_a_gradient() -> None:
    x = features()
    for part, expected in zip(with_first_rows(x, 3), slices(x, 3), strict=True):
        upstream = torch.randn_like(part)
        assert torch.equal(*(grad(rows, x, upstream)[0] for rows in (part, expected)))


def test_features_that_are_used_elsewhere_sum_all_gradients() -> None:
    layer, x = gm.nn.SAGEConv(4, 4, "mean"), features()
    out, other = layer(BLOCK, x), x.square()
    alone = grad(layer(BLOCK, x).sum(), x)[0]
    assert torch.equal(grad(out.sum() + other.sum(), x)[0], alone + 2 * x)


def test_without_a_gradient_the_rows_are_a_slice() -> None:
    x = features()
    with torch.no_grad():
        src, dst = with_first_rows(x, 3)
    assert src is x
    assert dst.data_ptr() == x.data_ptr()
