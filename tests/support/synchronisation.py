"""What makes the host wait for a device, seen on tensors of the CPU too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# Operations that give the host a number or a size that it does not know, or bring it a tensor.
WAITING = frozenset(
    {
        "_local_scalar_dense",
        "_unique2",
        "bincount",
        "equal",
        "is_nonzero",
        "lift_fresh",
        "masked_select",
        "nonzero",
        "unique_consecutive",
        "unique_dim",
    }
)
INDEXING = frozenset({"index", "index_put", "index_put_", "_index_put_impl_"})
READERS = ("tolist", "numpy", "__array__", "cpu")


class _Refused(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Raises where an operation on a device would make the host wait."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        name, options = func._schema.name.removeprefix("aten::"), kwargs or {}
        by_mask = name in INDEXING and any(
            x is not None and x.dtype in (torch.bool, torch.uint8) for x in args[1]
        )
        unsized = name == "repeat_interleave" and options.get("output_size") is None
        if name in WAITING or by_mask or unsized:
            raise AssertionError(f"{name} makes the host wait for the device")
        return func(*args, **options)


def _on_host(tensor: Tensor) -> Tensor:
    """A copy that says that the host has it."""
    copy = tensor.clone()
    copy.is_on_host = True  # type: ignore[attr-defined]
    return copy


@contextmanager
def elsewhere() -> Iterator[None]:
    """Let tensors say that they are not on the CPU, where more is checked and less remembered.

    A result of ``cpu()`` may be read later, since the host has it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tensor, "is_cpu", property(lambda _: False), raising=False)
        patch.setattr(Tensor, "cpu", _on_host)
        yield


@contextmanager
def none_allowed() -> Iterator[None]:
    """Fail where the host reads what a device would hold."""

    def refuse(name: str) -> Any:
        read = getattr(Tensor, name)

        def reads(tensor: Tensor, *arguments: Any, **options: Any) -> Any:
            if name == "cpu" or not hasattr(tensor, "is_on_host"):
                raise AssertionError(f"{name} makes the host wait for the device")
            return read(tensor, *arguments, **options)

        return reads

    with elsewhere(), pytest.MonkeyPatch.context() as patch, _Refused():  # type: ignore[no-untyped-call]
        for name in READERS:
            patch.setattr(Tensor, name, refuse(name))
        yield
