"""Message passing in the order of a search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import pytest
import torch
from support.corner_graphs import ID_DTYPES

import graphmp as gm
import graphmp.function as fn

COPY, SUM = fn.copy_u("h", "m"), fn.sum("m", "h")


def marked(g: gm.Graph, node: int) -> gm.Graph:
    """The graph with a feature of 1 at one node."""
    g.ndata["h"] = torch.zeros(g.num_nodes())
    g.ndata["h"][node] = 1
    return g


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_counts_of_paths_agree_with_powers_of_the_adjacency_matrix(idtype: torch.dtype) -> None:
    dag = torch.triu(torch.rand(8, 8, generator=torch.Generator().manual_seed(0)) < 0.5, 1)
    u, v = dag.nonzero(as_tuple=True)
    g = marked(gm.graph((u, v), num_nodes=8, idtype=idtype), 0)

    def keep(nodes: gm.NodeBatch) -> dict[str, torch.Tensor]:
        return {"h": torch.where(nodes.nodes() == 0, 1.0, nodes.data["h"])}

    gm.prop_nodes_topo(g, COPY, SUM, apply_node_func=keep)
    paths = torch.linalg.inv(torch.eye(8) - dag.float())[0]
    assert torch.allclose(g.ndata["h"], paths)


def test_a_breadth_first_search_pulls_one_distance_after_another() -> None:
    g = marked(gm.graph(([0, 0, 1, 3], [1, 2, 3, 4])), 0)
    gm.prop_nodes_bfs(g, 0, COPY, SUM)
    assert g.ndata["h"].tolist() == [0, 0, 0, 0, 0]  # the start pulls first, from no node
    g = marked(gm.graph(([0, 1, 2], [1, 2, 0])), 2)
    gm.prop_nodes_bfs(g, 0, COPY, SUM)
    assert g.ndata["h"].tolist() == [1, 1, 1]


def test_a_depth_first_search_sends_along_the_edges_it_walks() -> None:
    gm.seed(0)
    g = marked(gm.rand_graph(20, 40), 0)
    gm.prop_edges_dfs(g, 0, COPY, SUM)
    reached = {0} | nx.descendants(gm.to_networkx(g), 0)
    assert g.ndata["h"].tolist() == [float(node in reached) for node in range(20)]


def test_reverse_searches_go_against_the_edges_and_messages_along_them() -> None:
    g = marked(gm.graph(([0, 1], [1, 2])), 1)
    gm.prop_edges_dfs(g, 2, COPY, SUM, reverse=True)  # first the edge 1 -> 2, then 0 -> 1
    assert g.ndata["h"].tolist() == [0, 0, 1]
    g = marked(gm.graph(([0, 1], [1, 2])), 1)
    gm.prop_nodes_topo(g, COPY, SUM, reverse=True)
    assert g.ndata["h"].tolist() == [0, 0, 1]
    g = marked(gm.graph(([0, 1], [1, 2])), 1)
    gm.prop_nodes_bfs(g, 2, COPY, SUM, reverse=True)
    assert g.ndata["h"].tolist() == [0, 0, 1]


def test_nodes_and_edges_can_be_listed() -> None:
    for function, steps in ((gm.prop_nodes, [[1], [2]]), (gm.prop_edges, [[0], [1]])):
        g = marked(gm.graph(([0, 1], [1, 2])), 0)
        function(g, steps, COPY, SUM, lambda nodes: {"h": nodes.data["h"] * 2})
        assert g.ndata["h"].tolist() == [1, 2, 4]


def test_gradients_pass_through_every_step() -> None:
    g = gm.graph(([0, 1], [1, 2]))
    x = torch.tensor([3.0, 0.0, 0.0], requires_grad=True)
    g.ndata["h"] = x
    gm.prop_edges_dfs(g, 0, COPY, SUM)
    g.ndata["h"].sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 0, 0]


TYPES = gm.heterograph({("a", "to", "b"): ([0], [0])})
CYCLE = gm.graph(([0, 1], [1, 0]))
WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: gm.prop_nodes_topo(CYCLE, COPY, SUM), gm.GraphValueError, "cycle"),
    (lambda: gm.prop_nodes_bfs(TYPES, 0, COPY, SUM), gm.GraphValueError, "one node and one edge"),
    (lambda: gm.prop_edges_dfs(TYPES, 0, COPY, SUM), gm.GraphValueError, "one node and one edge"),
    (lambda: gm.prop_edges_dfs(CYCLE, 5, COPY, SUM), gm.GraphIndexError, "5"),
    (lambda: gm.prop_nodes([0], [[0]], COPY, SUM), gm.GraphTypeError, "Expected a graph"),
    (lambda: gm.prop_edges(CYCLE, 3, COPY, SUM), gm.GraphTypeError, "list or a generator"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "error", "text"), WRONG)
def test_wrong_arguments_are_refused(
    call: Callable[[], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        call()
