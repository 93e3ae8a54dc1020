"""PathEncoder: a bias of attention from the edges along shortest paths."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._shared.padded import read_integers, read_padded


class PathEncoder(nn.Module):
    r"""Encode the edges along the shortest path between two nodes.

    From `Do Transformers Really Perform Badly for Graph Representation?
    <https://arxiv.org/abs/2106.05234>`__ (Ying et al., NeurIPS 2021).

    .. math::
        b_{uv}^h = \frac{1}{\min(\max(d_{uv}, 1), L)} \sum_{i=1}^{L} \langle x_i, w_i^h \rangle

    with :math:`x_i` the features of the i-th edge on the path, 0 after its end.

    Args:
        max_len: the largest number of edges :math:`L`.
        feat_dim: size of an edge's features.
        num_heads: the number of heads.

    Attributes:
        embedding_table: the vectors :math:`w`, (max_len * num_heads, feat_dim).

    Shapes:
        - dist: (B, N, N) integers, the lengths of the paths; -1 without a path.
        - path_data: (B, N, N, max_len, feat_dim).
        - output: (B, N, N, num_heads).

    Example:
        >>> import torch, graphmp as gm
        >>> encode = gm.nn.PathEncoder(max_len=2, feat_dim=3, num_heads=4)
        >>> encode(torch.tensor([[[0, 1], [1, 0]]]), torch.rand(1, 2, 2, 2, 3)).shape
        torch.Size([1, 2, 2, 4])
    """

    def __init__(self, max_len: int, feat_dim: int, num_heads: int = 1) -> None:
        super().__init__()
        self.max_len, self.feat_dim, self.num_heads = max_len, feat_dim, num_heads
        self.embedding_table = nn.Embedding(max_len * num_heads, feat_dim)

    def forward(self, dist: Tensor, path_data: Tensor) -> Tensor:
        """Encode.

        Args:
            dist: (B, N, N) integers, the lengths of the paths.
            path_data: (B, N, N, max_len, feat_dim) features of the edges, zeros after the end.

        Returns:
            (B, N, N, num_heads), an ``attn_bias`` of :class:`BiasedMHA`.

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        weight = self.embedding_table.weight
        dist = read_integers(dist, (None, None, None), "dist").clamp(1, self.max_len)
        shape = (*dist.shape, self.max_len, self.feat_dim)
        path_data = read_padded(path_data, shape, "path_data", weight)
        vectors = weight.view(self.max_len, self.num_heads, self.feat_dim)
        sums = torch.einsum("bxyld,lhd->bxyh", path_data, vectors)
        return sums / dist.unsqueeze(-1)
