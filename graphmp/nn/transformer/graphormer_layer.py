"""GraphormerLayer: a transformer layer with a bias for each pair of nodes."""

from __future__ import annotations

from torch import Tensor, nn

from ..dropout import Dropout
from .biased_mha import BiasedMHA


class GraphormerLayer(nn.Module):
    r"""Transformer layer whose attention has a bias for each pair of nodes.

    From `Do Transformers Really Perform Badly for Graph Representation?
    <https://arxiv.org/abs/2106.05234>`__ (Ying et al., NeurIPS 2021).

    .. math::
        \bar H &= \mathrm{norm}(H + \mathrm{MHA}(H))

        H' &= \mathrm{norm}(\bar H + W_2\, \sigma(W_1 \bar H + b_1) + b_2)

    with the attention of :class:`BiasedMHA` and layer normalisation; with ``norm_first``,
    :math:`\mathrm{norm}` is applied to the input of the attention and of the last maps instead.

    Args:
        feat_size: size of a node's input and output.
        hidden_size: size of the hidden layer.
        num_heads: the number of heads; it divides ``feat_size``.
        attn_bias_type: ``"add"`` or ``"mul"``.
        norm_first: normalise before the attention and the last maps, not after.
        dropout: dropout of the features.
        attn_dropout: dropout of the attention.
        activation: the activation :math:`\sigma`; None for ReLU.

    Attributes:
        attn: the attention.
        ffn: the last two linear maps, with the activation between.
        attn_layer_norm, ffn_layer_norm: the normalisations.

    Shapes:
        - nfeat: (B, N, feat_size).
        - attn_bias: (B, N, N, num_heads).
        - attn_mask: (B, N, N), True where there is no attention.
        - output: (B, N, feat_size).

    Raises:
        GraphValueError: an unknown ``attn_bias_type``, or heads that do not divide the size.

    Example:
        >>> import torch, graphmp as gm
        >>> layer = gm.nn.GraphormerLayer(feat_size=8, hidden_size=16, num_heads=2)
        >>> layer(torch.rand(3, 5, 8), torch.rand(3, 5, 5, 2)).shape
        torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        feat_size: int,
        hidden_size: int,
        num_heads: int,
        attn_bias_type: str = "add",
        norm_first: bool = False,
        dropout: float = 0.1,
        attn_dropout: float = 0.1,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.attn = BiasedMHA(
            feat_size, num_heads, attn_bias_type=attn_bias_type, attn_drop=attn_dropout
        )
        self.ffn = nn.Sequential(
            nn.Linear(feat_size, hidden_size),
            nn.ReLU() if activation is None else activation,
            Dropout(dropout),
            nn.Linear(hidden_size, feat_size),
            Dropout(dropout),
        )
        self.dropout = Dropout(dropout)
        self.attn_layer_norm = nn.LayerNorm(feat_size)
        self.ffn_layer_norm = nn.LayerNorm(feat_size)

    def forward(
        self, nfeat: Tensor, attn_bias: Tensor | None = None, attn_mask: Tensor | None = None
    ) -> Tensor:
        """Attend and map.

        Args:
            nfeat: (B, N, feat_size) the padded features of each graph's nodes.
            attn_bias: (B, N, N, num_heads).
            attn_mask: (B, N, N), True or not 0 where there is no attention.

        Returns:
            (B, N, feat_size).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        attn_norm, ffn_norm = self.attn_layer_norm, self.ffn_layer_norm
        if self.norm_first:
            h = nfeat + self.dropout(self.attn(attn_norm(nfeat), attn_bias, attn_mask))
            return h + self.ffn(ffn_norm(h))  # type: ignore[no-any-return]
        h = attn_norm(nfeat + self.dropout(self.attn(nfeat, attn_bias, attn_mask)))
        return ffn_norm(h + self.ffn(h))  # type: ignore[no-any-return]
