"""Conditions on the version of torch, with reasons that say what to install."""

from __future__ import annotations

import pytest
import torch

TORCH = tuple(map(int, torch.__version__.split(".")[:2]))


def needs_torch(major: int, minor: int, feature: str) -> pytest.MarkDecorator:
    """Skip a test of ``feature`` where torch is older than ``major.minor``."""
    return pytest.mark.skipif(
        (major, minor) > TORCH,
        reason=f"{feature} needs torch {major}.{minor}: pip install 'torch>={major}.{minor}'",
    )


compiles = needs_torch(2, 8, "torch.compile of a graph")
exports = needs_torch(2, 8, "torch.export of a graph")
