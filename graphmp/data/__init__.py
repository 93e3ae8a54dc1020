"""Data sets: read from files, and embedded or generated ones that need no download."""

from __future__ import annotations

from .aifb import AIFBDataset
from .dataset import DGLDataset, GraphDataset, SingleGraphDataset
from .gin import GINDataset
from .gowalla import GowallaDataset
from .karate import KarateClubDataset
from .knowledge_graph import FB15k237Dataset
from .planetoid import CiteseerGraphDataset, CoraGraphDataset, PubmedGraphDataset
from .planted import PlantedCommunityDataset, planted_communities
from .tu import TUDataset

__all__ = [
    "AIFBDataset",
    "CiteseerGraphDataset",
    "CoraGraphDataset",
    "DGLDataset",
    "FB15k237Dataset",
    "GINDataset",
    "GowallaDataset",
    "GraphDataset",
    "KarateClubDataset",
    "PlantedCommunityDataset",
    "PubmedGraphDataset",
    "SingleGraphDataset",
    "TUDataset",
    "planted_communities",
]
