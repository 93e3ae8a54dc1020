"""Error messages that all backends share."""

from __future__ import annotations

import torch


def not_a_probability(edge: int, weight: float) -> str:
    """The message for a weight that is negative, infinite or NaN."""
    return (
        "Expected probabilities to be finite and not negative (they need not sum to 1), but edge "
        f"{edge} has {float(weight)}; correct it, or exclude the edge."
    )


def not_comparable(edge: int) -> str:
    """The message for a weight that is NaN and cannot be compared."""
    return (
        f"Expected weights that can be compared, but that of edge {edge} is NaN; replace it by a "
        "number."
    )


def too_many(edges: int, dtype: torch.dtype) -> str:
    """The message for a sample with more edges than the id type can number."""
    return (
        f"Expected fewer edges, as ids of {dtype} cannot number the {edges} edges of the sample; "
        "sample fewer, or call graph.long()."
    )
