"""GINEConv: graph isomorphism network with edge features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from ...graph import Graph
from .._shared.options import checked_function
from ..functional import gine_conv
from .gin_conv import keep_epsilon


class GINEConv(nn.Module):
    r"""Graph isomorphism network with features of the edges.

    From `Strategies for Pre-training Graph Neural Networks <https://arxiv.org/abs/1905.12265>`__
    (Hu et al., ICLR 2020).

    .. math::
        h_v' = f\Big((1 + \epsilon) h_v + \sum_{u \in N(v)} \mathrm{ReLU}(h_u + e_{uv})\Big)

    Args:
        apply_func: the function :math:`f`, such as an MLP; the identity by default.
        init_eps: :math:`\epsilon` at first.
        learn_eps: learn :math:`\epsilon`.

    Attributes:
        apply_func: the function.
        eps: (1,), a parameter if it is learnt, else a buffer.

    Shapes:
        - node_feat: (num_src, \*); or
          a pair of that and (num_dst, \*).
        - edge_feat: (E, \*).
        - output: (num_dst, \*) as ``apply_func`` makes it.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 1]))
        >>> x, e = torch.tensor([[1.0], [2.0]]), torch.tensor([[-3.0], [5.0]])
        >>> gm.nn.GINEConv()(g, x, e)
        tensor([[1.],
                [9.]])
    """

    eps: Tensor

    def __init__(
        self,
        apply_func: Callable[[Tensor], Tensor] | None = None,
        init_eps: float = 0,
        learn_eps: bool = False,
    ) -> None:
        super().__init__()
        self.apply_func = checked_function(apply_func, "apply_func")
        keep_epsilon(self, init_eps, learn_eps)

    def forward(self, graph: Graph, node_feat: Any, edge_feat: Tensor) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph or block of one edge type.
            node_feat: (num_src, \*) features; or a pair of that and (num_dst, \*).
            edge_feat: (E, \*) features.

        Returns:
            (num_dst, \*) as ``apply_func`` makes it.

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        out = gine_conv(graph, node_feat, edge_feat, self.eps)
        return out if self.apply_func is None else self.apply_func(out)
