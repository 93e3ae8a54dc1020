"""A cache of values read from accelerator tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

Value = TypeVar("Value")


def cached_by_tensor(cache: Any, tensor: Tensor, compute: Callable[[], Value]) -> Value:
    """Return the cached value of a tensor that has not changed; otherwise compute and cache it.

    Reading an accelerator tensor synchronises with the device; the cache makes that happen once.
    Values of CPU tensors are always computed: nothing is synchronised there, and their memory may
    be shared with other code that changes it unnoticed.

    Args:
        cache: a ``WeakTensorKeyDictionary``.
        tensor: the tensor on which the value depends.
        compute: computes the value.

    Example:
        >>> from torch.utils.weak import WeakTensorKeyDictionary
        >>> cached_by_tensor(WeakTensorKeyDictionary(), torch.ones(2), lambda: 3)
        3
    """
    if tensor.is_cpu or tensor.is_inference():
        return compute()
    version, value = cache.get(tensor, (None, None))
    if version != tensor._version:
        with torch.inference_mode(False):
            value = compute()
        cache[tensor] = (tensor._version, value)
    return value  # type: ignore[no-any-return]
