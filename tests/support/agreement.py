"""A layer against its formula: forward, and the gradient of every input and parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

import graphmp as gm
from support.corner_graphs import Corner
from support.laws import assert_same_with_gradients

Parameters: TypeAlias = Mapping[str, Tensor]
Formula: TypeAlias = Callable[..., Any]
SomeModule = TypeVar("SomeModule", bound=nn.Module)


def drawn(module: SomeModule) -> SomeModule:
    """The module in float64, every parameter with values of its own, biases too."""
    generator = torch.Generator().manual_seed(3)
    for parameter in module.double().parameters():
        nn.init.uniform_(parameter, -1, 1, generator=generator)
    return module


def assert_agrees(
    layer: nn.Module,
    formula: Formula,
    graph: gm.Graph,
    inputs: tuple[Tensor, ...],
    edge_weight: Tensor | None = None,
    **given: Tensor,
) -> None:
    """A layer gives what its formula gives, and so do all gradients.

    Several results of one call are compared as one flat tensor.

    Args:
        layer: called as ``layer(graph, feat, edge_weight=…, **given)``.
        formula: called as ``formula(parameters, source, destination, edge_weight, **given)``;
            without a second input ``destination`` is the source's.
        graph: what the layer sees; the formula must know it by itself.
        inputs: the features of both ends, or of the sources and of the destinations.
        edge_weight: the weights, if any.
        **given: further arguments by name; those of floating point have gradients too.
    """
    kept = {name: x for name, x in given.items() if not x.dtype.is_floating_point}
    edges = {"edge_weight": edge_weight} if edge_weight is not None else {}
    edges |= {name: x for name, x in given.items() if name not in kept}
    learnt = {name: p.detach() for name, p in layer.named_parameters() if p.requires_grad}

    def unpacked(tensors: tuple[Tensor, ...]) -> tuple[Any, dict[str, Any], dict[str, Tensor]]:
        ends, rest = tensors[: len(inputs)], tensors[len(inputs) :]
        options = dict(zip(edges, rest, strict=False))
        return ends, kept | options, dict(zip(learnt, rest[len(edges) :], strict=True))

    def actual(*tensors: Tensor) -> Tensor:
        ends, options, parameters = unpacked(tensors)
        feat = ends if len(ends) == 2 else ends[0]
        return flat(functional_call(layer, parameters, (graph, feat), options))

    def expected(*tensors: Tensor) -> Tensor:
        ends, options, parameters = unpacked(tensors)
        weight = options.pop("edge_weight", None)
        return flat(formula(parameters, ends[0], ends[-1], weight, **options))

    assert_same_with_gradients(actual, expected, *inputs, *edges.values(), *learnt.values())


def flat(out: Tensor | tuple[Tensor, ...]) -> Tensor:
    """A result as it is, or several as one flat tensor."""
    return torch.cat([part.flatten() for part in out]) if isinstance(out, tuple) else out


def features(corner: Corner, sizes: tuple[int, int]) -> tuple[Tensor, ...]:
    """Features of the nodes: one float64 tensor, or a pair for a bipartite corner graph."""
    source = corner.feature("u", (sizes[0],), torch.float64)
    return (
        (source, corner.feature("v", (sizes[1],), torch.float64)) if corner.bipartite else (source,)
    )


def incidence(ids: tuple[int, ...], num_nodes: int) -> Tensor:
    """(E, N): 1 where an edge meets a node, else 0."""
    rows = torch.zeros(len(ids), num_nodes, dtype=torch.float64)
    rows[range(len(ids)), ids] = 1
    return rows


def ends_of(corner: Corner) -> tuple[Tensor, Tensor]:
    """(E, num_src) and (E, num_dst): which edge leaves and enters which node."""
    return incidence(corner.src, corner.num_src), incidence(corner.dst, corner.num_dst)
