"""Mistakes that newcomers make get an error that says what was wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import pytest
import scipy.sparse
import torch

import graphmp as gm


def test_features_before_the_graph_are_an_error() -> None:
    g, x = gm.graph(([0], [1])), torch.ones(2, 3)
    message = "first argument must be a graph, but a tensor of torch.float32 came"
    swapped: list[Callable[[], Any]] = [
        lambda: gm.ops.copy_u_sum(x, g),
        lambda: gm.ops.u_dot_v(x, x, g),
        lambda: gm.ops.edge_softmax(x, g),
        lambda: gm.nn.GraphConv(3, 2)(x, g),
    ]
    for call in swapped:
        with pytest.raises(gm.GraphTypeError, match=message):
            call()


def test_graphs_of_other_libraries_name_the_function_that_reads_them() -> None:
    for other in (nx.path_graph(3), scipy.sparse.eye(3), torch.ones(2, 3)):
        with pytest.raises(gm.GraphTypeError, match=r"from_edge_index, .* from_scipy"):
            gm.graph(other)
    with pytest.raises(gm.GraphTypeError, match="A NetworkX graph is wanted, but list"):
        gm.from_networkx([1, 2])


def test_a_device_that_torch_cannot_use_is_an_error() -> None:
    g = gm.graph(([0], [1]))
    for device in ("gpu", torch.float32):
        with pytest.raises(gm.GraphValueError, match="A device that this torch can use is wanted"):
            g.to(device)
        with pytest.raises(gm.GraphValueError, match="A device that this torch can use is wanted"):
            gm.graph(([0], [1]), device=device)


def test_a_graph_is_counted_before_it_moves() -> None:
    assert gm.graph(([0, 1], [1, 4]), device="meta").num_nodes() == 5


def test_one_graph_in_place_of_a_list_is_an_error() -> None:
    with pytest.raises(gm.GraphTypeError, match="put it into a list"):
        gm.batch(gm.graph(([0], [1])))  # type: ignore[arg-type]


def test_complex_features_have_no_maximum() -> None:
    with pytest.raises(gm.GraphTypeError, match="Complex numbers have no max"):
        gm.ops.copy_u_max(gm.graph(([0], [1])), torch.ones(2, dtype=torch.complex64))
