"""Rows cut into pieces, and ids of 32 bits."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from support.corner_graphs import HUB, ID_DTYPES, Corner, each_corner

pytest.importorskip("triton", reason="needs Triton: pip install triton")

from graphmp.kernels.contract import Csr
from graphmp.kernels.cuda import layout
from graphmp.kernels.cuda.layout import Pieces, cut_rows, narrow, piece_length


def form_of(lengths: list[int], dtype: torch.dtype) -> Csr:
    """A layout with rows of these lengths."""
    indptr = torch.tensor([0, *lengths]).cumsum(0).to(dtype)
    ids = torch.arange(sum(lengths)).to(dtype)
    return Csr(indptr, ids, ids)


def covered(cut: Pieces) -> dict[int, list[tuple[int, int, int]]]:
    """For each row the start, the end and the slot of its pieces, in order."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    for row, start, end, slot in zip(*(t.tolist() for t in cut[:4]), strict=True):
        if row >= 0:
            found.setdefault(row, []).append((start, end, slot))
    return found


@pytest.mark.parametrize("dtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize(
    "lengths", [[], [0], [0, 0], [3], [2000], [0, 700, 0, 256, 257, 3, 512, 1, 0, 1300], [1] * 40]
)
def test_pieces_cover_each_row_once_in_order(lengths: list[int], dtype: torch.dtype) -> None:
    form = form_of(lengths, dtype)
    cut, limits = cut_rows(form), form[0].tolist()
    most = piece_length(len(lengths), sum(lengths))
    found = covered(cut)
    assert sorted(found) == list(range(len(lengths)))
    slots = []
    for row, parts in found.items():
        assert parts[0][0] == limits[row]
        assert parts[-1][1] == limits[row + 1]
        assert all(a[1] == b[0] for a, b in pairwise(parts))
        assert all(end - start <= most for start, end, _ in parts)
        if len(parts) == 1:
            assert parts[0][2] == -1
        else:
            slots.append((row, [slot for _, _, slot in parts]))
    long_rows = [
        (row, list(range(first, first + count)))
        for row, first, count in zip(*(t.tolist() for t in cut[4:7]), strict=True)
        if row >= 0
    ]
    assert long_rows == slots
    assert all(0 <= slot < cut.num_slots for _, of_row in slots for slot in of_row)
    assert all(t.dtype == dtype for t in cut[:7])


def test_partial_results_are_few_beside_the_rows() -> None:
    lengths = [int(1 + 4000 / (1 + i)) for i in range(2000)]
    assert cut_rows(form_of(lengths, torch.int64)).num_slots <= len(lengths) / 8


@each_corner
def test_values_of_a_layout_are_cached_as_long_as_it_lives(corner: Corner) -> None:
    form = corner.graph(torch.int64).adjacency.csc
    small = narrow(form)
    assert {t.dtype for t in small} == {torch.int32}
    assert narrow(form) is small
    assert narrow(small) is small
    assert cut_rows(small) is cut_rows(small)
    before = len(layout._cache)
    del form, small
    assert len(layout._cache) < before


def test_ids_that_do_not_fit_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "LARGEST", 100)
    form = HUB.graph(torch.int64).adjacency.csc
    assert narrow(form) is form
