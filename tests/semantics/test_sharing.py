"""What a call takes or returns shares no memory with the graph, unless it says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.corner_graphs import ID_DTYPES
from torch import Tensor

import graphmp as gm
import graphmp.function as fn


def edges(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    return torch.tensor([0, 1, 2], dtype=dtype), torch.tensor([1, 2, 0], dtype=dtype)


def sums(graph: gm.Graph) -> list[float]:
    graph.ndata["h"] = torch.tensor([1.0, 2.0, 3.0])
    graph.update_all(fn.copy_u("h", "m"), fn.sum("m", "o"))
    result: list[float] = graph.ndata["o"].tolist()
    return result


@pytest.mark.parametrize("dtype", ID_DTYPES)
def test_arrays_changed_after_a_graph_was_built_do_not_change_it(dtype: torch.dtype) -> None:
    u, v = edges(dtype)
    indptr, eids = torch.arange(4, dtype=dtype), torch.arange(3, dtype=dtype)
    arrays = (u.numpy().copy(), v.numpy().copy())
    graphs = [
        gm.graph((u, v)),
        gm.graph(arrays, idtype=dtype),
        gm.graph(("csr", (indptr, v, eids))),
        gm.graph(("csc", (indptr, torch.tensor([2, 0, 1], dtype=dtype), eids))),
        gm.heterograph({("n", "e", "n"): (u, v)}),
        gm.from_edge_index(torch.stack([u, v])),
    ]
    for array in (u, v, indptr, eids, *arrays):
        array += 10**6
    assert [sums(graph) for graph in graphs] == [[3.0, 1.0, 2.0]] * len(graphs)


@pytest.mark.parametrize("dtype", ID_DTYPES)
def test_ids_that_a_graph_returned_may_be_changed(dtype: torch.dtype) -> None:
    graph = gm.graph(edges(dtype))
    graph.create_formats_()
    returned: list[Any] = [*graph.edges(), *graph.all_edges("all", "srcdst"), *graph.edges("all")]
    returned.append(graph.edges("eid", "srcdst"))
    for layout in ("coo", "csr", "csc"):
        returned += graph.adj_tensors(layout)
    returned += [graph.in_degrees(), graph.out_degrees(), graph.nodes(), graph.batch_num_nodes()]
    for tensor in returned:
        tensor += 10**6
    assert sums(graph) == [3.0, 1.0, 2.0]
    assert graph.edge_ids([2, 0, 1], [0, 1, 2]).tolist() == [2, 0, 1]
    assert graph.batch_num_nodes().tolist() == [3]


def test_sizes_of_a_batch_changed_afterwards_do_not_change_it() -> None:
    sizes = torch.tensor([1, 2])
    graph = gm.graph(edges(torch.int64))
    graph.set_batch_num_nodes(sizes)
    graph.set_batch_num_edges(torch.tensor([1, 2]))
    for tensor in (sizes, graph.batch_num_nodes(), graph.batch_num_edges()):
        tensor += 1
    assert graph.batch_num_nodes().tolist() == graph.batch_num_edges().tolist() == [1, 2]


def test_a_batch_and_its_graphs_have_features_of_their_own() -> None:
    one, empty = gm.graph(edges(torch.int64)), gm.graph(([], []))
    one.ndata["x"], one.edata["w"] = torch.zeros(3), torch.zeros(3)
    for graphs in ([one], [one, empty], [empty, one], [one, one]):
        batch = gm.batch(graphs)
        for part in (*gm.unbatch(batch), gm.slice_batch(batch, 0)):
            for data in (part.ndata, part.edata):
                for name in data:
                    data[name] += 1
        assert not batch.ndata["x"].any()
        assert not batch.edata["w"].any()
        batch.ndata["x"] += 1
        batch.edata["w"] += 1
        assert not one.ndata["x"].any()
        assert not one.edata["w"].any()


def test_arrays_of_a_graph_are_not_those_of_numpy() -> None:
    arrays = np.array([0, 1, 2]), np.array([1, 2, 0])
    graph = gm.graph(arrays)
    arrays[0][:] = 10**6
    assert graph.edges()[0].tolist() == [0, 1, 2]
