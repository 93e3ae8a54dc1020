"""WeightBasis: weights that are combinations of a few bases."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class WeightBasis(nn.Module):
    r"""Weights as linear combinations of learnt bases.

    From `Modeling Relational Data with Graph Convolutional Networks
    <https://arxiv.org/abs/1703.06103>`__ (Schlichtkrull et al., ESWC 2018).

    .. math:: W_r = \sum_b a_{rb} V_b

    Args:
        shape: the shape of a weight.
        num_bases: the number of bases; fewer than weights, or they save nothing.
        num_outputs: the number of weights.

    Attributes:
        weight: the bases :math:`V`, (num_bases, \*shape), drawn by Glorot's uniform rule.
        w_comp: the coefficients :math:`a`, (num_outputs, num_bases), drawn likewise.

    Shapes:
        - output: (num_outputs, \*shape).

    Example:
        >>> import torch, graphmp as gm
        >>> gm.nn.WeightBasis((3, 2), num_bases=2, num_outputs=5)().shape
        torch.Size([5, 3, 2])
    """

    def __init__(self, shape: Sequence[int], num_bases: int, num_outputs: int) -> None:
        super().__init__()
        self.shape, self.num_bases, self.num_outputs = tuple(shape), num_bases, num_outputs
        self.weight = nn.Parameter(torch.empty(num_bases, *self.shape))
        self.w_comp = nn.Parameter(torch.empty(num_outputs, num_bases))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the bases and coefficients by Glorot's uniform rule."""
        for parameter in (self.weight, self.w_comp):
            nn.init.xavier_uniform_(parameter, gain=nn.init.calculate_gain("relu"))

    def forward(self) -> Tensor:
        r"""Combine the bases: (num_outputs, \*shape)."""
        weights: Tensor = torch.tensordot(self.w_comp, self.weight, 1)
        return weights

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        return f"shape={self.shape}, bases={self.num_bases}, outputs={self.num_outputs}"
