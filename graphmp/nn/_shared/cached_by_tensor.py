"""What was read of a tensor on an accelerator is remembered, so that the host waits for it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

Made = TypeVar("Made")


def remembered(store: Any, tensor: Tensor, make: Callable[[], Made]) -> Made:
    """What was made of a tensor before, while it is unchanged; or what is made of it now.

    On the CPU nothing waits, and memory may change by another hand: there it is always made anew.

    Args:
        store: a ``WeakTensorKeyDictionary``.
        tensor: what it is made of.
        make: makes it.

    Example:
        >>> from torch.utils.weak import WeakTensorKeyDictionary
        >>> remembered(WeakTensorKeyDictionary(), torch.ones(2), lambda: 3)
        3
    """
    if tensor.is_cpu or tensor.is_inference():
        return make()
    version, made = store.get(tensor, (None, None))
    if version != tensor._version:
        with torch.inference_mode(False):
            made = make()
        store[tensor] = (tensor._version, made)
    return made  # type: ignore[no-any-return]
