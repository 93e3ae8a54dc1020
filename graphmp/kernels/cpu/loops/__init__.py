"""The loops that Numba compiles, each over a range of rows.

A file is imported when it is first used as an attribute of this package, ``loops.attention``: a
loop costs time to declare, and few programs run all of them.

Files:
    activations: Biases and activations.
    attention: Attention forward.
    attention_gradient: The gradients of attention.
    dropout: Dropout, and its gradient after a ReLU.
    expressions: Messages that are expressions, on tiles of registers.
    gather: Gathering edges, grouping ids and renumbering nodes.
    labor: LABOR sampling.
    linear: The gradient of a bias.
    operators: The numbers of the operators of messages.
    philox: Philox 4x32-10 for loops.
    sampling: Neighbour sampling.
    scatter: The gradient of a maximum.
    scores: The scores of attention.
    scratch: Scratch arrays for a block of rows.
    softmax: Softmax over the edges of each row, and its gradient.
    sorting: Sorting many edges.
    spmm_plain: Message loops over single numbers, for every dtype.
    spmm_tiled: Message loops over tiles of SIMD registers, for floating point.
    topk: Edges of greatest or least weight, by a heap.
    walking: Random walks, and levels of a search.
    weighted: Sums weighted by attention.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FILES = (
    "activations",
    "attention",
    "attention_gradient",
    "dropout",
    "gather",
    "labor",
    "linear",
    "sampling",
    "scatter",
    "softmax",
    "sorting",
    "topk",
    "walking",
)


def __getattr__(name: str) -> Any:
    """Import a file of loops; it then is an attribute, so this is called once for each."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".{name}", __name__)
