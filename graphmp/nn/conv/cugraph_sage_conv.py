"""CuGraphSAGEConv: GraphSAGE with the parameters of cuGraph's layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...graph import Graph
from .._shared.aggregation import aggregate
from .._shared.inputs import apply_dropout, read_ends, split_ends
from .._shared.options import check_option
from ..dropout import Dropout

AGGREGATORS = ("max", "min", "mean", "sum")


class CuGraphSAGEConv(nn.Module):
    r"""GraphSAGE with the parameters of cuGraph's layer, on any device.

    .. math:: h_v' = W \big[\mathrm{aggregate}_{u \in N(v)} h_u \,\|\, h_v\big] + b

    Outputs were not compared with cuGraph itself. :class:`SAGEConv` has other aggregators.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.
        aggregator_type: ``"max"``, ``"min"``, ``"mean"`` or ``"sum"``, by elements; 0 for
            in-degree 0.
        feat_drop: dropout of the input features.
        bias: add a bias.

    Attributes:
        linear: linear map of the aggregated features, followed by the destination's own.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
        - output: (num_dst, \*, out_feats).

    Raises:
        GraphValueError: an unknown aggregator.

    Example:
        >>> import torch, graphmp as gm
        >>> conv = gm.nn.CuGraphSAGEConv(5, 2, "max")
        >>> conv(gm.graph(([0, 1], [1, 2])), torch.ones(3, 5)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        in_feats: int,
        out_feats: int,
        aggregator_type: str = "mean",
        feat_drop: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_option(aggregator_type, AGGREGATORS, "aggregator_type")
        self.in_feats, self.out_feats, self.aggr = in_feats, out_feats, aggregator_type
        self.feat_drop = Dropout(feat_drop)
        self.linear = nn.Linear(2 * in_feats, out_feats, bias=bias)

    def reset_parameters(self) -> None:
        """Reset the linear map as torch does."""
        self.linear.reset_parameters()

    def forward(self, g: Graph, feat: Any, max_in_degree: int | None = None) -> Tensor:  # noqa: ARG002
        r"""Convolve.

        Args:
            g: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
            max_in_degree: for compatibility with DGL; it has no effect.

        Returns:
            (num_dst, \*, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        ends = read_ends(g, feat, (self.in_feats, self.in_feats), self.linear.weight)
        ends = apply_dropout(ends, self.feat_drop)
        src, dst = split_ends(ends, ends.feat)
        neighbours = aggregate(ends.adjacency, src, reducer=self.aggr)
        return self.linear(torch.cat([neighbours, dst], -1))  # type: ignore[no-any-return]
