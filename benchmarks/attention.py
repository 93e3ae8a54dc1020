"""Layers of attention with their linear maps, forward and backward: four heads of 16 from 64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, normal
from benchmarks.graphs import Edges

SIZE, HEADS, WIDTH = 64, 4, 16


def weight(seed: int) -> Any:
    """(heads · width, size): the weight of a linear map."""
    return normal(HEADS * WIDTH, SIZE, seed=seed) / SIZE**0.5


def scorer(seed: int) -> Any:
    """(1, heads, width): what scores the features of an edge's ends."""
    return normal(1, HEADS, WIDTH, seed=seed)


def trained(edges: Edges, forward: Callable[[Any], Any], parameters: Sequence[Any]) -> Run:
    """Work that gives the output and the input's gradient, and makes those of the parameters."""
    import torch

    x = normal(edges.num_nodes, SIZE).requires_grad_()
    upstream = normal(edges.num_nodes, HEADS * WIDTH, seed=99)

    def run() -> tuple[Any, Any]:
        out = forward(x).view(-1, HEADS * WIDTH)
        return out, torch.autograd.grad(out, [x, *parameters], upstream)[0]

    return run


def loaded(module: Any, values: dict[str, Any]) -> list[Any]:
    """The parameters of a module that are named in ``values``, after they were given these."""
    module.load_state_dict(values, strict=False)
    parameters = dict(module.named_parameters())
    return [parameters[name] for name in values]


def with_module(edges: Edges, graph: Any, module: Any, **values: Any) -> Run:
    """Work of a layer of DGL's form, with the parameters ``values``."""
    return trained(edges, lambda x: module(graph, x), loaded(module, values))


def graphmp(edges: Edges, layer: str) -> Run:
    """``nn.GATConv``; the others by linear maps and the fused operators."""
    import torch

    from graphmp import nn, ops

    graph = edges.graphmp
    if layer == "GAT":
        values = {"fc.weight": weight(0), "attn_l": scorer(1), "attn_r": scorer(2)}
        module = nn.GATConv(SIZE, WIDTH, HEADS, bias=False, allow_zero_in_degree=True)
        return with_module(edges, graph, module, **values)
    source, target = weight(0).requires_grad_(), weight(1).requires_grad_()
    attn, linear = scorer(2)[0].requires_grad_(), torch.nn.functional.linear
    if layer == "GATv2":

        def gatv2(x: Any) -> Any:
            left, right = (linear(x, w).view(-1, HEADS, WIDTH) for w in (source, target))
            return ops.gatv2_attention(graph, left, right, attn, negative_slope=0.2)

        return trained(edges, gatv2, [source, target, attn])

    def dot(x: Any) -> Any:
        h = linear(x, source).view(-1, HEADS, WIDTH)
        return ops.dot_attention(graph, h, h, h, scale=WIDTH**-0.5)

    return trained(edges, dot, [source])


def dgl(edges: Edges, layer: str) -> Run:
    """``GATConv``, ``GATv2Conv``, and ``DotGatConv``, which has one linear map."""
    nn, sizes = import_module("dgl.nn.pytorch"), (SIZE, WIDTH, HEADS)
    if layer == "GAT":
        values = {"fc.weight": weight(0), "attn_l": scorer(1), "attn_r": scorer(2)}
        module = nn.GATConv(*sizes, bias=False, allow_zero_in_degree=True)
    elif layer == "GATv2":
        values = {"fc_src.weight": weight(0), "fc_dst.weight": weight(1), "attn": scorer(2)}
        module = nn.GATv2Conv(*sizes, bias=False, allow_zero_in_degree=True)
    else:
        values = {"fc.weight": weight(0)}
        module = nn.DotGatConv(*sizes, allow_zero_in_degree=True)
    return with_module(edges, edges.dgl, module, **values)


def pyg(edges: Edges, layer: str, compiled: bool = False) -> Run:
    """``GATConv``, ``GATv2Conv``, and ``TransformerConv``, which has three linear maps."""
    import torch

    nn, sizes = import_module("torch_geometric.nn"), (SIZE, WIDTH, HEADS)
    if layer == "GAT":
        values = {"lin.weight": weight(0), "att_src": scorer(1), "att_dst": scorer(2)}
        module = nn.GATConv(*sizes, bias=False, add_self_loops=False)
    elif layer == "GATv2":
        values = {"lin_l.weight": weight(0), "lin_r.weight": weight(1), "att": scorer(2)}
        module = nn.GATv2Conv(*sizes, bias=False, add_self_loops=False)
    else:
        values = {f"lin_{name}.weight": weight(0) for name in ("key", "query", "value")}
        module = nn.TransformerConv(*sizes, bias=False, root_weight=False)
    parameters = loaded(module, values)
    layer_of = torch.compile(module) if compiled else module
    return trained(edges, lambda x: layer_of(x, edges.edge_index), parameters)


FAMILY = Family(
    __file__,
    "Layers of attention, forward and backward",
    [
        Case("GAT 4x16", {"layer": "GAT"}, goal=8.0),
        Case("GATv2 4x16", {"layer": "GATv2"}, goal=10.0),
        Case("dot product 4x16", {"layer": "dot product"}, goal=10.0),
        Case("GATv2 4x16 peak memory", {"layer": "GATv2"}, goal=10.0, unit="MB"),
    ],
    {"graphmp": graphmp, "DGL": dgl, "PyG": pyg},
)

if __name__ == "__main__":
    harness.main(FAMILY)
