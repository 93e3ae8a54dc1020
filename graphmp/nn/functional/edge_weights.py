"""Normalisation of edge weights."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.compiler import is_compiling

from ... import _checks, ops
from ...errors import GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from .._shared.inputs import read_edges
from .._shared.options import check_option

# Exponents of the sums at the sources and at the destinations by which each norm divides.
NORMS = {"both": (0.5, 0.5), "none": (0.0, 0.0), "left": (1.0, 0.0), "right": (0.0, 1.0)}


def exponents(norm: str) -> tuple[float, float]:
    """The powers of the sources' and destinations' degrees that a norm divides by.

    Raises:
        GraphValueError: an unknown norm.

    Example:
        >>> exponents("both")
        (0.5, 0.5)
    """
    if norm not in NORMS:
        check_option(norm, tuple(NORMS), "norm")
    return NORMS[norm]


def edge_weight_norm(
    graph: Graph | Adjacency, edge_weight: Tensor, norm: str = "both", eps: float = 0.0
) -> Tensor:
    """Normalise the weights of edges by the sums of weights at their ends.

    The formula is that of :class:`graphmp.nn.EdgeWeightNorm`.

    Args:
        graph: a graph or block of one edge type.
        edge_weight: (E,) or (E, 1) weights, above zero for ``"both"``. On a GPU that is not
            checked, and roots of negative sums are NaN.
        norm: ``"both"``, ``"none"``, ``"left"`` or ``"right"``.
        eps: added to the sums.

    Returns:
        The normalised weights, of the same shape.

    Raises:
        GraphValueError: an unknown ``norm``, a wrong shape, another device, or weights that are not
            above zero for ``"both"``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1], [1, 1, 0]))
        >>> gm.nn.functional.edge_weight_norm(g, torch.tensor([1.0, 3.0, 2.0]), "right")
        tensor([0.2500, 0.7500, 1.0000])
    """
    left, right = exponents(norm)
    adjacency: Adjacency = _checks.adjacency_of(graph)
    read_edges(adjacency, edge_weight, "edge_weight")
    _check_numbers(edge_weight, norm)
    factors = []
    for power, edges in ((left, adjacency.reversed), (right, adjacency)):
        if power:
            total = ops.gspmm(edges, "copy_rhs", "sum", None, edge_weight)
            factors.append((edges, (total + eps) ** -power))
    for edges, factor in factors:
        edge_weight = ops.gsddmm(edges, "mul", factor, edge_weight, "v", "e")
    return edge_weight if factors else edge_weight.clone()


def _check_numbers(edge_weight: Tensor, norm: str) -> None:
    if edge_weight.shape[1:] not in ((), (1,)):
        raise GraphValueError(
            "edge_weight: expected shape (E,) or (E, 1), got a shape of "
            f"{tuple(edge_weight.shape)}."
        )
    if norm != "both" or not edge_weight.is_cpu:
        return
    expected = (
        "edge_weight: expected numbers above zero for norm='both', which takes roots of their sums"
    )
    advice = "remove such edges, or use norm='right'."
    if is_compiling():
        torch._assert_async((edge_weight > 0).all(), f"{expected}; {advice}")
    elif not bool((edge_weight > 0).all()):
        raise GraphValueError(f"{expected}, got {float(edge_weight.min())}; {advice}")
