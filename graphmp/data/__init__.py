"""Datasets: read from files, embedded, or generated.

Files:
    aifb: AIFB, a relational graph of a research institute.
    dataset: The base class of datasets.
    gin: Graph classification sets in the GIN text format.
    gin_files: The reader of the GIN text format.
    gowalla: Gowalla, for recommendation.
    karate: Zachary's karate club.
    knowledge_graph: Knowledge graphs, for link prediction.
    labelled: The base class of sets of labelled graphs.
    planetoid: Cora, Citeseer and PubMed.
    planetoid_files: The safe reader of Planetoid pickles.
    planted: Generated graphs with planted communities.
    sources: Where raw files are read from or downloaded.
    tu: The TU Dortmund collection.
    turtle: A reader of Turtle files.
"""

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
