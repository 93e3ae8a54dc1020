"""Graphs of points: each point's nearest neighbours, or those within a radius."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import normalize

from .. import _checks
from ..construct.from_edges import graph
from ..errors import GraphRuntimeError, GraphTypeError, GraphValueError, GraphWarning
from ..graph import Graph

COMPUTE_MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)
DISTANCES = ("euclidean", "cosine")
ALGORITHMS = ("bruteforce-blas", "bruteforce", "bruteforce-sharemem", "kd-tree", "nn-descent")
# Gives the distances and ids of the points nearest to some: of itself, which it is, -inf.
Query: TypeAlias = Callable[[Tensor, int], tuple[Tensor, Tensor]]
_NUMBERS = 1 << 22  # how many distances are in memory together: 32 MiB of float64
_MANY = 256  # neighbours of one point, for which a tree is not worth while


def knn_graph(
    x: Tensor,
    k: int,
    algorithm: str = "bruteforce-blas",
    dist: str = "euclidean",
    exclude_self: bool = False,
) -> Graph:
    """Make a graph in which the ``k`` nearest neighbours of each point send edges to it.

    Distances are computed in float64. Of points that are as far the one with the smaller id is
    nearer, unless rounding tells them apart.

    Args:
        x: (N, D) points, or (B, N, D) for a batch of B graphs.
        k: how many neighbours each point has. Where there are fewer points, all of them.
        algorithm: how they are found; the result is the same. ``"kd-tree"`` is fast for many
            points of few dimensions, runs on a CPU and needs SciPy. ``"bruteforce-blas"`` compares
            all pairs, some at a time, and so do DGL's other names: ``"bruteforce"``,
            ``"bruteforce-sharemem"`` and ``"nn-descent"``, which is an approximation there.
        dist: ``"euclidean"``, or ``"cosine"`` for one minus the cosine of the angle.
        exclude_self: do not count a point as its own neighbour; else it is always its first.

    Returns:
        A graph of N or B * N nodes on the device of ``x``. Edges are sorted by destination, then
        from the nearest to the farthest source. It is a batch if ``x`` has three dimensions.

    Raises:
        GraphRuntimeError: ``"kd-tree"`` without SciPy.
        GraphTypeError: not a tensor, or ``k`` is no int.
        GraphValueError: another shape, points that are not finite, ``k`` below 1, or an unknown
            name.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.knn_graph(torch.tensor([[0.0], [1.0], [3.0]]), 1, exclude_self=True).edges()
        (tensor([1, 0, 1]), tensor([0, 1, 2]))
    """
    points = checked_points(x, (2, 3))
    sizes = [points.shape[-2]] * (points.shape[0] if points.ndim == 3 else 1)
    return _knn(points.flatten(0, -2), k, sizes, algorithm, dist, exclude_self)


def segmented_knn_graph(
    x: Tensor,
    k: int,
    segs: Any,
    algorithm: str = "bruteforce-blas",
    dist: str = "euclidean",
    exclude_self: bool = False,
) -> Graph:
    """Make a batch of graphs of nearest neighbours, one for each of several sets of points.

    Args:
        x: (N, D) the points of all sets, one set after the other.
        k: how many neighbours each point has. In a set of fewer points, all of them.
        segs: (B,) integers, how many points each set has; they sum to N.
        algorithm: as in :func:`knn_graph`.
        dist: as in :func:`knn_graph`.
        exclude_self: as in :func:`knn_graph`.

    Returns:
        A batch of B graphs, as :func:`knn_graph` makes each of them.

    Raises:
        GraphRuntimeError: as in :func:`knn_graph`.
        GraphTypeError: as in :func:`knn_graph`, or numbers of points that are no integers.
        GraphValueError: as in :func:`knn_graph`, or numbers that do not sum to N.

    Example:
        >>> import torch, graphmp as gm
        >>> x = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
        >>> gm.segmented_knn_graph(x, 1, [2, 2], exclude_self=True).edges()
        (tensor([1, 0, 3, 2]), tensor([0, 1, 2, 3]))
    """
    points = checked_points(x, (2,))
    sizes = _checks.id_tensor(_as_list(segs), torch.int64, torch.device("cpu"), "segs").tolist()
    if sum(sizes) != len(points) or min(sizes, default=0) < 0:
        raise GraphValueError(
            f"Expected segs that sum to the {len(points)} points, none negative, got {sizes}."
        )
    return _knn(points, k, sizes, algorithm, dist, exclude_self)


def radius_graph(
    x: Tensor,
    r: float,
    p: float = 2,
    self_loop: bool = False,
    compute_mode: str = "donot_use_mm_for_euclid_dist",
    get_distances: bool = False,
) -> Any:
    """Make a graph in which all points within a distance send edges to each other.

    Args:
        x: (N, D) points.
        r: the greatest distance.
        p: the norm of a difference whose value is the distance: 2 for Euclid's, 1 for the sum of
            what coordinates differ by, infinity for the greatest of that.
        self_loop: add an edge from each point to itself.
        compute_mode: as in ``torch.cdist``: whether distances are found by matrix products, which
            is fast for many dimensions and less exact.
        get_distances: give the distances too.

    Returns:
        A graph of N nodes on the device of ``x``, edges sorted by source and then destination;
        with ``get_distances`` a tuple of it and (E, 1) distances, through which gradients reach
        ``x``.

    Raises:
        GraphTypeError: not a tensor, or ``r`` and ``p`` that are no numbers.
        GraphValueError: another shape, points that are not finite, ``r`` that is not above 0, a
            negative ``p``, or an unknown ``compute_mode``.

    Example:
        >>> import torch, graphmp as gm
        >>> x = torch.tensor([[0.0], [1.0], [3.0]])
        >>> gm.radius_graph(x, 2, get_distances=True)[1].flatten()
        tensor([1., 1., 2., 2.])
    """
    checked_points(x, (2,))
    radius, power = _checks.number(r, "r"), _checks.number(p, "p")
    if not radius > 0 or not power >= 0:
        raise GraphValueError(f"Expected r above 0 and p not below 0, got r={r} and p={p}.")
    _one_of(compute_mode, COMPUTE_MODES, "compute_mode")
    floats = x if x.is_floating_point() else x.to(torch.get_default_dtype())
    fixed = floats.detach().float() if floats.element_size() < 4 else floats.detach()
    ends = [torch.empty(2, 0, dtype=torch.int64, device=x.device)]
    for rows, _ in _at_a_time(torch.arange(len(x), device=x.device), max(len(x), 1)):
        distances = torch.cdist(fixed[rows], fixed, power, compute_mode)
        near = distances <= radius
        near[torch.arange(len(rows), device=x.device), rows] = self_loop
        u, v = near.nonzero(as_tuple=True)
        ends.append(torch.stack([rows[u], v]))
    u, v = torch.cat(ends, 1)
    near_points = graph((u, v), num_nodes=len(x))
    if not get_distances:
        return near_points
    difference = floats.index_select(0, u) - floats.index_select(0, v)
    return near_points, torch.linalg.vector_norm(difference, power, dim=1, keepdim=True)


# ---- nearest neighbours


def _knn(
    points: Tensor, k: Any, sizes: list[int], algorithm: str, dist: str, exclude_self: bool
) -> Graph:
    """A batch of the graphs of sets of points, which lie one after the other."""
    count = _checks.positive(k, "k")
    _one_of(dist, DISTANCES, "dist")
    _one_of(algorithm, ALGORITHMS, "algorithm")
    most = min(filter(None, sizes), default=count + 1) - exclude_self
    if most < count:
        warnings.warn(
            f"Expected sets of points with at least k={count} neighbours, got one with {most}.",
            GraphWarning,
            stacklevel=3,
        )
    points = points.detach().double()
    points = normalize(points) if dist == "cosine" else points
    ends = [torch.empty(2, 0, dtype=torch.int64, device=points.device)]
    edges, start = [], 0
    for part in torch.split(points, sizes):
        sources = _of_one_set(part, count, algorithm, exclude_self)
        targets = torch.arange(len(part), device=points.device).view(-1, 1).expand_as(sources)
        ends.append(torch.stack([sources.flatten(), targets.flatten()]) + start)
        edges.append(sources.numel())
        start += len(part)
    u, v = torch.cat(ends, 1)
    neighbors = graph((u, v), num_nodes=start)
    neighbors.set_batch_num_nodes(sizes)
    neighbors.set_batch_num_edges(edges)
    return neighbors


def _of_one_set(points: Tensor, k: int, algorithm: str, exclude_self: bool) -> Tensor:
    """The neighbours of each point of a set, itself first unless excluded: (n, at most k)."""
    n, first = len(points), int(exclude_self)
    width = min(k + first, n)
    if width <= 1:
        return torch.arange(n, device=points.device).view(-1, 1)[:, first:width]
    # Near the origin a distance loses fewer digits; a difference of whole numbers is exact.
    near = points - points[:1]
    near = near.cpu() if algorithm == "kd-tree" else near
    query = _tree(near) if algorithm == "kd-tree" else _products(near)
    every = torch.arange(n, device=near.device)
    return _nearest(query, every, width)[:, first:].to(points.device)


def _nearest(query: Query, every: Tensor, count: int) -> Tensor:
    """The nearest points to each of ``every`` point, itself first: (n, count).

    More are asked for where the last of them is as far as one that may have been left out.
    """
    n = len(every)
    nearest = every.new_empty(n, count)
    parts = _at_a_time(every, min(count + 1, n))
    while parts:
        rows, width = parts.pop()
        distances, ids = query(rows, width)
        ids, order = ids.sort(dim=1)
        distances, order = distances.gather(1, order).sort(dim=1, stable=True)
        nearest[rows] = ids.gather(1, order)[:, :count]
        tied = rows[distances[:, count - 1] == distances[:, -1]]
        if width < n:
            parts += _at_a_time(tied, min(4 * width, n))
    return nearest


def _products(points: Tensor) -> Query:
    """Distances from matrix products: their squares, without what is the same for all of a row."""
    squares = points.square().sum(1)

    def query(rows: Tensor, width: int) -> tuple[Tensor, Tensor]:
        best = []
        for part, _ in _at_a_time(rows, len(points)):
            scores = torch.addmm(squares, points[part], points.T, alpha=-2)
            scores.scatter_(1, part.view(-1, 1), -math.inf)
            best.append(scores.topk(width, largest=False))
        return torch.cat([b.values for b in best]), torch.cat([b.indices for b in best])

    return query


def _tree(points: Tensor) -> Query:
    """Distances by a tree of boxes, which looks at few points for each.

    Where many points are equally far the tree has nothing to leave out: products are faster then.
    """
    try:
        from scipy.spatial import cKDTree
    except ImportError as error:
        raise GraphRuntimeError(
            "algorithm='kd-tree' needs SciPy, which is not installed: pip install scipy, or choose "
            "'bruteforce'."
        ) from error
    tree, products = cKDTree(points.numpy()), _products(points)

    def query(rows: Tensor, width: int) -> tuple[Tensor, Tensor]:
        if width > _MANY:
            return products(rows, width)
        distances, ids = map(torch.from_numpy, tree.query(points[rows], width))
        return distances.masked_fill_(ids == rows.view(-1, 1), -math.inf), ids

    return query


def _at_a_time(rows: Tensor, width: int) -> list[tuple[Tensor, int]]:
    """So many rows at a time that ``width`` numbers for each fit memory, and that width."""
    return [(part, width) for part in torch.split(rows, max(_NUMBERS // width, 1)) if len(part)]


# ---- arguments


def checked_points(x: Any, dimensions: tuple[int, ...]) -> Tensor:
    """Check points: a tensor of real, finite coordinates with a number of dimensions.

    Raises:
        GraphTypeError: not a tensor of real numbers.
        GraphValueError: another shape, or coordinates that are infinite or NaN.
    """
    if not isinstance(x, Tensor):
        raise GraphTypeError(f"Expected points as a tensor, got {_checks.kind(x)}.")
    if x.is_complex():
        raise GraphTypeError(f"Expected points with real coordinates, got {_checks.kind(x)}.")
    if x.ndim not in dimensions or x.shape[-1] == 0:
        shapes = " or ".join("(N, D)" if d == 2 else "(B, N, D)" for d in dimensions)
        raise GraphValueError(
            f"Expected points of shape {shapes}, D above 0, got {tuple(x.shape)}."
        )
    if not bool(x.isfinite().all()):
        raise GraphValueError("Expected finite points, got coordinates that are infinite or NaN.")
    return x


def _one_of(value: Any, known: tuple[str, ...], name: str) -> str:
    if value not in known:
        raise GraphValueError(f"Expected {name} among {', '.join(known)}, got {value!r}.")
    return str(value)


def _as_list(sizes: Any) -> Any:
    return sizes.tolist() if isinstance(sizes, Tensor) else sizes
