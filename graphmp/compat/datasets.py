"""The names of ``dgl.data`` and ``dgl.data.utils`` that are no part of :mod:`graphmp.data`."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch

from ..data.downloads import get_dgl_url
from ..data.graphs.superpixels import _SuperPixelDataset
from ..data.links.knowledge_graph import KnowledgeGraphDataset
from ..data.nodes.co_purchase import GNNBenchmarkDataset
from ..data.nodes.geom_gcn import GeomGCNDataset
from ..data.nodes.heterophilous import HeterophilousGraphDataset
from ..data.nodes.rdf import RDFGraphDataset
from ..graph import Graph
from ..sampling import global_uniform_negative_sampling

__all__ = [
    "GNNBenchmarkDataset",
    "GeomGCNDataset",
    "HeterophilousGraphDataset",
    "KnowledgeGraphDataset",
    "RDFGraphDataset",
    "SuperPixelDataset",
    "deprecate_class",
    "deprecate_function",
    "deprecate_property",
    "makedirs",
    "negative_sample",
]

SuperPixelDataset = _SuperPixelDataset
_get_dgl_url = get_dgl_url  # DGL's data sets import it by this name


def makedirs(path: str) -> None:
    """Make a folder and those above it, unless it is there."""
    Path(path).expanduser().mkdir(parents=True, exist_ok=True)


def deprecate_property(old: str, new: str) -> None:
    """Warn that a property has another name now."""
    warnings.warn(f"Property {old} is deprecated; use {new} instead.", stacklevel=3)


def deprecate_function(old: str, new: str) -> None:
    """Warn that a function has another name now."""
    warnings.warn(f"Function {old} is deprecated; use {new} instead.", stacklevel=3)


def deprecate_class(old: str, new: str) -> None:
    """Warn that a class has another name now."""
    warnings.warn(f"Class {old} is deprecated; use {new} instead.", stacklevel=3)


def negative_sample(g: Graph, num_samples: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Sample pairs of different nodes without an edge, each at most once.

    Args:
        g: a graph of one type.
        num_samples: how many pairs; a dense graph may give fewer.

    Returns:
        (2, number of pairs), the sources and the destinations.
    """
    return torch.stack(global_uniform_negative_sampling(g, num_samples)).numpy(force=True)
