"""Graphs over time: trust between traders, and events between countries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...graph import Graph
from ...io.compressed_rows import check_cells
from ..builtin import BuiltinDataset, FixedDataset
from ..downloads import get_dgl_url
from ..many import GraphsDataset
from ..readers import numbers
from ..sources import Folder

Ints = NDArray[np.int64]

TWO_WEEKS = 14 * 24 * 3600
NUM_COUNTRIES = 23033
MOST_NODES = 1 << 28


class _TemporalDataset(BuiltinDataset, GraphsDataset):
    """A graph that grows: graph ``i`` has the edges of the times 0 to ``i``, built on access."""

    _value: ClassVar[str]
    _ends: tuple[Tensor, Tensor]
    _values: Tensor
    _times: Tensor

    def _grow(self, src: Ints, dst: Ints, values: Ints, times: Ints, num_nodes: int) -> None:
        ends = np.concatenate([src, dst])
        if ends.min() < 0 or ends.max() >= num_nodes:
            raise GraphValueError(
                f"Expected the nodes of {self.name!r} to be from 0 to {num_nodes - 1}, got "
                f"{ends.min() if ends.min() < 0 else ends.max()}; download its files again."
            )
        self._ends = torch.from_numpy(src.copy()), torch.from_numpy(dst.copy())
        self._values = torch.from_numpy(values.copy()).view(-1, 1)
        self._times, self._num_nodes = torch.from_numpy(times), num_nodes

    def _at(self, idx: int) -> Any:
        g = self._graph_at(range(len(self))[idx])
        return self.apply_transform(g)

    def _graph_at(self, time: int) -> Graph:
        until = self._times <= time
        g = graph((self._ends[0][until], self._ends[1][until]), num_nodes=self._num_nodes)
        g.edata[self._value] = self._values[until]
        return g

    @property
    def is_temporal(self) -> bool:
        """True."""
        return True


class BitcoinOTCDataset(_TemporalDataset, FixedDataset):
    """Who trusts whom on Bitcoin OTC: 136 graphs, each two weeks after the other.

    From `EvolveGCN <https://arxiv.org/abs/1902.10191>`__ and S. Kumar and others, "Edge Weight
    Prediction in Weighted Signed Networks", ICDM 2016. Edges have ``h`` (E, 1) int64, the rating
    from -10 to 10; all graphs have all nodes. The file ``soc-sign-bitcoinotc.csv.gz``, or
    ``bitcoinotc.csv``, is read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    _set_name = "bitcoinotc"
    _remote = "https://snap.stanford.edu/data/soc-sign-bitcoinotc.csv.gz"
    _checksum = "sha1:c14281f9e252de0bd0b5f1c6e2bae03123938641"
    _value = "h"

    def process(self) -> None:
        """Read the file."""
        folder = self._folder()
        (path, *_) = (folder / name for (name,) in self._choices() if (folder / name).is_file())
        rows = numbers.table(path, float, columns=4)
        if not np.isfinite(rows).all() or np.abs(rows[:, :3]).max() > MOST_NODES:
            raise GraphValueError(f"{path}: expected ids, ratings and times; download it again.")
        ids = rows[:, :3].astype(np.int64)
        first = ids[:, :2].min()
        src, dst = (ids[:, :2] - first).T
        check_cells(int(max(src.max(), dst.max())) + 1, 1, len(ids), f"the ids in {path}")
        times = np.around((rows[:, 3] - rows[:, 3].min()) / TWO_WEEKS).astype(np.int64)
        self._grow(src, dst, ids[:, 2], times, int(max(src.max(), dst.max())) + 1)

    def _choices(self) -> list[list[str]]:
        names = ("bitcoinotc.csv", "soc-sign-bitcoinotc.csv")
        return [[f"{name}{packed}"] for name in names for packed in ("", ".gz")]

    def __len__(self) -> int:
        """Return the number of graphs."""
        return int(self._times.max())

    @property
    def graphs(self) -> list[Graph]:
        """All graphs, not transformed."""
        return [self._graph_at(time) for time in range(len(self))]


class _EventDataset(_TemporalDataset):
    """Events ``subject relation object time``, in a file for each part."""

    _value = "rel_type"
    _hours: ClassVar[int]
    _names: ClassVar[tuple[str, str]]

    def __init__(
        self,
        mode: str = "train",
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.mode = mode.lower()
        if self.mode not in ("train", "valid", "test"):
            raise GraphValueError(f"Expected mode to be train, valid or test, got {mode!r}.")
        self.num_nodes = NUM_COUNTRIES
        self._files = (f"{self.mode}.txt",)
        name, remote = self._names
        super().__init__(
            name,
            get_dgl_url(remote),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the file."""
        path = self._folder() / self._files[0]
        rows = numbers.table(path, int)
        if rows.shape[1] < 4:
            raise GraphValueError(
                f"{path}: expected a subject, a relation, an object and a time in each line, got "
                f"{rows.shape[1]} numbers. Download it again."
            )
        times = rows[:, 3] // self._hours
        known = times[times != -1]
        self._start, self._end = int(known.min(initial=times.max())), int(times.max())
        self._grow(rows[:, 0], rows[:, 2], rows[:, 1], times - self._start, NUM_COUNTRIES)

    def __len__(self) -> int:
        """Return the number of graphs."""
        return self._end - self._start + 1

    @property
    def start_time(self) -> int:
        """The first time."""
        return self._start

    @property
    def end_time(self) -> int:
        """The last time."""
        return self._end


class ICEWS18Dataset(_EventDataset):
    """Political events of 2018: a graph for each day, with those before.

    From `Recurrent Event Network <https://arxiv.org/abs/1904.05530>`__ (W. Jin and others, 2019);
    data: E. Boschee and others, "ICEWS Coded Event Data". 23,033 nodes; edges have ``rel_type``
    (E, 1) int64. The file ``train.txt``, ``valid.txt`` or ``test.txt`` is read as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        mode: ``"train"``, ``"valid"`` or ``"test"``: 240, 30 or 34 days.
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: another mode, or a damaged file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    _hours, _names = 24, ("ICEWS18", "dataset/icews18.zip")


class GDELTDataset(_EventDataset):
    """Political events from news: a graph for each quarter of an hour, with those before.

    Source as for :class:`ICEWS18Dataset`; data: K. Leetaru and P. Schrodt, "GDELT", 2013. 23,033
    nodes; edges have ``rel_type`` (E, 1) int64. The file ``train.txt``, ``valid.txt`` or
    ``test.txt`` is read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        mode: ``"train"``, ``"valid"`` or ``"test"``: 2,304, 288 or 384 times.
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: another mode, or a damaged file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    _hours, _names = 15, ("GDELT", "dataset/gdelt.zip")


BitcoinOTC, ICEWS18, GDELT = BitcoinOTCDataset, ICEWS18Dataset, GDELTDataset
