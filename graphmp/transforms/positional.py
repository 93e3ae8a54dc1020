"""Positional encodings: by random walks and by singular vectors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .. import _checks, random
from .._graph.arguments import refuse_types
from ..errors import GraphValueError
from ..graph import Graph
from ..sparse import SparseMatrix, sp_div_v, val_like
from .base import BaseTransform

_NUMBERS = 1 << 22  # how many numbers of a matrix are in memory together: 32 MiB of float64


def random_walk_pe(g: Graph, k: int, eweight_name: str | None = None) -> Tensor:
    """Encode positions by the probabilities that random walks return.

    From `Graph Neural Networks with Learnable Structural and Positional Representations
    <https://arxiv.org/abs/2110.07875>`__ (Dwivedi et al., ICLR 2022).

    Args:
        g: a graph of one node type and one edge type.
        k: the number of steps.
        eweight_name: the edge feature (E,) or (E, 1) of weights that steps are proportional to; by
            default all edges are alike.

    Returns:
        (N, k) float32: column i is the probability to be back after i + 1 steps. A walk ends where
        no edge leaves.

    Raises:
        GraphKeyError: an unknown edge feature.
        GraphValueError: a graph of several types, weights of another shape, or a negative ``k``.

    Example:
        >>> import graphmp as gm
        >>> gm.random_walk_pe(gm.graph(([0, 1, 1], [1, 1, 0])), 2)
        tensor([[0.0000, 0.5000],
                [0.5000, 0.7500]])
    """
    refuse_types(g)
    steps, nodes = _checks.count(k, "k"), g.num_nodes()
    _checks.held(steps * nodes, "Encodings", 4)
    walk = _walk(g, eweight_name)
    encoding = torch.empty(nodes, steps, device=g.device)
    every, width = torch.arange(nodes, device=g.device), max(_NUMBERS // max(nodes, 1), 1)
    for part in torch.split(every, width):
        back = torch.zeros(nodes, len(part), dtype=torch.float64, device=g.device)
        columns = torch.arange(len(part), device=g.device)
        back[part, columns] = 1
        for step in range(steps):
            back = walk @ back
            encoding[part, step] = back[part, columns].float()
    return encoding


def _walk(g: Graph, eweight_name: str | None) -> SparseMatrix:
    """The probabilities of a step from each row to each column, in float64."""
    matrix = g.adj(eweight_name=eweight_name)
    if matrix.val.numel() != matrix.nnz:
        raise GraphValueError(
            f"Expected weights of one number for each edge, got field {eweight_name!r} with rows "
            f"of shape {tuple(matrix.val.shape[1:])}."
        )
    weights = val_like(matrix, matrix.val.reshape(-1).double()).coalesce()
    return sp_div_v(weights, weights.sum(1).view(-1, 1) + 1e-30)


def svd_pe(g: Graph, k: int, padding: bool = False, random_flip: bool = True) -> Tensor:
    """Encode positions by singular vectors of the adjacency matrix.

    From `Global Self-Attention as a Replacement for Graph Convolution
    <https://arxiv.org/abs/2108.03348>`__ (Hussain et al., KDD 2022). Vectors are multiplied by the
    roots of their singular values.

    Args:
        g: a graph of one node type and one edge type.
        k: the number of singular values, the largest.
        padding: fill up with zeros if there are fewer than ``k``; else an error.
        random_flip: draw the common sign of a left and a right vector; ``torch.manual_seed``
            repeats it.

    Returns:
        (N, 2k) float32: left vectors, right vectors, padding.

    Raises:
        GraphValueError: a graph of several types, or a ``k`` above N without ``padding``.

    Example:
        >>> import graphmp as gm
        >>> gm.svd_pe(gm.graph(([0, 1, 2], [1, 2, 0])), k=2).shape
        torch.Size([3, 4])
    """
    refuse_types(g)
    count, nodes = _checks.count(k, "k"), g.num_nodes()
    _checks.held(2 * count * nodes, "Encodings", 4)
    if nodes < count and not padding:
        raise GraphValueError(
            f"Expected k to be at most the number of nodes {nodes}, got {count}; pass padding=True "
            "to fill up with zeros."
        )
    matrix = g.adj().cpu().to_dense().double().numpy()
    left, values, right = map(torch.from_numpy, np.linalg.svd(matrix))
    scale = values[:count].sqrt()
    if random_flip:
        scale = scale * random_signs(len(scale))
    encoding = torch.cat([left[:, :count] * scale, right.T[:, :count] * scale], 1)
    return padded(encoding, 2 * count, 0.0).to(g.device)


def random_signs(count: int) -> Tensor:
    """(count,) float64 of 1 and -1, each with probability 1/2."""
    return torch.randint(2, (count,), generator=random.generator(), device="cpu").double() * 2 - 1


def padded(columns: Tensor, count: int, value: float) -> Tensor:
    """The same columns in float32, filled up to ``count`` columns by ``value``."""
    missing = count - columns.shape[-1]
    return torch.nn.functional.pad(columns.float(), (0, missing), value=value)


class RandomWalkPE(BaseTransform):
    """Write :func:`random_walk_pe` to a node feature.

    Args:
        k: the number of steps.
        feat_name: the node feature for the encoding.
        eweight_name: the edge feature of weights; by default all edges are alike.

    Example:
        >>> import graphmp as gm
        >>> gm.RandomWalkPE(k=3)(gm.graph(([0, 1], [1, 0]))).ndata["PE"]
        tensor([[0., 1., 0.],
                [0., 1., 0.]])
    """

    def __init__(self, k: int, feat_name: str = "PE", eweight_name: str | None = None) -> None:
        self.k = k
        self.feat_name = feat_name
        self.eweight_name = eweight_name

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with the encoding; ``g`` stays as it is."""
        new = g.clone()
        new.ndata[self.feat_name] = random_walk_pe(g, self.k, self.eweight_name)
        return new


class SVDPE(BaseTransform):
    """Write :func:`svd_pe` to a node feature.

    Args:
        k: the number of singular values.
        feat_name: the node feature for the encoding.
        padding: fill up with zeros if there are fewer than ``k``.
        random_flip: draw the common sign of a left and a right vector.

    Example:
        >>> import graphmp as gm
        >>> gm.SVDPE(k=2)(gm.graph(([0, 1, 2], [1, 2, 0]))).ndata["svd_pe"].shape
        torch.Size([3, 4])
    """

    def __init__(
        self, k: int, feat_name: str = "svd_pe", padding: bool = False, random_flip: bool = True
    ) -> None:
        self.k = k
        self.feat_name = feat_name
        self.padding = padding
        self.random_flip = random_flip

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with the encoding; ``g`` stays as it is."""
        new = g.clone()
        new.ndata[self.feat_name] = svd_pe(g, self.k, self.padding, self.random_flip)
        return new
