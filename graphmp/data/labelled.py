"""Datasets of many graphs, each with a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Subset

from .. import _checks
from ..errors import GraphIndexError
from ..graph import Graph
from .dataset import GraphDataset


class LabelledGraphsDataset(GraphDataset):
    """A dataset of graphs with labels.

    :meth:`process` of a subclass puts the graphs into ``self._graphs`` and a label for each, row by
    row, into ``self._labels``.
    """

    _graphs: Sequence[Graph]
    _labels: Tensor

    def __getitem__(self, idx: Any) -> Any:
        """Return a graph, transformed, and its label; or several.

        Args:
            idx: from 0 to ``len(self) - 1``, or from the end with a negative number; or a slice, a
                list or 1-D tensor of numbers, or a mask.

        Returns:
            A graph and its label. Of a slice, a list of graphs and their labels; of a list, a
            tensor or a mask, a ``torch.utils.data.Subset``.

        Raises:
            GraphIndexError: an index out of range.
            GraphTypeError: an index of another kind.
        """
        if isinstance(idx, slice):
            return [self._at(each) for each in range(len(self))[idx]], self._labels[idx]
        if not _checks.is_single(idx):
            return Subset(self, self._numbers(idx))  # type: ignore[arg-type]
        if not -len(self) <= idx < len(self):
            raise GraphIndexError(
                f"Expected an index into {type(self).__name__} {self.name!r}, which has "
                f"{len(self)} graphs, numbered from 0, got {idx!r}."
            )
        return self._at(idx), self._labels[idx]

    def _at(self, idx: int) -> Any:
        graph = self._graphs[idx]
        return graph if self._transform is None else self._transform(graph)

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
