"""Products of matrices that torch computes, recorded."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class SizesOfProducts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The sizes of all products of matrices that torch computes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: set[tuple[torch.Size, torch.Size]] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket in (torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.addmm_):
            self.seen.add((args[-2].shape, args[-1].shape))
        return func(*args, **(kwargs or {}))
