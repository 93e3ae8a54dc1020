"""Peptides: molecules of the Long Range Graph Benchmark."""

from __future__ import annotations

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ...construct.from_edges import graph
from ...errors import GraphRuntimeError, GraphValueError
from ...graph import Graph
from ...io import pickles
from ..builtin import BuiltinDataset
from ..downloads import fetch
from ..many import LabelledGraphsDataset
from ..readers import text
from ..readers.numbers import real
from ..sources import Folder
from ..splits import ids_of

DROPBOX = "https://www.dropbox.com/s/"
STRUCTURE = [
    "Inertia_mass_a",
    "Inertia_mass_b",
    "Inertia_mass_c",
    "Inertia_valence_a",
    "Inertia_valence_b",
    "Inertia_valence_c",
    "length_a",
    "length_b",
    "length_c",
    "Spherocity",
    "Plane_best_fit",
]


class _PeptidesDataset(BuiltinDataset, LabelledGraphsDataset, ABC):
    """15,535 peptides of `Long Range Graph Benchmark <https://arxiv.org/abs/2206.08310>`__."""

    _set_name: ClassVar[str]
    _remote: ClassVar[dict[str, tuple[str, str]]]  # folder and sum of each file

    def __init__(
        self,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
        smiles2graph: Callable[[str], Any] | None = None,
    ) -> None:
        self.smiles2graph = smiles2graph
        self._files = tuple(self._remote)
        super().__init__(
            self._set_name,
            DROPBOX,
            raw_dir=raw_dir,
            force_reload=bool(force_reload),
            verbose=bool(verbose),
            transform=transform,
        )

    def download(self) -> None:
        """Download the two files to :attr:`raw_path`."""
        for name, (folder, checksum) in self._remote.items():
            url = f"{DROPBOX}{folder}/{name}?dl=1"
            fetch(url, Path(self.raw_path) / name, checksum, self.verbose)

    def process(self) -> None:
        """Read the file and build the graphs."""
        convert = self.smiles2graph or _smiles2graph()
        path = self._folder() / self._files[0]
        content = io.StringIO(text.read(path))
        try:
            rows = list(csv.DictReader(content))
            labels = np.array([self._label(row) for row in rows], np.float64)
            smiles = [row["smiles"] for row in rows]
            if labels.ndim != 2 or not all(smiles):
                raise GraphValueError("a table of another form")
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError, csv.Error) as error:
            raise GraphValueError(
                f"{path}: expected molecules and their labels, got: {error!r:.80}. Download it "
                "again."
            ) from error
        self.graphs = self._graphs = [_graph(convert(each)) for each in smiles]
        self.labels = self._labels = torch.from_numpy(self._scaled(labels).astype(np.float32))

    def get_idx_split(self) -> dict[str, Tensor]:
        """Return the numbers of the graphs in each part of the split: train, val and test.

        Raises:
            GraphValueError: a damaged or unexpected file.
        """
        path = self._folder() / self._files[1]
        parts = pickles.read(path)
        if not isinstance(parts, dict):
            raise GraphValueError(f"{path}: expected the parts of a split. Download it again.")
        arrays = {name: pickles.array(part, f"{name} of {path}") for name, part in parts.items()}
        return {n: ids_of(ids, len(self), f"{n} of {path}") for n, ids in arrays.items()}

    @property
    def num_atom_types(self) -> int:
        """Number of features of an atom."""
        return 9

    @property
    def num_bond_types(self) -> int:
        """Number of features of a bond."""
        return 3

    @abstractmethod
    def _label(self, row: dict[str, str]) -> list[float]:
        """The labels in a row of the table."""

    def _scaled(self, labels: Any) -> Any:
        return labels


class PeptidesFunctionalDataset(_PeptidesDataset):
    """15,535 peptides: which of 10 functions does each have?

    From `Long Range Graph Benchmark <https://arxiv.org/abs/2206.08310>`__ (V. Dwivedi and others,
    NeurIPS 2022). Nodes have ``feat`` (n, 9), edges have ``feat`` (e, 3), int64. The files
    ``peptide_multi_class_dataset.csv.gz`` and ``splits_random_stratified_peptide.pickle`` are read
    as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.
        smiles2graph: a function that takes a SMILES string and returns a dict with ``edge_index``,
            ``edge_feat``, ``node_feat`` and ``num_nodes``; by default that of OGB, which needs the
            extra ``molecules``.

    Attributes:
        graphs: the graphs.
        labels: (15535, 10) float32.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded, or OGB is not installed.
    """

    _set_name = "Peptides-func"
    _remote: ClassVar[dict[str, tuple[str, str]]] = {
        "peptide_multi_class_dataset.csv.gz": (
            "ol2v01usvaxbsr8",
            "md5:701eb743e899f4d793f0e13c8fa5a1b4",
        ),
        "splits_random_stratified_peptide.pickle": (
            "j4zcnx2eipuo0xz",
            "md5:5a0114bdadc80b94fc7ae974f13ef061",
        ),
    }

    @property
    def num_classes(self) -> int:
        """10 functions, each of which a peptide has or not."""
        return 10

    def _label(self, row: dict[str, str]) -> list[float]:
        label = json.loads(row["labels"])
        return [float(value) for value in label]


class PeptidesStructuralDataset(_PeptidesDataset):
    """15,535 peptides: which structure does each have, in 11 numbers?

    As :class:`PeptidesFunctionalDataset`, with labels (15535, 11) float32 of mean 0 and standard
    deviation 1, and the files ``peptide_structure_dataset.csv.gz`` and
    ``splits_random_stratified_peptide_structure.pickle``.
    """

    _set_name = "Peptides-struc"
    _remote: ClassVar[dict[str, tuple[str, str]]] = {
        "peptide_structure_dataset.csv.gz": (
            "464u3303eu2u4zp",
            "md5:9786061a34298a0684150f2e4ff13f47",
        ),
        "splits_random_stratified_peptide_structure.pickle": (
            "9dfifzft1hqgow6",
            "md5:5a0114bdadc80b94fc7ae974f13ef061",
        ),
    }

    def _label(self, row: dict[str, str]) -> list[float]:
        return [real(row[name]) for name in STRUCTURE]

    def _scaled(self, labels: Any) -> Any:
        return (labels - labels.mean(0)) / labels.std(0, ddof=1)


def _smiles2graph() -> Callable[[str], Any]:
    try:
        from ogb.utils import smiles2graph
    except ImportError as error:
        raise GraphRuntimeError(
            "Expected OGB and RDKit to be installed, to read molecules; pip install "
            "'graphmp[molecules]', or pass smiles2graph."
        ) from error
    convert: Callable[[str], Any] = smiles2graph
    return convert


def _graph(molecule: Any) -> Graph:
    src, dst = torch.as_tensor(molecule["edge_index"])
    g = graph((src, dst), num_nodes=int(molecule["num_nodes"]))
    g.ndata["feat"] = torch.as_tensor(molecule["node_feat"]).long()
    g.edata["feat"] = torch.as_tensor(molecule["edge_feat"]).long()
    return g
