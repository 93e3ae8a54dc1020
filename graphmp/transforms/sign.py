"""SIGN: diffused features, computed once before training."""

from __future__ import annotations

from torch import Tensor

from .. import _checks, ops
from .._graph.arguments import refuse_types
from ..errors import GraphValueError
from ..graph import Graph
from .base import BaseTransform
from .normalization import gcn_norm, norm_by_dst

DIFFUSIONS = ("raw", "rw", "gcn", "ppr")


class SIGNDiffusion(BaseTransform):
    """Write features diffused by 1 to ``k`` steps.

    From `SIGN: Scalable Inception Graph Neural Networks <https://arxiv.org/abs/2004.11198>`__
    (Frasca et al., 2020).

    Args:
        k: the number of steps; step i is written to ``f"{out_feat_name}_{i}"``.
        in_feat_name: the node feature (N, …) to diffuse.
        out_feat_name: how the names of the new node features begin.
        eweight_name: the edge feature (E,) or (E, 1) of weights; by default all edges are alike.
        diffuse_op: a step: ``"raw"`` is the weighted sum over in-edges, ``"rw"`` the weighted mean,
            ``"gcn"`` the sum with weights as of :class:`GCNNorm`, ``"ppr"`` that sum times
            ``1 - alpha``, plus ``alpha`` times the input.
        alpha: the probability to restart of ``"ppr"``.

    Raises:
        GraphKeyError: when called, an unknown feature.
        GraphValueError: a negative ``k`` or an unknown ``diffuse_op``; when called, a graph of
            several types.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> g.ndata["feat"] = torch.tensor([[1.0], [2.0], [3.0]])
        >>> gm.SIGNDiffusion(k=2)(g).ndata["out_feat_2"].flatten()
        tensor([2., 3., 1.])
    """

    def __init__(
        self,
        k: int,
        in_feat_name: str = "feat",
        out_feat_name: str = "out_feat",
        eweight_name: str | None = None,
        diffuse_op: str = "raw",
        alpha: float = 0.2,
    ) -> None:
        if diffuse_op not in DIFFUSIONS:
            raise GraphValueError(
                f"Expected diffuse_op to be one of {', '.join(DIFFUSIONS)}, got {diffuse_op!r}."
            )
        self.k = _checks.count(k, "k")
        self.in_feat_name = in_feat_name
        self.out_feat_name = out_feat_name
        self.eweight_name = eweight_name
        self.diffuse_op = diffuse_op
        self.alpha = alpha

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with diffused features; ``g`` stays as it is."""
        refuse_types(g)
        new, h = g.clone(), g.ndata[self.in_feat_name]
        weights = self._weights(g)
        for step in range(1, self.k + 1):
            h = ops.copy_u_sum(g, h) if weights is None else ops.u_mul_e_sum(g, h, weights)
            if self.diffuse_op == "ppr":
                h = (1 - self.alpha) * h + self.alpha * g.ndata[self.in_feat_name]
            new.ndata[f"{self.out_feat_name}_{step}"] = h
        return new

    def _weights(self, g: Graph) -> Tensor | None:
        """The weights of a step; None for ones."""
        weights: Tensor | None = g.edata[self.eweight_name] if self.eweight_name else None
        if self.diffuse_op == "raw":
            return weights
        if self.diffuse_op != "rw":
            return gcn_norm(g, g.canonical_etypes[0], weights)
        if weights is None:
            return norm_by_dst(g)
        return weights / ops.gather(ops.copy_e_sum(g, weights), g.adjacency.dst)
