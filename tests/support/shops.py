"""A graph of users and items that several tests of sampling use."""

from __future__ import annotations

import torch

import graphmp as gm

FOLLOWS, VIEWS = ("user", "follows", "user"), ("user", "views", "item")
VIEWED = ("item", "viewed-by", "user")


def shop(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Five users, the last without edges, follow each other and view three items."""
    users, items = [0, 0, 1, 2, 3, 3], [0, 1, 1, 2, 2, 1]
    g = gm.heterograph(
        {
            FOLLOWS: ([0, 1, 1, 2, 3], [1, 2, 3, 0, 0]),
            VIEWS: (users, items),
            VIEWED: (items, users),
        },
        {"user": 5, "item": 3},
        idtype=idtype,
    )
    g.nodes["user"].data["x"] = torch.arange(10.0).view(5, 2)
    for number, etype in enumerate(g.canonical_etypes):
        count = g.num_edges(etype)
        g.edges[etype].data["w"] = (torch.arange(count) * 3 + number) % 7 + 0.5
        g.edges[etype].data["n"] = torch.arange(count)
    return g
