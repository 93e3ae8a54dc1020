"""Memory for large results: on large pages, and reused when a result is freed.

The system maps new memory when it is first written, page by page, and clears each page: that takes
as long as a sum. So a large block that is no longer referred to is cached for the next result of
about its size, as torch does on a GPU. Results and cached blocks together take no more than the
results alone have taken at once, and the cached ones at most an eighth of the machine's memory.
Gathering rows of a result looks up its pages, so Linux is asked for pages of 2 MiB instead of
4 KiB; on other systems, or when it declines, nothing changes.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor

LARGE = 1 << 22  # bytes, below which a tensor is left as it is
_SHARE = 8  # of the machine's memory, which may be cached
_STEPS = 8  # sizes between two powers of two: a block is at most an eighth too large
_PAGE = 4096
_HUGE = 14  # MADV_HUGEPAGE

# Free blocks by size; the size that was added first is evicted first. A tensor may be freed in any
# thread and inside any other code, so no lock is taken: a race costs a block, no more.
_free: dict[int, list[Tensor]] = {}
_lent: dict[int, int] = {}  # the sizes of blocks that results lie in, by address
_most_lent = 0  # bytes


class _Borrowed(np.ndarray):
    """The array that a tensor refers to; when it is collected, its block is free."""


def _find_madvise() -> Callable[..., Any] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        madvise = ctypes.CDLL(None).madvise
    except (OSError, AttributeError):
        return None
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return madvise


def _machine_memory() -> int:
    """Bytes of the machine's memory; 8 GiB if the system does not say it."""
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 1 << 33


_madvise = _find_madvise()
_MAX_CACHED = _machine_memory() // _SHARE


def empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """A new tensor on the CPU, not initialised."""
    count = math.prod(shape)
    size = count * dtype.itemsize
    if size < LARGE:
        return torch.empty(shape, dtype=dtype, device="cpu")
    block = _take(_rounded(size))
    borrowed = block.numpy()[:size].view(_Borrowed)
    weakref.finalize(borrowed, _give_back, block).atexit = False
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    out = torch.empty(
        0, dtype=dtype, device="cpu"
    )  # a view could not be changed in place by autograd
    return out.set_(torch.from_numpy(borrowed).untyped_storage(), 0, shape, strides)


def release() -> None:
    """Free all cached memory, and forget how much results have taken."""
    global _most_lent
    _free.clear()
    _most_lent = sum(list(_lent.values()))


def _rounded(size: int) -> int:
    """The size of the blocks that serve ``size`` bytes."""
    step = 1 << max(size.bit_length() - 1 - _STEPS.bit_length() + 1, 0)
    return -(-size // step) * step


def _take(size: int) -> Tensor:
    """A cached block, or a new one."""
    block = _cached(size)
    if block is None:
        _evict(size)
        block = _new(size)
    _lent[block.data_ptr()] = size
    return block


def _cached(size: int) -> Tensor | None:
    """A cached block, if there is one."""
    with suppress(KeyError, IndexError):
        return _free[size].pop()
    return None


def _new(size: int) -> Tensor:
    """A new block, on large pages."""
    try:
        block = torch.empty(size, dtype=torch.uint8, device="cpu")
    except RuntimeError:  # out of memory: try again without the cache
        release()
        block = torch.empty(size, dtype=torch.uint8, device="cpu")
    if _madvise is not None:
        start = -(-block.data_ptr() // _PAGE) * _PAGE
        _madvise(start, (block.data_ptr() + size - start) // _PAGE * _PAGE, _HUGE)
    return block


def _give_back(block: Tensor) -> None:
    """Cache a block."""
    _lent.pop(block.data_ptr(), None)
    _free.setdefault(block.nbytes, []).append(block)
    _evict(0)


def _evict(size: int) -> None:
    """Free cached blocks until they fit beside the results, and one more of a size."""
    global _most_lent
    lent = sum(list(_lent.values())) + size
    _most_lent = max(_most_lent, lent)
    most = min(_most_lent - lent, _MAX_CACHED)
    while sum(size * len(blocks) for size, blocks in list(_free.items())) > most:
        oldest = next(iter(list(_free)), 0)
        blocks = _free.get(oldest) or []
        with suppress(IndexError):
            blocks.pop()
        if not blocks:
            _free.pop(oldest, None)
