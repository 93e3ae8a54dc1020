"""Kernels for the CPU, compiled by Numba: no message is ever stored beyond the row it enters.

Floating point features run on tiles of SIMD registers (:mod:`.loops.spmm_tiled`). Integers,
results that are narrower than the messages, and Numba without its compiler run on plain loops
(:mod:`.loops.spmm_plain`). What not every call needs is imported when it is first asked for: a
loop costs time to declare.

Files:
    attention: Attention and softmax.
    labor: LABOR sampling.
    loops: The loops that Numba compiles.
    messages: Sums, extremes, and messages kept at edges.
    runtime: Compilation, the disk cache, threads and memory.
    sampling: Neighbour sampling, top-k and relabelling.
    simd: The SIMD toolkit.
    walking: Random walks.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from ..contract import OTHER, Call, Csr, accumulator
from .loops import spmm_plain
from .messages import STORED, is_tiled, product_gradient, run, sddmm, spmm
from .runtime.memory import empty

__all__ = [
    "arange",
    "group",
    "name",
    "product_gradient",
    "scatter",
    "sddmm",
    "spmm",
    "take",
    "why_not",
]

name = "cpu"

_ELSEWHERE = {  # where the other primitives are
    "attention": ".attention",
    "attention_gradient": ".attention",
    "score_gradient": ".attention",
    "softmax": ".attention",
    "softmax_gradient": ".attention",
    "labor": ".labor",
    "greatest": ".sampling",
    "relabel": ".sampling",
    "sample": ".sampling",
    "walk": ".walking",
}

_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
_LINE = 16  # float32 numbers in a line of cache
_IS_OLD = tuple(map(int, numba.__version__.split(".")[:2])) < (0, 62)  # of another LLVM


def __getattr__(name: str) -> Any:
    """Import a primitive at its first use."""
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_ELSEWHERE[name], __name__)
    # All of the file at once: importing it put the module where a primitive has its name.
    globals().update(
        {p: getattr(module, p) for p, f in _ELSEWHERE.items() if f == _ELSEWHERE[name]}
    )
    return globals()[name]


def why_not(call: Call) -> str | None:
    """A reason why this backend cannot run ``call``, or None when it can."""
    if call.device != "cpu":
        return f"it runs on the CPU, not on {call.device}"
    if _IS_OLD:
        return f"it needs numba 0.62 or newer, not {numba.__version__}"
    if call.dtype not in STORED and call.dtype not in _INTEGERS:
        return f"it has no loops for {call.dtype}"
    if call.primitive in ("attention", "product_gradient") and not is_tiled(call.dtype):
        return f"{call.primitive} is for floating point, and needs Numba's compiler"
    return None


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    indptr, order = ids.new_empty(num_rows + 1), torch.empty_like(ids)
    spmm_plain.group(ids.numpy(), indptr.numpy(), order.numpy())
    return indptr, order


def arange(count: int, like: Tensor) -> Tensor:
    """Ids in turn; see the contract. Torch would wake threads, which takes longer."""
    return torch.from_numpy(np.arange(count, dtype=like.numpy().dtype))


def take(data: Tensor, ids: Tensor) -> Tensor:
    """Rows of a tensor; see the contract."""
    out = empty((ids.shape[0], *data.shape[1:]), data.dtype)
    return torch.index_select(data, 0, ids, out=out)


def scatter(
    csr: Csr,
    where: int,
    values: Tensor,
    arg: Tensor,
    places: Tensor,
    shape: tuple[int, int],
) -> Tensor:
    """Add values where chosen edges lead; see the contract."""
    ids = csr.indices if where == OTHER else csr.edge_ids
    out = empty(shape, accumulator(values.dtype)).zero_()
    given = values.detach().to(out.dtype).contiguous()
    size = given.shape[1]
    width = _LINE if size == shape[1] else max(size, 1)  # threads must not share columns
    args = (given.numpy(), arg.contiguous().numpy(), ids.numpy(), places.numpy(), out.numpy())
    run(spmm_plain.scatter, -(-size // width), given.numel(), *args, width)
    return out.to(values.dtype)
