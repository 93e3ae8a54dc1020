"""Functions of torch, recorded instead of computed, on features of the ends of edges.

A message function receives lazy tensors. What it does with them becomes values, which are computed
at the nodes where they are of one end, and by one kernel where they are of several, so that nothing
of the size of the messages is stored. What cannot be recorded is computed as it stands.

Files:
    arguments: Which functions are meant, and what is recorded of their arguments.
    elementwise: Elementwise functions.
    features: Linear maps, concatenation, sums, norms, and constants.
    fusion: Whether functions of the user's own are recorded, and what is known of them.
    lazy: Tensors at edges that are computed when their numbers are needed.
    notes: Notes on what became of functions.
    purity: Calls of functions that are stopped before they do anything but compute.
    rows: Functions of rows, and views.
    values: Values at edges that are not computed yet: leaves and expressions.
"""

from __future__ import annotations

from . import elementwise, features, rows
from .lazy import LazyTensor

__all__ = ["LazyTensor", "elementwise", "features", "rows"]
