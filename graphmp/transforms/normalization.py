"""Normalized edge weights and features."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .. import ops
from .._graph.arguments import refuse_block
from .._storage.metagraph import CanonicalEtype
from ..graph import Graph
from .base import BaseTransform, with_changed_features


def norm_by_dst(g: Graph, etype: Any = None) -> Tensor:
    """One divided by the in-degree of each edge's destination.

    Args:
        g: any graph.
        etype: the edge type; not needed when there is one.

    Returns:
        (E,) float32.

    Example:
        >>> import graphmp as gm
        >>> gm.norm_by_dst(gm.graph(([0, 1, 1], [1, 1, 2])))
        tensor([0.5000, 0.5000, 1.0000])
    """
    adjacency = g.adjacency_of(etype)
    return adjacency.in_degrees[adjacency.dst.long()].float().reciprocal()


def gcn_norm(g: Graph, etype: CanonicalEtype, weights: Tensor | None) -> Tensor:
    """Edge weights, divided by the roots of the weighted in-degrees of both ends.

    Args:
        g: a graph.
        etype: a relation from a node type to itself.
        weights: (E, …) floats; None for ones.

    Returns:
        (E, …); 0 where an end has degree 0.
    """
    adjacency = g.adjacencies[etype]
    if weights is None:
        weights = torch.ones(adjacency.num_edges, device=g.device)
    roots = ops.copy_e_sum(adjacency, weights).rsqrt()
    roots = roots.masked_fill(roots.isinf(), 0)
    return ops.gather(roots, adjacency.src) * weights * ops.gather(roots, adjacency.dst)


class GCNNorm(BaseTransform):
    r"""Write symmetrically normalized edge weights.

    From `Semi-Supervised Classification with Graph Convolutional Networks
    <https://arxiv.org/abs/1609.02907>`__ (Kipf and Welling, ICLR 2017):
    :math:`w_{uv} / \sqrt{d_u d_v}` with the weighted in-degrees d. Relations between two node types
    stay as they are.

    Args:
        eweight_name: the edge feature (E,) or (E, 1) of weights, ones where it is missing; the
            normalized weights replace it.

    Raises:
        GraphValueError: when called, a block.

    Example:
        >>> import graphmp as gm
        >>> gm.GCNNorm()(gm.graph(([0, 1, 0], [1, 0, 0]))).edata["w"]
        tensor([0.7071, 0.7071, 0.5000])
    """

    def __init__(self, eweight_name: str = "w") -> None:
        self.eweight_name = eweight_name

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with normalized weights; ``g`` stays as it is."""
        refuse_block(g)
        new = g.clone()
        for etype in g.canonical_etypes:
            if etype[0] == etype[2]:
                data = new.edges[etype].data
                data[self.eweight_name] = gcn_norm(g, etype, data.get(self.eweight_name))
        return new


class RowFeatNormalizer(BaseTransform):
    """Divide each row of features by its sum, unless that is below 1.

    Args:
        subtract_min: first subtract the least value of all rows.
        node_feat_names: the node features; by default none.
        edge_feat_names: the edge features; by default none.

    Raises:
        GraphKeyError: when called, a feature that no type has.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> g.ndata["x"] = torch.tensor([[1.0, 3.0], [0.0, 0.5]])
        >>> gm.RowFeatNormalizer(node_feat_names=["x"])(g).ndata["x"]
        tensor([[0.2500, 0.7500],
                [0.0000, 0.5000]])
    """

    def __init__(
        self,
        subtract_min: bool = False,
        node_feat_names: Iterable[str] | None = None,
        edge_feat_names: Iterable[str] | None = None,
    ) -> None:
        self.subtract_min = subtract_min
        self.node_feat_names = list(node_feat_names or ())
        self.edge_feat_names = list(edge_feat_names or ())

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with normalized features; ``g`` stays as it is."""
        return with_changed_features(
            g, self.node_feat_names, self.edge_feat_names, self.row_normalize
        )

    def row_normalize(self, feat: Tensor) -> Tensor:
        """Normalize one feature, (rows, …)."""
        if self.subtract_min and feat.numel():
            feat = feat - feat.min()
        return feat / feat.sum(-1, keepdim=True).clamp(min=1)
