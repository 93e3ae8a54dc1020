"""The reference backend in plain torch: every device, every dtype, and the oracle of the others.

Files:
    activations: Biases and activations in one pass.
    adding: Deterministic scatter-add of rows.
    attention: Attention and its gradients.
    dropout: Dropout, and its gradient after a ReLU.
    expressions: Messages that are expressions of any number of operands.
    gather: Gathering rows and edges, grouping ids, and renumbering nodes.
    labor: LABOR sampling.
    linear: Linear maps, and the gradient of their bias.
    messages: Messages reduced into rows or stored at edges, and their gradients.
    sampling: Neighbour sampling and top-k.
    softmax: Softmax over the edges of each row.
    walking: Random walks, levels of a search, and communities.
"""

from __future__ import annotations

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
from .messages import product_gradient, scatter, sddmm, spmm
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

name = "reference"


def why_not(call: Call) -> str | None:  # noqa: ARG001
    """None: this backend runs every call."""
    return None
