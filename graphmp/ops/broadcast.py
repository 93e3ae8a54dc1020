"""Broadcasting of two operands: their common dtype, and the shape of the message."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from .._storage.gather import gather
from ..errors import GraphTypeError, GraphValueError
from ..function import BinaryOp
from ..kernels.plan import broadcast_shape

_AUTOCAST = (torch.float32, torch.float16, torch.bfloat16)


def promote(op: BinaryOp, lhs: Tensor, rhs: Tensor) -> tuple[Tensor, Tensor]:
    """Cast both operands to the dtype of the message.

    Mixed dtypes promote as torch does; a division of integers has the default float dtype.

    Raises:
        GraphTypeError: the operator has no meaning for booleans.
    """
    dtype = torch.promote_types(lhs.dtype, rhs.dtype)
    if op.kernel == "div" and not (dtype.is_floating_point or dtype.is_complex):
        dtype = torch.get_default_dtype()
    if op.kernel == "sub" and dtype == torch.bool:
        raise GraphTypeError("sub: expected numbers, got booleans; cast the features to integers.")
    return lhs.to(dtype), rhs.to(dtype)


def autocast(operand: Tensor) -> Tensor:
    """Cast a feature to the dtype of ``torch.autocast``, if it is enabled."""
    device = "cpu" if operand.is_cpu else operand.device.type  # a device's type is slow to read
    if not torch.is_autocast_enabled(device):
        return operand
    return operand.to(autocast_dtype(operand.dtype, device))


def autocast_dtype(dtype: torch.dtype, device: str) -> torch.dtype:
    """The dtype that ``torch.autocast`` gives features of ``dtype``, if it is enabled.

    As in torch, only float32, float16 and bfloat16 change.

    Args:
        dtype: the features' own.
        device: its type, such as ``"cpu"``.
    """
    if dtype in _AUTOCAST and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return dtype


def find_message_shape(
    name: str, contracts: bool, lhs: tuple[int, ...], rhs: tuple[int, ...]
) -> tuple[int, ...]:
    """The feature shape of a message of two operands.

    Args:
        name: the operator, for messages.
        contracts: whether the last dimension is summed and becomes 1.
        lhs: feature shape of the left operand.
        rhs: of the right operand.

    Raises:
        GraphValueError: the shapes do not broadcast, or a dot product of unequal last dimensions.
    """
    try:
        full = broadcast_shape(lhs, rhs)
    except GraphValueError as error:
        raise GraphValueError(
            f"{name}: expected features whose shapes broadcast, got {lhs} and {rhs}; reshape one."
        ) from error
    if not contracts or not full:
        return full
    if (lhs or (1,))[-1] != (rhs or (1,))[-1]:
        raise GraphValueError(
            f"{name}: expected equal last dimensions, got features of shapes {lhs} and {rhs}."
        )
    return (*full[:-1], 1)


message_shape = lru_cache(maxsize=4096)(find_message_shape)  # not for symbolic sizes


def on_edges(operand: Tensor, index: Tensor | None, rank: int) -> Tensor:
    """Rows of an operand for each edge, with the feature rank padded on the left.

    Args:
        operand: (rows, *feature).
        index: (E,) the row of each edge; None when the rows are the edges.
        rank: the number of feature dimensions to give it.
    """
    rows = operand if index is None else gather(operand, index)
    missing = rank - (rows.ndim - 1)
    return rows.reshape(rows.shape[0], *(1,) * missing, *rows.shape[1:]) if missing else rows


def unsqueeze_like(rows: Tensor, like: Tensor) -> Tensor:
    """View one number per row, (N,), as (N, 1, …), with as many dimensions as ``like``.

    Example:
        >>> unsqueeze_like(torch.ones(3), torch.ones(3, 2, 4)).shape
        torch.Size([3, 1, 1])
    """
    return rows.view(-1, *(1,) * (like.ndim - 1))


def check_one_shape(parts: Sequence[Tensor], what: str) -> None:
    """Check that the features that several relations send to one node type have one shape.

    Args:
        parts: (rows, *feature) of each relation.
        what: their name in an error message.

    Raises:
        GraphValueError: feature shapes that differ.
    """
    shapes = {tuple(part.shape[1:]) for part in parts}
    if len(shapes) > 1:
        raise GraphValueError(
            f"{what} of several edge types into one node type: expected one shape, got shapes "
            f"{', '.join(map(str, sorted(shapes)))}."
        )
