"""Transfer of batches, of any structure, to a device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..graph import Graph


class Transfer:
    """Moves batches, in any thread, on the current stream of the thread that creates it.

    Args:
        device: the target device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.current_stream(device) if device.type == "cuda" else None

    def __call__(self, batch: Any) -> Any:
        """Move a batch; objects without ``to`` stay unchanged."""
        if self._stream is None:
            return to_device(batch, self._device)
        with torch.cuda.stream(self._stream):
            return to_device(batch, self._device)


def to_device(batch: Any, device: torch.device) -> Any:
    """Move all tensors and graphs in nested tuples, lists and dicts to a device.

    Args:
        batch: a graph, a tensor, any object with ``to``, or a container of such objects.
        device: the target device.

    Example:
        >>> import torch
        >>> to_device((torch.ones(2), ["name"]), torch.device("cpu"))
        (tensor([1., 1.]), ['name'])
    """
    if isinstance(batch, (Tensor, Graph)):
        return batch.to(device)
    if isinstance(batch, (tuple, list)):
        values = [to_device(value, device) for value in batch]
        return type(batch)(*values) if hasattr(batch, "_fields") else type(batch)(values)
    if isinstance(batch, Mapping):
        return {key: to_device(value, device) for key, value in batch.items()}
    return batch.to(device) if callable(getattr(batch, "to", None)) else batch
