"""Training GraphSAGE on sampled blocks, end to end: 40 batches of 1,024 seeds.

Three layers, 128 features, hidden 256, 40 classes. Each library draws numbers of its own, so there
are no results to compare. In the cases of bfloat16 graphmp trains under autocast, on features that
are stored in bfloat16, and DGL in float32.
"""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, normal
from benchmarks.graphs import Edges
from benchmarks.sampling import SEEDS, pyg, seeds

FEATURES, HIDDEN, CLASSES = 128, 256, 40
FANOUTS = [15, 10, 5]
GOALS = {"float32": (1.3, 2.0), "bfloat16": (2.0, 3.0)}  # without workers, and with them


def training(package: str, graph: Any, nodes: Any, workers: int, dtype: str) -> Run:
    """Work of an epoch, by the names that graphmp and DGL share."""
    import torch

    loading = import_module(f"{package}.dataloading")
    convolution = import_module(f"{package}.nn.pytorch" if package == "dgl" else "graphmp.nn")
    graph.ndata["feat"] = normal(graph.num_nodes(), FEATURES).to(getattr(torch, dtype))
    graph.ndata["label"] = torch.arange(graph.num_nodes()) % CLASSES
    sampler = loading.NeighborSampler(
        FANOUTS, prefetch_node_feats=["feat"], prefetch_labels=["label"]
    )
    loader = loading.DataLoader(graph, nodes, sampler, batch_size=SEEDS, num_workers=workers)
    sizes = [(FEATURES, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, CLASSES)]
    layers = torch.nn.ModuleList(convolution.SAGEConv(*size, "mean") for size in sizes)
    optimizer = torch.optim.Adam(layers.parameters(), lr=1e-3)

    def cast() -> Any:
        if dtype == "float32":
            return nullcontext()
        return torch.autocast("cpu", getattr(torch, dtype))

    def run() -> None:
        for _, _, blocks in loader:
            with cast():
                h = blocks[0].srcdata["feat"]
                for number, (layer, block) in enumerate(zip(layers, blocks, strict=True)):
                    h = layer(block, h)
                    h = h.relu() if number < len(layers) - 1 else h
                loss = torch.nn.functional.cross_entropy(h, blocks[-1].dstdata["label"])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()

    return run


def graphmp(edges: Edges, workers: int, dtype: str) -> Run:
    """``SAGEConv`` on the blocks of ``NeighborSampler``; workers are threads."""
    return training("graphmp", edges.graphmp, seeds(edges, edges.graphmp.idtype), workers, dtype)


def dgl(edges: Edges, workers: int, dtype: str) -> Run:  # noqa: ARG001
    """``SAGEConv`` on the blocks of ``NeighborSampler``; workers are processes."""
    graph = edges.dgl.long()
    graph.create_formats_()
    return training("dgl", graph, seeds(edges, graph.idtype), workers, "float32")


def case(workers: int, dtype: str) -> Case:
    """A case with the goal against DGL."""
    title = f"SAGE {FANOUTS}, {workers or 'no'} worker{'' if workers == 1 else 's'}"
    return Case(
        title if dtype == "float32" else f"{title}, {dtype}",
        {"workers": workers, "dtype": dtype},
        goal=GOALS[dtype][bool(workers)],
    )


FAMILY = Family(
    __file__,
    "An epoch of GraphSAGE on sampled blocks",
    [case(workers, dtype) for dtype in GOALS for workers in (0, 1, 2)],
    {
        "graphmp": graphmp,
        "DGL": dgl,
        "PyG": lambda edges, workers, dtype: pyg(edges, FANOUTS, workers),  # noqa: ARG005
    },
)

if __name__ == "__main__":
    harness.main(FAMILY)
