"""The layers that every test of ``nn/test_layers.py`` walks, and how each is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from corner_graphs import feature
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import (
    DotGatConv,
    EdgeGATConv,
    EGATConv,
    GATConv,
    GATv2Conv,
    GINConv,
    GINEConv,
    GraphConv,
    RelGraphConv,
    SAGEConv,
)

IN, OUT, EDGE, TYPES = 3, 2, 4, 4


@dataclass(frozen=True)
class Row:
    """A layer and how it is called.

    Attributes:
        make: makes the layer, for nodes of size ``IN``.
        edge: the argument for what edges carry; empty if there is none.
        shape: the shape of that for one edge.
        dtype: the dtype of that.
        needed: whether every call needs it.
        ends: ``"source"`` if only the sources' features are read, ``"both"``, or ``"same"`` if
            the destinations must be the sources.
        sized: whether the layer itself knows the size of its input.
    """

    make: Callable[[], nn.Module]
    edge: str = "edge_weight"
    shape: tuple[int, ...] = ()
    dtype: torch.dtype = torch.float32
    needed: bool = False
    ends: str = "both"
    sized: bool = True


def graph_conv(norm: str, out: int = OUT) -> Row:
    return Row(
        lambda: GraphConv(IN, out, norm=norm, allow_zero_in_degree=True),
        ends="source",
    )


def sage_conv(kind: str) -> Row:
    return Row(lambda: SAGEConv(IN, OUT, kind))


def gin_conv(kind: str) -> Row:
    return Row(lambda: GINConv(nn.Linear(IN, OUT), kind, 0.5, learn_eps=True), sized=False)


def rel_graph_conv(size: int, regularizer: str | None, bases: int | None) -> Row:
    return Row(
        lambda: RelGraphConv(IN, size, TYPES, regularizer, bases),
        edge="etypes",
        dtype=torch.int64,
        needed=True,
    )


LAYERS: dict[str, Row] = {
    **{f"GraphConv {norm}": graph_conv(norm) for norm in ("both", "none", "left", "right")},
    "GraphConv growing": graph_conv("both", 5),
    **{f"SAGEConv {kind}": sage_conv(kind) for kind in ("mean", "gcn", "pool", "lstm")},
    "GATConv": Row(lambda: GATConv(IN, OUT, 2, allow_zero_in_degree=True)),
    "GATConv residual": Row(lambda: GATConv(IN, OUT, 2, residual=True, allow_zero_in_degree=True)),
    "GATv2Conv": Row(
        lambda: GATv2Conv(IN, OUT, 2, residual=True, allow_zero_in_degree=True), edge=""
    ),
    "DotGatConv": Row(lambda: DotGatConv(IN, OUT, 2, allow_zero_in_degree=True), edge=""),
    "EGATConv": Row(
        lambda: EGATConv(IN, EDGE, OUT, 5, 2), edge="efeats", shape=(EDGE,), needed=True
    ),
    "EdgeGATConv": Row(
        lambda: EdgeGATConv(IN, EDGE, OUT, 2, allow_zero_in_degree=True),
        edge="edge_feat",
        shape=(EDGE,),
        needed=True,
    ),
    **{f"GINConv {kind}": gin_conv(kind) for kind in ("sum", "max", "mean")},
    "GINEConv": Row(
        lambda: GINEConv(nn.Linear(IN, OUT), 0.5),
        edge="edge_feat",
        shape=(IN,),
        needed=True,
        sized=False,
    ),
    "RelGraphConv": rel_graph_conv(OUT, None, None),
    "RelGraphConv basis": rel_graph_conv(OUT, "basis", 2),
    "RelGraphConv bdd": rel_graph_conv(2 * IN, "bdd", IN),
}


def made(name: str) -> nn.Module:
    """The layer of a row, the same every time."""
    torch.manual_seed(0)
    return LAYERS[name].make()


def edge_input(name: str, graph: gm.Graph) -> Tensor:
    """What the edges of a graph carry, as the layer wants it."""
    row = LAYERS[name]
    return feature(graph.num_edges(), row.shape, row.dtype, seed=2)


def call(name: str, layer: nn.Module, graph: gm.Graph, feat: Any, edge: Any = None) -> Tensor:
    """Call a layer as its row says; of several results the first, a row for each destination."""
    row = LAYERS[name]
    if edge is None and row.needed:
        edge = edge_input(name, graph)
        some = feat[0] if isinstance(feat, tuple) and feat else feat
        if isinstance(some, Tensor) and row.dtype.is_floating_point:
            edge = edge.to(some.dtype)
    options = {row.edge: edge} if row.edge and edge is not None else {}
    out = layer(graph, feat, **options)
    found: Tensor = out[0] if isinstance(out, tuple) else out
    return found
