"""What operations allocate, seen from torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, UntypedStorage
from torch.utils._python_dispatch import TorchDispatchMode


class LargestTensor(TorchDispatchMode):
    """Notes the bytes of the largest tensor that any operation makes; views are not made."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        out = func(*args, **(kwargs or {}))
        for storage in _new_storages(out, args):
            self.bytes = max(self.bytes, storage.nbytes())
        return out


class LargeTensors(TorchDispatchMode):
    """Keeps the memory of all tensors of at least ``size`` bytes that operations make."""

    def __init__(self, size: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.size = size
        self.storages: dict[int, UntypedStorage] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        out = func(*args, **(kwargs or {}))
        for storage in _new_storages(out, args):
            if storage.nbytes() >= self.size:
                self.storages[storage.data_ptr()] = storage
        return out


def _new_storages(out: Any, args: Any) -> Iterator[UntypedStorage]:
    """The memory of what an operation returned, where it is not that of an argument."""
    given = {x.untyped_storage().data_ptr() for x in args if isinstance(x, Tensor)}
    for made in out if isinstance(out, (tuple, list)) else (out,):
        if isinstance(made, Tensor) and made.untyped_storage().data_ptr() not in given:
            yield made.untyped_storage()
