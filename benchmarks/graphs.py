"""The graphs that are measured on, the same for every library."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]

ARXIV_NODES, ARXIV_EDGES = 169_343, 2_332_486
REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(eq=False)
class Edges:
    """The edges ``src[i] -> dst[i]`` of a graph, and the graph as each library holds it.

    Ids are int32, and every layout is made beforehand, on torch's default device.

    Attributes:
        src: (E,) sources.
        dst: (E,) destinations.
        num_nodes: the number of nodes.
        more: other numbers, such as the type of each edge, by name.
    """

    src: Ids
    dst: Ids
    num_nodes: int
    more: dict[str, npt.NDArray[np.int32]] = field(default_factory=dict)

    @property
    def num_edges(self) -> int:
        """How many there are."""
        return len(self.src)

    @property
    def in_degrees(self) -> npt.NDArray[np.int64]:
        """(num_nodes,) how many edges enter each node."""
        return np.bincount(self.dst, minlength=self.num_nodes)

    @cached_property
    def tensors(self) -> tuple[Any, Any]:
        """Both ends as int32 tensors."""
        import torch

        device = torch.empty(0).device
        return torch.from_numpy(self.src).to(device), torch.from_numpy(self.dst).to(device)

    @cached_property
    def graphmp(self) -> Any:
        """A graphmp graph."""
        import graphmp

        graph = graphmp.graph(self.tensors, num_nodes=self.num_nodes)
        graph.create_formats_()
        return graph

    @cached_property
    def dgl(self) -> Any:
        """A DGL graph."""
        graph = import_module("dgl").graph(self.tensors, num_nodes=self.num_nodes)
        graph.create_formats_()
        return graph

    @cached_property
    def order(self) -> Any:
        """The edges by destination: int64 ids."""
        import torch

        return torch.argsort(self.tensors[1], stable=True)

    @cached_property
    def indptr(self) -> Any:
        """Where each destination's edges start and end in ``order``; int32."""
        import torch

        ends = self.in_degrees.cumsum()
        limits = torch.from_numpy(np.concatenate([[0], ends]).astype(np.int32))
        return limits.to(torch.empty(0).device)

    def csr(self, values: Any) -> Any:
        """A CSR matrix of destinations × sources with (E,) values in the order ``order``."""
        import torch

        size = (self.num_nodes, self.num_nodes)
        return torch.sparse_csr_tensor(self.indptr, self.tensors[0][self.order], values, size)

    @cached_property
    def edge_index(self) -> Any:
        """(2, E) int64, in the order of edge ids, as PyG takes it."""
        import torch

        return torch.stack(self.tensors).long()

    @cached_property
    def pyg(self) -> Any:
        """PyG's EdgeIndex by destination, with what it can hold beforehand."""
        import torch

        index = torch.stack(self.tensors)[:, self.order]
        size = (self.num_nodes, self.num_nodes)
        made = import_module("torch_geometric").EdgeIndex
        return made(index, sparse_size=size, sort_order="col").fill_cache_()


def data_file(name: str) -> Path:
    """A file of a data set.

    Raises:
        FileNotFoundError: it is not there.
    """
    folder = os.environ.get("GRAPHMP_DATA")
    path = (Path(folder) if folder else REPOSITORY.parent / "shared" / "data") / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path.name} is not in {path.parent}: name that folder's parent in GRAPHMP_DATA."
        )
    return path


def arxiv() -> Edges:
    """ogbn-arxiv, every edge in both directions."""
    with np.load(data_file("ogbn_arxiv/ogbn_arxiv_graph.npz")) as file:
        src, dst = file["src"], file["dst"]
        both = np.concatenate([src, dst]), np.concatenate([dst, src])
        return Edges(*both, int(file["num_nodes"]))


def rmat(num_nodes: int, num_edges: int, seed: int = 1) -> Edges:
    """A random graph with hubs on both sides, its edges in random order, its ids shuffled.

    Each bit of an edge's ends is drawn from the quadrants of R-MAT (Chakrabarti, Zhan and
    Faloutsos, SDM 2004) with probabilities 0.57, 0.19, 0.19, 0.05; ids too large are drawn again.
    """
    random = np.random.default_rng(seed)
    bits = (num_nodes - 1).bit_length()
    names = random.permutation(num_nodes).astype(np.int32)
    src, dst = np.empty(0, np.int32), np.empty(0, np.int32)
    while len(src) < num_edges:
        ends = np.zeros((2, num_edges), np.int32)
        for _ in range(bits):
            drawn = random.random(num_edges, np.float32)
            ends[0] = 2 * ends[0] + (drawn >= 0.76)
            ends[1] = 2 * ends[1] + (((drawn >= 0.57) & (drawn < 0.76)) | (drawn >= 0.95))
        kept = ends[:, (ends < num_nodes).all(0)]
        src, dst = np.concatenate([src, names[kept[0]]]), np.concatenate([dst, names[kept[1]]])
    return Edges(src[:num_edges], dst[:num_edges], num_nodes)


def power_law(num_nodes: int = 50_000, num_edges: int = 700_000, seed: int = 2) -> Edges:
    """In-degrees in proportion to Pareto weights up to 800, random sources, shuffled edges."""
    random = np.random.default_rng(seed)
    weights = np.minimum(random.pareto(1.2, num_nodes) + 1, 800)
    degrees = np.floor(weights * (num_edges / weights.sum())).astype(np.int64)
    lucky = random.choice(num_nodes, num_edges - degrees.sum(), replace=False)
    degrees[lucky] += 1  # what rounding down has left over
    dst = random.permutation(np.repeat(np.arange(num_nodes, dtype=np.int32), degrees))
    src = random.integers(0, num_nodes, num_edges, dtype=np.int32)
    return Edges(src, dst, num_nodes)


def triangle() -> Edges:
    """Three nodes in a ring."""
    return Edges(np.array([0, 1, 2], np.int32), np.array([1, 2, 0], np.int32), 3)


def public(name: str) -> Edges:
    """The graph of a public data set, or a random one of its size; see public_graphs.py."""
    from benchmarks.public_graphs import read

    return read(name)


SMALLER = ("arxiv", "rmat")  # of 2.3 million edges

GRAPHS: dict[str, Callable[[], Edges]] = {
    "arxiv": arxiv,
    "rmat": lambda: rmat(ARXIV_NODES, ARXIV_EDGES),
    "rmat-12m": lambda: rmat(1 << 20, 12_000_000),
    # Of the sizes of Reddit and, every edge in both directions, ogbn-products.
    "rmat-reddit": lambda: rmat(232_965, 114_615_892),
    "rmat-products": lambda: rmat(2_449_029, 123_718_280),
    "power-law": power_law,
    "triangle": triangle,
    "quick": lambda: rmat(200, 2_000),
    "cora": lambda: public("cora"),
    "proteins": lambda: public("proteins"),
    "aifb": lambda: public("aifb"),
    "gowalla": lambda: public("gowalla"),
}


def save(edges: Edges, path: Path) -> None:
    """Write a graph to a file."""
    arrays: dict[str, Any] = {"src": edges.src, "dst": edges.dst, **edges.more}
    np.savez(path, num_nodes=edges.num_nodes, **arrays)


def load(path: Path) -> Edges:
    """Read a graph that ``save`` wrote."""
    with np.load(path) as file:
        more = {name: file[name] for name in set(file) - {"src", "dst", "num_nodes"}}
        return Edges(file["src"], file["dst"], int(file["num_nodes"]), more)
