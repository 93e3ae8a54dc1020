"""SpatialEncoder and SpatialEncoder3d: biases of attention from distances."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from ... import _checks
from .._shared.padded import read_integers, read_padded


class SpatialEncoder(nn.Module):
    r"""Embed the lengths of shortest paths.

    From `Do Transformers Really Perform Badly for Graph Representation?
    <https://arxiv.org/abs/2106.05234>`__ (Ying et al., NeurIPS 2021).

    .. math:: b_{uv} = z_{\min(d_{uv}, m)}

    Args:
        max_dist: the largest length :math:`m` with an embedding of its own.
        num_heads: size of the embeddings.

    Attributes:
        embedding_table: (max_dist + 2, num_heads); the first row, for no path, is 0 at first.

    Shapes:
        - dist: (B, N, N) integers, -1 if there is no path.
        - output: (B, N, N, num_heads).

    Raises:
        GraphTypeError: ``max_dist`` is not an int.
        GraphValueError: ``max_dist`` is negative.

    Example:
        >>> import torch, graphmp as gm
        >>> encode = gm.nn.SpatialEncoder(max_dist=3, num_heads=2)
        >>> encode(torch.tensor([[[0, 4], [-1, 0]]])).shape
        torch.Size([1, 2, 2, 2])
    """

    def __init__(self, max_dist: int, num_heads: int = 1) -> None:
        super().__init__()
        self.max_dist, self.num_heads = _checks.count(max_dist, "max_dist"), num_heads
        self.embedding_table = nn.Embedding(self.max_dist + 2, num_heads, padding_idx=0)

    def forward(self, dist: Tensor) -> Tensor:
        """Embed.

        Args:
            dist: (B, N, N) integers, the lengths of the paths; -1 without a path.

        Returns:
            (B, N, N, num_heads), an ``attn_bias`` of :class:`BiasedMHA`.

        Raises:
            GraphTypeError: not a tensor of integers.
            GraphValueError: another shape.
        """
        dist = read_integers(dist, (None, None, None), "dist").clamp(-1, self.max_dist)
        return self.embedding_table(dist + 1)  # type: ignore[no-any-return]


class SpatialEncoder3d(nn.Module):
    r"""Encode distances in space by Gaussian kernels.

    From `One Transformer Can Understand Both 2D & 3D Molecular Data
    <https://arxiv.org/abs/2210.01765>`__ (Luo et al., ICLR 2023).

    .. math::
        b_{uv} &= W_2\, \mathrm{GELU}\big(W_1 \psi_{uv} + b_1\big) + b_2

        \psi_{uv}^k &= \frac{1}{\sqrt{2\pi}\, s_k} \exp\Big(-\frac{1}{2}
            \Big(\frac{\gamma_{uv} \|r_u - r_v\| + \beta_{uv} - \mu_k}{s_k}\Big)^2\Big), \qquad
            s_k = |\sigma_k| + 0.01

    with :math:`\gamma_{uv}` and :math:`\beta_{uv}` sums of a number for the type of each end, 2 and
    0 without types.

    Args:
        num_kernels: the number of kernels.
        num_heads: size of the output.
        max_node_type: the number of types of nodes.

    Attributes:
        means: the numbers :math:`\mu`, (num_kernels,).
        stds: the numbers :math:`\sigma`, (num_kernels,).
        linear_layer_1, linear_layer_2: the linear maps.
        gamma, beta: for each type as a source and as a destination a number, 1 and 0 at first.

    Shapes:
        - coord: (B, N, 3), or any other number of dimensions.
        - node_type: (B, N) integers.
        - output: (B, N, N, num_heads).

    Raises:
        GraphTypeError: ``max_node_type`` is not an int.
        GraphValueError: ``max_node_type`` is negative.

    Example:
        >>> import torch, graphmp as gm
        >>> encode = gm.nn.SpatialEncoder3d(num_kernels=4, num_heads=2, max_node_type=3)
        >>> encode(torch.rand(1, 5, 3), torch.tensor([[0, 1, 2, 0, 1]])).shape
        torch.Size([1, 5, 5, 2])
    """

    def __init__(self, num_kernels: int, num_heads: int = 1, max_node_type: int = 100) -> None:
        super().__init__()
        self.num_kernels, self.num_heads = num_kernels, num_heads
        self.max_node_type = _checks.count(max_node_type, "max_node_type")
        self.means = nn.Parameter(torch.empty(num_kernels).uniform_(0, 3))
        self.stds = nn.Parameter(torch.empty(num_kernels).uniform_(0, 3))
        self.linear_layer_1 = nn.Linear(num_kernels, num_kernels)
        self.linear_layer_2 = nn.Linear(num_kernels, num_heads)
        self.gamma = nn.Embedding(2 * self.max_node_type + 3, 1, padding_idx=0)
        self.beta = nn.Embedding(2 * self.max_node_type + 3, 1, padding_idx=0)
        nn.init.ones_(self.gamma.weight)
        nn.init.zeros_(self.beta.weight)

    def forward(self, coord: Tensor, node_type: Tensor | None = None) -> Tensor:
        """Encode.

        Args:
            coord: (B, N, 3) the coordinates of each graph's nodes.
            node_type: (B, N) integers below ``max_node_type``.

        Returns:
            (B, N, N, num_heads), an ``attn_bias`` of :class:`BiasedMHA`.

        Raises:
            GraphIndexError: an unknown type.
            GraphError: see :mod:`graphmp.nn`.
        """
        coord = read_padded(coord, (None, None, None), "coord", self.means)
        distances = torch.cdist(coord, coord).unsqueeze(-1)
        ends = self._ends(coord, node_type)
        gamma, beta = (
            table(ends[0]).unsqueeze(2) + table(ends[1]).unsqueeze(1)
            for table in (self.gamma, self.beta)
        )
        stds = self.stds.abs() + 0.01
        z = (gamma * distances + beta - self.means) / stds
        kernels = torch.exp(-0.5 * z.square()) / (math.sqrt(2 * math.pi) * stds)
        return self.linear_layer_2(gelu(self.linear_layer_1(kernels)))  # type: ignore[no-any-return]

    def _ends(self, coord: Tensor, node_type: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, N) twice: the rows of the tables for nodes as sources and as destinations."""
        if node_type is None:
            rows = torch.zeros(coord.shape[:2], dtype=torch.int64, device=coord.device)
            return rows, rows
        types = read_integers(node_type, tuple(coord.shape[:2]), "node_type")
        _checks.in_range(types.flatten(), self.max_node_type, "node_type")
        return types + 2, types + self.max_node_type + 3
