"""Data sets: citation graphs from files, and embedded ones that need no download."""

from __future__ import annotations

from .aifb import AIFBDataset
from .dataset import DGLDataset, GraphDataset, SingleGraphDataset
from .karate import KarateClubDataset
from .planetoid import CiteseerGraphDataset, CoraGraphDataset, PubmedGraphDataset
from .planted import PlantedCommunityDataset, planted_communities

__all__ = [
    "AIFBDataset",
    "CiteseerGraphDataset",
    "CoraGraphDataset",
    "DGLDataset",
    "GraphDataset",
    "KarateClubDataset",
    "PlantedCommunityDataset",
    "PubmedGraphDataset",
    "SingleGraphDataset",
    "planted_communities",
]
