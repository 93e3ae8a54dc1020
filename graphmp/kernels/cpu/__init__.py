"""Kernels for the CPU, compiled by Numba; no message is stored beyond the row it is reduced into.

Floating point features run on tiles of SIMD registers (:mod:`.loops.spmm_tiled`). Integers,
results that are narrower than the messages, and Numba without its compiler run on plain loops
(:mod:`.loops.spmm_plain`).

Files:
    activations: Biases and activations in one pass.
    attention: Attention and its gradients.
    dropout: Dropout, and its gradient after a ReLU.
    expressions: Messages that are expressions of any number of operands.
    gather: Gathering rows and edges, grouping ids, and renumbering nodes.
    labor: LABOR sampling.
    linear: Linear maps, and the gradient of their bias.
    loops: The loops that Numba compiles.
    messages: Messages reduced into rows or kept at edges, and their gradients.
    runtime: Compilation, the disk cache, threads and memory.
    sampling: Neighbour sampling and top-k.
    simd: The SIMD toolkit.
    softmax: Softmax over the edges of each row.
    walking: Random walks, levels of a search, and communities.
"""

from __future__ import annotations

import numba
import torch

from ..contract import Call
from .activations import activate, activation_gradient
from .attention import attention, attention_gradient, row_dots, score_gradient
from .dropout import dropout, dropout_gradient
from .expressions import argmax_expression, edge_expression, reduce_expression
from .gather import (
    arange,
    check_edge_ids,
    compress,
    copy_ids,
    edges_among,
    edges_of,
    entries_of,
    group,
    relabel,
    search,
    sort_pairs,
    symmetrize,
    take,
)
from .labor import labor
from .linear import column_sums, linear, weight_gradient
from .messages import STORED, TILED, product_gradient, scatter, sddmm, spmm
from .runtime import half
from .sampling import greatest, sample
from .softmax import softmax, softmax_gradient
from .walking import communities, first_edges, levels, walk

__all__ = [
    "activate",
    "activation_gradient",
    "arange",
    "argmax_expression",
    "attention",
    "attention_gradient",
    "check_edge_ids",
    "column_sums",
    "communities",
    "compress",
    "copy_ids",
    "dropout",
    "dropout_gradient",
    "edge_expression",
    "edges_among",
    "edges_of",
    "entries_of",
    "first_edges",
    "greatest",
    "group",
    "labor",
    "levels",
    "linear",
    "name",
    "product_gradient",
    "reduce_expression",
    "relabel",
    "row_dots",
    "sample",
    "scatter",
    "score_gradient",
    "sddmm",
    "search",
    "softmax",
    "softmax_gradient",
    "sort_pairs",
    "spmm",
    "symmetrize",
    "take",
    "walk",
    "weight_gradient",
    "why_not",
]

name = "cpu"

# On tiles alone:
_FLOATING = (
    "activate",
    "argmax_expression",
    "attention",
    "column_sums",
    "dropout",
    "product_gradient",
    "reduce_expression",
    "row_dots",
)
_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
_IS_OLD = tuple(map(int, numba.__version__.split(".")[:2])) < (0, 62)  # uses an older LLVM


def why_not(call: Call) -> str | None:
    """The reason why this backend cannot run ``call``, or None if it can."""
    if call.device != "cpu":
        return f"it runs on the CPU, not on {call.device}"
    if _IS_OLD:
        return f"it needs numba 0.62 or newer, not {numba.__version__}"
    if call.dtype not in STORED and call.dtype not in _INTEGERS:
        return f"it has no loops for {call.dtype}"
    if call.primitive in _FLOATING and call.dtype not in TILED:
        return f"{call.primitive} is for floating point, and needs Numba's compiler"
    if call.dtype == torch.float16 and call.dtype in TILED and not half.is_converted():
        return "Numba compiles for a CPU that has no instructions for float16 (F16C)"
    return None
