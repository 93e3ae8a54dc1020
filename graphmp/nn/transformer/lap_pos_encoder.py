"""LapPosEncoder: encodings of positions from eigenvectors of the Laplacian."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ...errors import GraphValueError
from .._shared.options import check_option
from .._shared.padded import read_padded


class LapPosEncoder(nn.Module):
    r"""Encode the positions of nodes from eigenvalues and eigenvectors of the Laplacian.

    From `Rethinking Graph Transformers with Spectral Attention <https://arxiv.org/abs/2106.03893>`__
    (Kreuzer et al., NeurIPS 2021), and `Recipe for a General, Powerful, Scalable Graph Transformer
    <https://arxiv.org/abs/2205.12454>`__ (Rampášek et al., NeurIPS 2022).

    .. math:: p_v = \rho\Big(\sum_{i=1}^{k} \phi\big(W [u_{v,i}, \lambda_i] + b\big)_i\Big)

    with :math:`\phi` a transformer over the k eigenvalues, or a perceptron of each alone, and
    :math:`\rho` a perceptron or the identity. Eigenvalues that are NaN stand for missing ones.

    Args:
        model_type: ``"Transformer"`` or ``"DeepSet"``.
        num_layer: the number of layers of :math:`\phi`.
        k: the number of eigenvalues.
        dim: size of the output.
        n_head: the number of heads of the transformer.
        batch_norm: normalise the input.
        num_post_layer: the number of layers of :math:`\rho`.

    Attributes:
        linear: the map :math:`W, b`.
        pe_encoder: the transformer or perceptron :math:`\phi`.
        raw_norm: the normalisation of the input; or None.
        post_mlp: the perceptron :math:`\rho`; or None.

    Shapes:
        - eigvals: (N, k).
        - eigvecs: (N, k).
        - output: (N, dim).

    Raises:
        GraphValueError: an unknown ``model_type``, or no layer.

    Example:
        >>> import torch, graphmp as gm
        >>> encode = gm.nn.LapPosEncoder("DeepSet", num_layer=2, k=5, dim=16)
        >>> encode(torch.rand(10, 5), torch.rand(10, 5)).shape
        torch.Size([10, 16])
    """

    raw_norm: nn.BatchNorm1d | None
    post_mlp: nn.Sequential | None

    def __init__(
        self,
        model_type: str,
        num_layer: int,
        k: int,
        dim: int,
        n_head: int = 1,
        batch_norm: bool = False,
        num_post_layer: int = 0,
    ) -> None:
        super().__init__()
        check_option(model_type, ("Transformer", "DeepSet"), "model_type")
        if num_layer < 1:
            raise GraphValueError(f"num_layer: expected at least 1, got {num_layer}.")
        self.model_type, self.k = model_type, k
        is_set = model_type == "DeepSet"
        self.linear = nn.Linear(2, 2 * dim if is_set and num_layer > 1 else dim)
        self.pe_encoder: nn.Module
        if is_set:
            widths = [2 * dim] * (num_layer - 1)
            self.pe_encoder = nn.Sequential(nn.ReLU(), *_perceptron([*widths, dim]))
        else:
            layer = nn.TransformerEncoderLayer(dim, n_head, batch_first=True)
            self.pe_encoder = nn.TransformerEncoder(layer, num_layer, enable_nested_tensor=False)
        self.raw_norm = nn.BatchNorm1d(k) if batch_norm else None
        widths = [dim, *[2 * dim] * (num_post_layer - 1), dim]
        self.post_mlp = nn.Sequential(*_perceptron(widths)) if num_post_layer > 0 else None

    def forward(self, eigvals: Tensor, eigvecs: Tensor) -> Tensor:
        """Encode.

        Args:
            eigvals: (N, k) for each node the eigenvalues of its graph, NaN for missing ones.
            eigvecs: (N, k) for each node its elements of the eigenvectors.

        Returns:
            (N, dim).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        like = self.linear.weight
        eigvals = read_padded(eigvals, (None, self.k), "eigvals", like)
        eigvecs = read_padded(eigvecs, tuple(eigvals.shape), "eigvecs", like)
        is_missing = eigvals.isnan()
        h = torch.stack([eigvecs, eigvals], 2).nan_to_num(nan=0.0)
        h = h if self.raw_norm is None else self.raw_norm(h)
        h = self.linear(h)
        if self.model_type == "DeepSet":
            h = self.pe_encoder(h)
        else:  # a row without any eigenvalue attends to all, for else it would be NaN
            hidden = is_missing & ~is_missing.all(1, keepdim=True)
            h = self.pe_encoder(h, src_key_padding_mask=hidden)
        h = h.masked_fill(is_missing.unsqueeze(-1), 0).sum(1)
        return h if self.post_mlp is None else self.post_mlp(h)  # type: ignore[no-any-return]


def _perceptron(widths: list[int]) -> list[nn.Module]:
    """A linear map between each two widths, each with an activation after it."""
    modules: list[nn.Module] = []
    for before, after in pairwise(widths):
        modules += [nn.Linear(before, after), nn.ReLU()]
    return modules
