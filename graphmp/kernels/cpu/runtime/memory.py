"""Memory for large results: on large pages, and used again when a result is let go.

Memory that is new is handed out when it is first written, page by page, and emptied before: that
takes as long as a sum. So a large block that nobody refers to any more is kept for the next result
of about its size, as a GPU's memory is; all that is kept is at most ``KEPT`` bytes. Rows gathered
from a result are found through a table of pages, so Linux is asked for pages of 2 MiB in place of
4 KiB; elsewhere, or when it declines, nothing changes.
"""

from __future__ import annotations

import ctypes
import math
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor

LARGE = 1 << 22  # bytes, below which a tensor is left as it is
KEPT = 1 << 28  # bytes that may be kept for later
_STEPS = 8  # sizes between two powers of two: a block is at most an eighth too large
_PAGE = 4096
_HUGE = 14  # MADV_HUGEPAGE

# Blocks that nobody uses, by their size; the size that came first is let go first. A tensor may be
# let go in any thread and in the middle of anything, so no lock is taken: whatever comes between
# two of these steps costs a block, no more.
_free: dict[int, list[Tensor]] = {}


class _Borrowed(np.ndarray):
    """What a tensor holds of a block; when it is gone the block is free."""


def _find_madvise() -> Callable[..., Any] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = ctypes.CDLL(None).madvise
    except (OSError, AttributeError):
        return None
    found.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return found


_madvise = _find_madvise()


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A new tensor on the CPU, not initialised."""
    count = math.prod(shape)
    size = count * dtype.itemsize
    if size < LARGE:
        return torch.empty(shape, dtype=dtype)
    block = _take(_rounded(size))
    borrowed = block.numpy()[:size].view(_Borrowed)
    weakref.finalize(borrowed, _give_back, block).atexit = False
    strides = [math.prod(shape[place + 1 :]) for place in range(len(shape))]
    made = torch.empty(0, dtype=dtype)  # not a view, which could not be changed in place
    return made.set_(torch.from_numpy(borrowed).untyped_storage(), 0, shape, strides)


def release() -> None:
    """Let go of all memory that is kept for later."""
    _free.clear()


def _rounded(size: int) -> int:
    """The size of the blocks that serve ``size`` bytes."""
    step = 1 << max(size.bit_length() - 1 - _STEPS.bit_length() + 1, 0)
    return -(-size // step) * step


def _take(size: int) -> Tensor:
    """A block that was let go, or a new one."""
    blocks = _free.get(size)
    if blocks:
        with suppress(IndexError):  # another thread took the last
            return blocks.pop()
    try:
        block = torch.empty(size, dtype=torch.uint8)
    except RuntimeError:  # there is no more, unless what is kept is let go
        release()
        block = torch.empty(size, dtype=torch.uint8)
    if _madvise is not None:
        start = -(-block.data_ptr() // _PAGE) * _PAGE
        _madvise(start, (block.data_ptr() + size - start) // _PAGE * _PAGE, _HUGE)
    return block


def _give_back(block: Tensor) -> None:
    """Keep a block for later; let go of others when there are too many."""
    if block.nbytes > KEPT:
        return
    _free.setdefault(block.nbytes, []).append(block)
    while sum(size * len(blocks) for size, blocks in list(_free.items())) > KEPT:
        oldest = next(iter(list(_free)), block.nbytes)
        blocks = _free.get(oldest) or []
        with suppress(IndexError):
            blocks.pop()
        if not blocks:
            _free.pop(oldest, None)
