"""EGTLayer: the edge-augmented graph transformer's layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .._shared.padded import masked_softmax, read_padded
from ..dropout import Dropout
from .biased_mha import check_heads


class EGTLayer(nn.Module):
    r"""Edge-augmented graph transformer layer.

    From `Global Self-Attention as a Replacement for Graph Convolution
    <https://arxiv.org/abs/2108.03348>`__ (Hussain, Zaki and Subramanian, KDD 2022). With layer
    normalisation of both inputs first, each head has

    .. math::
        S &= \mathrm{clamp}(Q K^T, -5, 5) + W_e E, \qquad G = \sigma(W_g E)

        A &= \mathrm{softmax}(S) \odot G, \qquad \bar H = \log\Big(1 + \sum_v G_{uv}\Big) A V

    Linear maps of the heads' :math:`\bar H` and :math:`S` are added to the nodes' and the edges'
    input; to the sums, two linear maps with an activation between.

    Args:
        feat_size: size of a node's input and output.
        edge_feat_size: size of an edge's input and output.
        num_heads: the number of heads; it divides ``feat_size``.
        num_virtual_nodes: the first nodes of each graph, whose logarithm is replaced by 1.
        dropout: dropout of the features.
        attn_dropout: dropout of the attention.
        activation: between the last linear maps; None for ELU.
        edge_update: give new features of edges, too.

    Shapes:
        - nfeat: (B, N, feat_size).
        - efeat: (B, N, N, edge_feat_size).
        - mask: (B, N, N), 0 where there is attention, and minus infinity elsewhere.
        - output: (B, N, feat_size), or a pair of that and (B, N, N, edge_feat_size).

    Raises:
        GraphValueError: heads that do not divide the size.

    Example:
        >>> import torch, graphmp as gm
        >>> layer = gm.nn.EGTLayer(8, edge_feat_size=4, num_heads=2, num_virtual_nodes=1)
        >>> h, e = layer(torch.rand(3, 5, 8), torch.rand(3, 5, 5, 4))
        >>> h.shape, e.shape
        (torch.Size([3, 5, 8]), torch.Size([3, 5, 5, 4]))
    """

    def __init__(
        self,
        feat_size: int,
        edge_feat_size: int,
        num_heads: int,
        num_virtual_nodes: int,
        dropout: float = 0.0,
        attn_dropout: float = 0.0,
        activation: nn.Module | None = None,
        edge_update: bool = True,
    ) -> None:
        super().__init__()
        check_heads(feat_size, num_heads)
        activation = nn.ELU() if activation is None else activation
        self.num_heads, self.num_virtual_nodes = num_heads, num_virtual_nodes
        self.edge_update = edge_update
        self.mha_ln_h = nn.LayerNorm(feat_size)
        self.mha_ln_e = nn.LayerNorm(edge_feat_size)
        self.edge_input = nn.Linear(edge_feat_size, num_heads)
        self.qkv_proj = nn.Linear(feat_size, feat_size * 3)
        self.gate = nn.Linear(edge_feat_size, num_heads)
        self.attn_dropout = Dropout(attn_dropout)
        self.node_output = nn.Linear(feat_size, feat_size)
        self.mha_dropout_h = Dropout(dropout)
        self.node_ffn = _feed_forward(feat_size, activation, dropout)
        if edge_update:
            self.edge_output = nn.Linear(num_heads, edge_feat_size)
            self.mha_dropout_e = Dropout(dropout)
            self.edge_ffn = _feed_forward(edge_feat_size, activation, dropout)

    def forward(
        self, nfeat: Tensor, efeat: Tensor, mask: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Attend and map.

        Args:
            nfeat: (B, N, feat_size) the padded features of each graph's nodes.
            efeat: (B, N, N, edge_feat_size) features of all pairs, from the attending node.
            mask: (B, N, N), 0 where there is attention, and minus infinity elsewhere.

        Returns:
            (B, N, feat_size); with ``edge_update`` a pair of that and
            (B, N, N, edge_feat_size).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        like = self.qkv_proj.weight
        nfeat = read_padded(nfeat, (None, None, like.shape[1]), "nfeat", like)
        pairs = (nfeat.shape[0], nfeat.shape[1], nfeat.shape[1])
        efeat = read_padded(efeat, (*pairs, self.gate.in_features), "efeat", like)
        if mask is not None:
            mask = read_padded(mask, pairs, "mask", like).unsqueeze(-1)
        h, scores = self._attend(self.mha_ln_h(nfeat), self.mha_ln_e(efeat), mask)
        nfeat = nfeat + self.mha_dropout_h(self.node_output(h))
        nfeat = nfeat + self.node_ffn(nfeat)
        if not self.edge_update:
            return nfeat
        efeat = efeat + self.mha_dropout_e(self.edge_output(scores))
        return nfeat, efeat + self.edge_ffn(efeat)

    def _attend(self, h: Tensor, e: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, N, feat_size) the heads, and (B, N, N, num_heads) the scores."""
        q, k, v = self.qkv_proj(h).unflatten(-1, (3, -1, self.num_heads)).unbind(2)
        scores = torch.einsum("bldh,bmdh->blmh", q, k).clamp(-5, 5) + self.edge_input(e)
        gates, logits, is_masked = self.gate(e), scores, None
        if mask is not None:
            gates, logits, is_masked = gates + mask, scores + mask, mask == -torch.inf
        gates = gates.sigmoid()
        attention = self.attn_dropout(masked_softmax(logits, is_masked, 2) * gates)
        scale = torch.log1p(gates.sum(2))
        is_virtual = torch.arange(h.shape[1], device=h.device) < self.num_virtual_nodes
        scale = scale.masked_fill(is_virtual.view(-1, 1), 1.0)
        heads = torch.einsum("blmh,bmkh->blkh", attention, v) * scale.unsqueeze(2)
        return heads.flatten(2), scores


def _feed_forward(size: int, activation: nn.Module, dropout: float) -> nn.Sequential:
    """Normalisation, and two linear maps with an activation between."""
    return nn.Sequential(
        nn.LayerNorm(size),
        nn.Linear(size, size),
        activation,
        nn.Linear(size, size),
        Dropout(dropout),
    )
