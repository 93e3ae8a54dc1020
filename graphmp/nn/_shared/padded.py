"""Padded batches: one row for each graph, as many positions as the largest graph has nodes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ... import _checks
from ...errors import GraphTypeError, GraphValueError
from .inputs import in_dtype_of
from .options import check_parameter


def read_padded(
    value: Any, shape: tuple[int | None, ...], name: str, like: Tensor | None = None
) -> Tensor:
    """Check a tensor of a padded batch.

    Args:
        value: the tensor.
        shape: its shape, None for any size.
        name: the argument's name.
        like: as in :func:`~graphmp.nn._shared.inputs.in_dtype_of`.

    Returns:
        ``value``, integers converted to the dtype of ``like``.

    Raises:
        GraphTypeError: not a tensor, or another floating dtype.
        GraphValueError: another shape, or another device.

    Example:
        >>> read_padded(torch.ones(2, 3, 4), (2, None, 4), "nfeat").shape
        torch.Size([2, 3, 4])
    """
    check_parameter(value, shape, name)
    if like is not None and value.device != like.device:
        raise GraphValueError(
            f"{name}: expected a tensor on the layer's device {like.device}, got one on "
            f"{value.device}; call .to('{like.device}') on it."
        )
    return in_dtype_of(like, value, name)


def read_integers(value: Any, shape: tuple[int | None, ...], name: str) -> Tensor:
    """Check a tensor of integers of a padded batch.

    Args:
        value: the tensor.
        shape: its shape, None for any size.
        name: the argument's name.

    Returns:
        ``value`` in int64.

    Raises:
        GraphTypeError: not a tensor of integers.
        GraphValueError: another shape.
    """
    check_parameter(value, shape, name)
    if value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
        raise GraphTypeError(f"{name}: expected integers, got {_checks.kind(value)}.")
    return value.long()  # type: ignore[no-any-return]


def masked_softmax(scores: Tensor, is_masked: Tensor | None, dim: int = -1) -> Tensor:
    """Compute the softmax of the scores that are not masked, and 0 for the others.

    Args:
        scores: any shape.
        is_masked: bools that broadcast with the scores; None for none.
        dim: the dimension whose numbers add up to 1, or to 0 if all are masked.

    Returns:
        The shape of ``scores``.

    Example:
        >>> masked_softmax(torch.zeros(2, 2), torch.tensor([[False, True], [True, True]]))
        tensor([[1., 0.],
                [0., 0.]])
    """
    if is_masked is None:
        return scores.softmax(dim)
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(is_masked, lowest).softmax(dim).masked_fill(is_masked, 0)
