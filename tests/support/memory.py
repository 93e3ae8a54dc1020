"""What operations allocate, seen from torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, UntypedStorage
from torch.utils._python_dispatch import TorchDispatchMode


class _NumPy:
    """NumPy as the kernels see it, which notes the memory of what ``empty`` gives."""

    def __init__(self, note: Callable[[UntypedStorage], None]) -> None:
        self._note = note

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any) -> Any:
        made = np.empty(shape, dtype)
        self._note(torch.from_numpy(made).untyped_storage())
        return made


class _Guard(TorchDispatchMode):
    """Notes the memory of every tensor that operations make; views are not made."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._results = patch("graphmp.kernels.cpu.messages.np", _NumPy(self.note))

    def note(self, storage: UntypedStorage) -> None:
        """Take note of new memory."""
        raise NotImplementedError

    def __enter__(self) -> Any:
        if find_spec("numba") is not None:
            self._results.start()
        return super().__enter__()  # type: ignore[no-untyped-call]

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        if find_spec("numba") is not None:
            self._results.stop()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        out = func(*args, **(kwargs or {}))
        for storage in _new_storages(out, args):
            self.note(storage)
        return out


class LargestTensor(_Guard):  # type: ignore[no-untyped-call]
    """Notes the bytes of the largest tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def note(self, storage: UntypedStorage) -> None:
        self.bytes = max(self.bytes, storage.nbytes())


class LargeTensors(_Guard):  # type: ignore[no-untyped-call]
    """Keeps the memory of all tensors of at least ``size`` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.storages: dict[int, UntypedStorage] = {}

    def note(self, storage: UntypedStorage) -> None:
        if storage.nbytes() >= self.size:
            self.storages[storage.data_ptr()] = storage


def _new_storages(out: Any, args: Any) -> Iterator[UntypedStorage]:
    """The memory of what an operation returned, where it is not that of an argument."""
    given = {x.untyped_storage().data_ptr() for x in args if isinstance(x, Tensor)}
    for made in out if isinstance(out, (tuple, list)) else (out,):
        if isinstance(made, Tensor) and made.untyped_storage().data_ptr() not in given:
            yield made.untyped_storage()
