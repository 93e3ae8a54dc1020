"""Calls on the structure of graphs: subgraphs, pairs, batches and searches, on one thread."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run
from benchmarks.graphs import Edges

GRAPHS, NODES, EDGES = 256, 20, 44  # of a batch of small graphs, such as molecules
PATH = 2000  # nodes


def small_graphs(module: Any) -> list[Any]:
    """Small random graphs with features."""
    import torch

    graphs = []
    for seed in range(GRAPHS):
        generator = torch.Generator("cpu").manual_seed(seed)
        ends = torch.randint(NODES, (2, EDGES), generator=generator)
        graph = module.graph((ends[0], ends[1]), num_nodes=NODES)
        graph.ndata["x"] = torch.rand(NODES, 8, generator=generator)
        graph.edata["w"] = torch.rand(EDGES, 4, generator=generator)
        graphs.append(graph)
    return graphs


def on_batches(module: Any, what: str) -> Run:
    """Batches of small graphs, by the names that graphmp and DGL share."""
    graphs = small_graphs(module)
    whole = module.batch(graphs)
    loading = import_module(f"{module.__name__}.dataloading")
    loader = loading.GraphDataLoader([(g, 0) for g in graphs] * 8, batch_size=64)
    calls: dict[str, Run] = {
        "batch": lambda: module.batch(graphs).ndata["x"],
        "unbatch": lambda: module.unbatch(whole)[7].ndata["x"],
        "slice_batch": lambda: module.slice_batch(whole, 100).edges(),
        "loader": lambda: sum(batch.num_nodes() for batch, _ in loader),
        "topk_nodes": lambda: module.topk_nodes(whole, "x", 5, sortby=0)[0],
    }
    return calls[what]


def on_a_graph(module: Any, graph: Any, what: str) -> Run:
    """Calls on one graph, by the names that graphmp and DGL share."""
    import torch

    generator = torch.Generator("cpu").manual_seed(0)
    nodes = torch.randperm(graph.num_nodes(), generator=generator).int()
    edges = torch.randint(graph.num_edges(), (100_000,), generator=generator)
    u, v = (end[edges] for end in graph.edges())
    few, many = nodes[:50], nodes[:5000]
    path = module.graph((torch.arange(PATH - 1), torch.arange(1, PATH)))
    calls: dict[str, Run] = {
        "node_subgraph": lambda: module.node_subgraph(graph, few).num_edges(),
        "in_subgraph": lambda: module.in_subgraph(graph, many).num_edges(),
        "has_edges_between": lambda: graph.has_edges_between(u, v),
        "edge_ids": lambda: len(graph.edge_ids(u, v)),
        "to_simple": lambda: module.to_simple(graph).edges(),
        "to_bidirected": lambda: module.to_bidirected(graph).edges(),
        "bfs": lambda: len(list(module.bfs_nodes_generator(graph, few))),
        "bfs_path": lambda: len(list(module.bfs_nodes_generator(path, 0))),
    }
    return calls[what]


def work(library: str, edges: Edges, what: str, is_batch: bool) -> Run:
    """The work of a case."""
    module = import_module(library)
    if is_batch:
        return on_batches(module, what)
    return on_a_graph(module, getattr(edges, library), what)


def case(title: str, what: str, is_batch: bool = False) -> Case:
    """A case that DGL does not do faster."""
    return Case(title, {"what": what, "is_batch": is_batch}, goal=1.0)


FAMILY = Family(
    __file__,
    "Calls on the structure of graphs, on one thread",
    [
        case("node_subgraph of 50 nodes", "node_subgraph"),
        case("in_subgraph of 5,000 nodes", "in_subgraph"),
        case("has_edges_between of 100,000 pairs", "has_edges_between"),
        case("edge_ids of 100,000 pairs", "edge_ids"),
        case("to_simple", "to_simple"),
        case("to_bidirected", "to_bidirected"),
        case("breadth-first search from 50 nodes", "bfs"),
        case("breadth-first search along 2,000 nodes", "bfs_path"),
        case("batch of 256 small graphs", "batch", is_batch=True),
        case("unbatch", "unbatch", is_batch=True),
        case("slice_batch", "slice_batch", is_batch=True),
        case("GraphDataLoader", "loader", is_batch=True),
        case("topk_nodes by a column", "topk_nodes", is_batch=True),
    ],
    {"graphmp": partial(work, "graphmp"), "DGL": partial(work, "dgl")},
    threads=1,
)

if __name__ == "__main__":
    harness.main(FAMILY)
