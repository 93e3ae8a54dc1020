"""Attributes of NetworkX's nodes and edges, as columns of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphKeyError, GraphTypeError, GraphValueError

_KINDS = "bif"  # of NumPy's dtypes: bools, integers and floats


def values(rows: Sequence[Mapping[str, Any]], name: str, what: str) -> list[Any]:
    """An attribute of all nodes or edges.

    Args:
        rows: the attributes of each.
        name: the attribute.
        what: ``"node"`` or ``"edge"``, for error messages.

    Raises:
        GraphKeyError: one of them lacks it.
    """
    present = [row[name] for row in rows if name in row]
    if len(present) < len(rows):
        known = next(list(row) for row in rows if name not in row)
        raise GraphKeyError(f"Some {what} has no attribute {name!r}; it has {known}.")
    return present


def column(rows: Sequence[Mapping[str, Any]], name: str, what: str) -> Tensor:
    """An attribute of all nodes or edges as one tensor, on the CPU.

    Args:
        rows: the attributes of each.
        name: the attribute.
        what: ``"node"`` or ``"edge"``, for error messages.

    Raises:
        GraphKeyError: one of them lacks it.
        GraphTypeError: something else than numbers.
        GraphValueError: arrays of several shapes.
    """
    every = values(rows, name, what)
    joint = _joint(every)
    if joint is not None:
        return joint
    tensors = [_tensor(value, name, what) for value in every]
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) > 1:
        raise GraphValueError(
            f"Attribute {name!r} of the {what}s: expected one shape, got shapes "
            f"{', '.join(map(str, sorted(shapes)))}."
        )
    return torch.stack(tensors) if tensors else torch.empty(0, device="cpu")


def _joint(every: Sequence[Any]) -> Tensor | None:
    """Values as one tensor, where they are of one kind and one shape; a tensor of each is slow."""
    types = set(map(type, every))
    if len(types) == 1 and issubclass(type(every[0]), (np.ndarray, np.generic)):
        dtypes = {(value.shape, value.dtype) for value in every}
        return torch.from_numpy(np.stack(every)) if _are_torch(dtypes) else None
    if types in ({list}, {tuple}) and len(set(map(len, every))) == 1:
        types = set(map(type, chain.from_iterable(every)))
    if types and types <= {bool, int, float}:
        array = np.asarray(every)
        if array.dtype.kind in _KINDS:  # else an int has more than 64 bits
            tensor = torch.from_numpy(array)
            return tensor.to(torch.get_default_dtype()) if array.dtype.kind == "f" else tensor
    return None


def _are_torch(dtypes: set[tuple[Any, np.dtype[Any]]]) -> bool:
    """Whether arrays have one shape, and one dtype that every torch has."""
    kinds = {(dtype.kind in _KINDS and dtype.itemsize <= 8, dtype.isnative) for _, dtype in dtypes}
    return len(dtypes) == 1 and kinds == {(True, True)}


def _tensor(value: Any, name: str, what: str) -> Tensor:
    """An attribute's value as a tensor."""
    try:
        return torch.as_tensor(value, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        advice = _checks.TEXT_ADVICE if _checks.holds_text(value) else "convert it"
        raise GraphTypeError(
            f"Attribute {name!r} of some {what}: expected a number or an array of numbers, got "
            f"{_checks.kind(value)}; {advice}, or leave the attribute out."
        ) from error
