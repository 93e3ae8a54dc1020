"""Graphs of public data sets: their edges alone, or random ones of the same size.

Features and labels are not read: those of a benchmark are drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import chain

import numpy as np

from benchmarks.graphs import Edges, data_file, rmat


def read(name: str) -> Edges:
    """A data set, or a random graph of its size where its file is absent."""
    reader, stand_in = _READERS[name]
    try:
        return reader()
    except FileNotFoundError as error:
        print(f"{error} A random graph of the size of {name} is used.", file=sys.stderr)
        return stand_in()


def cora() -> Edges:
    """The citations of Cora, in both directions."""
    import graphmp as gm

    folder = data_file("planetoid/ind.cora.graph").parent
    src, dst = gm.data.CoraGraphDataset(raw_dir=str(folder), verbose=False)[0].int().edges()
    return Edges(src.numpy(), dst.numpy(), 2708)


def proteins() -> Edges:
    """All graphs of PROTEINS side by side; ``sizes`` are their numbers of nodes."""
    lines = iter(data_file("gin_tu/PROTEINS/PROTEINS.txt").read_text(encoding="ascii").splitlines())
    sizes: list[int] = []
    pairs: list[tuple[int, int]] = []
    for _ in range(int(next(lines))):
        start, size = sum(sizes), int(next(lines).split()[0])
        for node in range(start, start + size):
            pairs += [(node, start + int(other)) for other in next(lines).split()[2:]]
        sizes.append(size)
    src, dst = np.array(pairs, np.int32).T.copy()
    return Edges(src, dst, sum(sizes), {"sizes": np.array(sizes, np.int32)})


def random_proteins() -> Edges:
    """Random graphs of 39 nodes and 146 edges."""
    random, count, size = np.random.default_rng(0), 1113, 39
    starts = np.repeat(np.arange(count, dtype=np.int32) * size, 146)
    src, dst = (starts + random.integers(0, size, len(starts), np.int32) for _ in range(2))
    return Edges(src, dst, count * size, {"sizes": np.full(count, size, np.int32)})


def aifb() -> Edges:
    """The triples of AIFB and their reverses; ``types`` are those of the edges."""
    with np.load(data_file("aifb/aifb_stripped.npz")) as file:
        head, tail, relation = file["head"], file["tail"], file["rel"]
        count, nodes = int(file["num_relations"]), int(file["num_entities"])
    return _typed(head, tail, relation, count, nodes)


def random_aifb() -> Edges:
    """Random triples."""
    edges = rmat(8285, 29_043)
    types = np.random.default_rng(0).integers(0, 45, edges.num_edges, np.int32)
    return _typed(edges.src, edges.dst, types, 45, edges.num_nodes)


def _typed(head: np.ndarray, tail: np.ndarray, types: np.ndarray, count: int, nodes: int) -> Edges:
    both = np.concatenate([types, types + count]).astype(np.int32)
    ends = np.concatenate([head, tail]), np.concatenate([tail, head])
    return Edges(*ends, nodes, {"types": both})


def gowalla() -> Edges:
    """The training interactions of Gowalla, users before items, in both directions."""
    lines = data_file("gowalla/train.txt").read_text(encoding="ascii").splitlines()
    rows = [np.array(line.split(), np.int32) for line in lines]
    users = np.repeat([row[0] for row in rows], [len(row) - 1 for row in rows]).astype(np.int32)
    items = np.fromiter(chain.from_iterable(row[1:] for row in rows), np.int32)
    return _bipartite(users, items, 29_858, 40_981)


def random_gowalla() -> Edges:
    """Random interactions."""
    random = np.random.default_rng(0)
    users, items = (random.integers(0, n, 810_128, np.int32) for n in (29_858, 40_981))
    return _bipartite(users, items, 29_858, 40_981)


def _bipartite(users: np.ndarray, items: np.ndarray, num_users: int, num_items: int) -> Edges:
    items = items + np.int32(num_users)
    ends = np.concatenate([users, items]), np.concatenate([items, users])
    return Edges(*ends, num_users + num_items)


_READERS: dict[str, tuple[Callable[[], Edges], Callable[[], Edges]]] = {
    "cora": (cora, lambda: rmat(2708, 10_556)),
    "proteins": (proteins, random_proteins),
    "aifb": (aifb, random_aifb),
    "gowalla": (gowalla, random_gowalla),
}
