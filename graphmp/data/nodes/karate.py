"""Zachary's karate club: 34 members, 78 friendships, two factions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ...construct.from_edges import graph
from ..dataset import SingleGraphDataset

NUM_MEMBERS = 34

# The friends of each member who have a larger number.
FRIENDS = {
    0: (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31),
    1: (2, 3, 7, 13, 17, 19, 21, 30),
    2: (3, 7, 8, 9, 13, 27, 28, 32),
    3: (7, 12, 13),
    4: (6, 10),
    5: (6, 10, 16),
    6: (16,),
    8: (30, 32, 33),
    9: (33,),
    13: (33,),
    14: (32, 33),
    15: (32, 33),
    18: (32, 33),
    19: (33,),
    20: (32, 33),
    22: (32, 33),
    23: (25, 27, 29, 32, 33),
    24: (25, 27, 31),
    25: (31,),
    26: (29, 33),
    27: (33,),
    28: (31, 33),
    29: (32, 33),
    30: (32, 33),
    31: (32, 33),
    32: (33,),
}

# Those who left with the administrator, member 33; the others stayed with the instructor.
LEFT = (9, 14, 15, 18, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33)


class KarateClubDataset(SingleGraphDataset):
    """The friendships in a karate club that split in two.

    34 nodes, 156 edges (each friendship in both directions, sorted by source and destination),
    and ``label`` (34,) int64: 0 for the instructor's faction, 1 for the administrator's. There
    are no features. Source: W. Zachary, "An Information Flow Model for Conflict and Fission in
    Small Groups", 1977.

    Args:
        transform: a function that is applied to the graph on access.

    Example:
        >>> import graphmp as gm
        >>> dataset = gm.data.KarateClubDataset()
        >>> dataset.num_classes, dataset[0].num_edges()
        (2, 156)
    """

    def __init__(self, transform: Callable[[Any], Any] | None = None) -> None:
        super().__init__("karate_club", transform=transform)

    def process(self) -> None:
        """Make the graph from the embedded list of friends."""
        pairs = [(low, high) for low, friends in FRIENDS.items() for high in friends]
        both = sorted(pairs + [(high, low) for low, high in pairs])
        src, dst = torch.tensor(both).unbind(1)
        self._graph = graph((src, dst), num_nodes=NUM_MEMBERS)
        label = torch.zeros(NUM_MEMBERS, dtype=torch.int64)
        label[list(LEFT)] = 1
        self._graph.ndata["label"] = label


KarateClub = KarateClubDataset
