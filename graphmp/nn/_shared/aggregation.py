"""Weighted aggregation of neighbours."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.compiler import is_compiling

from ... import ops
from ...function import BINARY_OPS, REDUCERS
from ...ops import Adjacency
from ...ops.broadcast import autocast
from ...ops.eager import is_eager
from ...ops.normalized import divided, normalized_messages
from .cached_aggregates import cached_aggregate, is_constant
from .inputs import read_edges

# Numbers that a product multiplies in the time in which a sum over edges reads one. Measured on a
# CPU with AVX-512: 0.25 ns to read one, 0.016 ns to multiply two.
_PRODUCTS_PER_READ = 16


def aggregate(
    adjacency: Adjacency,
    feat: Tensor,
    edge_weight: Tensor | None = None,
    reducer: str = "sum",
    cached: bool = False,
) -> Tensor:
    """Reduce the features of each node's in-neighbours.

    Args:
        adjacency: the edges.
        feat: (num_src, *feature), already checked.
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.
        reducer: ``"sum"``, ``"mean"``, ``"max"``, …
        cached: cache the result of constant features, which must not be changed in place.

    Returns:
        (num_dst, *feature); 0 for in-degree 0.

    Raises:
        GraphTypeError: weights that are not a tensor.
        GraphValueError: not a weight for each edge, another device, or a shape that does not
            broadcast.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> aggregate(g.adjacency, torch.tensor([1.0, 2.0, 4.0]), torch.tensor([10.0, 1.0]))
        tensor([ 0.,  0., 12.])
    """
    if cached and is_constant(feat, edge_weight):
        compute = partial(aggregate, adjacency, feat, None, reducer)
        return cached_aggregate(adjacency, feat, reducer, compute)
    feat, op = autocast(feat), None
    if edge_weight is not None:
        edge_weight, op = autocast(check_edge_weight(adjacency, edge_weight)), BINARY_OPS["mul"]
    return ops.reduce_messages(adjacency, op, REDUCERS[reducer], feat, edge_weight)


def normalized_aggregate(
    adjacency: Adjacency,
    feat: Tensor,
    edge_weight: Tensor | None,
    left: float,
    right: float,
    cached: bool = False,
) -> Tensor:
    """Sum the features of each node's in-neighbours, divided by powers of degrees.

    Args:
        adjacency: the edges.
        feat: (num_src, *feature), already checked.
        edge_weight: (E,), or (E, …) that broadcasts with the features: a factor for each edge.
        left: exponent of the source's out-degree; 0 for no division.
        right: exponent of the destination's in-degree; 0 for no division.
        cached: as in :func:`aggregate`.

    Returns:
        (num_dst, *feature); 0 for in-degree 0.

    Raises:
        GraphError: as :func:`aggregate`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 0, 1, 1], [1, 2, 2, 0]))
        >>> normalized_aggregate(g.adjacency, torch.ones(3), None, 0.5, 0.5)
        tensor([0.7071, 0.7071, 1.0000])
    """
    if cached and is_constant(feat, edge_weight):
        compute = partial(normalized_aggregate, adjacency, feat, None, left, right)
        return cached_aggregate(adjacency, feat, (left, right), compute)
    by_source = adjacency.reversed.divisors(feat.dtype, left) if left else None
    by_destination = adjacency.divisors(feat.dtype, right) if right else None
    if edge_weight is None:
        return normalized_messages(adjacency, feat, by_source, by_destination)
    feat = feat if by_source is None else divided(feat, by_source)
    total = aggregate(adjacency, feat, edge_weight)
    return total if by_destination is None else divided(total, by_destination)


def add_own(total: Tensor, own: Tensor, alpha: float = 1.0) -> Tensor:
    """Add what a node has of its own to the reduced features of its neighbours, in their memory.

    Args:
        total: (num_dst, *feature), which is not used afterwards, and which no gradient reads: an
            :func:`aggregate` that is not cached.
        own: (num_dst, *feature), or with dimensions that broadcast to it.
        alpha: a factor of ``own``.

    Returns:
        (num_dst, *feature).

    Example:
        >>> add_own(torch.ones(2), torch.tensor([1.0, 2.0]), 0.5)
        tensor([1.5000, 2.0000])
    """
    if is_eager() and total.dtype == own.dtype:
        return total.add_(own, alpha=alpha)
    return torch.add(total, own, alpha=alpha)


def maps_first(
    adjacency: Adjacency,
    src: Tensor,
    out_feats: int,
    edge_weight: Tensor | None = None,
    cached: bool = False,
) -> bool:
    """Whether a linear map of the sources before their sum or mean costs less than one after it.

    A sum before the map reads ``in_feats`` numbers for each edge, and its gradient is not computed
    for constant features, such as the input of a model. After the map it reads ``out_feats``
    numbers, but the map, which is applied to the sources, may have more rows: in a block there are
    many more sources than destinations. In a compiled program, whose numbers of nodes and edges
    are open, and where each feature has an edge weight of its own, only the sizes are compared.

    Args:
        adjacency: the edges.
        src: (num_src, *, in_feats).
        out_feats: size of the map's output.
        edge_weight: (E,), or (E, …) that broadcasts with the features that are summed; or None.
        cached: whether the sum of constant features is cached, so that it costs nothing.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.rand_graph(10, 100)
        >>> x = torch.ones(10, 5, requires_grad=True)
        >>> maps_first(g.adjacency, x, 4), maps_first(g.adjacency, x, 6)
        (True, False)
    """
    in_feats = src.shape[-1]
    is_wide = isinstance(edge_weight, Tensor) and edge_weight.numel() != adjacency.num_edges
    if is_compiling() or is_wide:
        return in_feats > out_feats
    if cached and is_constant(src, edge_weight):
        return False
    trains = torch.is_grad_enabled()
    trains_src = trains and src.requires_grad
    products = (1 + trains + trains_src) * in_feats * out_feats // _PRODUCTS_PER_READ
    before = adjacency.num_edges * out_feats * (1 + trains) + adjacency.num_src * products
    after = adjacency.num_edges * in_feats * (1 + trains_src) + adjacency.num_dst * products
    return before < after


def check_edge_weight(adjacency: Adjacency, edge_weight: Tensor) -> Tensor:
    """Check that there is a row of weights for each edge.

    Args:
        adjacency: the edges.
        edge_weight: (E, …).

    Returns:
        ``edge_weight``.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another number of rows, or another device.
    """
    return read_edges(adjacency, edge_weight, "edge_weight")
