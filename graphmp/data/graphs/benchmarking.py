"""CLUSTER, PATTERN and ZINC, of the benchmark of graph networks by Dwivedi et al."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor

from ...errors import GraphValueError
from ...io import load_graphs
from ..builtin import BuiltinDataset
from ..downloads import get_dgl_url
from ..many import GraphsDataset, LabelledGraphsDataset
from ..sources import Folder

MODES = ("train", "valid", "test")


class _SavedDataset(BuiltinDataset, GraphsDataset):
    """A data set in three files of graphs, by DGL or by graphmp."""

    _set_name: ClassVar[str]
    _remote: ClassVar[str]
    _file: ClassVar[str]  # the name of a file, with braces for the mode
    _tensors: dict[str, Tensor]

    def __init__(
        self,
        mode: str = "train",
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if mode not in MODES:
            raise GraphValueError(f"Expected mode to be train, valid or test, got {mode!r}.")
        self.mode = mode
        self._files = (self._file.format(mode),)
        super().__init__(
            self._set_name,
            get_dgl_url(self._remote),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the file."""
        self._graphs, self._tensors = load_graphs(self._folder() / self._files[0])


class CLUSTERDataset(_SavedDataset):
    """Graphs of six communities: to which one does a node belong?

    From V. P. Dwivedi et al., "Benchmarking Graph Neural Networks", 2020. One node of each
    community tells its class: ``feat`` (n,) int64 is its number from 1, and 0 elsewhere. Graphs
    have ``label`` (n,) int16, and edges ``feat`` (e, 1) float32. The file ``CLUSTER_MODE.bin`` is
    read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        mode: ``"train"``, ``"valid"`` or ``"test"``: 10,000, 1,000 or 1,000 graphs.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: another mode, or a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    _set_name = "cluster"
    _remote = "dataset/SBM_CLUSTER.zip"
    _file = "CLUSTER_{}.bin"

    @property
    def num_classes(self) -> int:
        """6 communities."""
        return 6


class PATTERNDataset(_SavedDataset):
    """Graphs of five communities: which nodes belong to a pattern that was put into the graph?

    From V. P. Dwivedi et al., "Benchmarking Graph Neural Networks", 2020. Graphs have ``feat``
    (n,) int64, of three values, and ``label`` (n,) int16, and edges ``feat`` (e, 1) float32. The
    file ``SBM_PATTERN_MODE.bin`` is read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        mode: ``"train"``, ``"valid"`` or ``"test"``: 10,000, 2,000 or 2,000 graphs.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: another mode, or a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    _set_name = "pattern"
    _remote = "dataset/SBM_PATTERN.zip"
    _file = "SBM_PATTERN_{}.bin"

    @property
    def num_classes(self) -> int:
        """2: in the pattern, or not."""
        return 2


class ZINCDataset(_SavedDataset, LabelledGraphsDataset):
    """Molecules with their constrained solubility, a subset of ZINC.

    From V. P. Dwivedi et al., "Benchmarking Graph Neural Networks", 2020. Graphs have ``feat`` (n,)
    int64, the types of atoms, and edges ``feat`` (e,) int64, the types of bonds. An item is a graph
    and its label. The file ``ZincDGL_MODE.bin`` is read as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        mode: ``"train"``, ``"valid"`` or ``"test"``: 10,000, 1,000 or 1,000 graphs.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: another mode, or a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    _set_name = "zinc"
    _remote = "dataset/ZINC12k.zip"
    _file = "ZincDGL_{}.bin"

    def process(self) -> None:
        """Read the file."""
        super().process()
        labels = self._tensors.get("g_label")
        if labels is None or labels.dim() == 0 or len(labels) != len(self._graphs):
            raise GraphValueError(
                f"{self._folder() / self._files[0]}: expected {len(self._graphs)} labels 'g_label',"
                " got others. Download it again."
            )
        self._labels = labels

    @property
    def num_atom_types(self) -> int:
        """28 types of atoms."""
        return 28

    @property
    def num_bond_types(self) -> int:
        """4 types of bonds."""
        return 4
