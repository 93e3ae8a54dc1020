"""Loaders that feed training with graphs, one batch after another."""
