"""The layouts that kernels read, in a store that an adjacency and its reverse share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import kernels
from ..kernels.contract import Csr, OrderedCsr
from ..kernels.segments import permuted, rows_of
from . import locality, pickled

FORMATS = ("coo", "csr", "csc")
SRC, DST, COO = 0, 1, 2  # the layouts of a store: grouped by either end, or not grouped


class Unnumbered(NamedTuple):
    """Edges grouped by one end, whose ids are written or checked when they are first read.

    Attributes:
        indptr: where each row starts and ends.
        indices: (E,) the other end of each edge.
        edge_ids: (E,) numbers below E from a file; None if each edge's id is its position.
        file: the name of that file, for errors.
    """

    indptr: Tensor
    indices: Tensor
    edge_ids: Tensor | None = None
    file: str = ""


class Layouts:
    """The layouts of one relation, and what is derived from them.

    Lists of two have one item for each end, indexed by ``SRC`` and ``DST``.

    Attributes:
        num: the number of nodes at each end.
        allowed: the layouts that may be stored.
        ends: both ends in edge id order, or None.
        compressed: the edges grouped by each end, or None.
        unnumbered: the edges grouped by each end, until their ids are read; then they are in
            ``compressed``. Threads look here first.
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
        self.unnumbered: list[Unnumbered | None] = [None, None]
        self.degrees: list[Tensor | None] = [None, None]
        self.zero_degree: list[bool | None] = [None, None]
        self.cache: dict[Hashable, Any] = {}

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """All attributes, without what can be computed again."""
        for side in (SRC, DST):
            self._number(side)
        whole = self.map_tensors(pickled.own_memory)
        return None, {name: getattr(whole, name) for name in self.__slots__}

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        """Take over attributes whose ids have been checked."""
        for name, value in state[1].items():
            setattr(self, name, value)
        self.degrees, self.zero_degree, self.cache = [None, None], [None, None], {}
        self.unnumbered = [None, None]
        self.check()

    def check(self) -> None:
        """Check what was read from a pickle.

        Raises:
            GraphValueError: an id is out of range, or layouts contradict each other.
        """
        for side, csr in enumerate(self.compressed):
            if csr is not None:
                pickled.check_grouped(csr, self.num[side], self.num[1 - side])
        if self.ends is not None:
            pickled.check_ends(self.ends, self.num)
        self.check_agreement()

    def check_agreement(self) -> None:
        """Check that layouts, each of which has been checked, are those of the same edges.

        Raises:
            GraphValueError: they contradict each other.
        """
        is_allowed = type(self.allowed) is frozenset and self.allowed <= {SRC, DST, COO}
        pickled.check(is_allowed, "its layouts are not allowed")
        forms = [form for form in (*self.unnumbered, *self.compressed, self.ends) if form]
        counts = {len(form[1]) for form in forms}
        pickled.check(len(counts) == 1, "its layouts have different numbers of edges")
        dtypes = {(t.dtype, t.device) for t in self.tensors()}
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
        side = DST if self.unnumbered[DST] or self.compressed[DST] else SRC
        rows = self.unnumbered[side]
        if rows is not None and rows.edge_ids is None:
            row, other = rows_of(rows.indptr, rows.indices.numel()), rows.indices
        else:
            csr = self.grouped(side)
            row = permuted(rows_of(csr.indptr, csr.indices.numel()), csr.edge_ids)
            other = permuted(csr.indices, csr.edge_ids)
        return (other, row) if side == DST else (row, other)

    def grouped(self, side: int) -> Csr:
        """The edges grouped by the end ``side``."""
        csr = self._number(side) or self.compressed[side]
        if csr is None:
            ends = self.coo()
            csr = kernels.compress(ends[side], ends[1 - side], self.num[side])
            if side in self.allowed and not is_compiling():
                self.compressed[side] = csr
        return csr

    def _number(self, side: int) -> Csr | None:
        """Store the ids of unnumbered edges, unless a program compiles; None if there are none.

        Raises:
            GraphValueError: they were read from a file that is damaged.
        """
        rows = self.unnumbered[side]
        if rows is None:
            return None
        indptr, indices, ids, file = rows
        if ids is not None:
            ids = pickled.checked_edge_ids(indptr, ids, file)
        elif is_compiling():
            ids = torch.arange(indices.numel(), dtype=indices.dtype, device=indices.device)
        else:
            with torch.inference_mode(False):  # autograd may save the ids later
                ids = kernels.arange(len(indices), like=indices)
        csr = Csr(indptr, indices, ids)
        if not is_compiling():
            self.compressed[side], self.unnumbered[side] = csr, None
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
            rows = self.unnumbered[side] or self.compressed[side]
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
        grouped = [side for side in (SRC, DST) if self.unnumbered[side] or self.compressed[side]]
        return grouped if self.ends is None else [*grouped, COO]

    def tensors(self) -> Iterator[Tensor]:
        """Every tensor of the layouts that exist."""
        for rows in self.unnumbered:
            yield from (t for t in rows or () if isinstance(t, Tensor))
        for form in (self.ends, *self.compressed):
            yield from form or ()

    def map_tensors(self, function: Callable[[Tensor], Tensor]) -> Layouts:
        """A copy with ``function`` applied to every tensor, and an empty cache."""
        new = Layouts(self.num, self.allowed)
        if self.ends is not None:
            new.ends = (function(self.ends[0]), function(self.ends[1]))
        for side, rows in enumerate(self.unnumbered):
            if rows is not None and rows.edge_ids is None:
                new.unnumbered[side] = Unnumbered(function(rows.indptr), function(rows.indices))
            else:
                csr = self._number(side) or self.compressed[side]
                new.compressed[side] = csr and Csr(*map(function, csr))
        new.zero_degree = self.zero_degree.copy()
        return new
