"""Sampling: neighbours, walks and negative edges, drawn at random from a graph."""

from .neighbors import sample_block, sample_neighbors

__all__ = ["sample_block", "sample_neighbors"]
