"""Modules that build graphs of points."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..graph import Graph
from ..transforms import knn_graph, radius_graph, segmented_knn_graph


def pairwise_squared_distance(x: Tensor) -> Tensor:
    """Compute the squared Euclidean distances between all points.

    Args:
        x: (N, D), or (B, N, D) for a batch.

    Returns:
        (N, N) or (B, N, N).

    Example:
        >>> import torch, graphmp as gm
        >>> gm.nn.pairwise_squared_distance(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
        tensor([[ 0., 25.],
                [25.,  0.]])
    """
    return (x.unsqueeze(-2) - x.unsqueeze(-3)).square().sum(-1)


class KNNGraph(nn.Module):
    """Makes a graph in which the ``k`` nearest neighbours of each point send edges to it.

    See :func:`graphmp.knn_graph`. There is nothing to learn.

    Args:
        k: how many neighbours each point has.

    Shapes:
        - x: (N, D), or (B, N, D) for a batch of graphs.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.nn.KNNGraph(2)(torch.tensor([[0.0], [1.0], [3.0]])).edges()
        (tensor([0, 1, 1, 0, 2, 1]), tensor([0, 0, 1, 1, 2, 2]))
    """

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(
        self,
        x: Tensor,
        algorithm: str = "bruteforce-blas",
        dist: str = "euclidean",
        exclude_self: bool = False,
    ) -> Graph:
        """Make the graph; see :func:`graphmp.knn_graph` for arguments, result and errors."""
        return knn_graph(x, self.k, algorithm, dist, exclude_self)

    def extra_repr(self) -> str:
        """Show the number of neighbours in ``repr``."""
        return f"k={self.k}"


class SegmentedKNNGraph(nn.Module):
    """Makes a batch of graphs of nearest neighbours, one for each of several sets of points.

    See :func:`graphmp.segmented_knn_graph`. There is nothing to learn.

    Args:
        k: how many neighbours each point has.

    Shapes:
        - x: (N, D), the points of all sets.
        - segs: (B,) integers.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.nn.SegmentedKNNGraph(2)(torch.rand(7, 3), [3, 4])
        >>> g.batch_num_nodes(), g.batch_num_edges()
        (tensor([3, 4]), tensor([6, 8]))
    """

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(
        self,
        x: Tensor,
        segs: Any,
        algorithm: str = "bruteforce-blas",
        dist: str = "euclidean",
        exclude_self: bool = False,
    ) -> Graph:
        """Make the batch; see :func:`graphmp.segmented_knn_graph`."""
        return segmented_knn_graph(x, self.k, segs, algorithm, dist, exclude_self)

    def extra_repr(self) -> str:
        """Show the number of neighbours in ``repr``."""
        return f"k={self.k}"


class RadiusGraph(nn.Module):
    """Makes a graph in which all points within a distance send edges to each other.

    See :func:`graphmp.radius_graph`. There is nothing to learn.

    Args:
        r: the greatest distance.
        p: the norm whose value is the distance.
        self_loop: add an edge from each point to itself.
        compute_mode: as in ``torch.cdist``.

    Shapes:
        - x: (N, D).

    Example:
        >>> import torch, graphmp as gm
        >>> gm.nn.RadiusGraph(2)(torch.tensor([[0.0], [1.0], [3.0]])).edges()
        (tensor([0, 1, 1, 2]), tensor([1, 0, 2, 1]))
    """

    def __init__(
        self,
        r: float,
        p: float = 2,
        self_loop: bool = False,
        compute_mode: str = "donot_use_mm_for_euclid_dist",
    ) -> None:
        super().__init__()
        self.r, self.p, self.self_loop, self.compute_mode = r, p, self_loop, compute_mode

    def forward(self, x: Tensor, get_distances: bool = False) -> Any:
        """Make the graph; see :func:`graphmp.radius_graph` for arguments, result and errors."""
        return radius_graph(x, self.r, self.p, self.self_loop, self.compute_mode, get_distances)

    def extra_repr(self) -> str:
        """Show the radius and the norm in ``repr``."""
        return f"r={self.r}, p={self.p}"
