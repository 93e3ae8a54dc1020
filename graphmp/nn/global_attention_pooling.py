"""Pooling by attention: nodes say how much they count."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from .. import ops
from ..errors import GraphValueError
from ..graph import Graph
from .inputs import checked_nodes


class GlobalAttentionPooling(nn.Module):
    r"""Global attention pooling.

    From `Gated Graph Sequence Neural Networks <https://arxiv.org/abs/1511.05493>`__ (Li et al.,
    ICLR 2016).

    .. math::
        r_i = \sum_{v \in V_i} \mathrm{softmax}_{v \in V_i}\big(f_{gate}(x_v)\big) f_{feat}(x_v)

    for the nodes :math:`V_i` of each graph. A graph without nodes gives 0.

    Args:
        gate_nn: gives each node one number, (N, 1), of its features.
        feat_nn: changes features before they are summed; the identity unless given.

    Attributes:
        gate_nn: the gate.
        feat_nn: the change of features, or None.

    Shapes:
        - feat: (N, D).
        - output: (batch size, D), or what ``feat_nn`` makes of D.

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
            get_attention: give the attention too.

        Returns:
            (batch size, D), or what ``feat_nn`` makes of D; and the attention, (N, 1), if wanted.

        Raises:
            GraphTypeError: something else than a graph and a tensor.
            GraphValueError: features of a wrong number of rows or on another device, a gate that
                gives more than one number, a block, or several node types.
        """
        sizes = checked_nodes(graph, feat)
        gate = self.gate_nn(feat)
        if gate.ndim < 2 or gate.shape[-1] != 1:
            raise GraphValueError(
                f"gate_nn must give (N, 1), one number for each node, but {tuple(gate.shape)} came."
            )
        attention = ops.segment_softmax(sizes, gate)
        feat = feat if self.feat_nn is None else self.feat_nn(feat)
        out = ops.segment_reduce(sizes, feat, "sum", attention)
        return (out, attention) if get_attention else out
