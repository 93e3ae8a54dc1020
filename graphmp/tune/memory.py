"""Freed memory, kept for the next tensors.

glibc returns a large block to the system when it is freed, and the system clears the next one page
by page when it is first written. Results of graphmp lie in memory that is reused; this keeps that
of torch's own results too.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

# What glibc's malloc.h calls M_MMAP_MAX and M_TRIM_THRESHOLD, and what keeps all that is freed.
_SETTINGS = {-4: 0, -1: 2**31 - 1}
# The module of the blocks that kernels reuse; it imports Numba, and has no block before.
_REUSED = f"{__package__.rpartition('.')[0]}.kernels.cpu.runtime.memory"


def keep_memory() -> bool:
    """Keep freed memory in this process, for the tensors that are allocated next.

    Call it once, before training; it acts on this process and on those that are forked from it, as
    ``MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647`` in the environment does. Where a model
    computes much by torch itself, full-graph training can take a third less processor time; its
    peak memory rises, because freed blocks lie between those in use. Results of graphmp's layers
    lie in memory that is reused anyway, and training on samples gains nothing.
    ``docs/guide/performance.md`` has measurements.

    Returns:
        Whether memory is kept. False on systems whose C library is not glibc, such as macOS,
        Windows and Alpine Linux, where nothing changes.

    Example:
        >>> import graphmp as gm
        >>> is_kept = gm.tune.keep_memory()  # doctest: +SKIP
    """
    libc = _glibc()
    return libc is not None and all(libc.mallopt(*setting) == 1 for setting in _SETTINGS.items())


def release_memory() -> bool:
    """Return freed memory to the system, once: between two experiments in a notebook, for example.

    Memory that is freed later is kept again if :func:`keep_memory` was called.

    Returns:
        Whether glibc returned memory. Elsewhere False, but blocks that graphmp reuses are freed.

    Example:
        >>> import graphmp as gm
        >>> returned = gm.tune.release_memory()
    """
    blocks: Any = sys.modules.get(_REUSED)
    if blocks is not None:
        blocks.release()
    libc = _glibc()
    return libc is not None and libc.malloc_trim(0) == 1


def _glibc() -> Any:
    """The C library if it is glibc, else None."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
