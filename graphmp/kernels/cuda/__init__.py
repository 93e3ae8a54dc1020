"""Kernels for CUDA and ROCm devices, compiled by Triton at their first use.

Kernels read ids of 32 bits where all ids fit. Rows with many edges are cut into pieces, whose
partial results a second pass adds in order (:mod:`.layout`): the same inputs give the same bits,
because no floating point number is added atomically.

A primitive's file also holds the calls that it declines, ``DECLINED``, with the reason; plain torch
runs them on the device.

Files:
    attention: Attention and its gradients.
    dropout: Dropout, and its gradient after a ReLU.
    expressions: Messages of any number of operands, reduced into rows or stored at edges.
    features: How features map to tiles, and the sizes of tiles.
    gather: Gathering rows and edges, grouping ids, and renumbering nodes.
    labor: LABOR sampling, which is declined.
    launch: The one place that launches programs.
    layout: Ids in 32 bits, and long rows cut into pieces.
    messages: Messages reduced into rows or stored at edges, and their gradients.
    programs: The Triton programs.
    sampling: Neighbour sampling.
    softmax: Softmax over the edges of each row.
    walking: Uniform random walks.
"""

from __future__ import annotations

import torch
import triton

from ..contract import Call
from .attention import attention, attention_gradient, score_gradient
from .dropout import dropout, dropout_gradient
from .expressions import argmax_expression, edge_expression, reduce_expression
from .gather import DECLINED as _GATHER
from .gather import compress, group, relabel, take
from .labor import DECLINED as _LABOR
from .launch import IS_INTERPRETED
from .messages import product_gradient, scatter, sddmm, spmm
from .sampling import DECLINED as _SAMPLING
from .sampling import sample
from .softmax import softmax, softmax_gradient
from .walking import DECLINED as _WALKING
from .walking import walk

__all__ = [
    "argmax_expression",
    "attention",
    "attention_gradient",
    "compress",
    "dropout",
    "dropout_gradient",
    "edge_expression",
    "group",
    "name",
    "product_gradient",
    "reduce_expression",
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

_DECLINED = {**_GATHER, **_LABOR, **_SAMPLING, **_WALKING}
_IS_OLD = tuple(map(int, triton.__version__.split(".")[:2])) < (3, 4)
_DTYPES = (
    *(torch.float32, torch.float64, torch.bfloat16, torch.float16),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
)


def why_not(call: Call) -> str | None:
    """The reason why this backend cannot run ``call``, or None if it can."""
    if call.device != "cuda" and not (IS_INTERPRETED and call.device == "cpu"):
        return f"it runs on CUDA and ROCm devices, not on {call.device}"
    if _IS_OLD:
        return f"it needs Triton 3.4 or newer (torch 2.8), not {triton.__version__}"
    if (call.primitive, call.op) in _DECLINED:
        return _DECLINED[call.primitive, call.op]
    if call.primitive not in __all__:
        return f"it has no kernel for {call.primitive}"
    if call.dtype not in _DTYPES:
        return f"it has no kernels for {call.dtype}"
    if call.op == "div" and not call.dtype.is_floating_point:
        return "it does not divide integers"
    return None
