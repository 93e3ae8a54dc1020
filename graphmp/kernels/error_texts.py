"""What every backend says when it refuses numbers that it was given."""

from __future__ import annotations

import torch


def not_a_probability(edge: int, weight: float) -> str:
    """Says that a weight is negative, infinite or NaN."""
    return (
        "Probabilities must be finite and not negative (they need not sum to 1), but edge "
        f"{edge} has {float(weight)}."
    )


def not_comparable(edge: int) -> str:
    """Says that a weight is NaN."""
    return f"Weights are compared, but that of edge {edge} is NaN."


def too_many(edges: int, dtype: torch.dtype) -> str:
    """Says that more edges are chosen than ids can number."""
    return (
        f"Ids of {dtype} cannot number the {edges} edges that were asked for: sample fewer, or "
        "call graph.long()."
    )
