"""The base class of DGL's negative samplers."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..dataloading.negative_sampler import _NegativeSampler
from ..errors import GraphRuntimeError
from ..graph import Graph

__all__ = ["_BaseNegativeSampler"]


class _BaseNegativeSampler(_NegativeSampler):
    """A negative sampler whose method ``_generate`` gives the pairs of one edge type."""

    def __init__(self) -> None:
        pass

    def pairs(self, g: Graph, eids: Tensor, etype: Any) -> tuple[Tensor, Tensor]:
        """Sample pairs for edges of one type."""
        return self._generate(g, eids, etype)

    def _generate(self, g: Graph, eids: Tensor, canonical_etype: Any) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        raise GraphRuntimeError(
            f"Expected {type(self).__name__} to have a method _generate(g, eids, canonical_etype), "
            "got none; define it."
        )
