"""The layers that every test of ``nn/test_layers.py`` walks, and how each is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

import graphmp as gm
import graphmp.function as fn
from graphmp.nn import (
    AGNNConv,
    APPNPConv,
    AtomicConv,
    CFConv,
    ChebConv,
    CuGraphGATConv,
    CuGraphRelGraphConv,
    CuGraphSAGEConv,
    DGNConv,
    DotGatConv,
    EdgeConv,
    EdgeGATConv,
    EGATConv,
    EGNNConv,
    GATConv,
    GatedGCNConv,
    GatedGraphConv,
    GATv2Conv,
    GCN2Conv,
    GINConv,
    GINEConv,
    GMMConv,
    GraphConv,
    GroupRevRes,
    HGTConv,
    LightGCNConv,
    LRGCCFConv,
    MessagePassing,
    NNConv,
    PNAConv,
    RelGraphConv,
    SAGEConv,
    SGConv,
    TAGConv,
    TransformerConv,
    TWIRLSConv,
)
from support.corner_graphs import feature

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
        positive: whether what edges carry must be above zero.
    """

    make: Callable[[], nn.Module]
    edge: str = "edge_weight"
    shape: tuple[int, ...] = ()
    dtype: torch.dtype = torch.float32
    needed: bool = False
    ends: str = "both"
    sized: bool = True
    positive: bool = False


def graph_conv(norm: str, out: int = OUT) -> Row:
    return Row(
        lambda: GraphConv(IN, out, norm=norm, allow_zero_in_degree=True),
        ends="source",
    )


def sage_conv(kind: str) -> Row:
    return Row(lambda: SAGEConv(IN, OUT, kind))


def gin_conv(kind: str) -> Row:
    return Row(lambda: GINConv(nn.Linear(IN, OUT), kind, 0.5, learn_eps=True), sized=False)


def with_edges(edge: str, make: Callable[[], nn.Module]) -> Row:
    return Row(make, edge=edge, shape=(EDGE,), needed=True)


def nn_conv(kind: str) -> Row:
    return with_edges("efeat", lambda: NNConv(IN, OUT, nn.Linear(EDGE, IN * OUT), kind, True))


def gmm_conv(kind: str) -> Row:
    return with_edges(
        "pseudo", lambda: GMMConv(IN, OUT, EDGE, 5, kind, True, allow_zero_in_degree=True)
    )


def steps(make: Callable[[], nn.Module], sized: bool = True) -> Row:
    return Row(make, ends="same", sized=sized, positive=True)


class Twice(nn.Module):
    """A layer that takes the first features too, which are here those it is given."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, graph: gm.Graph, feat: Tensor, edge_weight: Any = None) -> Tensor:
        out: Tensor = self.layer(graph, feat, feat, edge_weight)
        return out


class Placed(nn.Module):
    """A layer that takes coordinates too, which are here the features."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, graph: gm.Graph, feat: Any, edge_feat: Any) -> Any:
        return self.layer(graph, feat, feat, edge_feat)


class Directed(nn.Module):
    """A layer that takes fields too, which are here the features."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, graph: gm.Graph, feat: Any, edge_feat: Any) -> Any:
        return self.layer(graph, feat, edge_feat, feat)


@lru_cache(maxsize=4)
def _signs(h: Tensor) -> Tensor:
    """The types of nodes, the same tensor for the same features."""
    return ((h if h.ndim == 1 else h[:, 0]) > 0).long()


def _kinds(h: Any) -> Any:
    """The types of nodes, None where there are no features."""
    return _signs(h) if isinstance(h, Tensor) else None


class Typed(nn.Module):
    """A layer that takes types of nodes too, which are here the signs of a feature."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, graph: gm.Graph, feat: Any, etype: Any) -> Any:
        ntype = tuple(map(_kinds, feat)) if isinstance(feat, tuple) else _kinds(feat)
        return self.layer(graph, feat, ntype, etype)


class Weighted(MessagePassing):
    """Messages by a builtin."""

    def message(self) -> fn.Message:
        made: fn.Message = fn.u_mul_e("x", "edge_attr", "m")
        return made


def passing(aggr: str) -> Row:
    return Row(lambda: MessagePassing(aggr), edge="", ends="source", sized=False)


def pna_conv() -> PNAConv:
    return PNAConv(
        IN, 6, ["mean", "max", "std"], ["identity", "amplification"], 1.5, 0.0, 3, EDGE
    ).eval()


def atomic_conv() -> AtomicConv:
    return AtomicConv(torch.tensor([1.0, 2.0]), torch.zeros(2), torch.tensor([0.5, 1.0]))


def dgn_conv() -> nn.Module:
    names = ["dir1-av", "dir2-dx", "max"]
    return Directed(DGNConv(IN, 6, names, ["identity"], 1.5, edge_feat_size=EDGE)).eval()


def twirls_conv() -> TWIRLSConv:
    return TWIRLSConv(IN, OUT, 4, 2, 2, 2, attention=True, use_eta=True, attn_bef=True)


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
    "EGATConv": with_edges(
        "efeats", lambda: EGATConv(IN, EDGE, OUT, 5, 2, allow_zero_in_degree=True)
    ),
    "EdgeGATConv": with_edges(
        "edge_feat", lambda: EdgeGATConv(IN, EDGE, OUT, 2, allow_zero_in_degree=True)
    ),
    "TransformerConv": Row(lambda: TransformerConv(IN, OUT, 2), edge=""),
    "TransformerConv edges": with_edges(
        "edge_feat", lambda: TransformerConv(IN, OUT, 2, EDGE, beta=True)
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
    "CuGraphGATConv": Row(lambda: CuGraphGATConv(IN, OUT, 2, residual=True), edge=""),
    "CuGraphRelGraphConv": Row(
        lambda: CuGraphRelGraphConv(IN, OUT, TYPES, "basis", 2, apply_norm=True),
        edge="etypes",
        dtype=torch.int64,
        needed=True,
    ),
    "CuGraphSAGEConv": Row(lambda: CuGraphSAGEConv(IN, OUT, "max"), edge=""),
    "SGConv": steps(lambda: SGConv(IN, OUT, 2, allow_zero_in_degree=True)),
    "SGConv growing": steps(lambda: SGConv(IN, 5, 2, allow_zero_in_degree=True)),
    "APPNPConv": steps(lambda: APPNPConv(2, 0.2), sized=False),
    "TAGConv": steps(lambda: TAGConv(IN, OUT)),
    "TAGConv growing": steps(lambda: TAGConv(IN, 5)),
    "ChebConv": Row(lambda: ChebConv(IN, OUT, 3), edge="", ends="same"),
    "GCN2Conv": steps(lambda: Twice(GCN2Conv(IN, 2, allow_zero_in_degree=True))),
    "EdgeConv": Row(lambda: EdgeConv(IN, OUT, allow_zero_in_degree=True), edge=""),
    "EdgeConv normalised": Row(
        lambda: EdgeConv(IN, OUT, batch_norm=True, allow_zero_in_degree=True).eval(), edge=""
    ),
    "AGNNConv": Row(lambda: AGNNConv(allow_zero_in_degree=True), edge="", sized=False),
    "GatedGraphConv": Row(lambda: GatedGraphConv(IN, IN + 1, 2, 1), edge="", ends="same"),
    "GatedGraphConv typed": Row(
        lambda: GatedGraphConv(IN, IN + 1, 2, TYPES),
        edge="etypes",
        dtype=torch.int64,
        needed=True,
        ends="same",
    ),
    "GatedGCNConv": with_edges("edge_feat", lambda: GatedGCNConv(IN, EDGE, OUT).eval()),
    "CFConv": replace(with_edges("edge_feats", lambda: CFConv(IN, EDGE, 5, OUT)), ends="source"),
    **{f"NNConv {kind}": nn_conv(kind) for kind in ("sum", "mean", "max")},
    **{f"GMMConv {kind}": gmm_conv(kind) for kind in ("sum", "mean", "max")},
    "HGTConv": Row(
        lambda: Typed(HGTConv(IN, OUT, 2, 2, TYPES, dropout=0.0)),
        edge="etype",
        dtype=torch.int64,
        needed=True,
    ),
    "EGNNConv": with_edges("edge_feat", lambda: Placed(EGNNConv(IN, 5, OUT, EDGE))),
    "PNAConv": with_edges("edge_feat", pna_conv),
    "AtomicConv": Row(
        atomic_conv, edge="distances", shape=(1,), needed=True, ends="source", sized=False
    ),
    "DGNConv": with_edges("edge_feat", dgn_conv),
    "TWIRLSConv": Row(twirls_conv, edge="", ends="same"),
    "GroupRevRes": Row(
        lambda: GroupRevRes(GraphConv(1, 1, allow_zero_in_degree=True), 3),
        edge="",
        ends="same",
        sized=False,
    ),
    "LightGCNConv": Row(LightGCNConv, ends="source", sized=False),
    "LRGCCFConv": Row(lambda: LRGCCFConv(IN, OUT), edge=""),
    **{f"MessagePassing {aggr}": passing(aggr) for aggr in ("sum", "mean", "max", "min")},
    "MessagePassing weighted": replace(
        passing("sum"), make=Weighted, edge="edge_attr", needed=True
    ),
}


def made(name: str) -> nn.Module:
    """The layer of a row, the same every time."""
    torch.manual_seed(0)
    return LAYERS[name].make()


def edge_input(name: str, graph: gm.Graph) -> Tensor:
    """What the edges of a graph carry, as the layer wants it."""
    row = LAYERS[name]
    made = feature(graph.num_edges(), row.shape, row.dtype, seed=2)
    return made.abs() if row.positive else made


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
