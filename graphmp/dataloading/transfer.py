"""Transfer of batches, of any structure, to a device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .._storage.frame import LazyFeature
from ..errors import GraphKeyError, GraphTypeError
from ..graph import Graph


class Transfer:
    """Moves batches, in any thread, on the current stream of the thread that creates it.

    Args:
        device: the target device.
        attached: the data that a :class:`~graphmp.LazyFeature` in a batch stands for, by name.
    """

    def __init__(self, device: torch.device, attached: Mapping[str, Tensor]) -> None:
        self._device, self._attached = device, attached
        self._stream = torch.cuda.current_stream(device) if device.type == "cuda" else None

    def __call__(self, batch: Any) -> Any:
        """Gather what a batch names, and move it; objects without ``to`` stay unchanged."""
        if self._stream is None:
            return to_device(batch, self._device, self._attached)
        with torch.cuda.stream(self._stream):
            return to_device(batch, self._device, self._attached)


def to_device(
    batch: Any, device: torch.device, attached: Mapping[str, Tensor] | None = None
) -> Any:
    """Move all tensors and graphs in nested tuples, lists and dicts to a device.

    Args:
        batch: a graph, a tensor, any object with ``to``, or a container of such objects.
        device: the target device.
        attached: the data that a :class:`~graphmp.LazyFeature` in the batch stands for, by name;
            None to move it as it is.

    Example:
        >>> import torch
        >>> to_device((torch.ones(2), ["name"]), torch.device("cpu"))
        (tensor([1., 1.]), ['name'])
    """
    if isinstance(batch, (Tensor, Graph)):
        return batch.to(device)
    if isinstance(batch, LazyFeature):
        return batch if attached is None else _rows(batch, attached).to(device)
    if isinstance(batch, (tuple, list)):
        values = [to_device(value, device, attached) for value in batch]
        return type(batch)(*values) if hasattr(batch, "_fields") else type(batch)(values)
    if isinstance(batch, Mapping):
        return {key: to_device(value, device, attached) for key, value in batch.items()}
    return batch.to(device) if callable(getattr(batch, "to", None)) else batch


def _rows(feature: LazyFeature, attached: Mapping[str, Tensor]) -> Tensor:
    """The rows that a feature outside a graph stands for."""
    if feature.name is None or feature.name not in attached:
        raise GraphKeyError(
            f"Expected a LazyFeature with the name of attached data, {sorted(attached)}, got "
            f"{feature.name!r}; call attach_data({feature.name!r}, data) of the loader."
        )
    if feature.id_ is None:
        raise GraphTypeError(
            f"Expected ids of the LazyFeature {feature.name!r}, as it is in no graph, got none; "
            f"write LazyFeature({feature.name!r}, ids)."
        )
    data = attached[feature.name]
    return data[feature.id_.to(data.device)]
