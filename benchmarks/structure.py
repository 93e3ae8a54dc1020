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
NETWORK = (5_000, 25_000)  # nodes and edges of a networkx graph


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
        "node_subgraph many": lambda: module.node_subgraph(graph, many).edges(),
        "edge_subgraph": lambda: module.edge_subgraph(graph, edges.int()).num_edges(),
        "in_subgraph": lambda: module.in_subgraph(graph, many).num_edges(),
        "out_subgraph": lambda: module.out_subgraph(graph, many).num_edges(),
        "khop_in_subgraph": lambda: module.khop_in_subgraph(graph, few, 2)[0].num_edges(),
        "khop_out_subgraph": lambda: module.khop_out_subgraph(graph, few, 2)[0].num_edges(),
        "has_edges_between": lambda: graph.has_edges_between(u, v),
        "edge_ids": lambda: len(graph.edge_ids(u, v)),
        "in_edges": lambda: len(graph.in_edges(many, form="eid")),
        "to_simple": lambda: module.to_simple(graph).edges(),
        "to_bidirected": lambda: module.to_bidirected(graph).edges(),
        "add_self_loop": lambda: module.add_self_loop(graph).num_edges(),
        "reverse": lambda: module.reverse(graph).num_edges(),
        "bfs": lambda: len(list(module.bfs_nodes_generator(graph, few))),
        "bfs_path": lambda: len(list(module.bfs_nodes_generator(path, 0))),
    }
    return calls[what]


def construction(module: Any, graph: Any, what: str) -> Run:
    """Graphs made of what other packages hold, and of edges in any order."""
    import networkx as nx
    import scipy.sparse

    size = graph.num_nodes()
    ends = tuple(end.clone() for end in graph.edges())
    matrix = scipy.sparse.coo_matrix((ends[0].numpy() + 1, ends), (size, size)).tocsr()
    network = nx.gnm_random_graph(*NETWORK, seed=0, directed=True)
    layout = "adj_tensors" if module.__name__ == "dgl" else "adjacency"

    def grouped() -> Any:
        made = module.graph(ends, num_nodes=size)
        return made.adj_tensors("csc") if layout == "adj_tensors" else tuple(made.adjacency.csc)

    calls: dict[str, Run] = {
        "from_networkx": lambda: module.from_networkx(network).num_edges(),
        "from_scipy": lambda: module.from_scipy(matrix).num_edges(),
        "csc": grouped,
    }
    return calls[what]


def work(library: str, edges: Edges, what: str, of: str) -> Run:
    """The work of a case."""
    module = import_module(library)
    if of == "batches":
        return on_batches(module, what)
    function = construction if of == "construction" else on_a_graph
    return function(module, getattr(edges, library), what)


def case(title: str, what: str, of: str = "a graph") -> Case:
    """A case in which DGL shall take twice as long."""
    return Case(title, {"what": what, "of": of}, goal=2.0)


FAMILY = Family(
    __file__,
    "Calls on the structure of graphs, on one thread",
    [
        case("node_subgraph of 50 nodes", "node_subgraph"),
        case("node_subgraph of 5,000 nodes", "node_subgraph many"),
        case("edge_subgraph of 100,000 edges", "edge_subgraph"),
        case("in_subgraph of 5,000 nodes", "in_subgraph"),
        case("out_subgraph of 5,000 nodes", "out_subgraph"),
        case("khop_in_subgraph, 2 steps from 50 nodes", "khop_in_subgraph"),
        case("khop_out_subgraph, 2 steps from 50 nodes", "khop_out_subgraph"),
        case("has_edges_between of 100,000 pairs", "has_edges_between"),
        case("edge_ids of 100,000 pairs", "edge_ids"),
        case("in_edges of 5,000 nodes", "in_edges"),
        case("to_simple", "to_simple"),
        case("to_bidirected", "to_bidirected"),
        case("add_self_loop", "add_self_loop"),
        case("reverse", "reverse"),
        case("breadth-first search from 50 nodes", "bfs"),
        case("breadth-first search along 2,000 nodes", "bfs_path"),
        case("from_networkx of 25,000 edges", "from_networkx", "construction"),
        case("from_scipy", "from_scipy", "construction"),
        case("COO to CSC", "csc", "construction"),
        case("batch of 256 small graphs", "batch", "batches"),
        case("unbatch", "unbatch", "batches"),
        case("slice_batch", "slice_batch", "batches"),
        case("GraphDataLoader", "loader", "batches"),
        case("topk_nodes by a column", "topk_nodes", "batches"),
    ],
    {"graphmp": partial(work, "graphmp"), "DGL": partial(work, "dgl")},
    threads=1,
)

if __name__ == "__main__":
    harness.main(FAMILY)
