"""The names of ``dgl.ndarray`` about arrays and devices, which are torch's here."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["array", "cpu", "gpu", "zerocopy_from_numpy"]


def cpu(dev_id: int = 0) -> torch.device:  # noqa: ARG001
    """The device of the CPU.

    Args:
        dev_id: for compatibility with DGL; there is one.
    """
    return torch.device("cpu")


def gpu(dev_id: int = 0) -> torch.device:
    """The device of a GPU.

    Args:
        dev_id: its number.
    """
    return torch.device("cuda", dev_id)


def array(arr: Any, ctx: torch.device = cpu()) -> Tensor:  # noqa: B008
    """A tensor with a copy of an array.

    Args:
        arr: an array of NumPy, or numbers in lists.
        ctx: the device.

    Returns:
        The tensor.
    """
    return torch.tensor(arr, device=ctx)


def zerocopy_from_numpy(np_data: Any) -> Tensor:
    """A tensor that shares its memory with an array.

    Args:
        np_data: an array of NumPy.

    Returns:
        The tensor.
    """
    return torch.from_numpy(np_data)
