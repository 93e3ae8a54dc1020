"""The tensor functions of ``dgl.backend`` that torch has under other names or with other arguments.

DGL ran on several libraries of tensors, and its programs call them by these names. The functions
that torch has as well, such as ``cat`` and ``exp``, are torch's own.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import dlpack

__all__ = [
    "allclose",
    "arange",
    "argtopk",
    "as_scalar",
    "asnumpy",
    "astype",
    "attach_grad",
    "backward",
    "context",
    "copy_to",
    "count_nonzero",
    "cpu",
    "data_type_dict",
    "device_id",
    "device_type",
    "dtype",
    "empty",
    "equal",
    "floor_div",
    "full_1d",
    "get_preferred_backend",
    "get_preferred_sparse_format",
    "grad",
    "is_no_grad",
    "is_pinned",
    "is_recording",
    "logical_and",
    "logical_not",
    "max",
    "min",
    "ndim",
    "ones",
    "rand_shuffle",
    "randint",
    "record_grad",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_sum",
    "repeat",
    "replace_inf_with_zero",
    "shape",
    "softmax",
    "sort_1d",
    "sync",
    "tensor",
    "topk",
    "uniform",
    "zerocopy_from_dlpack",
    "zerocopy_from_numpy",
    "zerocopy_to_dlpack",
    "zerocopy_to_numpy",
    "zeros",
]

equal = torch.eq
floor_div = torch.floor_divide
is_recording = torch.is_grad_enabled
logical_and, logical_not = torch.bitwise_and, torch.bitwise_not
record_grad = nullcontext
reduce_max, reduce_mean, reduce_min, reduce_sum = torch.max, torch.mean, torch.min, torch.sum
repeat = torch.repeat_interleave
sort_1d = torch.sort
zerocopy_from_dlpack, zerocopy_from_numpy = dlpack.from_dlpack, torch.as_tensor

Shape = Sequence[int]
Device = torch.device | str | None

_DTYPES = "bfloat16 float16 float32 float64 uint8 int8 int16 int32 int64 bool"
data_type_dict: dict[str, torch.dtype] = {name: getattr(torch, name) for name in _DTYPES.split()}


def get_preferred_backend() -> str:
    """The name of DGL's backend, ``"pytorch"``."""
    return "pytorch"


def get_preferred_sparse_format() -> str:
    """The layout of sparse matrices, ``"coo"``."""
    return "coo"


# ---- tensors from other things


def tensor(data: Any, dtype: torch.dtype | None = None) -> Tensor:
    """A tensor of numbers, arrays or tensors; of one number, a tensor of shape (1,)."""
    if isinstance(data, numbers.Number):
        data = [data]
    if isinstance(data, list) and data and isinstance(data[0], Tensor) and not data[0].dim():
        return torch.stack(data).to(dtype or data[0].dtype)
    return torch.as_tensor(data, dtype=dtype)


def empty(shape: Shape, dtype: torch.dtype, ctx: Device) -> Tensor:
    """A tensor without values."""
    return torch.empty(shape, dtype=dtype, device=ctx)


def zeros(shape: Shape, dtype: torch.dtype, ctx: Device) -> Tensor:
    """A tensor of zeros."""
    return torch.zeros(shape, dtype=dtype, device=ctx)


def ones(shape: Shape, dtype: torch.dtype, ctx: Device) -> Tensor:
    """A tensor of ones."""
    return torch.ones(shape, dtype=dtype, device=ctx)


def full_1d(length: int, fill_value: float, dtype: torch.dtype, ctx: Device) -> Tensor:
    """A vector of one value."""
    return torch.full((length,), fill_value, dtype=dtype, device=ctx)


def arange(start: int, stop: int, dtype: torch.dtype = torch.int64, ctx: Device = None) -> Tensor:
    """The integers from ``start`` to ``stop``, which is left out."""
    return torch.arange(start, stop, dtype=dtype, device=ctx)


def uniform(shape: Shape, dtype: torch.dtype, ctx: Device, low: float, high: float) -> Tensor:
    """Random numbers between two bounds."""
    return torch.empty(shape, dtype=dtype, device=ctx).uniform_(low, high)


def randint(shape: Shape, dtype: torch.dtype, ctx: Device, low: int, high: int) -> Tensor:
    """Random integers from ``low`` to ``high``, which is left out."""
    return torch.randint(low, high, tuple(shape), dtype=dtype, device=ctx)


# ---- other things from tensors


def as_scalar(data: Tensor) -> float:
    """The number in a tensor of one element."""
    return data.item()


def asnumpy(input: Tensor) -> np.ndarray[Any, Any]:  # noqa: A002
    """The values as an array."""
    array: np.ndarray[Any, Any] = (input.to_dense() if input.is_sparse else input).numpy(force=True)
    return array


zerocopy_to_numpy = asnumpy


def zerocopy_to_dlpack(input: Tensor) -> Any:  # noqa: A002
    """The tensor as other libraries read it."""
    return input.contiguous().__dlpack__()


def shape(input: Tensor) -> torch.Size:  # noqa: A002
    """The shape."""
    return input.shape


def ndim(input: Tensor) -> int:  # noqa: A002
    """The number of dimensions."""
    return input.dim()


def dtype(input: Tensor) -> torch.dtype:  # noqa: A002
    """The dtype."""
    return input.dtype


def astype(input: Tensor, ty: torch.dtype) -> Tensor:  # noqa: A002
    """The values in another dtype."""
    return input.to(ty)


def count_nonzero(input: Any) -> int:  # noqa: A002
    """How many elements are not 0."""
    return int(np.count_nonzero(input))


# ---- devices


def cpu() -> torch.device:
    """The CPU."""
    return torch.device("cpu")


def context(input: Tensor) -> torch.device:  # noqa: A002
    """The device of a tensor."""
    return input.device


def device_type(ctx: torch.device | str) -> str:
    """The kind of a device, ``"cpu"`` or ``"cuda"``."""
    return torch.device(ctx).type


def device_id(ctx: torch.device | str) -> int:
    """The number of a device among those of its kind."""
    index: int | None = torch.device(ctx).index
    if index is None:
        return 0 if device_type(ctx) == "cpu" else torch.cuda.current_device()
    return index


def copy_to(input: Tensor, ctx: torch.device | str, **kwargs: Any) -> Tensor:  # noqa: A002
    """The tensor on a device."""
    return input.to(ctx, **kwargs)


def is_pinned(input: Tensor) -> bool:  # noqa: A002
    """Whether a tensor is in pinned memory."""
    return input.is_pinned()


def sync() -> None:
    """Do nothing: torch synchronises where it has to."""


# ---- reductions and order


def max(input: Tensor, dim: int) -> Tensor:  # noqa: A001, A002
    """The maxima along a dimension."""
    return input.amax(dim)


def min(input: Tensor, dim: int) -> Tensor:  # noqa: A001, A002
    """The minima along a dimension."""
    return input.amin(dim)


def softmax(input: Tensor, dim: int = -1) -> Tensor:  # noqa: A002
    """The softmax along a dimension."""
    return torch.softmax(input, dim)


def topk(input: Tensor, k: int, dim: int, descending: bool = True) -> Tensor:  # noqa: A002
    """The k greatest values along a dimension, or the k least."""
    return torch.topk(input, k, dim, largest=descending)[0]


def argtopk(input: Tensor, k: int, dim: int, descending: bool = True) -> Tensor:  # noqa: A002
    """The positions of the k greatest values along a dimension, or of the k least."""
    return torch.topk(input, k, dim, largest=descending)[1]


def allclose(x: Tensor, y: Tensor, rtol: float = 1e-4, atol: float = 1e-4) -> bool:
    """Whether two tensors are nearly equal."""
    return torch.allclose(x, y, rtol, atol)


def replace_inf_with_zero(x: Tensor) -> Tensor:
    """The values, 0 where they are infinite."""
    return x.masked_fill(x.isinf(), 0)


def rand_shuffle(arr: Tensor) -> Tensor:
    """The rows in a random order."""
    return arr[torch.randperm(len(arr))]


# ---- gradients


def attach_grad(x: Tensor) -> Tensor:
    """The tensor itself, as a leaf with a gradient of 0 or none."""
    if x.grad is not None:
        x.grad.zero_()
        return x
    return x.requires_grad_()


def backward(x: Tensor, head_gradient: Tensor | None = None) -> None:
    """Compute the gradients."""
    torch.autograd.backward(x, head_gradient)


def grad(x: Tensor) -> Tensor | None:
    """The gradient of a tensor, which is kept if it is not a leaf."""
    x.retain_grad()
    return x.grad


def is_no_grad(x: Tensor) -> bool:
    """Whether the gradient is missing or 0."""
    return x.grad is None or not bool(x.grad.any())
