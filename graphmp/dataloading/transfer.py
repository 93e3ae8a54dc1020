"""Transfer: a batch, whatever it is made of, goes to a device."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch


class Transfer:
    """Moves batches, in any thread, on the stream of the thread that made this.

    Args:
        device: where batches go.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.current_stream(device) if device.type == "cuda" else None

    def __call__(self, batch: Any) -> Any:
        """Move a batch; what cannot be moved stays as it is."""
        stream: AbstractContextManager[Any] = nullcontext()
        if self._stream is not None:
            stream = torch.cuda.stream(self._stream)
        with stream:
            return moved(batch, self._device)


def moved(batch: Any, device: torch.device) -> Any:
    """Whatever can be moved, in tuples, lists and dicts of any depth, on a device.

    Args:
        batch: a graph, a tensor, anything with ``to``, or what holds such things.
        device: where it goes.

    Example:
        >>> import torch
        >>> moved((torch.ones(2), ["name"]), torch.device("cpu"))
        (tensor([1., 1.]), ['name'])
    """
    if isinstance(batch, Mapping):
        return {key: moved(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(moved(value, device) for value in batch))
    if isinstance(batch, (tuple, list)):
        return type(batch)(moved(value, device) for value in batch)
    return batch.to(device) if callable(getattr(batch, "to", None)) else batch
