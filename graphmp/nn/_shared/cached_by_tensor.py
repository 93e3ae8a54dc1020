"""A cache of values that depend on a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.compiler import is_compiling

Value = TypeVar("Value")


def cached_by_tensor(cache: Any, tensor: Tensor, compute: Callable[[], Value]) -> Value:
    """Return the cached value of a tensor that has not changed; otherwise compute and cache it.

    Reading an accelerator tensor synchronises with the device; the cache makes that happen once,
    as changes are counted by the host. The memory of a CPU tensor may be shared with other code
    that changes it unnoticed, so its numbers are compared with a copy.

    Args:
        cache: a ``WeakTensorKeyDictionary``.
        tensor: the tensor on which the value depends.
        compute: computes the value, which does not refer to the tensor.

    Example:
        >>> from torch.utils.weak import WeakTensorKeyDictionary
        >>> cached_by_tensor(WeakTensorKeyDictionary(), torch.ones(2), lambda: 3)
        3
    """
    if is_compiling() or tensor.is_inference():
        return compute()
    state, value = cache.get(tensor, (None, None))
    if not _is_state(state, tensor):
        with torch.inference_mode(False):
            value = compute()
        cache[tensor] = (tensor.clone() if tensor.is_cpu else tensor._version, value)
    return value  # type: ignore[no-any-return]


def _is_state(state: Any, tensor: Tensor) -> bool:
    """Whether a tensor is as it was: a copy of it, or the number of its changes."""
    return torch.equal(state, tensor) if isinstance(state, Tensor) else state == tensor._version
