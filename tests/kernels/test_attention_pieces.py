"""Attention of rows that are cut into pieces, on GPUs."""

from __future__ import annotations

import pytest
import torch
from support.attended import assert_agrees, assert_forward, given
from support.corner_graphs import Corner

from graphmp import kernels

# Rows of 50, 0, 8, 9, 1 and 17 edges at the destinations, of about 28 at three of four sources.
_CUT = (*(0,) * 50, *(2,) * 8, *(3,) * 9, 4, *(5,) * 17)
CUT = Corner("rows to cut", tuple(7 * e % 3 for e in range(85)), _CUT, 4, 6, bipartite=True)

on_gpu = pytest.mark.parametrize("backend", ["cuda"], indirect=True)


@pytest.fixture
def short_pieces(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut all rows of more than eight edges."""
    monkeypatch.setattr("graphmp.kernels.cuda.layout.LEAST_PIECE", 8)
    monkeypatch.setattr("graphmp.kernels.cuda.layout.MEANS_PER_PIECE", 0)


@on_gpu
@pytest.mark.parametrize("kind", ["add", "dot", "leaky"])
@pytest.mark.usefixtures("short_pieces")
def test_rows_in_pieces(kind: str) -> None:
    of_kind = {"add": (3, 1, 5), "dot": (1, 1, 130), "leaky": (5, 16, 16)}
    assert_agrees(CUT, given(CUT, kind, sizes=of_kind[kind]))


@on_gpu
@pytest.mark.usefixtures("short_pieces")
def test_pieces_of_strange_scores() -> None:
    edge = CUT.feature("e", (3,))
    edge[:16] = edge[50:58] = -torch.inf  # two pieces of a row, and all of a row
    edge[66, 0], edge[84, 1] = torch.nan, torch.inf  # in last pieces
    operands = given(CUT, "dot", edge=edge, dropout=0.0)
    assert_forward(CUT, operands)
    out, _, _, _ = kernels.attention(CUT.graph().adjacency.csc, operands, False)
    nan = [[False] * 3, [False] * 3, [False] * 3, [True, False, False], [False] * 3]
    assert out.view(6, 3, 5).isnan().any(2).tolist() == [*nan, [False, True, False]]


@on_gpu
@pytest.mark.usefixtures("short_pieces")
def test_ids_that_do_not_fit_into_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphmp.kernels.cuda.layout.LARGEST", 8)
    assert_agrees(CUT, given(CUT, "leaky"))
