"""The floor of a training epoch: what no library of layers avoids, and nothing else.

These are the products of matrices, forward and backward, into memory that is there; for each sum
over edges the loop of :mod:`benchmarks.gather`, which only reads the rows; and one read and one
write of each activation between two layers. Losses, optimizers, biases, dropout and softmax are
left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from benchmarks.cases import LacksError, Run, normal
from benchmarks.graphs import Edges


class Layer(NamedTuple):
    """The least work of a layer.

    Attributes:
        products: the sizes of the input and of the output of each product.
        width: how many numbers of each neighbour are read.
        backward: whether the rows of a gradient are summed, too.
    """

    products: list[tuple[int, int]]
    width: int
    backward: bool


def layers_of(model: str, count: int) -> list[Layer]:
    """The layers of a model; a sum is taken where it reads less, before or after the product.

    The first layer has no gradient of its input. The gradient of a maximum goes to one neighbour
    for each number, so that nothing is summed.
    """
    from benchmarks.epochs import sizes_of

    layers = []
    for number, (before, after) in enumerate(sizes_of(count)):
        width = after if model == "GAT" else before if "pool" in model else min(before, after)
        products = [(before, after)] * (2 if "SAGE" in model else 1)
        products += [(before, before)] if "pool" in model else []
        is_summed = model == "GAT" or width == after != before or number > 0
        layers.append(Layer(products, width, is_summed and "pool" not in model))
    return layers


def floor(edges: Edges, model: str, layers: int, dropout: float, dtype: str) -> Run:  # noqa: ARG001
    """The floor of an epoch in float32; of a small graph too."""
    from benchmarks.gather import gathered

    if dtype != "float32":
        raise LacksError("it is measured in float32 in the other cases")
    adjacency, parts = edges.graphmp.adjacency, []
    for number, layer in enumerate(layers_of(model, layers)):
        x = normal(edges.num_nodes, layer.width)
        for csr in (adjacency.csc, adjacency.csr)[: 1 + layer.backward]:
            parts.append(gathered(csr.indptr, csr.indices, x))
        for before, after in layer.products:
            parts += products(edges.num_nodes, before, after, number > 0)
        if number:
            parts.append(copied(edges.num_nodes, layer.products[0][0]))

    def run() -> None:
        for part in parts:
            part()

    return run


def products(rows: int, before: int, after: int, input_grad: bool) -> list[Run]:
    """A product of features and a weight, and those of its gradients."""
    import torch

    x, weight, grad = normal(rows, before), normal(before, after), normal(rows, after)
    triples: list[tuple[Any, Any, Any]] = [
        (x, weight, torch.empty(rows, after)),
        (x.t(), grad, torch.empty(before, after)),
    ]
    if input_grad:
        triples.append((grad, weight.t(), torch.empty(rows, before)))
    return [lambda a=a, b=b, out=out: torch.mm(a, b, out=out) for a, b, out in triples]


def copied(rows: int, width: int) -> Run:
    """An activation, read and written."""
    import torch

    x = normal(rows, width)
    out = torch.empty_like(x)
    return lambda: out.copy_(x)
