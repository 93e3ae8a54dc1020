"""The formulas of a differentiable operation, and the record that describes a call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from torch import Tensor

from .._storage.adjacency import Adjacency

Maybe = Tensor | None


class AdjacencyRecord(NamedTuple):
    """The record of an operation without constants.

    Attributes:
        adjacency: the edges.
    """

    adjacency: Adjacency


class Formulas(ABC):
    """What an operation computes, and how it is differentiated.

    The record is a named tuple: an adjacency, if there are edges, and constants. Operands are
    tensors or None.

    Attributes:
        name: of the operator.
        record: the type of the record; its annotations make the operator's signature.
        operands: the names of the operands.
        results: the names of the results.
        visible: how many results the caller receives; the gradient reads the others.
        num_saved: how many tensors :meth:`saved_tensors` returns.
    """

    name: ClassVar[str]
    record: ClassVar[type[Any]]
    operands: ClassVar[tuple[str, ...]]
    results: ClassVar[tuple[str, ...]] = ("out",)
    visible: ClassVar[int] = 1
    num_saved: ClassVar[int]

    @abstractmethod
    def run(self, call: Any, trains: bool, *operands: Any) -> tuple[Any, ...]:
        """Compute the results.

        Args:
            call: the record.
            trains: whether a gradient may be needed; otherwise what only it reads may be None.
            operands: tensors or None.

        Returns:
            As many as ``results``; results that were left out are None.
        """

    @abstractmethod
    def fake(self, call: Any, trains: bool, *operands: Any) -> tuple[Any, ...]:
        """Return tensors like the results of :meth:`run`, from tensors without data."""

    @abstractmethod
    def saved_tensors(
        self,
        call: Any,
        needs: Sequence[bool],
        operands: Sequence[Any],
        results: Sequence[Any],
    ) -> tuple[Maybe, ...]:
        """Return what the gradient reads: ``num_saved`` tensors or None.

        Args:
            call: the record.
            needs: which operands need a gradient.
            operands: tensors or None.
            results: the results of :meth:`run`.
        """

    @abstractmethod
    def gradients(
        self, call: Any, needs: Sequence[bool], saved: Sequence[Any], grads: Sequence[Any]
    ) -> tuple[Maybe, ...]:
        """Return the gradients of the operands, by operations that are differentiable themselves.

        Args:
            call: the record.
            needs: which operands need a gradient.
            saved: the tensors of :meth:`saved_tensors`.
            grads: the gradients of the visible results, or None.

        Returns:
            One for each operand; None where none is needed.
        """

    def needs_csr(self, call: Any) -> bool:
        """Whether :meth:`run` reads the edges grouped by source."""
        return False
