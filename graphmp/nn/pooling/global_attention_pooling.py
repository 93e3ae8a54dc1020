"""GlobalAttentionPooling: sum of the nodes, weighted by learnt attention."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ...graph import Graph
from .._shared.inputs import checked_nodes
from ..functional import global_attention_pooling


class GlobalAttentionPooling(nn.Module):
    r"""Global attention pooling.

    From `Gated Graph Sequence Neural Networks <https://arxiv.org/abs/1511.05493>`__ (Li et al.,
    ICLR 2016).

    .. math::
        r_i = \sum_{v \in V_i} \mathrm{softmax}_{v \in V_i}\big(f_{gate}(x_v)\big) f_{feat}(x_v)

    for the nodes :math:`V_i` of each graph. A graph without nodes gives 0.

    Args:
        gate_nn: gives each node one number, (N, 1), of its features.
        feat_nn: changes features before they are summed; the identity by default.

    Attributes:
        gate_nn: the gate.
        feat_nn: the change of features, or None.

    Shapes:
        - feat: (N, D).
        - output: (batch size, D), or the output size of ``feat_nn``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.GlobalAttentionPooling(torch.nn.Linear(5, 1))(g, torch.ones(3, 5)).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        gate_nn: Callable[[Tensor], Tensor],
        feat_nn: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.gate_nn = gate_nn
        self.feat_nn = feat_nn

    def forward(
        self, graph: Graph, feat: Tensor, get_attention: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Pool.

        Args:
            graph: a graph or a batch of graphs, of one node type.
            feat: (N, D).
            get_attention: return the attention too.

        Returns:
            (batch size, D), or the output size of ``feat_nn``. With ``get_attention`` a pair of
            that and the attention, (N, 1).

        Raises:
            GraphValueError: features of a wrong number of rows or on another device, a gate that
                gives more than one number.
        """
        checked_nodes(graph, feat)
        gate = self.gate_nn(feat)
        feat = feat if self.feat_nn is None else self.feat_nn(feat)
        return global_attention_pooling(graph, feat, gate, get_attention)
