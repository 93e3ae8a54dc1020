"""Small graphs with features, and all that is in a graph as plain Python, to be compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

import graphmp as gm
from graphmp import Graph

Initializer: TypeAlias = Callable[[tuple[int, ...], torch.dtype, torch.device, slice], Tensor]


def path() -> Graph:
    """Three nodes in a row, with a feature on nodes and one on edges."""
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["x"] = torch.tensor([[0.0], [1.0], [2.0]])
    g.edata["w"] = torch.tensor([10.0, 20.0])
    return g


def diamond() -> Graph:
    """Four nodes, from 0 over 1 and over 2 to 3, with a feature on nodes and one on edges."""
    g = gm.graph(([0, 0, 1, 2], [1, 2, 3, 3]))
    g.ndata["x"] = torch.arange(4.0)
    g.edata["w"] = torch.arange(4.0) * 10
    return g


def shop() -> Graph:
    """Three users who buy two games and follow each other, with features on all of them."""
    g = gm.heterograph(
        {
            ("user", "buys", "game"): ([0, 1, 2], [0, 0, 1]),
            ("user", "follows", "user"): ([0, 1], [1, 2]),
        }
    )
    g.ndata["x"] = {"user": torch.arange(3.0), "game": torch.arange(2.0)}
    g.edata["w"] = {"buys": torch.arange(3.0), "follows": torch.arange(2.0)}
    return g


def edges(g: Graph, etype: Any = None) -> list[tuple[int, int]]:
    """The edges of a relation as pairs, in the order of their ids."""
    u, v = g.edges(etype=etype)
    return list(zip(u.tolist(), v.tolist(), strict=True))


def contents(g: Graph) -> dict[Any, Any]:
    """Nodes, edges and features of a graph that is no block."""
    found: dict[Any, Any] = {}
    for ntype in g.ntypes:
        data = {name: t.tolist() for name, t in g.nodes[ntype].data.items()}
        found[ntype] = (g.num_nodes(ntype), data)
    for etype in g.canonical_etypes:
        data = {name: t.tolist() for name, t in g.edges[etype].data.items()}
        found[etype] = (edges(g, etype), data)
    return found


def filled_with(value: float) -> Initializer:
    """An initializer that fills rows with one value."""
    return lambda shape, dtype, ctx, _rows: torch.full(shape, value, dtype=dtype, device=ctx)
