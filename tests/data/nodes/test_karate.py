from __future__ import annotations

import networkx as nx
import torch

from graphmp.data import KarateClubDataset


def test_friendships_and_factions_are_those_of_networkx() -> None:
    g = KarateClubDataset()[0]
    club = nx.karate_club_graph()
    pairs = list(zip(*(ends.tolist() for ends in g.edges()), strict=True))
    assert pairs == sorted(club.to_directed().edges())
    factions = [int(club.nodes[member]["club"] != "Mr. Hi") for member in range(34)]
    assert g.ndata["label"].tolist() == factions


def test_counts() -> None:
    dataset = KarateClubDataset()
    assert (len(dataset), dataset.num_classes) == (1, 2)
    assert (dataset[0].num_nodes(), dataset[0].num_edges()) == (34, 156)
    assert dataset[0].ndata["label"].dtype == torch.int64
