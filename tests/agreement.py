"""A layer against its formula: forward, and the gradient of every input and parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import torch
from corner_graphs import Corner
from laws import assert_same_with_gradients
from torch import Tensor, nn
from torch.func import functional_call

import graphmp as gm

Parameters: TypeAlias = Mapping[str, Tensor]
Formula: TypeAlias = Callable[..., Tensor]
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
) -> None:
    """A layer gives what its formula gives, and so do all gradients.

    Args:
        layer: called as ``layer(graph, feat, edge_weight=…)``.
        formula: called as ``formula(parameters, source, destination, edge_weight)``; without a
            second input ``destination`` is the source's.
        graph: what the layer sees; the formula must know it by itself.
        inputs: the features of both ends, or of the sources and of the destinations.
        edge_weight: the weights, if any.
    """
    names = [name for name, _ in layer.named_parameters()]
    weights = () if edge_weight is None else (edge_weight,)

    def unpacked(tensors: tuple[Tensor, ...]) -> tuple[Any, Tensor | None, dict[str, Tensor]]:
        ends, rest = tensors[: len(inputs)], tensors[len(inputs) :]
        weight = rest[0] if weights else None
        return ends, weight, dict(zip(names, rest[len(weights) :], strict=True))

    def actual(*tensors: Tensor) -> Tensor:
        ends, weight, parameters = unpacked(tensors)
        feat = ends if len(ends) == 2 else ends[0]
        options = {} if weight is None else {"edge_weight": weight}
        out: Tensor = functional_call(layer, parameters, (graph, feat), options)
        return out

    def expected(*tensors: Tensor) -> Tensor:
        ends, weight, parameters = unpacked(tensors)
        return formula(parameters, ends[0], ends[-1], weight)

    operands = (*inputs, *weights, *(parameter.detach() for parameter in layer.parameters()))
    assert_same_with_gradients(actual, expected, *operands)


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
