"""What programs import of DGL's samplers besides public names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .._storage.frame import EID
from ..dataloading.negative_sampler import _NegativeSampler
from ..errors import GraphNotImplementedError
from ..graph import Graph
from ..sampling.pinsage import most_visited
from ..transforms import remove_edges

__all__ = ["EidExcluder", "_BaseNegativeSampler", "_select_pinsage_neighbors"]


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


class EidExcluder:
    """Removes edges of a sampled graph by their ids in the whole graph.

    Args:
        exclude_eids: ids, or a dict of ids by edge type.
    """

    def __init__(self, exclude_eids: Any) -> None:
        self._excluded = exclude_eids

    def __call__(self, frontier: Graph, weights: list[Tensor] | None = None) -> Any:
        """Remove the edges.

        Args:
            frontier: a graph whose edges have the field ``_ID``.
            weights: for each edge type, a value of each of its edges; changed in place.

        Returns:
            A graph without the edges, and the weights of its edges if there are any.
        """
        excluded = self._excluded
        if not isinstance(excluded, Mapping):
            excluded = {frontier.canonical_etypes[0]: excluded}
        for i, (etype, ids) in enumerate(excluded.items()):
            is_excluded = torch.isin(frontier.edges[etype].data[EID], ids)
            if weights is not None and len(weights[i]) == len(is_excluded):
                weights[i] = weights[i][~is_excluded]
            positions = is_excluded.nonzero().view(-1).to(frontier.idtype)
            frontier = remove_edges(frontier, positions, etype)
        return frontier if weights is None else (frontier, weights)


class _BaseNegativeSampler(_NegativeSampler):
    """A negative sampler whose method ``_generate`` gives the pairs of one edge type."""

    def __init__(self) -> None:
        pass

    def pairs(self, g: Graph, eids: Tensor, etype: Any) -> tuple[Tensor, Tensor]:
        """Sample pairs for edges of one type."""
        return self._generate(g, eids, etype)

    def _generate(self, g: Graph, eids: Tensor, canonical_etype: Any) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        raise GraphNotImplementedError(
            f"Expected {type(self).__name__} to have a method _generate(g, eids, canonical_etype), "
            "got none; define it."
        )
