"""The names of ``dgl.heterograph`` that join node types, or edge types, into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import GraphValueError

__all__ = ["combine_frames", "combine_names"]


def combine_names(names: Sequence[str], ids: Any = None) -> str:
    """The name of several types as one.

    Args:
        names: the names of the types.
        ids: the numbers of those that are joined; None for all.

    Returns:
        The names in alphabetical order, joined by ``+``.

    Example:
        >>> from graphmp.compat.types import combine_names
        >>> combine_names(["user", "item", "tag"], [0, 1])
        'item+user'
    """
    return "+".join(sorted(names if ids is None else [names[i] for i in ids]))


def combine_frames(
    frames: Sequence[Mapping[str, Tensor]], ids: Any, col_names: Sequence[str] | None = None
) -> dict[str, Tensor] | None:
    """The features of several types as one.

    Args:
        frames: the features of each type.
        ids: the numbers of those that are joined; types without rows do not count.
        col_names: the fields that are considered; None for all.

    Returns:
        The fields that all types have; None if there are none.

    Raises:
        GraphValueError: the rows of a field have several shapes or dtypes.
    """
    parts = [frames[i] for i in ids]
    parts = [part for part in parts if len(next(iter(part.values()), ()))]
    common = [name for name in (parts[0] if parts else ()) if all(name in part for part in parts)]
    columns = {
        name: [part[name] for part in parts]
        for name in common
        if col_names is None or name in col_names
    }
    for name, tensors in columns.items():
        schemes = {(tensor.dtype, tensor.shape[1:]): None for tensor in tensors}
        if len(schemes) > 1:
            raise GraphValueError(
                f"Expected field {name!r} with rows of one shape and dtype, got "
                f"{', '.join(f'{tuple(shape)} of {dtype}' for dtype, shape in schemes)}; convert "
                "them, or rename one."
            )
    return {name: torch.cat(tensors) for name, tensors in columns.items()} or None
