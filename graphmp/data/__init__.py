"""Datasets: read from files, embedded, or generated.

Files:
    adapters: Datasets prepared for a task.
    archives: Archives, unpacked without leaving the folder.
    arguments: Datasets chosen on the command line.
    builtin: The base class of datasets from public files.
    csv_dataset: Graphs from tables of nodes and edges.
    csv_tables: The tables and their description.
    dataset: The base classes of datasets.
    downloads: Downloads and their checksums.
    generated: Generated graphs.
    graphs: Sets of many graphs.
    links: Knowledge graphs and recommendation.
    many: The base classes of datasets of many graphs.
    nodes: One graph whose nodes have classes.
    readers: Readers of file formats.
    sources: Where raw files are read from.
    splits: Splits as indices and as masks.
"""

from __future__ import annotations

from ..io import load_graphs, load_labels, load_tensors, save_graphs, save_tensors
from .adapters import AsGraphPredDataset, AsLinkPredDataset, AsNodePredDataset
from .archives import extract_archive
from .arguments import load_data, register_data_args
from .builtin import BuiltinDataset, DGLBuiltinDataset
from .csv_dataset import CSVDataset
from .dataset import DGLDataset, GraphDataset, SingleGraphDataset
from .downloads import check_sha1, download, get_dgl_url, get_download_dir
from .generated.minigc import MiniGCDataset
from .generated.motifs import (
    BACommunityDataset,
    BAShapeDataset,
    TreeCycleDataset,
    TreeGridDataset,
)
from .generated.planted import PlantedCommunityDataset, planted_communities
from .generated.sbm import SBMMixture, SBMMixtureDataset
from .graphs.ba_2motifs import BA2MotifDataset
from .graphs.benchmarking import CLUSTERDataset, PATTERNDataset, ZINCDataset
from .graphs.cora_binary import CoraBinary
from .graphs.fake_news import FakeNewsDataset
from .graphs.gin import GINDataset
from .graphs.molecules import QM9, QM7b, QM7bDataset, QM9Dataset, QM9Edge, QM9EdgeDataset
from .graphs.peptides import PeptidesFunctionalDataset, PeptidesStructuralDataset
from .graphs.ppi import LegacyPPIDataset, PPIDataset
from .graphs.sst import SST, SSTDataset
from .graphs.superpixels import (
    CIFAR10SuperPixelDataset,
    COCOSuperpixelsDataset,
    MNISTSuperPixelDataset,
    VOCSuperpixelsDataset,
)
from .graphs.tu import LegacyTUDataset, TUDataset
from .links.gowalla import GowallaDataset
from .links.knowledge_graph import FB15k237Dataset, FB15kDataset, WN18Dataset
from .links.movielens import MovieLensDataset
from .links.temporal import (
    GDELT,
    ICEWS18,
    BitcoinOTC,
    BitcoinOTCDataset,
    GDELTDataset,
    ICEWS18Dataset,
)
from .nodes.aifb import AIFBDataset
from .nodes.citation import (
    CitationGraphDataset,
    CiteseerGraphDataset,
    CoraGraphDataset,
    PubmedGraphDataset,
    load_citeseer,
    load_cora,
    load_pubmed,
)
from .nodes.co_purchase import (
    AmazonCoBuy,
    AmazonCoBuyComputerDataset,
    AmazonCoBuyPhotoDataset,
    Coauthor,
    CoauthorCSDataset,
    CoauthorPhysicsDataset,
    CoraFull,
    CoraFullDataset,
)
from .nodes.fraud import FraudAmazonDataset, FraudDataset, FraudYelpDataset
from .nodes.geom_gcn import (
    ActorDataset,
    ChameleonDataset,
    CornellDataset,
    SquirrelDataset,
    TexasDataset,
    WisconsinDataset,
)
from .nodes.graph_saint import FlickrDataset, YelpDataset
from .nodes.heterophilous import (
    AmazonRatingsDataset,
    MinesweeperDataset,
    QuestionsDataset,
    RomanEmpireDataset,
    TolokersDataset,
)
from .nodes.karate import KarateClub, KarateClubDataset
from .nodes.rdf import AMDataset, BGSDataset, MUTAGDataset
from .nodes.reddit import RedditDataset
from .nodes.wiki_cs import WikiCSDataset
from .readers.numbers import loadtxt
from .splits import (
    Subset,
    add_node_property_split,
    add_nodepred_split,
    generate_mask_tensor,
    idx2mask,
    mask_nodes_by_property,
    split_dataset,
)

__all__ = [
    "GDELT",
    "ICEWS18",
    "QM9",
    "SST",
    "AIFBDataset",
    "AMDataset",
    "ActorDataset",
    "AmazonCoBuy",
    "AmazonCoBuyComputerDataset",
    "AmazonCoBuyPhotoDataset",
    "AmazonRatingsDataset",
    "AsGraphPredDataset",
    "AsLinkPredDataset",
    "AsNodePredDataset",
    "BA2MotifDataset",
    "BACommunityDataset",
    "BAShapeDataset",
    "BGSDataset",
    "BitcoinOTC",
    "BitcoinOTCDataset",
    "BuiltinDataset",
    "CIFAR10SuperPixelDataset",
    "CLUSTERDataset",
    "COCOSuperpixelsDataset",
    "CSVDataset",
    "ChameleonDataset",
    "CitationGraphDataset",
    "CiteseerGraphDataset",
    "Coauthor",
    "CoauthorCSDataset",
    "CoauthorPhysicsDataset",
    "CoraBinary",
    "CoraFull",
    "CoraFullDataset",
    "CoraGraphDataset",
    "CornellDataset",
    "DGLBuiltinDataset",
    "DGLDataset",
    "FB15k237Dataset",
    "FB15kDataset",
    "FakeNewsDataset",
    "FlickrDataset",
    "FraudAmazonDataset",
    "FraudDataset",
    "FraudYelpDataset",
    "GDELTDataset",
    "GINDataset",
    "GowallaDataset",
    "GraphDataset",
    "ICEWS18Dataset",
    "KarateClub",
    "KarateClubDataset",
    "LegacyPPIDataset",
    "LegacyTUDataset",
    "MNISTSuperPixelDataset",
    "MUTAGDataset",
    "MinesweeperDataset",
    "MiniGCDataset",
    "MovieLensDataset",
    "PATTERNDataset",
    "PPIDataset",
    "PeptidesFunctionalDataset",
    "PeptidesStructuralDataset",
    "PlantedCommunityDataset",
    "PubmedGraphDataset",
    "QM7b",
    "QM7bDataset",
    "QM9Dataset",
    "QM9Edge",
    "QM9EdgeDataset",
    "QuestionsDataset",
    "RedditDataset",
    "RomanEmpireDataset",
    "SBMMixture",
    "SBMMixtureDataset",
    "SSTDataset",
    "SingleGraphDataset",
    "SquirrelDataset",
    "Subset",
    "TUDataset",
    "TexasDataset",
    "TolokersDataset",
    "TreeCycleDataset",
    "TreeGridDataset",
    "VOCSuperpixelsDataset",
    "WN18Dataset",
    "WikiCSDataset",
    "WisconsinDataset",
    "YelpDataset",
    "ZINCDataset",
    "add_node_property_split",
    "add_nodepred_split",
    "check_sha1",
    "download",
    "extract_archive",
    "generate_mask_tensor",
    "get_dgl_url",
    "get_download_dir",
    "idx2mask",
    "load_citeseer",
    "load_cora",
    "load_data",
    "load_graphs",
    "load_labels",
    "load_pubmed",
    "load_tensors",
    "loadtxt",
    "mask_nodes_by_property",
    "planted_communities",
    "register_data_args",
    "save_graphs",
    "save_tensors",
    "split_dataset",
]
