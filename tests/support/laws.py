"""What holds for message passing whatever it computes, as assertions that any test may use.

A layer is a function of a graph that gives one row for each destination. It reads the features
``x`` of the nodes and ``w`` of the edges: a law moves these to another graph of the same edges, and
asserts that the layer's result moves along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

import graphmp as gm
from graphmp.kernels.contract import TOLERANCE

Layer: TypeAlias = Callable[[gm.Graph], Tensor]


def assert_close(actual: Tensor, expected: Tensor) -> None:
    """``actual`` has the shape and the values of ``expected``, which may be more precise.

    Integers and booleans must be equal, also in dtype; floating point values as near as the
    kernels promise for the dtype of ``actual``. NaN equals NaN.
    """
    if not actual.dtype.is_floating_point:
        assert torch.equal(actual, expected), f"{actual} is not {expected}"
        return
    relative, absolute = TOLERANCE[actual.dtype]
    wide = (actual.double(), expected.double())
    torch.testing.assert_close(*wide, rtol=relative, atol=absolute, equal_nan=True)


def assert_same_bits(actual: Tensor, expected: Tensor) -> None:
    """Both have the same dtype, shape and bits."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    raw = (tensor.detach().contiguous().view(-1).view(torch.uint8) for tensor in (actual, expected))
    assert torch.equal(*raw)


def gradients(out: Tensor, inputs: Sequence[Tensor], upstream: Tensor) -> tuple[Tensor, ...]:
    """The gradient of each input from that of ``out``; 0 where ``out`` does not depend on it."""
    if not out.requires_grad:
        return tuple(torch.zeros_like(tensor) for tensor in inputs)
    upstream = upstream.to(out.dtype)
    return torch.autograd.grad(out, inputs, upstream, allow_unused=True, materialize_grads=True)


def assert_same_with_gradients(
    actual: Callable[..., Tensor], expected: Callable[..., Tensor], *operands: Tensor
) -> None:
    """Two functions of ``operands`` agree, and so do all gradients from one random upstream.

    ``expected`` is computed in float64.
    """
    inputs = [x.detach().requires_grad_() for x in operands]
    exact = [x.detach().double().requires_grad_() for x in operands]
    out, wanted = actual(*inputs), expected(*exact)
    assert_close(out, wanted)
    upstream = torch.randn(out.shape, generator=torch.Generator().manual_seed(7)).to(out.dtype)
    made = gradients(out, inputs, upstream), gradients(wanted, exact, upstream)
    for grad, wanted_grad in zip(*made, strict=True):
        assert_close(grad, wanted_grad)


def assert_differentiable_twice(
    function: Callable[..., Tensor | tuple[Tensor, ...]], *inputs: Tensor
) -> None:
    """First and second derivatives are those of finite differences."""
    leaves = [tensor.requires_grad_() for tensor in inputs]
    assert gradcheck(function, leaves)
    assert gradgradcheck(function, leaves)


def permuting_nodes_permutes_outputs(layer: Layer, graph: gm.Graph) -> None:
    """New numbers for the nodes of a homogeneous graph give the same rows at the new numbers."""
    place = torch.randperm(graph.num_nodes(), generator=torch.Generator().manual_seed(1))
    u, v = graph.edges()
    ends = (place[u.long()].to(u.dtype), place[v.long()].to(v.dtype))
    moved = gm.graph(ends, num_nodes=graph.num_nodes())
    moved.ndata["x"] = torch.empty_like(graph.ndata["x"]).index_copy(0, place, graph.ndata["x"])
    moved.edata["w"] = graph.edata["w"]
    assert_close(layer(moved)[place], layer(graph))


def one_type_is_homogeneous(layer: Layer, graph: gm.Graph) -> None:
    """A heterograph of one node type and one edge type behaves as a homogeneous graph."""
    counts = {"node": graph.num_nodes()}
    typed = gm.heterograph({("node", "edge", "node"): graph.edges()}, counts)
    typed.ndata["x"], typed.edata["w"] = graph.ndata["x"], graph.edata["w"]
    assert_close(layer(typed), layer(graph))


def a_split_relation_is_whole(layer: Layer, graph: gm.Graph) -> None:
    """Edges dealt to two relations between the same nodes give what all of them gave in one."""
    u, v = graph.edges()
    deal = torch.arange(u.numel()) % 3 == 0
    parts = {"one": deal, "two": ~deal}
    edges = {("node", name, "node"): (u[part], v[part]) for name, part in parts.items()}
    split = gm.heterograph(edges, {"node": graph.num_nodes()})
    split.ndata["x"] = graph.ndata["x"]
    for name, part in parts.items():
        split.edges[name].data["w"] = graph.edata["w"][part]
    assert_close(layer(split), layer(graph))


def a_block_over_all_nodes_is_the_full_graph(layer: Layer, graph: gm.Graph) -> None:
    """A block with every node at both sides and all edges gives what the graph gives."""
    nodes = graph.num_nodes()
    block = gm.create_block(graph.edges(), num_src_nodes=nodes, num_dst_nodes=nodes)
    block.srcdata["x"] = block.dstdata["x"] = graph.ndata["x"]
    block.edata["w"] = graph.edata["w"]
    assert_close(layer(block), layer(graph))


def reversed_twice_is_itself(graph: gm.Graph) -> None:
    """Swapping the ends of all edges swaps every layout; doing so twice gives the same tensors."""
    adjacency = graph.adjacency
    back, again = adjacency.reversed, adjacency.reversed.reversed
    assert back.src is adjacency.dst
    assert (back.num_src, back.num_dst) == (adjacency.num_dst, adjacency.num_src)
    assert back.csc is adjacency.csr
    assert torch.equal(back.in_degrees, adjacency.out_degrees)
    assert again.src is adjacency.src
    assert again.csc is adjacency.csc
    assert again.csr is adjacency.csr


def a_batch_is_its_graphs(layer: Layer, graphs: Sequence[gm.Graph]) -> None:
    """A batch of graphs gives the rows that each of them gives alone, one after the other."""
    assert_close(layer(gm.batch(graphs)), torch.cat([layer(graph) for graph in graphs]))


def a_function_is_the_builtin(
    functions: tuple[Any, Any], builtins: tuple[Any, Any], graph: gm.Graph
) -> None:
    """``update_all`` with a user's message or reduce function equals the builtins.

    Both pairs read ``x`` and ``w`` and write ``y``; gradients of ``x`` and ``w`` agree too.
    """

    def run(pair: tuple[Any, Any]) -> Callable[[Tensor, Tensor], Tensor]:
        def layer(x: Tensor, w: Tensor) -> Tensor:
            local = graph.local_var()
            local.srcdata["x"], local.edata["w"] = x, w
            local.update_all(*pair)
            made: Tensor = local.dstdata["y"]
            return made

        return layer

    assert_same_with_gradients(run(functions), run(builtins), graph.srcdata["x"], graph.edata["w"])
