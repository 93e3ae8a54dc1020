"""Batch information: which nodes and edges of a graph came from which of several graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphTypeError, GraphValueError
from .features import Features


class Batched(Features):
    """A graph that may be a batch of graphs laid side by side."""

    _batch_nodes: dict[str, Tensor] | None = None
    _batch_edges: dict[Any, Tensor] | None = None

    @property
    def batch_size(self) -> int:
        """How many graphs this graph is a batch of; 1 unless batched."""
        sizes = self._batch_nodes or self._batch_edges
        return 1 if not sizes else next(iter(sizes.values())).numel()

    def batch_num_nodes(self, ntype: str | None = None) -> Tensor:
        """The number of nodes of each graph in the batch: (batch size,) of the id type."""
        name = self._meta.ntype(ntype)
        if self._batch_nodes is None:
            return torch.full((1,), self.num_nodes(name), dtype=self.idtype, device=self.device)
        return self._batch_nodes[name]

    def batch_num_edges(self, etype: Any = None) -> Tensor:
        """The number of edges of each graph in the batch: (batch size,) of the id type."""
        name = self._meta.etype(etype)
        if self._batch_edges is None:
            return torch.full((1,), self.num_edges(name), dtype=self.idtype, device=self.device)
        return self._batch_edges[name]

    def set_batch_num_nodes(self, val: Any) -> None:
        """Say how many nodes each graph in the batch has.

        Args:
            val: (batch size,) integers; with several node types a dict {type: integers}.

        Raises:
            GraphTypeError: not a dict where there are several types.
            GraphValueError: numbers that do not sum to the number of nodes.
        """
        given = self._by_type(val, self._meta.ntypes, self._meta.ntype, "node")
        totals = {name: self.num_nodes(name) for name in given}
        self._batch_nodes = self._sizes(given, totals, "nodes")

    def set_batch_num_edges(self, val: Any) -> None:
        """Say how many edges each graph in the batch has.

        Args:
            val: (batch size,) integers; with several edge types a dict {type: integers}.

        Raises:
            GraphTypeError: not a dict where there are several types.
            GraphValueError: numbers that do not sum to the number of edges.
        """
        given = self._by_type(val, self._meta.canonical_etypes, self._meta.etype, "edge")
        totals = {name: self.num_edges(name) for name in given}
        self._batch_edges = self._sizes(given, totals, "edges")

    @staticmethod
    def _by_type(val: Any, types: list[Any], find: Any, what: str) -> dict[Any, Any]:
        if isinstance(val, Mapping):
            given = {find(name): sizes for name, sizes in val.items()}
            missing = [name for name in types if name not in given]
            if missing:
                raise GraphValueError(f"Sizes are wanted for every {what} type; {missing} lack.")
            return given
        if len(types) != 1:
            raise GraphTypeError(
                f"With several {what} types the sizes are a dict {{{what} type: sizes}}, but "
                f"{_checks.kind(val)} came."
            )
        return {types[0]: val}

    def _sizes(
        self, given: Mapping[Any, Any], totals: Mapping[Any, int], what: str
    ) -> dict[Any, Tensor]:
        sizes = {
            name: _checks.id_tensor(value, self.idtype, self.device, f"Numbers of {what}")
            for name, value in given.items()
        }
        for name, value in sizes.items():
            if int(value.sum()) != totals[name] or bool((value < 0).any()):
                raise GraphValueError(
                    f"The numbers of {what} of type {name!r} must sum to {totals[name]}, but "
                    f"{value.tolist()} came."
                )
        if len({value.numel() for value in sizes.values()}) > 1:
            raise GraphValueError(f"Every type must give the {what} of as many graphs.")
        return sizes

    def _copy_batch_information(self, other: Batched) -> None:
        """Take over batch information, in this graph's id type and on its device."""
        for name in ("_batch_nodes", "_batch_edges"):
            sizes = getattr(other, name)
            if sizes is not None:
                moved = {t: s.to(self.device, self.idtype) for t, s in sizes.items()}
                setattr(self, name, moved)
