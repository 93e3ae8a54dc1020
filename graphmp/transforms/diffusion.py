"""Graph diffusion: edges by personalized PageRank, by the heat kernel, or by a polynomial."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor

from .. import _checks
from .._graph.arguments import refuse_types
from .._graph.simple import with_edges
from ..errors import GraphValueError
from ..graph import Graph
from .base import BaseTransform
from .products import edge_weights


class _Diffusion(BaseTransform):
    """A new graph from the large entries of a dense matrix, (destinations, sources)."""

    def __init__(self, eweight_name: str, eps: float | None, avg_degree: int) -> None:
        self.eweight_name = eweight_name
        self.eps = eps
        self.avg_degree = _checks.count(avg_degree, "avg_degree")
        if self.avg_degree == 0:
            raise GraphValueError("avg_degree: expected at least 1, got 0.")

    @abstractmethod
    def _diffused(self, matrix: Tensor) -> Tensor:
        """The diffusion matrix of a weighted adjacency matrix."""

    def __call__(self, g: Graph) -> Graph:
        """Give the graph of the diffusion matrix; ``g`` stays as it is."""
        refuse_types(g)
        matrix = self._diffused(self._matrix(g))
        v, u = (matrix >= self._threshold(matrix.detach())).nonzero(as_tuple=True)
        ends = (u.to(g.idtype), v.to(g.idtype))
        new = with_edges(g, {g.canonical_etypes[0]: ends}, {}, copy_ndata=True)
        new.edata[self.eweight_name] = matrix[v, u]
        return new

    def _matrix(self, g: Graph) -> Tensor:
        """(N, N) weights, from columns to rows; those of parallel edges are added."""
        if self.eweight_name in g.edata:
            weights = edge_weights(g, self.eweight_name)
        else:
            weights = torch.ones(g.num_edges(), device=g.device)
        u, v = (end.long() for end in g.edges())
        zeros = weights.new_zeros(g.num_nodes(), g.num_nodes())
        return zeros.index_put((v, u), weights, accumulate=True)

    def _threshold(self, matrix: Tensor) -> float:
        """The least entry that becomes an edge."""
        if self.eps is not None:
            return self.eps
        count = self.avg_degree * len(matrix)
        if count == 0 or count >= matrix.numel():
            return -math.inf
        return float(matrix.flatten().topk(count).values[-1])


class PPR(_Diffusion):
    r"""Diffuse by personalized PageRank: :math:`\alpha (I - (1 - \alpha) A)^{-1}`.

    From `Diffusion Improves Graph Learning <https://arxiv.org/abs/1911.05485>`__ (Klicpera et al.,
    NeurIPS 2019). The matrix is dense, so the graph should be small. Normalize weights first, for
    example by :class:`GCNNorm`.

    Args:
        alpha: the probability to restart.
        eweight_name: the edge feature (E,) of weights, ones where it is missing; the new graph has
            the entries of the matrix there.
        eps: the least entry that becomes an edge; by default ``avg_degree`` decides.
        avg_degree: keep so many of the greatest entries for each node on average.

    Raises:
        GraphTypeError: ``avg_degree`` is no int.
        GraphValueError: ``avg_degree`` below 1; when called, a graph of several types, weights of
            another shape, or a matrix without an inverse.

    Example:
        >>> import graphmp as gm
        >>> g = gm.Compose([gm.AddSelfLoop(), gm.GCNNorm()])(gm.graph(([0, 1], [1, 0])))
        >>> gm.PPR(alpha=0.5)(g).edata["w"]
        tensor([0.7500, 0.2500, 0.2500, 0.7500])
    """

    def __init__(
        self,
        alpha: float = 0.15,
        eweight_name: str = "w",
        eps: float | None = None,
        avg_degree: int = 5,
    ) -> None:
        super().__init__(eweight_name, eps, avg_degree)
        self.alpha = alpha

    def _diffused(self, matrix: Tensor) -> Tensor:
        identity = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
        try:
            inverse: Tensor = torch.linalg.inv(identity - (1 - self.alpha) * matrix)
        except RuntimeError as error:  # torch.linalg.LinAlgError
            raise GraphValueError(
                "Expected weights whose diffusion matrix has an inverse, got others; normalize "
                "them first, for example by GCNNorm."
            ) from error
        return self.alpha * inverse


class HeatKernel(_Diffusion):
    r"""Diffuse by the heat kernel: :math:`\exp(t (A - I))`.

    From `Diffusion Improves Graph Learning <https://arxiv.org/abs/1911.05485>`__ (Klicpera et al.,
    NeurIPS 2019). The matrix is dense, so the graph should be small.

    Args:
        t: the diffusion time.
        eweight_name: the edge feature (E,) of weights, ones where it is missing; the new graph has
            the entries of the matrix there.
        eps: the least entry that becomes an edge; by default ``avg_degree`` decides.
        avg_degree: keep so many of the greatest entries for each node on average.

    Raises:
        GraphTypeError: ``avg_degree`` is no int.
        GraphValueError: ``avg_degree`` below 1; when called, a graph of several types, or weights
            of another shape.

    Example:
        >>> import graphmp as gm
        >>> g = gm.Compose([gm.AddSelfLoop(), gm.GCNNorm()])(gm.graph(([0, 1], [1, 0])))
        >>> gm.HeatKernel(t=1.0)(g).edata["w"]
        tensor([0.6839, 0.3161, 0.3161, 0.6839])
    """

    def __init__(
        self,
        t: float = 2.0,
        eweight_name: str = "w",
        eps: float | None = None,
        avg_degree: int = 5,
    ) -> None:
        super().__init__(eweight_name, eps, avg_degree)
        self.t = t

    def _diffused(self, matrix: Tensor) -> Tensor:
        identity = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
        heat: Tensor = torch.linalg.matrix_exp(self.t * (matrix - identity))
        return heat


class GDC(_Diffusion):
    r"""Diffuse by a polynomial: :math:`\sum_k c_k A^k`.

    From `Diffusion Improves Graph Learning <https://arxiv.org/abs/1911.05485>`__ (Klicpera et al.,
    NeurIPS 2019). The matrix is dense, so the graph should be small.

    Args:
        coefs: the coefficients of the powers 0, 1, 2, …
        eweight_name: the edge feature (E,) of weights, ones where it is missing; the new graph has
            the entries of the matrix there.
        eps: the least entry that becomes an edge; by default ``avg_degree`` decides.
        avg_degree: keep so many of the greatest entries for each node on average.

    Raises:
        GraphTypeError: ``avg_degree`` is no int.
        GraphValueError: no coefficient, or ``avg_degree`` below 1; when called, a graph of several
            types, or weights of another shape.

    Example:
        >>> import graphmp as gm
        >>> gm.GDC([0.5, 0.3])(gm.graph(([0, 1], [1, 0]))).edata["w"]
        tensor([0.5000, 0.3000, 0.3000, 0.5000])
    """

    def __init__(
        self,
        coefs: Iterable[float],
        eweight_name: str = "w",
        eps: float | None = None,
        avg_degree: int = 5,
    ) -> None:
        super().__init__(eweight_name, eps, avg_degree)
        self.coefs = list(coefs)
        if not self.coefs:
            raise GraphValueError("Expected coefs to have at least one coefficient, got none.")

    def _diffused(self, matrix: Tensor) -> Tensor:
        identity = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
        total: Tensor = self.coefs[-1] * identity
        for coefficient in self.coefs[-2::-1]:  # Horner's scheme
            total = coefficient * identity + matrix @ total
        return total
