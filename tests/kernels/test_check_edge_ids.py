"""Edge ids that come from outside: each once, and ascending in each row."""

from __future__ import annotations

import pytest
import torch
from support.corner_graphs import ID_DTYPES

from graphmp import kernels

INDPTR = [0, 0, 2, 2, 5, 5]
CASES: dict[str, tuple[list[int], list[int], tuple[bool, bool]]] = {
    "in order": (INDPTR, [0, 1, 2, 3, 4], (True, True)),
    "ascending in each row": (INDPTR, [2, 4, 0, 1, 3], (True, True)),
    "descending in the first row": (INDPTR, [4, 2, 0, 1, 3], (True, False)),
    "descending in the last row": (INDPTR, [2, 4, 0, 3, 1], (True, False)),
    "one twice": (INDPTR, [2, 4, 0, 1, 1], (False, False)),
    "one that is too large": (INDPTR, [2, 4, 0, 1, 5], (False, False)),
    "one below 0": (INDPTR, [2, 4, -1, 1, 3], (False, False)),
    "one that is far too large": (INDPTR, [2, 4, 0, 1, 2**31 - 1], (False, False)),
    "one row": ([0, 3], [0, 1, 2], (True, True)),
    "one edge in each row": ([0, 1, 2, 3], [2, 1, 0], (True, True)),
    "no edges": ([0, 0, 0], [], (True, True)),
    "no rows": ([0], [], (True, True)),
}

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


@pytest.mark.parametrize("name", CASES)
@each_idtype
@pytest.mark.usefixtures("backend")
def test_edge_ids_are_there_once_and_ascend_in_each_row(name: str, idtype: torch.dtype) -> None:
    indptr, ids, expected = CASES[name]
    tensors = (torch.tensor(numbers, dtype=idtype) for numbers in (indptr, ids))
    assert kernels.check_edge_ids(*tensors) == expected


@pytest.mark.parametrize("count", [63, 64, 65, 1000])
@each_idtype
@pytest.mark.usefixtures("backend")
def test_any_number_of_edge_ids_is_checked(count: int, idtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(count)
    ids = torch.randperm(count, generator=generator).to(idtype)
    indptr = torch.tensor([0, count], dtype=idtype)
    assert kernels.check_edge_ids(indptr, ids) == (True, False)
    assert kernels.check_edge_ids(indptr, ids.sort().values) == (True, True)
    for place in (0, count // 2, count - 1):
        other = ids.clone()
        other[place] = (ids[place] + 1) % count
        assert not kernels.check_edge_ids(indptr, other)[0]
