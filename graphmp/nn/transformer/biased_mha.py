"""BiasedMHA: multi-head attention between all nodes of a graph, with a bias for each pair."""

from __future__ import annotations

from torch import Tensor, nn

from ...errors import GraphValueError
from .._shared.options import check_option
from .._shared.padded import masked_softmax, read_padded
from ..dropout import Dropout


class BiasedMHA(nn.Module):
    r"""Multi-head attention with a bias for each pair of nodes.

    From `Do Transformers Really Perform Badly for Graph Representation?
    <https://arxiv.org/abs/2106.05234>`__ (Ying et al., NeurIPS 2021). For each head

    .. math:: H' = \mathrm{softmax}\Big(\frac{Q K^T}{\sqrt{d}} \circ b\Big) V

    and one linear map of all heads, where :math:`\circ` adds or multiplies.

    Args:
        feat_size: size of a node's input and output.
        num_heads: the number of heads; it divides ``feat_size``.
        bias: add a bias in the linear maps.
        attn_bias_type: ``"add"`` or ``"mul"``.
        attn_drop: dropout of the attention.

    Attributes:
        q_proj, k_proj, v_proj, out_proj: linear maps, drawn by Glorot's uniform rule.

    Shapes:
        - ndata: (B, N, feat_size).
        - attn_bias: (B, N, N, num_heads), from the attending node to the other.
        - attn_mask: (B, N, N), True where there is no attention.
        - output: (B, N, feat_size).

    Raises:
        GraphValueError: an unknown ``attn_bias_type``, or heads that do not divide the size.

    Example:
        >>> import torch, graphmp as gm
        >>> attention = gm.nn.BiasedMHA(feat_size=8, num_heads=2)
        >>> attention(torch.rand(3, 5, 8), torch.rand(3, 5, 5, 2)).shape
        torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        feat_size: int,
        num_heads: int,
        bias: bool = True,
        attn_bias_type: str = "add",
        attn_drop: float = 0.1,
    ) -> None:
        super().__init__()
        check_heads(feat_size, num_heads)
        check_option(attn_bias_type, ("add", "mul"), "attn_bias_type")
        self.feat_size, self.num_heads = feat_size, num_heads
        self.attn_bias_type = attn_bias_type
        self.q_proj = nn.Linear(feat_size, feat_size, bias=bias)
        self.k_proj = nn.Linear(feat_size, feat_size, bias=bias)
        self.v_proj = nn.Linear(feat_size, feat_size, bias=bias)
        self.out_proj = nn.Linear(feat_size, feat_size, bias=bias)
        self.dropout = Dropout(attn_drop)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's uniform rule, and the last bias to zero."""
        for linear in (self.q_proj, self.k_proj, self.v_proj):
            nn.init.xavier_uniform_(linear.weight, gain=2**-0.5)
        nn.init.xavier_uniform_(self.out_proj.weight)
        if self.out_proj.bias is not None:
            nn.init.zeros_(self.out_proj.bias)

    def forward(
        self, ndata: Tensor, attn_bias: Tensor | None = None, attn_mask: Tensor | None = None
    ) -> Tensor:
        """Attend.

        Args:
            ndata: (B, N, feat_size) the padded features of each graph's nodes.
            attn_bias: (B, N, N, num_heads).
            attn_mask: (B, N, N), True or not 0 where there is no attention. A node that attends to
                none gets zeros from the heads.

        Returns:
            (B, N, feat_size).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        h = read_padded(ndata, (None, None, self.feat_size), "ndata", self.q_proj.weight)
        pairs = (h.shape[0], h.shape[1], h.shape[1])
        q, k, v = (
            linear(h).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for linear in (self.q_proj, self.k_proj, self.v_proj)
        )
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
        if attn_bias is not None:
            shape = (*pairs, self.num_heads)
            bias = read_padded(attn_bias, shape, "attn_bias", h).permute(0, 3, 1, 2)
            scores = scores + bias if self.attn_bias_type == "add" else scores * bias
        if attn_mask is not None:
            attn_mask = read_padded(attn_mask, pairs, "attn_mask").bool().unsqueeze(1)
        attention = self.dropout(masked_softmax(scores, attn_mask))
        return self.out_proj((attention @ v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Show the number of heads in ``repr``."""
        return f"num_heads={self.num_heads}"


def check_heads(feat_size: int, num_heads: int) -> None:
    """Check that the heads divide the features.

    Raises:
        GraphValueError: they do not.
    """
    if num_heads < 1 or feat_size % num_heads:
        raise GraphValueError(
            f"num_heads: expected a divisor of feat_size, got {num_heads} heads and a size of "
            f"{feat_size}."
        )
