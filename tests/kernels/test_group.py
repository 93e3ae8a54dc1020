"""Sorting edges by one of their ends."""

from __future__ import annotations

import pytest
import torch
from support.corner_graphs import ID_DTYPES, Corner, each_corner

from graphmp import kernels


@each_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_group_is_a_stable_sort(corner: Corner, idtype: torch.dtype) -> None:
    indptr, order = kernels.group(torch.tensor(corner.dst, dtype=idtype), corner.num_dst)
    assert indptr.dtype == order.dtype == idtype
    assert order.tolist() == sorted(range(len(corner.dst)), key=corner.dst.__getitem__)
    starts = [sum(node < row for node in corner.dst) for row in range(corner.num_dst + 1)]
    assert indptr.tolist() == starts
