"""Linear maps chosen by type."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ... import _checks
from ...errors import GraphTypeError, GraphValueError
from ...ops.grouped import indexed_products
from ...ops.grouped_op import segment_products
from .._shared.inputs import checked_types, in_dtype_of
from .._shared.rows_by_type import rows_by_type


def typed_linear(x: Tensor, x_type: Any, weight: Tensor, sorted_by_type: bool = False) -> Tensor:
    """Multiply each row by the matrix of its type, as :class:`graphmp.nn.TypedLinear` does.

    Args:
        x: (N, in_size).
        x_type: (N,) integers from 0 to ``num_types - 1``.
        weight: (num_types, in_size, out_size); or the blocks on the diagonals, (num_types, blocks,
            in_size / blocks, out_size / blocks).
        sorted_by_type: the rows are in the order of their types, so that none is moved.

    Returns:
        (N, out_size).

    Raises:
        GraphTypeError: rows or a weight that are not tensors, or types that are not integers.
        GraphIndexError: an unknown type.
        GraphValueError: a wrong size, another device, or not a type for each row.

    Example:
        >>> import torch, graphmp as gm
        >>> weight, types = torch.tensor([[[1.0]], [[2.0]]]), torch.tensor([1, 0, 1])
        >>> gm.nn.functional.typed_linear(torch.ones(3, 1), types, weight).flatten()
        tensor([2., 1., 2.])
    """
    if not isinstance(weight, Tensor):
        raise GraphTypeError(f"weight: expected a tensor, got {_checks.kind(weight)}.")
    if weight.ndim not in (3, 4):
        raise GraphValueError(
            "weight: expected shape (types, in, out), or (types, blocks, in, out) for blocks, "
            f"got a shape of {tuple(weight.shape)}."
        )
    types = checked_types(x_type, len(weight), "x_type")
    _checks.feature(x, types.shape[0], types.device, "x", "types")
    in_size = weight.shape[1:-1].numel()
    if x.ndim != 2 or x.shape[1] != in_size:
        raise GraphValueError(f"x: expected shape (N, {in_size}), got a shape of {tuple(x.shape)}.")
    return products_by_type(in_dtype_of(weight, x, "x"), types, weight, sorted_by_type)


def products_by_type(
    x: Tensor, types: Tensor, weights: Tensor, sorted_by_type: bool = False
) -> Tensor:
    """Compute :func:`typed_linear` of arguments that are already checked.

    There is one matrix product for each type.

    Args:
        x: (N, in).
        types: (N,) integers below the number of types.
        weights: (types, in, out); or blocks of diagonals, (types, blocks, in / blocks,
            out / blocks).
        sorted_by_type: the rows are in the order of their types, so that none is moved.

    Returns:
        (N, out).
    """
    lengths, order = rows_by_type(types, weights.shape[0])
    if sorted_by_type:
        return segment_products(x, lengths, weights)
    return indexed_products(x, order, lengths, weights)
