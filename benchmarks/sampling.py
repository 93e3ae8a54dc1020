"""Neighbour sampling to blocks: 40 batches of 1,024 seeds, without replacement.

Each library has its own random numbers, so results are not compared.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, LacksError, Run
from benchmarks.graphs import Edges

BATCHES, SEEDS = 40, 1024
RATE = 40e6  # edges that a core shall sample in a second


def seeds(edges: Edges, dtype: Any) -> Any:
    """The seeds of all batches, each once; fewer on a small graph."""
    import torch

    generator = torch.Generator("cpu").manual_seed(0)
    order = torch.randperm(edges.num_nodes, generator=generator, device="cpu")
    return order[: BATCHES * SEEDS].to(torch.empty(0).device, dtype)


def epoch(package: str, graph: Any, nodes: Any, fanouts: list[int], workers: int) -> Run:
    """An epoch over all batches, by the names that graphmp and DGL share."""
    loading = import_module(f"{package}.dataloading")
    sampler = loading.NeighborSampler(fanouts)
    loader = loading.DataLoader(graph, nodes, sampler, batch_size=SEEDS, num_workers=workers)

    def run() -> None:
        for _ in loader:
            pass

    return run


def graphmp(edges: Edges, fanouts: list[int], workers: int) -> Run:
    """``NeighborSampler``; workers are threads."""
    nodes = seeds(edges, edges.graphmp.idtype)
    return epoch("graphmp", edges.graphmp, nodes, fanouts, workers)


def dgl(edges: Edges, fanouts: list[int], workers: int) -> Run:
    """``NeighborSampler``, which needs int64 ids; workers are processes."""
    graph = edges.dgl.long()
    graph.create_formats_()
    return epoch("dgl", graph, seeds(edges, graph.idtype), fanouts, workers)


def pyg(edges: Edges, fanouts: list[int], workers: int) -> Run:  # noqa: ARG001
    """``NeighborLoader``."""
    raise LacksError("NeighborLoader needs pyg-lib or torch_sparse, compiled for this torch")


def seconds(fanouts: list[int], workers: int, edges: Edges) -> float:
    """What sampling as many edges may take on the cores that are used."""
    import torch

    import graphmp as gm

    nodes, count = seeds(edges, edges.graphmp.idtype), 0
    sampler = gm.dataloading.NeighborSampler(fanouts)
    for batch in nodes.split(SEEDS):
        count += sum(b.num_edges() for b in sampler.sample(edges.graphmp, batch)[2])
    return count / RATE / (workers or torch.get_num_threads())


FAMILY = Family(
    __file__,
    "40 batches of 1,024 seeds sampled to blocks",
    [
        Case(
            f"{fanouts}, {workers or 'no'} worker{'' if workers == 1 else 's'}",
            {"fanouts": fanouts, "workers": workers},
            goal=4.0,
            limit=partial(seconds, fanouts, workers),
        )
        for fanouts in ([10, 10], [15, 10, 5])
        for workers in (0, 1, 2)
    ],
    {"graphmp": graphmp, "DGL": dgl, "PyG": pyg},
)

if __name__ == "__main__":
    harness.main(FAMILY)
