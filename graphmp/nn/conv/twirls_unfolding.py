"""TWIRLSUnfoldingAndAttention: propagation by gradient descent on an energy, with attention."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import Graph
from ...ops import Adjacency
from .._shared.aggregation import aggregate
from .._shared.inputs import read_steps
from ..functional.dropout import dropout


class EdgeWeights(NamedTuple):
    """Weights (E, 1) of edges, None for ones, and the sum of those into each node, (N, 1)."""

    edges: Tensor | None
    degrees: Tensor


class TWIRLSUnfoldingAndAttention(nn.Module):
    r"""Unfolded descent steps on an energy, with edges weighted by attention.

    From `Graph Neural Networks Inspired by Classical Iterative Algorithms
    <https://arxiv.org/abs/2103.06064>`__ (Yang et al., ICML 2021). With :math:`W` the weights of
    the edges, which are 1 before the first attention, and :math:`D` the sums of the weights of
    each node's in-edges, or 1 without in-edges, each step is

    .. math::
        Y' = (1 - \alpha) Y + \alpha \lambda \tilde D^{-1/2} W \tilde D^{-1/2} Y
            + \alpha \tilde D^{-1} X, \qquad \tilde D = \lambda D + (1 - \lambda) I

    or without ``precond``

    .. math:: Y' = (1 - \alpha \lambda - \alpha) Y + \alpha \lambda D^{-1/2} W D^{-1/2} Y + \alpha X

    Attention gives an edge the weight :math:`1 / z^{1 - \rho/2}` of the squared distance
    :math:`z = \|y_u - y_v\|^2`, where the power is at least :math:`\tau`, and infinite above
    :math:`T`.

    Args:
        d: size of the features; read only with ``use_eta``.
        alp: the step size :math:`\alpha`; 0 for :math:`1 / (\lambda + 1)`.
        lam: the weight :math:`\lambda` of smoothness.
        prop_step: the number of steps.
        attn_aft: apply attention after this number of steps; less than 1 for none.
        tau: the threshold :math:`\tau`.
        T: the threshold :math:`T`; 0 or less for none.
        p: the power :math:`\rho`.
        use_eta: scale the features by a learnt vector in the attention.
        init_att: apply attention before the first step, too.
        attn_dropout: dropout of the weights; the degrees are those without.
        precond: use the first of the two formulas.

    Attributes:
        etas: (d,), ones at first; or None.

    Shapes:
        - X: (N, d).
        - output: (N, d).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1, 2], [1, 2, 0])))
        >>> gm.nn.TWIRLSUnfoldingAndAttention(5, 0.5, 1, prop_step=2)(g, torch.ones(3, 5)).shape
        torch.Size([3, 5])
    """

    etas: nn.Parameter | None

    def __init__(
        self,
        d: int,
        alp: float,
        lam: float,
        prop_step: int,
        attn_aft: int = -1,
        tau: float = 0.2,
        T: float = -1,  # noqa: N803
        p: float = 1,
        use_eta: bool = False,
        init_att: bool = False,
        attn_dropout: float = 0.0,
        precond: bool = True,
    ) -> None:
        super().__init__()
        self.d, self.lam, self.prop_step, self.attn_aft = d, lam, prop_step, attn_aft
        self.alp = alp if alp > 0 else 1 / (lam + 1)
        self.tau, self.T, self.p, self.attn_dropout = tau, T, p, attn_dropout
        self.init_att, self.precond = init_att, precond
        self.register_parameter("etas", nn.Parameter(torch.ones(d)) if use_eta else None)

    def forward(self, g: Graph, X: Tensor) -> Tensor:  # noqa: N803
        """Propagate.

        Args:
            g: a graph whose destinations are its sources, usually with self-loops.
            X: (N, d).

        Returns:
            (N, d).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        size = None if self.etas is None else self.d
        adjacency, feat = read_steps(g, X, size, self.etas)
        return self.unfold(adjacency, feat)

    def unfold(self, adjacency: Adjacency, feat: Tensor) -> Tensor:
        """Propagate features that are already checked.

        Args:
            adjacency: the edges.
            feat: (N, d).

        Returns:
            (N, d).
        """
        weights, h = EdgeWeights(None, adjacency.divisors(feat.dtype).view(-1, 1)), feat
        if self.init_att:
            weights = self._attention(adjacency, h)
        for step in range(1, self.prop_step + 1):
            h = descend(adjacency, weights, h, feat, self.alp, self.lam, self.precond)
            if step == self.attn_aft:
                weights = self._attention(adjacency, h)
        return h

    def _attention(self, adjacency: Adjacency, h: Tensor) -> EdgeWeights:
        """Weights of the edges from the distances of their ends."""
        h = h if self.etas is None else h * self.etas
        squares = h.square().sum(-1, keepdim=True)
        sums = ops.gsddmm(adjacency, "add", squares, squares)
        distances = sums - 2 * ops.gsddmm(adjacency, "dot", h, h)
        powers = (distances.relu() + 1e-7) ** (1 - 0.5 * self.p)
        powers = powers.clamp(min=self.tau)
        if self.T > 0:
            powers = powers.masked_fill(powers > self.T, torch.inf)
        edges = 1 / powers + 1e-9
        degrees = ops.gspmm(adjacency, "copy_rhs", "sum", None, edges)
        degrees = degrees.masked_fill(degrees == 0, 1)
        return EdgeWeights(dropout(edges, self.attn_dropout, self.training), degrees)

    def extra_repr(self) -> str:
        """Show the numbers of the formula in ``repr``."""
        return f"steps={self.prop_step}, alpha={self.alp}, lambda={self.lam}"


def descend(
    adjacency: Adjacency,
    weights: EdgeWeights,
    h: Tensor,
    feat: Tensor,
    alp: float,
    lam: float,
    precond: bool,
) -> Tensor:
    """One step of descent.

    Args:
        adjacency: the edges.
        weights: of the edges.
        h: (N, d), the result of the step before.
        feat: (N, d), the input of the first step.
        alp: as :class:`TWIRLSUnfoldingAndAttention` takes it, but not 0.
        lam: as there.
        precond: as there.

    Returns:
        (N, d).
    """
    degrees, remaining = weights.degrees, 1 - alp * lam - alp
    if precond:
        degrees, remaining = lam * degrees + (1 - lam), 1 - alp
        feat = (feat / degrees).to(h.dtype)
    root = degrees.rsqrt().to(h.dtype)
    smooth = root * aggregate(adjacency, root * h, weights.edges)
    return remaining * h + alp * (lam * smooth + feat)
