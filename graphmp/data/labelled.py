"""Data sets of many graphs, each with a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..errors import GraphIndexError
from ..graph import Graph
from .dataset import GraphDataset


class LabelledGraphsDataset(GraphDataset):
    """A data set of graphs with labels.

    :meth:`process` of a subclass puts the graphs into ``self._graphs`` and a label for each, row by
    row, into ``self._labels``.
    """

    _graphs: Sequence[Graph]
    _labels: Tensor

    def __getitem__(self, idx: int) -> tuple[Any, Tensor]:
        """Give a graph, transformed, and its label.

        Args:
            idx: from 0 to ``len(self) - 1``, or from the end with a negative number.

        Raises:
            GraphIndexError: there is no such graph.
        """
        if not -len(self) <= idx < len(self):
            raise GraphIndexError(
                f"{type(self).__name__} {self.name!r} has {len(self)} graphs, numbered from 0, "
                f"but {idx!r} came."
            )
        graph = self._graphs[idx]
        return graph if self._transform is None else self._transform(graph), self._labels[idx]

    def __len__(self) -> int:
        """Give the number of graphs."""
        return len(self._graphs)
