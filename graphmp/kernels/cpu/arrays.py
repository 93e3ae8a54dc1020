"""Tensors as the arrays that loops take, and calls of loops."""

from __future__ import annotations

from typing import Any, cast

import numba
import torch
from torch import Tensor

from . import parallel
from .llvm import LANES

IS_COMPILED = not cast(Any, numba).config.DISABLE_JIT
STORED = {  # what an array of a dtype is to NumPy; the tiles know halves by these integers
    torch.float32: torch.float32,
    torch.float64: torch.float64,
    torch.bfloat16: torch.uint16,
    torch.float16: torch.int16,
}
SHAPES = {count: (0,) * count for count in (1, 2, 4, 8, 16)}  # of tiles of so many vectors


def is_tiled(dtype: torch.dtype) -> bool:
    return IS_COMPILED and dtype in STORED


def blocks_at_once(blocks: int) -> int:
    """How many blocks are summed at once, each in a vector of its own."""
    return next((count for count in (1, 2, 4) if count >= blocks), LANES)


def as_array(tensor: Tensor) -> Any:
    """A tensor as a (rows, elements) array; halves as the integers that hold their bits."""
    rows = tensor.shape[0]
    width = tensor.numel() // rows if rows else tensor.shape[1:].numel()
    flat = tensor.detach().contiguous().view(rows, width)
    stored = STORED.get(flat.dtype, flat.dtype)
    return (flat if stored == flat.dtype else flat.view(stored)).numpy()


def run(kernel: Any, limits: Any, work: int, *args: Any) -> None:
    """Call a kernel for all rows: here when there is little work, else on threads."""
    if work < parallel.SMALL:
        kernel(*args, 0, limits if isinstance(limits, int) else len(limits) - 1)
    else:
        parallel.run(kernel, limits, *args)
