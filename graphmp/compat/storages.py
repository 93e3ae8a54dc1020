"""The names of ``dgl.storages``: features that are read by rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from .._graph import feature_storage

__all__ = [
    "BaseTensorStorage",
    "FeatureStorage",
    "NumpyStorage",
    "PyTorchTensorStorage",
    "TensorStorage",
    "ThreadedFuture",
    "register_storage_wrapper",
    "wrap_storage",
]

Class = TypeVar("Class", bound=Callable[[Any], Any])
_WRAPPERS: dict[type, Callable[[Any], Any]] = {}


def register_storage_wrapper(type_: type) -> Callable[[Class], Class]:
    """Decorate a class of storages, so that :func:`wrap_storage` calls it with objects of a type.

    Args:
        type_: the type.

    Returns:
        A decorator, which returns the class.
    """

    def register(storage: Class) -> Class:
        _WRAPPERS[type_] = storage
        return storage

    return register


class FeatureStorage(ABC):
    """Features that are read by rows; a program derives classes of its own."""

    def requires_ddp(self) -> bool:
        """Whether a loader needs ``use_ddp`` to read these features: False."""
        return False

    @abstractmethod
    def fetch(
        self, indices: Any, device: Any = None, pin_memory: bool = False, **kwargs: Any
    ) -> Any:
        """Read some rows.

        Args:
            indices: ids (n,).
            device: the device of the result.
            pin_memory: whether to copy through page-locked memory.
            **kwargs: passed on to ``torch.Tensor.to``.

        Returns:
            (n, …).
        """


FeatureStorage.register(feature_storage.FeatureStorage)  # which columns of graphs are


@register_storage_wrapper(Tensor)
class TensorStorage(FeatureStorage):
    """The rows of a tensor.

    Args:
        tensor: (n, …).
    """

    def __init__(self, tensor: Tensor) -> None:
        self.storage = tensor

    def fetch(
        self, indices: Any, device: Any = None, pin_memory: bool = False, **kwargs: Any
    ) -> Tensor:
        """Read some rows; see :class:`FeatureStorage`."""
        rows = feature_storage.FeatureStorage(self.storage, "rows")
        return rows.fetch(indices, device, pin_memory, **kwargs)


@register_storage_wrapper(np.ndarray)
class NumpyStorage(TensorStorage):
    """The rows of an array, which may be in a file.

    Args:
        arr: (n, …), an array of NumPy.
    """

    def __init__(self, arr: Any) -> None:
        super().__init__(torch.as_tensor(arr))


BaseTensorStorage = PyTorchTensorStorage = TensorStorage


def wrap_storage(storage: Any) -> Any:
    """A storage of a tensor, an array or an object of a registered type.

    Anything else that can be fetched is returned as it is.
    """
    for type_, wrapper in _WRAPPERS.items():
        if isinstance(storage, type_):
            return wrapper(storage)
    return storage if hasattr(storage, "fetch") else NumpyStorage(storage)


class ThreadedFuture:
    """The result of a function that runs in a thread of its own.

    Args:
        target: the function.
        args: its arguments.
    """

    def __init__(self, target: Callable[..., Any], args: Iterable[Any]) -> None:
        self._future: Future[Any] = Future()
        Thread(target=self._run, args=(target, *args), daemon=True).start()

    def _run(self, target: Callable[..., Any], *args: Any) -> None:
        try:
            self._future.set_result(target(*args))
        except BaseException as error:  # noqa: BLE001 -- the waiting thread raises it
            self._future.set_exception(error)

    def wait(self) -> Any:
        """Wait for the result, and return it, or raise what the function raised."""
        return self._future.result()
