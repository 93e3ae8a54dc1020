"""The arrays that a layout caches for the loops of the CPU."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
import torch

import graphmp as gm
from graphmp.kernels.contract import Csr

pytest.importorskip("numba")


@pytest.fixture
def graph() -> gm.Graph:
    g = gm.graph(([0, 1, 1, 2], [1, 2, 0, 2]))
    gm.ops.copy_u_sum(g, torch.ones(3, 2))
    return g


def test_a_second_call_reads_the_arrays_of_the_first(graph: gm.Graph) -> None:
    arrays = graph.adjacency.csc.arrays
    gm.ops.copy_u_sum(graph, torch.ones(3, 2))
    assert arrays is not None
    assert graph.adjacency.csc.arrays is arrays


def test_layouts_in_memory_that_was_moved_are_read_where_they_are(graph: gm.Graph) -> None:
    x = torch.rand(3, 2)
    expected, before = gm.ops.copy_u_sum(graph, x), graph.adjacency.csc.arrays
    for tensor in graph.adjacency.csc:
        tensor.share_memory_()  # type: ignore[no-untyped-call]
    assert torch.equal(gm.ops.copy_u_sum(graph, x), expected)
    assert graph.adjacency.csc.arrays[0] != before[0]


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_of_a_layout_have_its_tensors_alone(
    graph: gm.Graph, copied: Callable[[Csr], Csr]
) -> None:
    csr = graph.adjacency.csc
    other = copied(csr)
    assert type(other) is Csr
    assert other.arrays is None
    assert all(torch.equal(one, two) for one, two in zip(csr, other, strict=True))
