"""Transforms are methods of a graph, too."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.samples import contents, diamond

import graphmp as gm

CALLS: dict[str, dict[str, Any]] = {
    "add_self_loop": {"fill_data": "sum"},
    "remove_self_loop": {},
    "reverse": {"copy_edata": True},
    "to_simple": {"copy_edata": True, "aggregator": "sum"},
    "line_graph": {"shared": True},
    "reorder_graph": {"edge_permute_algo": "dst"},
}


@pytest.mark.parametrize("name", CALLS)
def test_a_method_does_what_the_function_does(name: str) -> None:
    g = gm.add_edges(diamond(), [0, 1, 1], [1, 1, 1])
    before = contents(g)
    by_method = getattr(g, name)(**CALLS[name])
    assert isinstance(by_method, gm.Graph)
    assert contents(by_method) == contents(getattr(gm, name)(g, **CALLS[name]))
    assert contents(g) == before


def test_the_incidence_matrix_has_two_names() -> None:
    g = diamond()
    assert torch.equal(g.incidence_matrix("both").to_dense(), g.inc("both").to_dense())
