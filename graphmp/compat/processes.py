"""The names of ``dgl.multiprocessing`` beyond those of ``torch.multiprocessing``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor

from .memory import mapped

__all__ = ["Process", "call_once_and_share", "shared_tensor", "thread_wrapped_func"]

Result = TypeVar("Result")


def thread_wrapped_func(func: Callable[..., Result]) -> Callable[..., Result]:
    """Let a function run in a thread of its own, because OpenMP's threads do not survive a fork.

    Args:
        func: what a forked process runs.

    Returns:
        A function that starts a thread, and returns or raises what ``func`` does.
    """

    @wraps(func)
    def run(*args: Any, **kwargs: Any) -> Result:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(func, *args, **kwargs).result()

    return run


class Process(mp.Process):  # type: ignore[misc, name-defined, unused-ignore]
    """A process of ``torch.multiprocessing`` that runs its target in a thread; see above."""

    def run(self) -> None:
        """Run the target."""
        thread_wrapped_func(super().run)()


def call_once_and_share(
    func: Callable[[], Tensor], shape: Sequence[int], dtype: torch.dtype, rank: int = 0
) -> Tensor:
    """Call a function in one process of the default group, and share its result with all.

    Args:
        func: returns a tensor.
        shape: its shape.
        dtype: its dtype.
        rank: the process that calls the function.

    Returns:
        A tensor in memory that the processes share; all of them must run on one machine.
    """
    path = [""]
    if dist.get_rank() == rank:
        file, path[0] = tempfile.mkstemp()
        os.close(file)
        mapped(Path(path[0]), shape, dtype).copy_(func())
    dist.broadcast_object_list(path, src=rank)
    shared = mapped(Path(path[0]), shape, dtype)
    dist.barrier()
    if dist.get_rank() == rank:
        Path(path[0]).unlink()
    return shared


def shared_tensor(shape: Sequence[int], dtype: torch.dtype = torch.float32) -> Tensor:
    """A tensor without values that the processes of the default group share.

    Args:
        shape: its shape.
        dtype: its dtype.

    Returns:
        A tensor in shared memory.
    """
    return call_once_and_share(lambda: torch.empty(*shape, dtype=dtype), shape, dtype)
