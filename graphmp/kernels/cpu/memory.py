"""Memory for results: large tensors lie on large pages where the system has them.

Memory is handed out when it is first written, page by page, and rows gathered from it are found
through a table of pages. With 4 KiB a page, both take longer than the sums themselves. Linux is
asked for pages of 2 MiB; elsewhere, or when it declines, nothing changes.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

LARGE = 1 << 22  # bytes, below which a tensor is left as it is
_PAGE = 4096
_HUGE = 14  # MADV_HUGEPAGE


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
    made = torch.empty(shape, dtype=dtype)
    if _madvise is not None and made.nbytes >= LARGE:
        start = -(-made.data_ptr() // _PAGE) * _PAGE
        _madvise(start, (made.data_ptr() + made.nbytes - start) // _PAGE * _PAGE, _HUGE)
    return made
