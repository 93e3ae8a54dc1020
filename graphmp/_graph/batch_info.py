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


class BatchInfo(Structure):
    """How many nodes and edges each graph in a batch has; other graphs count as a batch of one."""

    @property
    def batch_size(self) -> int:
        """How many graphs this graph is a batch of; 1 unless batched."""
        sizes = self._batch_nodes or self._batch_edges
        return 1 if not sizes else next(iter(sizes.values())).numel()

    def batch_num_nodes(self, ntype: str | None = None) -> Tensor:
        """The number of nodes of each graph in the batch: (batch size,) of the id type."""
        return self._sizes_by_nodes(ntype).clone()

    def _sizes_by_nodes(self, ntype: str | None = None) -> Tensor:
        """The same as one tensor for all calls, by which layers cache; it must not be changed."""
        name = self._meta.ntype(ntype)
        if self._batch_nodes is None:
            return torch.full((1,), self.num_nodes(name), dtype=self.idtype, device=self.device)
        return self._batch_nodes[name]

    def batch_num_edges(self, etype: Any = None) -> Tensor:
        """The number of edges of each graph in the batch: (batch size,) of the id type."""
        name = self._meta.etype(etype)
        if self._batch_edges is None:
            return torch.full((1,), self.num_edges(name), dtype=self.idtype, device=self.device)
        return self._batch_edges[name].clone()

    def set_batch_num_nodes(self, val: Any) -> None:
        """Say how many nodes each graph in the batch has.

        Args:
            val: (batch size,) integers; with several node types a dict {type: integers}.

        Raises:
            GraphTypeError: not a dict where there are several types.
            GraphValueError: numbers that do not sum to the number of nodes.
        """
        values = _by_type(val, self._meta.ntypes, self._meta.ntype, "node")
        totals = {name: self.num_nodes(name) for name in values}
        self._set_batch_sizes(self._sizes(values, totals, "nodes"), self._batch_edges)

    def set_batch_num_edges(self, val: Any) -> None:
        """Say how many edges each graph in the batch has.

        Args:
            val: (batch size,) integers; with several edge types a dict {type: integers}.

        Raises:
            GraphTypeError: not a dict where there are several types.
            GraphValueError: numbers that do not sum to the number of edges.
        """
        values = _by_type(val, self._meta.canonical_etypes, self._meta.etype, "edge")
        totals = {name: self.num_edges(name) for name in values}
        self._set_batch_sizes(self._batch_nodes, self._sizes(values, totals, "edges"))

    def _sizes(
        self, values: Mapping[Any, Any], totals: Mapping[Any, int], what: str
    ) -> dict[Any, Tensor]:
        """Checked sizes of each type, (batch size,) of the id type."""
        sizes = {
            name: self._size(value, totals[name], f"numbers of {what}{of_type(name)}")
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
        if int(size.sum()) != total or bool(((size < 0) | (size > total)).any()):
            raise GraphValueError(
                f"Expected {what} that sum to {total}, none negative, got {size.tolist()}."
            )
        return size.to(self.idtype, copy=True)


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
