"""Scores of triples of head, relation and tail."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.linalg import vector_norm
from torch.nn.functional import embedding

from ... import _checks
from ...errors import GraphValueError
from .._shared.inputs import checked_types, in_dtype_of
from .._shared.options import check_parameter
from .typed import products_by_type


def trans_e(h_head: Tensor, h_tail: Tensor, rels: Any, rel_emb: Tensor, p: float = 1) -> Tensor:
    r"""Score triples by :math:`- \|h + r - t\|_p`, as :class:`graphmp.nn.TransE` does.

    Args:
        h_head: (E, feats), the heads of the triples.
        h_tail: (E, feats), their tails.
        rels: (E,) integers, their relations.
        rel_emb: (num_rels, feats), an embedding for each relation.
        p: the norm.

    Returns:
        (E,), 0 at most; the greater, the more likely.

    Raises:
        GraphIndexError: an unknown relation.
        GraphTypeError: heads, tails or embeddings that are not tensors, or relations that are not
            integers.
        GraphValueError: shapes or devices that do not fit.

    Example:
        >>> import torch, graphmp as gm
        >>> h, t = torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 4.0]])
        >>> gm.nn.functional.trans_e(h, t, [0], rel_emb=torch.ones(1, 2))
        tensor([-1.])
    """
    check_parameter(rel_emb, (None, None), "rel_emb")
    types = _checked(h_head, h_tail, rels, *rel_emb.shape)
    length: Tensor = vector_norm(h_head + embedding(types, rel_emb) - h_tail, p, dim=-1)
    return -length


def trans_r(
    h_head: Tensor,
    h_tail: Tensor,
    rels: Any,
    rel_emb: Tensor,
    rel_project: Tensor,
    p: float = 1,
) -> Tensor:
    r"""Score triples by :math:`- \|h M_r + r - t M_r\|_p`, as :class:`graphmp.nn.TransR` does.

    Args:
        h_head: (E, nfeats), the heads of the triples.
        h_tail: (E, nfeats), their tails.
        rels: (E,) integers, their relations.
        rel_emb: (num_rels, rfeats), an embedding for each relation.
        rel_project: (num_rels, nfeats, rfeats), a matrix for each relation.
        p: the norm.

    Returns:
        (E,), 0 at most; the greater, the more likely.

    Raises:
        GraphIndexError: an unknown relation.
        GraphTypeError: heads, tails, embeddings or matrices that are not tensors, or relations
            that are not integers.
        GraphValueError: shapes or devices that do not fit.

    Example:
        >>> import torch, graphmp as gm
        >>> h, t = torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 4.0]])
        >>> rel_emb, rel_project = torch.tensor([[1.0]]), torch.tensor([[[1.0], [0.5]]])
        >>> gm.nn.functional.trans_r(h, t, [0], rel_emb, rel_project)
        tensor([-1.])
    """
    check_parameter(rel_emb, (None, None), "rel_emb")
    relations, size = rel_emb.shape
    check_parameter(rel_project, (relations, None, size), "rel_project")
    types = _checked(h_head, h_tail, rels, relations, rel_project.shape[1])
    difference = in_dtype_of(rel_project, h_head - h_tail, "h_head - h_tail")
    projected = products_by_type(difference, types, rel_project)
    length: Tensor = vector_norm(projected + embedding(types, rel_emb), p, dim=-1)
    return -length


def _checked(h_head: Any, h_tail: Any, rels: Any, num_rels: int, size: int) -> Tensor:
    """The relations as a tensor, when all three parts of the triples fit."""
    types = checked_types(rels, num_rels, "rels")
    for name, h in (("h_head", h_head), ("h_tail", h_tail)):
        _checks.feature(h, types.shape[0], types.device, name, "triples")
        if h.shape[1:] != (size,):
            raise GraphValueError(
                f"{name}: expected shape (E, {size}), got a shape of {tuple(h.shape)}."
            )
    return types
