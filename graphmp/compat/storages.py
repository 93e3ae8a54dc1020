"""The names of ``dgl.storages``: features that are read by rows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._graph.feature_storage import FeatureStorage

__all__ = ["FeatureStorage", "NumpyStorage", "TensorStorage", "wrap_storage"]


class TensorStorage(FeatureStorage):
    """The rows of a tensor.

    Args:
        tensor: (n, …).
    """

    def __new__(cls, tensor: Tensor) -> TensorStorage:
        """Make a storage; see the class."""
        return super().__new__(cls, tensor, "rows")


class NumpyStorage(FeatureStorage):
    """The rows of an array, which may be in a file.

    Args:
        arr: (n, …), an array of NumPy.
    """

    def __new__(cls, arr: Any) -> NumpyStorage:
        """Make a storage; see the class."""
        return super().__new__(cls, torch.as_tensor(arr), "rows")


def wrap_storage(storage: Any) -> Any:
    """A storage of a tensor or an array; anything else is returned as it is."""
    if isinstance(storage, Tensor):
        return TensorStorage(storage)
    return storage if hasattr(storage, "fetch") else NumpyStorage(storage)
