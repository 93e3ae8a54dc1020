"""TransR: scores of triples by translation in a space of each relation."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..functional import trans_r


class TransR(nn.Module):
    r"""Score triples of head, relation and tail: the relation translates the projected head.

    From `Learning Entity and Relation Embeddings for Knowledge Graph Completion
    <https://ojs.aaai.org/index.php/AAAI/article/view/9491>`__ (Lin et al., AAAI 2015).

    .. math:: s(h, r, t) = - \|h M_r + r - t M_r\|_p = - \|(h - t) M_r + r\|_p

    There is one matrix product for each relation, and no matrix for each triple.

    Args:
        num_rels: the number of relations.
        rfeats: size of the embeddings of relations.
        nfeats: size of the embeddings of nodes.
        p: the norm.

    Attributes:
        rel_emb: an embedding for each relation, (num_rels, rfeats).
        rel_project: the rows of a matrix for each relation, (num_rels, nfeats * rfeats).

    Shapes:
        - h_head, h_tail: (E, nfeats).
        - rels: (E,) integers.
        - output: (E,).

    Example:
        >>> import torch, graphmp as gm
        >>> score = gm.nn.TransR(num_rels=3, rfeats=5, nfeats=4)
        >>> score(torch.ones(2, 4), torch.ones(2, 4), torch.tensor([0, 2])).shape
        torch.Size([2])
    """

    def __init__(self, num_rels: int, rfeats: int, nfeats: int, p: float = 1) -> None:
        super().__init__()
        self.rel_emb = nn.Embedding(num_rels, rfeats)
        self.rel_project = nn.Embedding(num_rels, nfeats * rfeats)
        self.rfeats, self.nfeats, self.p = rfeats, nfeats, p

    def reset_parameters(self) -> None:
        """Reset the embeddings and matrices, from a normal distribution."""
        self.rel_emb.reset_parameters()
        self.rel_project.reset_parameters()

    def forward(self, h_head: Tensor, h_tail: Tensor, rels: Any) -> Tensor:
        """Score.

        Args:
            h_head: (E, nfeats), the heads of the triples.
            h_tail: (E, nfeats), their tails.
            rels: (E,) integers, their relations.

        Returns:
            (E,), 0 at most; the greater, the more likely.

        Raises:
            GraphIndexError: an unknown relation.
            GraphTypeError: heads or tails that are not tensors, or relations that are not integers.
            GraphValueError: shapes or devices that do not fit.
        """
        matrices = self.rel_project.weight.view(-1, self.nfeats, self.rfeats)
        return trans_r(h_head, h_tail, rels, self.rel_emb.weight, matrices, self.p)

    def extra_repr(self) -> str:
        """Show the norm in ``repr``."""
        return f"p={self.p}"
