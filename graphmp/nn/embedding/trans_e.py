"""TransE: scores of triples by translation."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..functional import trans_e


class TransE(nn.Module):
    r"""Score triples of head, relation and tail: the relation moves the head to the tail.

    From `Translating Embeddings for Modeling Multi-relational Data
    <https://papers.nips.cc/paper/2013/hash/1cecc7a77928ca8133fa24680a88d2f9-Abstract.html>`__
    (Bordes et al., NeurIPS 2013).

    .. math:: s(h, r, t) = - \|h + r - t\|_p

    Args:
        num_rels: the number of relations.
        feats: size of the embeddings of nodes and relations.
        p: the norm.

    Attributes:
        rel_emb: an embedding for each relation, (num_rels, feats).

    Shapes:
        - h_head, h_tail: (E, feats).
        - rels: (E,) integers.
        - output: (E,).

    Example:
        >>> import torch, graphmp as gm
        >>> score = gm.nn.TransE(num_rels=3, feats=4)
        >>> score(torch.ones(2, 4), torch.ones(2, 4), torch.tensor([0, 2])).shape
        torch.Size([2])
    """

    def __init__(self, num_rels: int, feats: int, p: float = 1) -> None:
        super().__init__()
        self.rel_emb = nn.Embedding(num_rels, feats)
        self.p = p

    def reset_parameters(self) -> None:
        """Reset the embeddings, from a normal distribution."""
        self.rel_emb.reset_parameters()

    def forward(self, h_head: Tensor, h_tail: Tensor, rels: Any) -> Tensor:
        """Score.

        Args:
            h_head: (E, feats), the heads of the triples.
            h_tail: (E, feats), their tails.
            rels: (E,) integers, their relations.

        Returns:
            (E,), 0 at most; the greater, the more likely.

        Raises:
            GraphIndexError: an unknown relation.
            GraphTypeError: heads or tails that are not tensors, or relations that are not integers.
            GraphValueError: shapes or devices that do not fit.
        """
        return trans_e(h_head, h_tail, rels, self.rel_emb.weight, self.p)

    def extra_repr(self) -> str:
        """Show the norm in ``repr``."""
        return f"p={self.p}"
