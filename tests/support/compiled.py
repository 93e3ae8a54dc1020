"""Modules that are compiled, graphs of several sizes, and a comparison with eager mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend

import graphmp as gm
import graphmp.function as fn
from support.laws import assert_close

SIZE, TYPES = 4, 3
LARGE = 20_000  # nodes, whose features are more than eager mode takes for few


class Passing(nn.Module):
    """What a user writes: features in a scope, messages on edges, a softmax, and a reducer."""

    def __init__(self, message: fn.Message, reduce: fn.Reduce) -> None:
        super().__init__()
        self.message, self.reduce = message, reduce
        self.linear = nn.Linear(SIZE, SIZE)

    def forward(self, graph: gm.Graph, feat: Tensor) -> Tensor:
        with graph.local_scope():
            graph.srcdata["h"] = self.linear(feat)
            graph.dstdata["d"] = 2 * feat[: graph.num_dst_nodes()]
            graph.apply_edges(fn.u_dot_v("h", "d", "score"))
            graph.edata["a"] = gm.ops.edge_softmax(graph, graph.edata["score"])
            graph.update_all(self.message, self.reduce)
            out: Tensor = graph.dstdata["out"]
            return out


class ByType(nn.Module):
    """A layer that takes the types of edges, and perhaps those of nodes."""

    def __init__(self, layer: nn.Module, *num_ntypes: int) -> None:
        super().__init__()
        self.layer, self.num_ntypes = layer, num_ntypes

    def forward(self, graph: gm.Graph, feat: Tensor) -> Tensor:
        counts = graph.num_src_nodes(), graph.num_dst_nodes()
        ntypes: list[Any] = [
            tuple(torch.arange(n) % limit for n in counts) for limit in self.num_ntypes
        ]
        ends = (feat, feat[: counts[1]]) if graph.is_block else feat
        out: Tensor = self.layer(graph, ends, *ntypes, torch.arange(graph.num_edges()) % TYPES)
        return out


LAYERS: dict[str, Any] = {
    "GraphConv": lambda: gm.nn.GraphConv(SIZE, 5),
    "GraphConv right": lambda: gm.nn.GraphConv(SIZE, 2, norm="right"),
    "SAGEConv mean": lambda: gm.nn.SAGEConv(SIZE, 5, "mean"),
    "SAGEConv gcn": lambda: gm.nn.SAGEConv(SIZE, 5, "gcn"),
    "SAGEConv pool": lambda: gm.nn.SAGEConv(SIZE, 5, "pool"),
    "GATConv": lambda: gm.nn.GATConv(SIZE, 3, 2, residual=True),
    "GATConv elu": lambda: gm.nn.GATConv(SIZE, 3, 2, activation=nn.functional.elu),
    "GATv2Conv": lambda: gm.nn.GATv2Conv(SIZE, 3, 2),
    "GINConv sum": lambda: gm.nn.GINConv(nn.Linear(SIZE, 3), "sum", learn_eps=True),
    "GINConv max": lambda: gm.nn.GINConv(nn.Linear(SIZE, 3), "max"),
    "RelGraphConv": lambda: ByType(gm.nn.RelGraphConv(SIZE, 5, TYPES)),
    "RelGraphConv basis": lambda: ByType(gm.nn.RelGraphConv(SIZE, 5, TYPES, "basis", 2)),
    "RelGraphConv bdd": lambda: ByType(gm.nn.RelGraphConv(SIZE, 6, TYPES, "bdd", 2)),
    "HGTConv": lambda: ByType(gm.nn.HGTConv(SIZE, 2, 2, 2, TYPES, dropout=0.0), 2),
    "GatedGraphConv": lambda: ByType(gm.nn.GatedGraphConv(SIZE, 5, 2, TYPES)),
    "u_mul_e sum": lambda: Passing(fn.u_mul_e("h", "a", "m"), fn.sum("m", "out")),
    "u_div_e mean": lambda: Passing(fn.u_div_e("h", "a", "m"), fn.mean("m", "out")),
    "u_sub_v min": lambda: Passing(fn.u_sub_v("h", "d", "m"), fn.min("m", "out")),
    "copy_e max": lambda: Passing(fn.copy_e("a", "m"), fn.max("m", "out")),
}


def whole(nodes: int) -> gm.Graph:
    """A graph in which an edge enters every node."""
    return gm.add_self_loop(gm.rand_graph(nodes, 3 * nodes))


def block(nodes: int) -> gm.Graph:
    """A block with as many destinations, twice as many sources, and an edge into every one."""
    source = torch.randint(0, 2 * nodes, (5 * nodes,))
    ends = (source, torch.arange(5 * nodes) % nodes)
    return gm.create_block(ends, num_src_nodes=2 * nodes, num_dst_nodes=nodes)


def assert_compiled_like_eager(
    module: nn.Module,
    graphs: Sequence[gm.Graph],
    backend: str = "eager",
) -> int:
    """Results and gradients are those of eager mode, without a graph break.

    Returns:
        How often it was compiled.
    """
    torch.compiler.reset()
    counter = CompileCounterWithBackend(backend)
    compiled = torch.compile(module, fullgraph=True, backend=counter)
    for graph in graphs:
        feat = torch.randn(graph.num_src_nodes(), SIZE, requires_grad=True)
        made, wanted = compiled(graph, feat), module(graph, feat)
        assert_close(made, wanted)
        inputs, upstream = [feat, *module.parameters()], torch.randn_like(wanted)
        found = torch.autograd.grad(made, inputs, upstream, allow_unused=True)
        right = torch.autograd.grad(wanted, inputs, upstream, allow_unused=True)
        for one, other in zip(found, right, strict=True):
            assert (one is None) == (other is None)
            if one is not None:
                assert_close(one, other)
    return int(counter.frame_count)
