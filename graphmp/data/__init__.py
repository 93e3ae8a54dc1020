"""Datasets: read from files, embedded, or generated.

Files:
    dataset: The base classes of datasets.
    generated: Generated graphs.
    graphs: Sets of many graphs.
    labelled: The base class of sets of labelled graphs.
    links: Knowledge graphs and recommendation.
    nodes: One graph whose nodes have classes.
    readers: Readers of file formats.
    sources: Where raw files are read from or downloaded.
"""

from __future__ import annotations

from .dataset import DGLDataset, GraphDataset, SingleGraphDataset
from .generated.planted import PlantedCommunityDataset, planted_communities
from .graphs.gin import GINDataset
from .graphs.tu import TUDataset
from .links.gowalla import GowallaDataset
from .links.knowledge_graph import FB15k237Dataset
from .nodes.aifb import AIFBDataset
from .nodes.citation import CiteseerGraphDataset, CoraGraphDataset, PubmedGraphDataset
from .nodes.karate import KarateClubDataset

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
