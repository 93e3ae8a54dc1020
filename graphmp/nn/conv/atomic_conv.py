"""AtomicConv: atomic convolution over distances between atoms."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import Graph
from ...ops.results import reshaped
from .._shared.inputs import read_edges, read_source
from .._shared.options import check_parameter


class RadialPooling(nn.Module):
    r"""Radial filters of distances.

    .. math::
        e_{uv}^k = \exp\big(-\gamma_k (r_{uv} - r_k)^2\big) \cdot
            \begin{cases} \frac{1}{2}\big(\cos(\pi r_{uv} / c_k) + 1\big) & r_{uv} \le c_k \\
            0 & \text{else} \end{cases}

    Args:
        interaction_cutoffs: (K,) the cutoffs :math:`c_k`.
        rbf_kernel_means: (K,) the means :math:`r_k`.
        rbf_kernel_scaling: (K,) the scales :math:`\gamma_k`.

    Raises:
        GraphTypeError: arguments that are not tensors.
        GraphValueError: arguments of another shape.

    Example:
        >>> import torch
        >>> from graphmp.nn.conv.atomic_conv import RadialPooling
        >>> pool = RadialPooling(torch.tensor([2.0]), torch.tensor([0.0]), torch.tensor([1.0]))
        >>> pool(torch.tensor([[0.0], [3.0]])).detach()
        tensor([[[1.],
                 [0.]]])
    """

    def __init__(
        self, interaction_cutoffs: Tensor, rbf_kernel_means: Tensor, rbf_kernel_scaling: Tensor
    ) -> None:
        super().__init__()
        check_parameter(interaction_cutoffs, (None,), "interaction_cutoffs")
        count = len(interaction_cutoffs)
        check_parameter(rbf_kernel_means, (count,), "rbf_kernel_means")
        check_parameter(rbf_kernel_scaling, (count,), "rbf_kernel_scaling")
        self.interaction_cutoffs = nn.Parameter(interaction_cutoffs.reshape(-1, 1, 1))
        self.rbf_kernel_means = nn.Parameter(rbf_kernel_means.reshape(-1, 1, 1))
        self.rbf_kernel_scaling = nn.Parameter(rbf_kernel_scaling.reshape(-1, 1, 1))

    def forward(self, distances: Tensor) -> Tensor:
        """Filter distances.

        Args:
            distances: (E, 1).

        Returns:
            (K, E, 1).
        """
        bells = torch.exp(-self.rbf_kernel_scaling * (distances - self.rbf_kernel_means) ** 2)
        waves = 0.5 * (torch.cos(math.pi * distances / self.interaction_cutoffs) + 1)
        return bells * waves.masked_fill(distances > self.interaction_cutoffs, 0.0)


class AtomicConv(nn.Module):
    r"""Atomic convolution.

    From `Atomic Convolutional Networks for Predicting Protein-Ligand Binding Affinity
    <https://arxiv.org/abs/1703.10603>`__ (Gomes et al., 2017). For each type of atom :math:`t` and
    each radial filter :math:`k`,

    .. math:: h_{v,t,k}' = \sum_{u \in N(v)} [z_u = t]\; e_{uv}^k

    with the filters :math:`e_{uv}^k` of the distances as in
    :class:`~graphmp.nn.conv.atomic_conv.RadialPooling`.

    Args:
        interaction_cutoffs: (K,) cutoffs, learnt.
        rbf_kernel_means: (K,) means, learnt.
        rbf_kernel_scaling: (K,) scales, learnt.
        features_to_use: (T,) the types of atoms, usually atomic numbers; without it the features
            themselves stand for the brackets.

    Attributes:
        radial_pooling: the filters.
        features_to_use: (T,), a parameter without gradient; or None.

    Shapes:
        - feat: (num_src, 1) types; without ``features_to_use`` (num_src, T) for any T.
        - distances: (E, 1).
        - output: (num_dst, T * K).

    Raises:
        GraphTypeError: arguments that are not tensors.
        GraphValueError: arguments of another shape.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> types, filters = torch.tensor([6.0, 8.0]), (torch.ones(3), torch.ones(3), torch.ones(3))
        >>> conv = gm.nn.AtomicConv(*filters, features_to_use=types)
        >>> conv(g, torch.tensor([[6.0], [8.0], [6.0]]), torch.ones(2, 1)).shape
        torch.Size([3, 6])
    """

    def __init__(
        self,
        interaction_cutoffs: Tensor,
        rbf_kernel_means: Tensor,
        rbf_kernel_scaling: Tensor,
        features_to_use: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.features_to_use: nn.Parameter | None
        self.radial_pooling = RadialPooling(
            interaction_cutoffs, rbf_kernel_means, rbf_kernel_scaling
        )
        if features_to_use is not None:
            check_parameter(features_to_use, (None,), "features_to_use")
            features_to_use = nn.Parameter(features_to_use, requires_grad=False)
        self.register_parameter("features_to_use", features_to_use)

    def forward(self, graph: Graph, feat: Any, distances: Tensor) -> Tensor:
        """Convolve.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, 1) types, or (num_src, T) features; or a pair with that first.
            distances: (E, 1).

        Returns:
            (num_dst, T * K).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        types, like = self.features_to_use, self.radial_pooling.interaction_cutoffs
        size = None if types is None else 1
        adjacency, feat = read_source(graph, feat, size, like)
        distances = read_edges(adjacency, distances, "distances", 1, like)
        if types is not None:
            feat = feat == types
        filters = self.radial_pooling(distances).squeeze(-1).t()
        feat = feat.to(filters.dtype).unsqueeze(-1)
        out = ops.gspmm(adjacency, "mul", "sum", feat, filters.unsqueeze(-2))
        return reshaped(out, out.shape[0], out.shape[1:].numel())

    def extra_repr(self) -> str:
        """Show the number of types in ``repr``."""
        types = self.features_to_use
        return "" if types is None else f"types={len(types)}"
