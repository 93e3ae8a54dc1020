"""Weighted-sum pooling; each node's weight is learnt from its features."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...graph import Graph
from .._shared.inputs import checked_nodes, in_dtype_of
from ..functional import weight_and_sum


class WeightAndSum(nn.Module):
    r"""Weighted sum of the nodes of each graph, such as the atoms of molecules.

    .. math::
        r_i = \sum_{v \in V_i} \mathrm{sigmoid}(w^T x_v + b) \, x_v

    for the nodes :math:`V_i` of each graph. A graph without nodes gives 0.

    Args:
        in_feats: size of a node's features.

    Attributes:
        atom_weighting: the linear map to the weight, and the sigmoid.

    Shapes:
        - feats: (N, in_feats).
        - output: (batch size, in_feats).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.WeightAndSum(5)(g, torch.ones(3, 5)).shape
        torch.Size([2, 5])
    """

    def __init__(self, in_feats: int) -> None:
        super().__init__()
        self.in_feats = in_feats
        self.atom_weighting = nn.Sequential(nn.Linear(in_feats, 1), nn.Sigmoid())

    def forward(self, g: Graph, feats: Tensor) -> Tensor:
        """Pool.

        Args:
            g: a graph or a batch of graphs, of one node type.
            feats: (N, in_feats).

        Returns:
            (batch size, in_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        checked_nodes(g, feats, self.in_feats)
        linear: Any = self.atom_weighting[0]
        feats = in_dtype_of(linear.weight, feats, "feats")
        return weight_and_sum(g, feats, self.atom_weighting(feats))
