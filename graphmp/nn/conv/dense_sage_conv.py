"""DenseSAGEConv: GraphSAGE with the aggregator of GCN on a dense adjacency matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from .._shared.dense import check_square, checked_matrix, read_dense
from .._shared.options import checked_function
from ..dropout import Dropout


class DenseSAGEConv(nn.Module):
    r"""GraphSAGE on a dense adjacency matrix, with the aggregator ``"gcn"``.

    From `Inductive Representation Learning on Large Graphs <https://arxiv.org/abs/1706.02216>`__
    (Hamilton, Ying and Leskovec, NeurIPS 2017).

    .. math::
        h_v' = \mathrm{norm}\bigg(\sigma\Big(b + W\,
            \frac{h_v + \sum_u A_{vu} h_u}{1 + \sum_u A_{vu}}\Big)\bigg)

    Row :math:`v` of :math:`A` has the weights of the edges into :math:`v`. The norm follows the
    activation, other than in :class:`SAGEConv`.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output.
        feat_drop: dropout of the input.
        bias: add a bias.
        norm: applied to the result.
        activation: applied before ``norm``.

    Attributes:
        fc: the linear map :math:`W, b`; the weight is drawn by Glorot's uniform rule.

    Shapes:
        - adj: (num_dst, num_src).
        - feat: (num_src, in_feats), or a pair of that and (num_dst, in_feats).
        - output: (num_dst, out_feats).

    Example:
        >>> import torch, graphmp as gm
        >>> adj = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        >>> gm.nn.DenseSAGEConv(5, 2)(adj, torch.ones(2, 5)).shape
        torch.Size([2, 2])
    """

    def __init__(
        self,
        in_feats: int,
        out_feats: int,
        feat_drop: float = 0.0,
        bias: bool = True,
        norm: Callable[[Tensor], Tensor] | None = None,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self._norm = checked_function(norm, "norm")
        self.feat_drop = Dropout(feat_drop)
        self.activation = checked_function(activation, "activation")
        self.fc = nn.Linear(in_feats, out_feats, bias=bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weight by Glorot's uniform rule; the bias stays as it is."""
        nn.init.xavier_uniform_(self.fc.weight, gain=nn.init.calculate_gain("relu"))

    def forward(self, adj: Tensor, feat: Any) -> Tensor:
        """Convolve.

        Args:
            adj: (num_dst, num_src) weights of edges.
            feat: (num_src, in_feats), if the destinations are the sources; else a pair of that and
                (num_dst, in_feats).

        Returns:
            (num_dst, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        if not isinstance(feat, tuple):
            check_square(checked_matrix(adj))
        adj, src, dst = read_dense(adj, feat, self.fc.in_features, self.fc.weight)
        is_one = src is dst
        src = self.feat_drop(src)
        dst = src if is_one else self.feat_drop(dst)
        h: Tensor = self.fc((adj @ src + dst) / (adj.sum(1, keepdim=True) + 1))
        h = h if self.activation is None else self.activation(h)
        return h if self._norm is None else self._norm(h)
