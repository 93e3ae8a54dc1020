from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import drawn
from support.laws import assert_same_with_gradients
from torch import Tensor, nn
from torch.func import functional_call

import graphmp as gm
from graphmp.nn import TransE, TransR

HEAD, TAIL = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0)).double()
RELS = torch.tensor([0, 2, 2, 1, 0, 2])


def by_hand(p: float, parameters: dict[str, Tensor], h: Tensor, t: Tensor) -> Tensor:
    r = torch.stack([parameters["rel_emb.weight"][i] for i in RELS])
    if "rel_project.weight" in parameters:
        maps = [parameters["rel_project.weight"][i].view(4, 5) for i in RELS]
        h, t = (torch.stack([row @ m for row, m in zip(x, maps, strict=True)]) for x in (h, t))
    return -(((h + r - t).abs() ** p).sum(1) ** (1 / p))


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("make", [lambda p: TransE(3, 4, p), lambda p: TransR(3, 5, 4, p)])
def test_scores_follow_the_formula(make: Any, p: int) -> None:
    layer: nn.Module = drawn(make(p))
    learnt = {name: value.detach() for name, value in layer.named_parameters()}

    def parts(values: tuple[Tensor, ...]) -> dict[str, Tensor]:
        return dict(zip(learnt, values, strict=True))

    assert_same_with_gradients(
        lambda h, t, *values: functional_call(layer, parts(values), (h, t, RELS)),
        lambda h, t, *values: by_hand(p, parts(values), h, t),
        *(HEAD, TAIL, *learnt.values()),
    )


@pytest.mark.parametrize("make", [lambda: TransE(3, 4), lambda: TransR(3, 5, 4)])
def test_relations_are_integers_that_are_known(make: Any) -> None:
    layer, h, t = make(), HEAD.float(), TAIL.float()
    expected = layer(h, t, RELS)
    assert torch.equal(layer(h, t, RELS.int()), expected)
    assert torch.equal(layer(h, t, RELS.tolist()), expected)
    assert layer(h[:0], t[:0], RELS[:0]).shape == (0,)
    for rels, error, message in (
        (RELS + 1, gm.GraphIndexError, "from 0 to 2, got 3"),
        (RELS - 1, gm.GraphIndexError, "from 0 to 2, got -1"),
        (RELS + 0.5, gm.GraphTypeError, "rels: expected integers"),
        (RELS[:3], gm.GraphValueError, "expected 3 rows"),
    ):
        with pytest.raises(error, match=message):
            layer(h, t, rels)


@pytest.mark.parametrize("make", [lambda: TransE(3, 4), lambda: TransR(3, 5, 4)])
def test_heads_and_tails_must_fit(make: Any) -> None:
    layer, h = make(), HEAD.float()
    with pytest.raises(gm.GraphValueError, match=r"h_tail: expected shape \(E, 4\)"):
        layer(h, h[:, :3], RELS)
    with pytest.raises(gm.GraphValueError, match=r"h_head.*expected 6 rows"):
        layer(h[:2], h, RELS)
    with pytest.raises(gm.GraphTypeError, match=r"h_head.*expected a tensor"):
        layer(h.tolist(), h, RELS)


def test_parameters_can_be_drawn_anew() -> None:
    for layer in (TransE(3, 4), TransR(3, 5, 4)):
        before = [p.clone() for p in layer.parameters()]
        torch.manual_seed(1)
        layer.reset_parameters()
        assert all(not torch.equal(p, b) for p, b in zip(layer.parameters(), before, strict=True))
    assert repr(TransE(3, 4, 2)).startswith("TransE(\n  p=2")
