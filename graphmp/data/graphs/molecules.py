"""Molecules with numbers to predict: QM7b and QM9."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...construct.from_edges import graph
from ...errors import GraphKeyError, GraphValueError
from ...graph import Graph
from ..builtin import BuiltinDataset, FixedDataset
from ..downloads import get_dgl_url
from ..many import LabelledGraphsDataset
from ..readers import matlab
from ..readers.arrays import fitting, read_npz
from ..sources import Folder

Array = NDArray[Any]


class QM7bDataset(FixedDataset, LabelledGraphsDataset):
    """7,211 molecules with 14 properties each.

    From G. Montavon and others, "Machine Learning of Molecular Electronic Properties in Chemical
    Compound Space", 2013. Edges have ``h`` (e, 1) float32, the entries of the Coulomb matrix that
    are not 0. The file ``qm7b.mat`` is read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Attributes:
        graphs: the graphs.
        label: (7211, 14) float32.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    _set_name, _files = "qm7b", ("qm7b.mat",)
    _remote = "http://deepchem.io.s3-website-us-west-1.amazonaws.com/datasets/qm7b.mat"
    _checksum: ClassVar[str | None] = "sha1:4102c744bb9d6fd7b40ac67a300e49cd87e28392"

    def process(self) -> None:
        """Read the file and build the graphs."""
        path = self._folder() / self._files[0]
        parts = matlab.read(path, ["T", "X"])
        label = fitting(parts["T"], "T", path, "f", None, None)
        coulomb = fitting(parts["X"], "X", path, "f", len(label), None, None)
        if coulomb.shape[1] != coulomb.shape[2]:
            raise GraphValueError(f"{path}: expected square matrices, got {coulomb.shape[1:]}.")
        self.graphs = [_coulomb_graph(matrix) for matrix in coulomb]
        self.label = torch.from_numpy(label.astype(np.float32))

    @property
    def _graphs(self) -> list[Graph]:  # type: ignore[override]
        """The graphs, which subclasses may set."""
        return self.graphs

    @property
    def _labels(self) -> Tensor:  # type: ignore[override]
        """The labels, which subclasses may set."""
        return self.label

    @property
    def num_tasks(self) -> int:
        """Number of properties."""
        return int(self.label.shape[1])

    num_labels = num_classes = num_tasks


class _AtomsDataset(BuiltinDataset, LabelledGraphsDataset, ABC):
    """Molecules whose atoms lie one after the other; graphs are built on access."""

    _atoms: Array  # (G + 1,) where the atoms of each molecule begin

    def _at(self, idx: int) -> Any:
        g = self._build(range(len(self))[idx])
        return self.apply_transform(g)

    @abstractmethod
    def _build(self, idx: int) -> Graph:
        """Build the graph of a molecule."""

    def __len__(self) -> int:
        """Return the number of molecules."""
        return len(self._labels)

    @property
    def num_tasks(self) -> int:
        """Number of properties to predict."""
        return int(self._labels.shape[1])


class QM9Dataset(_AtomsDataset):
    """130,831 molecules; atoms that are close to each other are joined.

    From R. Ramakrishnan and others, "Quantum Chemistry Structures and Properties of 134 Kilo
    Molecules", 2014. Nodes have ``R`` (n, 3) float32, the position, and ``Z`` (n,) int64, the
    atomic number. The file ``qm9_eV.npz`` is read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        label_keys: names of the properties to predict, such as ``["mu", "gap"]``.
        cutoff: atoms at most this far from each other are joined, in Ångström.
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: no names, or a damaged file, or one without a property.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    _files = ("qm9_eV.npz",)

    def __init__(
        self,
        label_keys: Sequence[str],
        cutoff: float = 5.0,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if isinstance(label_keys, str) or not label_keys:
            raise GraphValueError(f"Expected a list of names for label_keys, got {label_keys!r}.")
        self.cutoff, self.label_keys = cutoff, list(label_keys)
        super().__init__(
            "qm9",
            get_dgl_url("dataset/qm9_eV.npz"),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the file."""
        path = self._folder() / self._files[0]
        parts = read_npz(path, ["N", "R", "Z", *self.label_keys])
        sizes = fitting(parts["N"], "N", path, "iu", None)
        self.N, self.R = sizes, fitting(parts["R"], "R", path, "f", None, 3)
        self.Z = fitting(parts["Z"], "Z", path, "iu", len(self.R))
        self._atoms = _limits(sizes, len(self.R), "atoms", path)
        rows = [fitting(parts[key], key, path, "fiu", len(sizes)) for key in self.label_keys]
        self.label = np.stack(rows, axis=1)
        self._labels = torch.from_numpy(self.label.astype(np.float32))

    def __len__(self) -> int:
        """Return the number of molecules."""
        return len(self.label)

    @property
    def num_tasks(self) -> int:
        """Number of properties."""
        return int(self.label.shape[1])

    @property
    def num_labels(self) -> int:
        """The same as :attr:`num_tasks`."""
        return self.num_tasks

    @property
    def num_classes(self) -> int:
        """The same as :attr:`num_tasks`."""
        return self.num_tasks

    def _build(self, idx: int) -> Graph:
        atoms = slice(self._atoms[idx], self._atoms[idx + 1])
        position = self.R[atoms]
        distance = np.linalg.norm(position[:, None] - position[None], axis=-1)
        near = distance <= self.cutoff
        np.fill_diagonal(near, False)
        src, dst = np.nonzero(near | near.T)
        g = graph((torch.from_numpy(src), torch.from_numpy(dst)), num_nodes=len(position))
        g.ndata["R"] = torch.from_numpy(position.astype(np.float32))
        g.ndata["Z"] = torch.from_numpy(self.Z[atoms].astype(np.int64))
        return g


class QM9EdgeDataset(_AtomsDataset):
    """130,831 molecules of QM9 with their bonds.

    Source as for :class:`QM9Dataset`. Nodes have ``pos`` (n, 3) and ``attr`` (n, 11), edges have
    ``edge_attr`` (e, 4), float32. The file ``qm9_edge.npz`` is read as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        label_keys: names of the properties to predict, of ``keys``; None for all 19.
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphKeyError: an unknown name.
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    keys: ClassVar[list[str]] = [
        "mu",
        "alpha",
        "homo",
        "lumo",
        "gap",
        "r2",
        "zpve",
        "U0",
        "U",
        "H",
        "G",
        "Cv",
        "U0_atom",
        "U_atom",
        "H_atom",
        "G_atom",
        "A",
        "B",
        "C",
    ]
    _files = ("qm9_edge.npz",)

    def __init__(
        self,
        label_keys: Sequence[str] | None = None,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        wanted = self.keys if label_keys is None else label_keys
        unknown = [key for key in wanted if key not in self.keys]
        if unknown:
            raise GraphKeyError(f"Expected names of {', '.join(self.keys)}, got {unknown[0]!r}.")
        self.label_keys = [self.keys.index(key) for key in wanted]
        super().__init__(
            "qm9Edge",
            get_dgl_url("dataset/qm9_edge.npz"),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the file."""
        path = self._folder() / self._files[0]
        arrays = ["n_node", "n_edge", "node_attr", "node_pos", "edge_attr", "src", "dst", "targets"]
        parts = read_npz(path, arrays)
        self.n_node = fitting(parts["n_node"], "n_node", path, "iu", None)
        self.n_edge = fitting(parts["n_edge"], "n_edge", path, "iu", len(self.n_node))
        self.node_pos = fitting(parts["node_pos"], "node_pos", path, "f", None, 3)
        self.src = fitting(parts["src"], "src", path, "iu", None).astype(np.int64)
        self.dst = fitting(parts["dst"], "dst", path, "iu", len(self.src)).astype(np.int64)
        atoms, bonds = len(self.node_pos), len(self.src)
        self._atoms = _limits(self.n_node, atoms, "atoms", path)
        self._bonds = _limits(self.n_edge, bonds, "bonds", path)
        self._check_bonds(path)
        self.node_attr = fitting(parts["node_attr"], "node_attr", path, "fiu", atoms, None)
        self.edge_attr = fitting(parts["edge_attr"], "edge_attr", path, "fiub", bonds, None)
        self.targets = fitting(
            parts["targets"], "targets", path, "f", len(self.n_node), len(self.keys)
        )
        self._labels = torch.from_numpy(self.targets[:, self.label_keys].astype(np.float32))

    @property
    def num_labels(self) -> int:
        """The same as :attr:`num_tasks`."""
        return self.num_tasks

    def _check_bonds(self, path: Any) -> None:
        """Check that each bond joins atoms of its molecule."""
        sizes = np.repeat(np.diff(self._atoms), np.diff(self._bonds))
        for ends in (self.src, self.dst):
            wrong = np.flatnonzero((ends < 0) | (ends >= sizes))
            if wrong.size:
                raise GraphValueError(
                    f"{path}: expected bonds between the {sizes[wrong[0]]} atoms of a molecule, "
                    f"got an edge with node {ends[wrong[0]]}. Download it again."
                )

    def _build(self, idx: int) -> Graph:
        atoms = slice(self._atoms[idx], self._atoms[idx + 1])
        bonds = slice(self._bonds[idx], self._bonds[idx + 1])
        ends = torch.from_numpy(self.src[bonds]), torch.from_numpy(self.dst[bonds])
        g = graph(ends, num_nodes=int(self.n_node[idx]))
        for frame, name, rows in (
            (g.ndata, "pos", self.node_pos[atoms]),
            (g.ndata, "attr", self.node_attr[atoms]),
            (g.edata, "edge_attr", self.edge_attr[bonds]),
        ):
            frame[name] = torch.from_numpy(rows.astype(np.float32))
        return g


def _coulomb_graph(matrix: Array) -> Graph:
    src, dst = np.nonzero(matrix)
    g = graph((torch.from_numpy(src), torch.from_numpy(dst)))
    g.edata["h"] = torch.from_numpy(matrix[src, dst].astype(np.float32)).view(-1, 1)
    return g


def _limits(sizes: Array, total: int, what: str, path: Any) -> Array:
    """Where the rows of each molecule begin."""
    counts = sizes.astype(np.int64)
    limits = np.concatenate([[0], np.cumsum(counts)])
    if (counts < 0).any() or (counts > total).any() or limits[-1] != total:
        raise GraphValueError(
            f"{path}: expected {total} {what} in all molecules, got {limits[-1]}. Download it "
            "again."
        )
    return limits


QM7b, QM9, QM9Edge = QM7bDataset, QM9Dataset, QM9EdgeDataset
