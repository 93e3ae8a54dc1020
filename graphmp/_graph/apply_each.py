"""A function applied to each value of a dict or a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from .. import _checks
from ..errors import GraphTypeError


def apply_each(data: Any, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Apply a function to each value, for example to the features of each node type.

    Args:
        data: a dict, a list or another iterable; anything else, a tensor or a string among them, is
            one value.
        fn: a function of a value, ``args`` and ``kwargs``.
        *args: passed on to ``fn``.
        **kwargs: passed on to ``fn``.

    Returns:
        A dict with the same keys, or a list, of the results; of one value its result.

    Raises:
        GraphTypeError: ``fn`` is not a function.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.apply_each({"user": torch.tensor([-1.0]), "game": torch.tensor([2.0])}, torch.relu)
        {'user': tensor([0.]), 'game': tensor([2.])}
    """
    if not callable(fn):
        raise GraphTypeError(f"Expected fn to be a function, got {_checks.kind(fn)}.")
    if isinstance(data, _checks.AnyMapping):
        return {key: fn(value, *args, **kwargs) for key, value in data.items()}
    if isinstance(data, Iterable) and not isinstance(data, (str, bytes, Tensor)):
        return [fn(value, *args, **kwargs) for value in data]
    return fn(data, *args, **kwargs)
