from __future__ import annotations

from typing import Any

import pytest
import torch
from support.agreement import ends_of
from support.corner_graphs import CORNERS, MIXED, Corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import LabelPropagation

SQUARE = [c for c in CORNERS if not c.bipartite and c.num_dst]


def by_hand(corner: Corner, y: Tensor, known: Tensor, options: dict[str, Any]) -> Tensor:
    """Two steps with dense matrices."""
    leaves, enters = ends_of(corner)
    adjacency = enters.T @ leaves
    into, out = (adjacency.sum(i).clamp(min=1) for i in (1, 0))
    step = into.rsqrt().diag() @ adjacency @ out.rsqrt().diag()
    step = adjacency / into.view(-1, 1) if options.get("norm_type") == "row" else step
    first = y.double() * known.view(-1, 1)
    y = first
    for _ in range(2):
        y = 0.4 * step @ y + 0.6 * first
        y = y.clamp(0, 1) if options.get("clamp", True) else y
        if options.get("normalize"):
            y = y / y.abs().sum(1, keepdim=True).clamp(min=1e-12)
        if options.get("reset"):
            y[known] = first[known]
    return y


@pytest.mark.parametrize(
    "options",
    [{}, {"norm_type": "row"}, {"clamp": False}, {"normalize": True}, {"reset": True}],
    ids=str,
)
@pytest.mark.parametrize("corner", SQUARE, ids=str)
def test_it_agrees_with_dense_matrices(corner: Corner, options: dict[str, Any]) -> None:
    layer, y = LabelPropagation(2, 0.4, **options), corner.feature("u", (3,))
    known = torch.arange(corner.num_dst) % 2 == 0
    assert_close(layer(corner.graph(), y, known), by_hand(corner, y, known, options).float())


def test_classes_are_numbers_or_rows() -> None:
    layer, g = LabelPropagation(2, 0.4), MIXED.graph()
    labels = torch.tensor([0, 2, 1, 0, 2, 2])
    rows = torch.eye(3)[labels]
    assert_close(layer(g, labels), layer(g, rows))
    assert_close(layer(g, labels.int().view(-1, 1)), layer(g, rows))
    assert_close(layer(g, rows.long()), layer(g, rows))
    several = rows.long() + rows.long().roll(1, 1)
    assert_close(layer(g, several), layer(g, several.float()))


def test_known_labels_are_a_mask_or_ids() -> None:
    layer, g, labels = LabelPropagation(2, 0.4), MIXED.graph(), torch.tensor([0, 2, 1, 0, 2, 2])
    mask = torch.tensor([True, False, False, True, True, False])
    assert_close(layer(g, labels, mask), layer(g, labels, torch.tensor([4, 0, 3])))
    with pytest.raises(gm.GraphValueError, match=r"mask.*expected a mask of shape \(6,\)"):
        layer(g, labels, mask[:3])


def test_labels_must_fit_the_graph() -> None:
    with pytest.raises(gm.GraphValueError, match="expected 6 rows"):
        LabelPropagation(2, 0.4)(MIXED.graph(), torch.ones(3, 2))
    with pytest.raises(gm.GraphValueError, match="one of sym, row, got 'col'"):
        LabelPropagation(2, 0.4, norm_type="col")


def test_gradients_reach_labels_that_are_numbers() -> None:
    layer, y = LabelPropagation(2, 0.4, normalize=True), torch.rand(6, 3, requires_grad=True)
    known, weights = torch.arange(6) % 2 == 0, torch.rand(6, 3)
    (gradient,) = torch.autograd.grad((layer(MIXED.graph(), y, known) * weights).sum(), y)
    expected = by_hand(MIXED, y, known, {"normalize": True})
    assert_close(gradient, torch.autograd.grad((expected * weights).sum(), y)[0])


def test_labels_that_are_not_known_may_be_negative() -> None:
    layer, g = LabelPropagation(2, 0.4), MIXED.graph()
    labels = torch.tensor([0, -1, 1, 0, -1, 2])
    known = labels >= 0
    assert_close(layer(g, labels, known), layer(g, labels.clamp(min=0), known))
    for mask in (None, torch.tensor([0, 4])):
        with pytest.raises(gm.GraphValueError, match=r"got -1; .* pass mask=labels >= 0"):
            layer(g, labels, mask)


def test_one_number_for_each_node_stays_one_number() -> None:
    layer, g, numbers = LabelPropagation(2, 0.4), MIXED.graph(), torch.rand(6)
    known = torch.tensor([True, False, False, True, True, False])
    out = layer(g, numbers, known)
    assert_close(out, layer(g, numbers.view(-1, 1), known).view(-1))


def test_a_mask_of_floats_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match=r"got torch.float32; call .bool\(\) on"):
        LabelPropagation(1, 0.4)(MIXED.graph(), torch.zeros(6).long(), torch.ones(6))


def test_there_is_nothing_to_learn() -> None:
    layer = LabelPropagation(2, 0.4)
    assert not layer.state_dict()
    assert repr(layer) == "LabelPropagation(k=2, alpha=0.4, norm_type=sym)"
