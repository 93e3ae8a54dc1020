"""AGNNConv: attention by cosine similarity."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ... import _checks
from ...graph import Graph
from .._shared.degrees import ChecksInDegrees
from ..functional import agnn_conv


class AGNNConv(ChecksInDegrees):
    r"""Attention-based propagation.

    From `Attention-based Graph Neural Network for Semi-Supervised Learning
    <https://arxiv.org/abs/1803.03735>`__ (Thekumparampil et al., 2018).

    .. math::
        h_v' = \sum_{u \in N(v)} \mathrm{softmax}_{u \in N(v)}
            \big(\beta \cos(h_u, h_v)\big)\, h_u

    Nothing is stored per edge and feature.

    Args:
        init_beta: :math:`\beta` at first.
        learn_beta: learn :math:`\beta`.
        allow_zero_in_degree: accept nodes of in-degree 0; their output is zero.

    Attributes:
        beta: (1,), a parameter if it is learnt, else a buffer.

    Shapes:
        - feat: (num_src, \*, size); or
          a pair of that and (num_dst, \*, size).
        - output: (num_dst, \*, size).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1], [1, 1, 0]))
        >>> gm.nn.AGNNConv(init_beta=0.0)(g, torch.tensor([[2.0], [4.0]])).detach()
        tensor([[4.],
                [3.]])
    """

    beta: Tensor

    def __init__(
        self, init_beta: float = 1.0, learn_beta: bool = True, allow_zero_in_degree: bool = False
    ) -> None:
        super().__init__(allow_zero_in_degree)
        beta = torch.tensor([float(init_beta)])
        if learn_beta:
            self.beta = nn.Parameter(beta)
        else:
            self.register_buffer("beta", beta)

    def forward(self, graph: Graph, feat: Any) -> Tensor:
        r"""Attend.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, size) features; or a pair of that and (num_dst, \*, size).

        Returns:
            (num_dst, \*, size).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        self.check_in_degrees(_checks.adjacency_of(graph))
        return agnn_conv(graph, feat, self.beta)
