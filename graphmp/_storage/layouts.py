"""The layouts that kernels read, in a store that an adjacency and its reverse share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import kernels
from ..kernels.contract import Csr, OrderedCsr
from ..kernels.segments import permuted, rows_of
from . import locality, pickled

FORMATS = ("coo", "csr", "csc")
SRC, DST, COO = 0, 1, 2  # the layouts of a store: grouped by either end, or not grouped


class Layouts:
    """The layouts of one relation, and what is derived from them.

    Lists of two have one item for each end, indexed by ``SRC`` and ``DST``.

    Attributes:
        num: the number of nodes at each end.
        allowed: the layouts that may be stored.
        ends: both ends in edge id order, or None.
        compressed: the edges grouped by each end, or None.
        unnumbered: edges grouped by one end whose ids are their positions, as ``(indptr, indices,
            end)``, until the ids are read; then they are in ``compressed``. Threads look here
            first.
        degrees: the degrees of the nodes at each end, or None.
        zero_degree: whether some node at each end has degree 0; None while unknown.
        cache: values derived from the edges, by key.
    """

    __slots__ = (
        *("allowed", "cache", "compressed", "degrees", "ends", "num", "unnumbered", "zero_degree"),
    )

    def __init__(self, num: tuple[int, int], allowed: frozenset[int]) -> None:
        self.num = num
        self.allowed = allowed
        self.ends: tuple[Tensor, Tensor] | None = None
        self.compressed: list[Csr | None] = [None, None]
        self.unnumbered: tuple[Tensor, Tensor, int] | None = None
        self.degrees: list[Tensor | None] = [None, None]
        self.zero_degree: list[bool | None] = [None, None]
        self.cache: dict[Hashable, Any] = {}

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """All attributes, without what can be computed again."""
        if self.unnumbered is not None:
            self._numbered(self.unnumbered)
        whole = self.map_tensors(pickled.own_memory)
        return None, {name: getattr(whole, name) for name in self.__slots__}

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        """Take over attributes whose ids have been checked."""
        for name, value in state[1].items():
            setattr(self, name, value)
        self.degrees, self.zero_degree, self.cache = [None, None], [None, None], {}
        self.unnumbered = None
        self.check()

    def check(self) -> None:
        """Check ids that were read from a file.

        Raises:
            GraphValueError: an id is out of range, or layouts contradict each other.
        """
        is_allowed = type(self.allowed) is frozenset and self.allowed <= {SRC, DST, COO}
        pickled.check(is_allowed, "its layouts are not allowed")
        counts = [
            pickled.check_grouped(csr, self.num[side], self.num[1 - side])
            for side, csr in enumerate(self.compressed)
            if csr is not None
        ]
        if self.ends is not None:
            counts.append(pickled.check_ends(self.ends, self.num))
        pickled.check(len(set(counts)) == 1, "its layouts have different numbers of edges")
        tensors = [t for csr in self.compressed if csr for t in csr] + list(self.ends or ())
        dtypes = {(t.dtype, t.device) for t in tensors}
        pickled.check(len(dtypes) == 1, "its layouts have different dtypes of ids")

    def coo(self) -> tuple[Tensor, Tensor]:
        """Both ends in edge id order."""
        if self.ends is not None:
            return self.ends
        if is_compiling():
            return self._ends()
        with torch.inference_mode(False):  # autograd may save the ends later
            ends = self._ends()
        if COO in self.allowed:
            self.ends = ends
        return ends

    def _ends(self) -> tuple[Tensor, Tensor]:
        """Sources and destinations in edge id order, of grouped edges."""
        rows = self.unnumbered
        if rows is not None:
            indptr, other, side = rows
            row = rows_of(indptr, other.numel())
        else:
            side = DST if self.compressed[DST] is not None else SRC
            csr = self.compressed[side]
            assert csr is not None  # one layout always exists
            row = permuted(rows_of(csr.indptr, csr.indices.numel()), csr.edge_ids)
            other = permuted(csr.indices, csr.edge_ids)
        return (other, row) if side == DST else (row, other)

    def grouped(self, side: int) -> Csr:
        """The edges grouped by the end ``side``."""
        rows, csr = self._unnumbered_at(side), self.compressed[side]
        if csr is None and rows is not None:
            return self._numbered(rows)
        if csr is None:
            ends = self.coo()
            csr = kernels.compress(ends[side], ends[1 - side], self.num[side])
            if side in self.allowed and not is_compiling():
                self.compressed[side] = csr
        return csr

    def _unnumbered_at(self, side: int) -> tuple[Tensor, Tensor, int] | None:
        """The edges without ids if they are grouped by the end ``side``."""
        rows = self.unnumbered
        return rows if rows is not None and rows[2] == side else None

    def _numbered(self, rows: tuple[Tensor, Tensor, int]) -> Csr:
        """The edges grouped by row, with their ids, which are stored unless a program compiles."""
        indptr, indices, side = rows
        if is_compiling():
            ids = torch.arange(indices.numel(), dtype=indices.dtype, device=indices.device)
            return Csr(indptr, indices, ids)
        with torch.inference_mode(False):  # autograd may save the ids later
            csr = Csr(indptr, indices, kernels.arange(len(indices), like=indices))
        self.compressed[side], self.unnumbered = csr, None
        return csr

    def order_rows(self) -> None:
        """Let the CPU visit the rows of stored layouts in an order that reads memory sooner again.

        Whatever derives new layouts from these drops the order.
        """
        sides = [s for s in (SRC, DST) if s in self.allowed]
        if not sides or all(isinstance(self.compressed[s], OrderedCsr) for s in sides):
            return
        labels = locality.communities(*self.coo(), self.num)
        for side in sides:
            csr = self.grouped(side)
            self.compressed[side] = locality.ordered(csr, labels[side], self.num[1 - side])

    def degrees_of(self, side: int) -> Tensor:
        """The degrees of the nodes at the end ``side``, in the id type."""
        if is_compiling():
            return self.grouped(side).indptr.diff()
        degrees = self.degrees[side]
        if degrees is None:
            rows = self._unnumbered_at(side) or self.compressed[side]
            if rows is not None:
                degrees = rows[0].diff()
            else:
                ids = self.coo()[side]
                degrees = torch.bincount(ids, minlength=self.num[side]).to(ids.dtype)
            self.degrees[side] = degrees
        return degrees

    def has_zero_degree(self, side: int) -> bool:
        """Whether some node at the end ``side`` has degree 0."""
        flag = self.zero_degree[side]
        if flag is None:
            flag = self.zero_degree[side] = not bool(self.degrees_of(side).all())
        return flag

    def evaluate_zero_degree(self) -> None:
        """Evaluate the cheap zero-degree flags, of the ends by which edges are grouped.

        Called before a move to a device, so that reading them later needs no synchronisation.
        """
        for side in (SRC, DST):
            if side in self.created():
                self.has_zero_degree(side)

    def created(self) -> list[int]:
        """The layouts that exist."""
        rows, forms = self.unnumbered, (*self.compressed, self.ends)
        unnumbered = () if rows is None else (rows[2],)
        return [n for n, form in enumerate(forms) if form is not None or n in unnumbered]

    def tensors(self) -> Iterator[Tensor]:
        """Every tensor of the layouts that exist."""
        rows = self.unnumbered
        for form in (rows and rows[:2], self.ends, *self.compressed):
            yield from form or ()

    def map_tensors(self, function: Callable[[Tensor], Tensor]) -> Layouts:
        """A copy with ``function`` applied to every tensor, and an empty cache."""
        new, rows = Layouts(self.num, self.allowed), self.unnumbered
        if rows is not None:
            new.unnumbered = (function(rows[0]), function(rows[1]), rows[2])
        if self.ends is not None:
            new.ends = (function(self.ends[0]), function(self.ends[1]))
        new.compressed = [csr and Csr(*map(function, csr)) for csr in self.compressed]
        new.zero_degree = self.zero_degree.copy()
        return new
