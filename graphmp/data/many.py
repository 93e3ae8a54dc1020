"""Datasets of many graphs, with labels or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphIndexError
from ..graph import Graph
from .dataset import GraphDataset
from .splits import Subset


class GraphsDataset(GraphDataset):
    """A dataset of graphs.

    :meth:`process` of a subclass puts the graphs into ``self._graphs``.
    """

    _graphs: Sequence[Graph]

    def __getitem__(self, idx: Any) -> Any:
        """Return a graph, transformed; or several.

        Args:
            idx: from 0 to ``len(self) - 1``, or from the end with a negative number; or a slice, a
                list or 1-D tensor of numbers, or a mask.

        Returns:
            An item; of a slice, a list of items; of a list, a tensor or a mask, a
            ``graphmp.data.Subset``.

        Raises:
            GraphIndexError: an index out of range.
            GraphTypeError: an index of another kind.
        """
        if isinstance(idx, slice):
            return self._slice(idx)
        if not _checks.is_single(idx):
            return Subset(self, self._numbers(idx))
        if not -len(self) <= idx < len(self):
            raise GraphIndexError(
                f"Expected an index into {type(self).__name__} {self.name!r}, which has "
                f"{len(self)} graphs, numbered from 0, got {idx!r}."
            )
        return self._item(int(idx))

    def _item(self, idx: int) -> Any:
        return self._at(idx)

    def _slice(self, idx: slice) -> Any:
        return [self._item(each) for each in range(len(self))[idx]]

    def _at(self, idx: int) -> Any:
        graph = self._graphs[idx]
        return self.apply_transform(graph)

    def _numbers(self, idx: Any) -> list[int]:
        """The numbers of graphs that a list, a tensor or a mask names."""
        if isinstance(idx, Tensor):
            idx = idx.cpu() if idx.dtype == torch.bool else idx.tolist()
        what = f"Numbers of the graphs of {self.name!r}"
        numbers = _checks.ids_or_mask(idx, torch.int64, torch.device("cpu"), len(self), what)
        return numbers.tolist()

    def __len__(self) -> int:
        """Return the number of graphs."""
        return len(self._graphs)


class LabelledGraphsDataset(GraphsDataset):
    """A dataset of graphs with labels.

    :meth:`process` of a subclass puts the graphs into ``self._graphs`` and a label for each, row by
    row, into ``self._labels``. An item is a graph and its label; a slice is a list of graphs and
    the labels.
    """

    _labels: Tensor

    def _item(self, idx: int) -> Any:
        return self._at(idx), self._labels[idx]

    def _slice(self, idx: slice) -> Any:
        return [self._at(each) for each in range(len(self))[idx]], self._labels[idx]
