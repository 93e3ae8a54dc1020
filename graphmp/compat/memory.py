"""The names of ``dgl.utils`` about pinned and shared memory."""

from __future__ import annotations

import atexit
import getpass
import math
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import GraphRuntimeError, GraphValueError

__all__ = [
    "create_shared_mem_array",
    "exist_shared_mem_array",
    "gather_pinned_tensor_rows",
    "get_shared_mem_array",
    "pin_memory_inplace",
    "scatter_pinned_tensor_rows",
]


def gather_pinned_tensor_rows(tensor: Tensor, rows: Tensor) -> Tensor:
    """Rows of a tensor on the CPU, on the device of the row numbers.

    Args:
        tensor: (n, …), on the CPU.
        rows: (m,), on any device.

    Returns:
        (m, …), on the device of ``rows``.
    """
    return tensor[rows.to(tensor.device)].to(rows.device)


def scatter_pinned_tensor_rows(dest: Tensor, rows: Tensor, source: Tensor) -> None:
    """Write rows of a tensor on the CPU from a tensor on another device.

    Args:
        dest: (n, …), on the CPU.
        rows: (m,), different, on any device.
        source: (m, …), on any device.
    """
    dest[rows.to(dest.device)] = source.to(dest.device)


class PinnedMemory:
    """Memory that stays page-locked as long as this object exists; see :func:`pin_memory_inplace`.

    Args:
        tensor: the tensor, which is contiguous.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        runtime: Any = torch.cuda.cudart()  # type: ignore[no-untyped-call]
        address = tensor.data_ptr()
        torch.cuda.check_error(runtime.cudaHostRegister(address, tensor.nbytes, 0))
        self._unpin = weakref.finalize(self, runtime.cudaHostUnregister, address)
        self._unpin.atexit = False  # when the driver may be gone

    def unpin_memory_(self) -> None:
        """Let the memory be ordinary memory again."""
        self._unpin()


def pin_memory_inplace(tensor: Tensor) -> PinnedMemory:
    """Page-lock the memory of a tensor where it is, also memory that processes share.

    Args:
        tensor: a contiguous tensor on the CPU.

    Returns:
        An object to keep: when it is gone, the memory is ordinary memory again.

    Raises:
        GraphValueError: a tensor on another device, not contiguous, or pinned already.
        GraphRuntimeError: no GPU.
    """
    if not torch.cuda.is_available():
        raise GraphRuntimeError("pin_memory_inplace: expected a GPU, got none; omit the call.")
    if tensor.device.type != "cpu" or not tensor.is_contiguous() or tensor.is_pinned():
        raise GraphValueError(
            "pin_memory_inplace: expected a contiguous tensor on the CPU that is not pinned, got "
            f"one on {tensor.device} with strides {tensor.stride()}; pass another."
        )
    return PinnedMemory(tensor)


def mapped(path: Path, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A tensor in a file, which every process that maps it shares.

    Args:
        path: the file, which grows to the size of the tensor.
        shape: the tensor's shape.
        dtype: its dtype.

    Returns:
        The tensor.
    """
    size = math.prod(shape)
    return torch.from_file(str(path), shared=True, size=size, dtype=dtype).view(*shape)


def file_of(name: str) -> Path:
    """The file of a name, in a folder that only this user can read.

    Args:
        name: the name of something in shared memory.

    Returns:
        The path of a file, which need not exist.

    Raises:
        GraphValueError: a name that is a path, or empty.
    """
    folder = Path(tempfile.gettempdir()) / f"graphmp-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if name in ("", "..") or Path(name).name != name:
        raise GraphValueError(
            f"name: expected a name, got {name!r}; choose another, without folders."
        )
    return folder / name


def create_shared_mem_array(name: str, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """A tensor that other processes of this user read by its name, until this process ends.

    Args:
        name: the name.
        shape: the tensor's shape.
        dtype: its dtype.

    Returns:
        The tensor, of zeros.

    Raises:
        GraphValueError: a name that is a path.
    """
    path = file_of(name)
    path.unlink(missing_ok=True)
    atexit.register(path.unlink, missing_ok=True)
    return mapped(path, shape, dtype)


def get_shared_mem_array(name: str, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """The tensor that another process has created under a name.

    Args:
        name: the name.
        shape: the tensor's shape.
        dtype: its dtype.

    Returns:
        The tensor, whose memory the processes share.

    Raises:
        GraphValueError: no tensor of this name, or a smaller one.
    """
    path, expected = file_of(name), math.prod(shape) * dtype.itemsize
    size = path.stat().st_size if path.exists() else 0
    if size < expected:
        raise GraphValueError(
            f"Expected {expected} bytes under the name {name!r}, got {size}; create them with "
            "create_shared_mem_array, of the same shape and dtype, while that process runs."
        )
    return mapped(path, shape, dtype)


def exist_shared_mem_array(name: str) -> bool:
    """Whether a process of this user has created a tensor under a name.

    Args:
        name: the name.

    Raises:
        GraphValueError: a name that is a path.
    """
    return file_of(name).exists()
