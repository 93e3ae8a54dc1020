"""APPNPConv: personalised PageRank propagation."""

from __future__ import annotations

from torch import Tensor, nn

from ...graph import Graph
from ..dropout import Dropout
from ..functional import appnp_conv


class APPNPConv(nn.Module):
    r"""Approximate personalised propagation of neural predictions.

    From `Predict then Propagate <https://arxiv.org/abs/1810.05997>`__ (Gasteiger, Bojchevski and
    Günnemann, ICLR 2019).

    .. math::
        H^0 = H, \qquad
        H^{t+1} = (1 - \alpha)\, D_{in}^{-1/2} A D_{out}^{-1/2} H^t + \alpha H

    and :math:`H^k` is the result. Edge weights take the places of ones in :math:`A`; then both ends
    are normalised by sums of weights.

    Args:
        k: the number of steps.
        alpha: the chance to return.
        edge_drop: dropout of edges, drawn again in every step.

    Shapes:
        - feat: (N, \*).
        - edge_weight: (E,) or (E, 1), above zero.
        - output: (N, \*).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> gm.nn.APPNPConv(k=1, alpha=0.25)(g, torch.tensor([[4.0], [0.0]]))
        tensor([[1.],
                [3.]])
    """

    def __init__(self, k: int, alpha: float, edge_drop: float = 0.0) -> None:
        super().__init__()
        self._k, self._alpha = k, alpha
        self.edge_drop = Dropout(edge_drop)

    def forward(self, graph: Graph, feat: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        r"""Propagate.

        Args:
            graph: a graph whose destinations are its sources.
            feat: (N, \*).
            edge_weight: (E,) or (E, 1), above zero.

        Returns:
            (N, \*).

        Raises:
            GraphValueError: weights that are not above zero.
        """
        drop = self.edge_drop.p
        return appnp_conv(graph, feat, self._k, self._alpha, edge_weight, drop, self.training)

    def extra_repr(self) -> str:
        """Show the steps and the chance in ``repr``."""
        return f"k={self._k}, alpha={self._alpha}"
