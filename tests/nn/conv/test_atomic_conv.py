"""AtomicConv agrees with its formula."""

from __future__ import annotations

from math import cos, exp, pi
from typing import Any

import pytest
import torch
from support.agreement import Parameters, assert_agrees
from support.corner_graphs import SMALL_CORNERS, Corner
from torch import Tensor

import graphmp as gm
from graphmp.nn import AtomicConv
from graphmp.nn.conv.atomic_conv import RadialPooling

CUTOFFS, MEANS, SCALES = (torch.tensor(x).double() for x in ([1.0, 1.4], [0.5, 0.9], [2.0, 0.7]))
TYPES = torch.tensor([6.0, 7.0, 8.0]).double()


def test_filters_are_bells_that_end_at_the_cutoff() -> None:
    radii = [0.0, 0.3, 1.0, 1.2, 1.5]
    distances = torch.tensor(radii).double().view(-1, 1)
    out = RadialPooling(CUTOFFS, MEANS, SCALES)(distances).detach()
    for k, (c, m, s) in enumerate(zip(CUTOFFS, MEANS, SCALES, strict=True)):
        for e, r in enumerate(radii):
            bell = exp(-float(s) * (r - float(m)) ** 2) * (cos(pi * r / float(c)) + 1) / 2
            assert float(out[k, e, 0]) == pytest.approx(bell if r <= c else 0.0)


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("corner", SMALL_CORNERS, ids=str)
def test_it_agrees_with_the_dense_formula(corner: Corner, typed: bool) -> None:
    def formula(p: Parameters, source: Tensor, _: Any, __: None, distances: Tensor) -> Tensor:
        names = ("interaction_cutoffs", "rbf_kernel_means", "rbf_kernel_scaling")
        c, m, s = (p[f"radial_pooling.{name}"].flatten() for name in names)
        bells = (-s * (distances - m) ** 2).exp() * ((pi * distances / c).cos() + 1) / 2
        bells = torch.where(distances <= c, bells, 0.0)
        heard = (source == TYPES).double() if typed else source
        out = source.new_zeros(corner.num_dst, heard.shape[1], 2)
        for e, (u, v) in enumerate(zip(corner.src, corner.dst, strict=True)):
            out = out.index_add(0, torch.tensor([v]), (heard[u, :, None] * bells[e])[None])
        return out.flatten(1)

    layer = AtomicConv(CUTOFFS, MEANS, SCALES, TYPES if typed else None).double()
    feat = corner.feature("u", (1 if typed else 3,), torch.float64)
    if typed:
        feat = TYPES[(torch.arange(corner.num_src) * 2) % 3].view(-1, 1)
    distances = corner.feature("e", (1,), torch.float64).abs()
    inputs = (feat, corner.feature("v", (1,), torch.float64)) if corner.bipartite else (feat,)
    if typed:  # types have no gradient
        out = layer(corner.graph(), inputs if corner.bipartite else feat, distances)
        expected = formula(dict(layer.named_parameters()), feat, None, None, distances)
        torch.testing.assert_close(out, expected)
    else:
        assert_agrees(layer, formula, corner.graph(), inputs, distances=distances)


def test_wrong_inputs_are_refused() -> None:
    g, x = gm.graph(([0, 1], [1, 2])), torch.ones(3, 1).double()
    layer = AtomicConv(CUTOFFS, MEANS, SCALES, TYPES)
    with pytest.raises(gm.GraphValueError, match=": expected 1 as the last dimension"):
        layer(g, torch.ones(3, 2).double(), torch.ones(2, 1).double())
    with pytest.raises(gm.GraphValueError, match="distances of the edges: expected 1 as the last"):
        layer(g, x, torch.ones(2, 2).double())
    with pytest.raises(gm.GraphValueError, match=r"rbf_kernel_means: expected shape \(2\), got"):
        AtomicConv(CUTOFFS, MEANS[:1], SCALES)
    with pytest.raises(gm.GraphTypeError, match="features_to_use: expected a tensor, got list"):
        AtomicConv(CUTOFFS, MEANS, SCALES, [6.0])  # type: ignore[arg-type]
