"""Batch information: how many nodes and edges each graph in a batch has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.metagraph import listed, of_type
from ..errors import GraphTypeError, GraphValueError
from .structure import Structure

_MOST = 2**31 - 1  # what ids of either dtype can count


class BatchInfo(Structure):
    """How many nodes and edges each graph in a batch has; other graphs count as a batch of one."""

    @property
    def batch_size(self) -> int:
        """How many graphs this graph is a batch of; 1 unless batched."""
        nodes, edges = (
            self._batch_nodes or self._unfit_nodes,
            self._batch_edges or self._unfit_edges,
        )
        sizes: Mapping[Any, Any] = nodes or edges
        return 1 if not sizes else len(next(iter(sizes.values())))

    def batch_num_nodes(self, ntype: str | None = None) -> Tensor:
        """The number of nodes of each graph in the batch: (batch size,) of the id type."""
        name = self._meta.ntype(ntype)
        if self._unfit_nodes:
            return torch.tensor(self._unfit_nodes[name], dtype=self.idtype, device=self.device)
        return self._sizes_by_nodes(name).clone()

    def _sizes_by_nodes(self, ntype: str | None = None) -> Tensor:
        """The same, checked, as one tensor for all calls, by which layers cache.

        It must not be changed.

        Raises:
            GraphValueError: numbers that do not sum to the number of nodes.
        """
        name = self._meta.ntype(ntype)
        _refuse(self._unfit_nodes, self.num_nodes, "nodes")
        if self._batch_nodes is None:
            return torch.full((1,), self.num_nodes(name), dtype=self.idtype, device=self.device)
        return self._batch_nodes[name]

    def batch_num_edges(self, etype: Any = None) -> Tensor:
        """The number of edges of each graph in the batch: (batch size,) of the id type."""
        name = self._meta.etype(etype)
        if self._unfit_edges:
            return torch.tensor(self._unfit_edges[name], dtype=self.idtype, device=self.device)
        return self._sizes_by_edges(name).clone()

    def _sizes_by_edges(self, etype: Any = None) -> Tensor:
        """The same, checked; it must not be changed.

        Raises:
            GraphValueError: numbers that do not sum to the number of edges.
        """
        name = self._meta.etype(etype)
        _refuse(self._unfit_edges, self.num_edges, "edges")
        if self._batch_edges is None:
            return torch.full((1,), self.num_edges(name), dtype=self.idtype, device=self.device)
        return self._batch_edges[name]

    def _refuse_unfit_sizes(self) -> None:
        """Check that the numbers of nodes and of edges are those of graphs that make up this one.

        Raises:
            GraphValueError: numbers that do not sum to the number of nodes or edges.
        """
        _refuse(self._unfit_nodes, self.num_nodes, "nodes")
        _refuse(self._unfit_edges, self.num_edges, "edges")

    def set_batch_num_nodes(self, val: Any) -> None:
        """Say how many nodes each graph in the batch has.

        Numbers that do not sum to the number of nodes are returned by :meth:`batch_num_nodes`;
        calls that need the graphs, such as readouts and ``unbatch``, raise.

        Args:
            val: (batch size,) integers; with several node types a dict {type: integers}.

        Raises:
            GraphTypeError: not a dict where there are several types.
            GraphValueError: negative numbers, or numbers that no id counts.
        """
        values = _by_type(val, self._meta.ntypes, self._meta.ntype, "node")
        sizes = self._sizes(values, self.num_nodes, "nodes")
        unfit = _unfit(sizes, self.num_nodes)
        self._set_batch_sizes(None if unfit else sizes, self._batch_edges, unfit, self._unfit_edges)

    def set_batch_num_edges(self, val: Any) -> None:
        """Say how many edges each graph in the batch has.

        Numbers that do not sum to the number of edges are returned by :meth:`batch_num_edges`;
        calls that need the graphs, such as readouts and ``unbatch``, raise.

        Args:
            val: (batch size,) integers; with several edge types a dict {type: integers}.

        Raises:
            GraphTypeError: not a dict where there are several types.
            GraphValueError: negative numbers, or numbers that no id counts.
        """
        values = _by_type(val, self._meta.canonical_etypes, self._meta.etype, "edge")
        sizes = self._sizes(values, self.num_edges, "edges")
        unfit = _unfit(sizes, self.num_edges)
        self._set_batch_sizes(self._batch_nodes, None if unfit else sizes, self._unfit_nodes, unfit)

    def _sizes(
        self, values: Mapping[Any, Any], count: Callable[[Any], int], what: str
    ) -> dict[Any, Tensor]:
        """Checked sizes of each type, (batch size,) of the id type."""
        sizes = {
            name: self._size(value, count(name), f"numbers of {what}{of_type(name)}")
            for name, value in values.items()
        }
        if len({size.numel() for size in sizes.values()}) > 1:
            raise GraphValueError(
                f"Expected the numbers of {what} of as many graphs for every type, got "
                f"{[size.numel() for size in sizes.values()]} graphs."
            )
        return sizes

    def _size(self, value: Any, total: int, what: str) -> Tensor:
        """Checked sizes of one type, which may be int32 and int64 as they are no ids."""
        is_tensor = isinstance(value, Tensor) and value.dtype in _checks.ID_DTYPES
        dtype = value.dtype if is_tensor else self.idtype
        size = _checks.id_tensor(value, dtype, self.device, what.capitalize())
        most = max(total, _MOST)
        if bool(((size < 0) | (size > most)).any()):
            raise GraphValueError(f"Expected {what} from 0 to {most}, got {size.tolist()}.")
        return size.to(self.idtype, copy=True)


def _unfit(sizes: Mapping[Any, Tensor], count: Callable[[Any], int]) -> dict[Any, list[int]]:
    """The sizes of every type if those of one do not sum to what the graph has; else none."""
    if all(sum(size.tolist()) == count(name) for name, size in sizes.items()):
        return {}
    return {name: size.tolist() for name, size in sizes.items()}


def _refuse(unfit: Mapping[Any, list[int]], count: Callable[[Any], int], what: str) -> None:
    """Raise for the first type whose sizes do not sum to what the graph has."""
    for name, sizes in unfit.items():
        if sum(sizes) != count(name):
            raise GraphValueError(
                f"Expected numbers of {what}{of_type(name)} that sum to {count(name)}, got "
                f"{sizes}; call set_batch_num_{what} with those of this graph."
            )


def _by_type(val: Any, types: list[Any], find: Callable[[Any], Any], what: str) -> dict[Any, Any]:
    """The sizes of every type, unchecked."""
    if isinstance(val, _checks.AnyMapping):
        values = {find(name): sizes for name, sizes in val.items()}
        missing = [name for name in types if name not in values]
        if missing:
            raise GraphValueError(
                f"Expected sizes for every {what} type, got none for {listed(missing)}."
            )
        return values
    if len(types) != 1:
        raise GraphTypeError(
            f"Expected a dict {{{what} type: sizes}}, as the graph has several {what} types, got "
            f"{_checks.kind(val)}."
        )
    return {types[0]: val}
