"""Kernels for CUDA and ROCm devices, compiled by Triton at their first use.

Ids have 32 bits inside where they fit. Rows of many edges are cut into pieces whose partial results
a second pass adds in order (:mod:`.layout`), so that equal inputs give equal bits; no floating
point number is ever added atomically.

Files:
    attention: Attention and its gradients.
    features: How features map to tiles, and tile sizes.
    launch: The one place that launches programs.
    layout: Ids in 32 bits, and long rows cut into pieces.
    messages: Sums, extremes, and messages kept at edges.
    products: The gradient of a weighted sum.
    programs: The Triton programs.
    sampling: Neighbour sampling and relabelling.
    scatter: The gradient of a maximum.
    softmax: Softmax over the edges of each row.
    walking: Random walks.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Call
from .attention import attention, attention_gradient, score_gradient
from .launch import IS_INTERPRETED
from .layout import LARGEST
from .messages import sddmm, spmm
from .products import product_gradient
from .sampling import relabel, sample
from .scatter import scatter
from .softmax import softmax, softmax_gradient
from .walking import walk

__all__ = [
    "attention",
    "attention_gradient",
    "group",
    "name",
    "product_gradient",
    "relabel",
    "sample",
    "scatter",
    "score_gradient",
    "sddmm",
    "softmax",
    "softmax_gradient",
    "spmm",
    "take",
    "walk",
    "why_not",
]

name = "cuda"

_PRIMITIVES = (
    *("attention", "group", "product_gradient", "relabel", "sample", "scatter", "sddmm"),
    *("softmax", "spmm", "take", "walk"),
)
# What plain torch does as well on a device, and more.
_OF_TORCH = {
    ("arange", "copy"): "plain torch counts as well on a device",
    ("greatest", "copy"): "plain torch sorts as well on a device",
    ("labor", "copy"): "plain torch finds the chances of sources on a device",
    ("walk", "weights"): "plain torch walks by weight on a device",
    ("walk", "pairs"): "plain torch walks in second order on a device",
}
_DTYPES = (
    *(torch.float32, torch.float64, torch.bfloat16, torch.float16),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
)


def why_not(call: Call) -> str | None:
    """A reason why this backend cannot run ``call``, or None when it can."""
    if call.device != "cuda" and not (IS_INTERPRETED and call.device == "cpu"):
        return f"it runs on CUDA and ROCm devices, not on {call.device}"
    if (call.primitive, call.op) in _OF_TORCH:
        return _OF_TORCH[call.primitive, call.op]
    if call.primitive not in _PRIMITIVES:
        return f"it has no kernel for {call.primitive}"
    if call.dtype not in _DTYPES:
        return f"it has no kernels for {call.dtype}"
    if call.op == "div" and not call.dtype.is_floating_point:
        return "it does not divide integers"
    return None


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort ids stably; see the contract."""
    keys = ids.int() if num_rows <= LARGEST else ids
    ordered, order = torch.sort(keys, stable=True)
    limits = torch.arange(num_rows + 1, dtype=keys.dtype, device=ids.device)
    return torch.searchsorted(ordered, limits).to(ids.dtype), order.to(ids.dtype)


def take(data: Tensor, ids: Tensor) -> Tensor:
    """Rows of a tensor; see the contract."""
    return data.index_select(0, ids)
