"""What programs import of DGL's samplers besides public names."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..dataloading.negative_sampler import _NegativeSampler
from ..errors import GraphRuntimeError
from ..graph import Graph
from ..sampling.pinsage import most_visited

__all__ = ["_BaseNegativeSampler", "_select_pinsage_neighbors"]


def _select_pinsage_neighbors(
    src: Tensor, dst: Tensor, num_samples_per_node: int, k: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The nodes that walks visit most often.

    Args:
        src: (nodes * num_samples_per_node,) the visited nodes of one node after the other; -1 is
            none.
        dst: likewise the nodes where the walks began.
        num_samples_per_node: how many visits each node has.
        k: how many to select for each node.

    Returns:
        Of each pair the visited node, the node where the walk began, and the number of visits.
    """
    row, node, counts = most_visited(src.view(-1, num_samples_per_node), k)
    return node.to(src.dtype), dst.view(-1, num_samples_per_node)[row, 0], counts.to(src.dtype)


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
