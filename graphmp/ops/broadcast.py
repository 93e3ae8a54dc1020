"""How two features meet: common dtype, and the shape of the message."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import GraphTypeError, GraphValueError
from ..function import BinaryOp


def promote(op: BinaryOp | None, lhs: Tensor, rhs: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Cast both operands to the dtype in which the message is made.

    Mixed dtypes promote as torch does; a true division of integers is one of the default float
    dtype.

    Raises:
        GraphTypeError: the operator has no meaning for booleans.
    """
    if op is None or rhs is None:
        return lhs, rhs
    dtype = lhs.dtype
    if dtype != rhs.dtype:
        dtype = torch.promote_types(dtype, rhs.dtype)
    if op.kernel == "div" and not (dtype.is_floating_point or dtype.is_complex):
        dtype = torch.get_default_dtype()
    if op.kernel == "sub" and dtype == torch.bool:
        raise GraphTypeError("sub has no meaning for booleans: cast the features to integers.")
    return lhs.to(dtype), rhs.to(dtype)


def message_shape(
    op: BinaryOp | None, lhs: tuple[int, ...], rhs: tuple[int, ...]
) -> tuple[int, ...]:
    """The feature shape of a message.

    Args:
        op: the operator; None copies ``lhs``.
        lhs: feature shape of the left operand.
        rhs: of the right operand.

    Raises:
        GraphValueError: the shapes do not broadcast, or a dot product of unequal last dimensions.
    """
    if op is None or lhs == rhs:
        full = lhs
    else:
        try:
            full = tuple(torch.broadcast_shapes(lhs, rhs))  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise GraphValueError(
                f"{op.name} needs features that broadcast, but rows of shape {lhs} and {rhs} came."
            ) from error
    if op is None or not op.contracts or not full:
        return full
    if (lhs or (1,))[-1] != (rhs or (1,))[-1]:
        raise GraphValueError(
            f"{op.name} needs equal last dimensions, but rows of shape {lhs} and {rhs} came."
        )
    return (*full[:-1], 1)


def on_edges(operand: Tensor, index: Tensor | None, rank: int) -> Tensor:
    """Rows of an operand for each edge, with the feature rank padded on the left.

    Args:
        operand: (rows, *feature).
        index: (E,) the row of each edge; None when the rows are the edges.
        rank: the number of feature dimensions to give it.
    """
    rows = operand if index is None else operand.index_select(0, index)
    missing = rank - (rows.ndim - 1)
    return rows.reshape(rows.shape[0], *(1,) * missing, *rows.shape[1:]) if missing else rows
