"""Eigenvalues and eigenvectors of the normalized Laplacian."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .. import _checks
from .._graph.arguments import refuse_types
from .._graph.export import adj_external
from ..errors import GraphRuntimeError, GraphValueError, GraphWarning
from ..graph import Graph
from .base import BaseTransform
from .batch import unbatch
from .positional import padded, random_signs

Floats = NDArray[np.float64]
_DENSE = 500  # nodes up to which a dense eigenvalue problem is the faster one
_WIDTH = 64  # vectors of Lanczos' method
_RESTARTS = 30  # of Lanczos' method, after which eigenvalues are too close to each other


def laplacian_lambda_max(g: Graph) -> list[float]:
    r"""The largest eigenvalue of the normalized Laplacian :math:`I - D^{-1/2} A D^{-1/2}`.

    Where an edge has no reverse, the matrix is not symmetric: a ``GraphWarning`` says so, and
    eigenvalues are ordered by their real parts, which alone are returned.

    Args:
        g: a graph of one node type and one edge type, or a batch. Parallel edges are added.

    Returns:
        One number for each graph of the batch.

    Raises:
        GraphRuntimeError: a graph of more than 500 nodes without SciPy.
        GraphValueError: a graph of several types or without nodes.

    Example:
        >>> import graphmp as gm
        >>> ring = gm.to_bidirected(gm.graph(([0, 1, 2, 3], [1, 2, 3, 0])))
        >>> [round(value, 4) for value in gm.laplacian_lambda_max(ring)]
        [2.0]
    """
    refuse_types(g)
    return [float(_eigen(part, 1, "LA")[0][-1]) for part in unbatch(g)]


def lap_pe(g: Graph, k: int, padding: bool = False, return_eigval: bool = False) -> Any:
    """Encode positions by eigenvectors of the normalized Laplacian.

    From `Benchmarking Graph Neural Networks <https://arxiv.org/abs/2003.00982>`__ (Dwivedi et al.,
    2020). The first eigenvector, of eigenvalue 0, is left out. The signs of the others are drawn;
    ``torch.manual_seed`` repeats them.

    Args:
        g: a graph of one node type and one edge type. Parallel edges are added. Where an edge has
            no reverse, see :func:`laplacian_lambda_max`.
        k: the number of eigenvectors, those of the smallest eigenvalues.
        padding: fill up with zeros, and NaN for eigenvalues, if there are fewer than ``k``; else an
            error.
        return_eigval: also return the eigenvalues.

    Returns:
        (N, k) float32 on the device of ``g``; with ``return_eigval`` a tuple of it and (k,).

    Raises:
        GraphRuntimeError: a graph of more than 500 nodes without SciPy.
        GraphValueError: a graph of several types; a ``k`` that is not below N without ``padding``.

    Example:
        >>> import graphmp as gm
        >>> ring = gm.to_bidirected(gm.graph(([0, 1, 2, 3], [1, 2, 3, 0])))
        >>> gm.lap_pe(ring, 2).shape
        torch.Size([4, 2])
    """
    refuse_types(g)
    count, nodes = _checks.count(k, "k"), g.num_nodes()
    _checks.held(count * nodes, "Encodings", 4)
    if nodes <= count and not padding:
        raise GraphValueError(
            f"Expected k below the number of nodes {nodes}, got {count}; pass padding=True to fill "
            "up with zeros."
        )
    if nodes == 0:
        values, vectors = np.zeros(0), np.zeros((0, 0))
    else:
        values, vectors = _eigen(g, min(count + 1, nodes), "SA")
    chosen = slice(1, count + 1)
    signs = random_signs(vectors[:, chosen].shape[1])
    encoding = padded(torch.from_numpy(vectors[:, chosen]) * signs, count, 0.0)
    if not return_eigval:
        return encoding.to(g.device)
    eigenvalues = padded(torch.from_numpy(values[chosen]), count, float("nan"))
    return encoding.to(g.device), eigenvalues.to(g.device)


laplacian_pe = lap_pe


class LapPE(BaseTransform):
    """Write :func:`lap_pe` to a node feature.

    Args:
        k: the number of eigenvectors.
        feat_name: the node feature for the encoding.
        eigval_name: the node feature for the eigenvalues, (N, k), the same for every node; by
            default none.
        padding: fill up with zeros if there are fewer than ``k``.

    Example:
        >>> import graphmp as gm
        >>> ring = gm.to_bidirected(gm.graph(([0, 1, 2, 3], [1, 2, 3, 0])))
        >>> gm.LapPE(k=3, feat_name="position")(ring).ndata["position"].shape
        torch.Size([4, 3])
    """

    def __init__(
        self, k: int, feat_name: str = "PE", eigval_name: str | None = None, padding: bool = False
    ) -> None:
        self.k = k
        self.feat_name = feat_name
        self.eigval_name = eigval_name
        self.padding = padding

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with the encoding; ``g`` stays as it is."""
        encoding, eigenvalues = lap_pe(g, self.k, self.padding, return_eigval=True)
        new = g.clone()
        new.ndata[self.feat_name] = encoding
        if self.eigval_name:
            new.ndata[self.eigval_name] = eigenvalues.repeat(g.num_nodes(), 1)
        return new


LaplacianPE = LapPE


def _eigen(g: Graph, count: int, which: str) -> tuple[Floats, Floats]:
    """Eigenvalues, ascending, and eigenvectors as columns: at least ``count`` of one end.

    Args:
        g: a graph with at least one node.
        count: how many, at most N.
        which: ``"SA"`` for the smallest, ``"LA"`` for the largest.
    """
    nodes = g.num_nodes()
    if nodes == 0:
        raise GraphValueError("Expected a graph with nodes, got one without.")
    u, v = (end.cpu() for end in g.edges())
    symmetric = torch.equal((u * nodes + v).sort().values, (v * nodes + u).sort().values)
    if not symmetric:
        warnings.warn(
            "Expected a graph in which each edge has its reverse; of complex eigenvalues and "
            "eigenvectors the real parts are returned. Call graphmp.to_bidirected on the graph.",
            GraphWarning,
            stacklevel=3,
        )
    scale = g.in_degrees().cpu().numpy().clip(1) ** -0.5
    if nodes <= max(_DENSE, 2 * count):
        matrix = np.eye(nodes)
        np.add.at(matrix, (u.numpy(), v.numpy()), -(scale[u] * scale[v]))
        return np.linalg.eigh(matrix) if symmetric else _real(*np.linalg.eig(matrix))
    return _lanczos(g, scale, count, which, symmetric)


def _real(values: NDArray[Any], vectors: NDArray[Any]) -> tuple[Floats, Floats]:
    """The real parts of eigenvalues, ascending, and of their eigenvectors."""
    order = np.argsort(values)
    return values[order].real, vectors[:, order].real


def _lanczos(
    g: Graph, scale: Floats, count: int, which: str, symmetric: bool
) -> tuple[Floats, Floats]:
    """Some eigenvalues and eigenvectors of a large sparse Laplacian.

    Lanczos' method is quick where the eigenvalues are apart, as in random graphs. Where they are
    not, as on a long path, it is applied to the inverse of the matrix, shifted by a little: this
    is sparse then.
    """
    try:
        from scipy import sparse
        from scipy.sparse.linalg import ArpackNoConvergence, eigs, eigsh
    except ImportError as error:
        raise GraphRuntimeError(
            f"The eigenvalues of a graph of more than {_DENSE} nodes need SciPy, which is not "
            "installed: pip install scipy."
        ) from error
    norm, nodes = sparse.diags(scale), g.num_nodes()
    laplacian = sparse.eye(nodes) - norm @ adj_external(g, scipy_fmt="csr") @ norm
    laplacian = laplacian.astype(np.float64).tocsc()
    settings = {"k": count, "v0": np.random.default_rng(0).standard_normal(nodes)}
    width = min(nodes, max(_WIDTH, 2 * count + 1))
    if not symmetric:
        end = "SR" if which == "SA" else "LR"
        return _real(*eigs(laplacian, which=end, ncv=width, **settings))
    try:
        values, vectors = eigsh(laplacian, which=which, ncv=width, maxiter=_RESTARTS, **settings)
    except ArpackNoConvergence:
        shift = -0.01 if which == "SA" else 2.01  # beside all eigenvalues, which are from 0 to 2
        values, vectors = eigsh(laplacian, sigma=shift, which="LM", **settings)
    return _real(values, vectors)
