"""The layouts that kernels read, and the store in which an adjacency and its reverse keep them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import kernels
from ..kernels.contract import Csr
from ..kernels.segments import rows_of

FORMATS = ("coo", "csr", "csc")
SRC, DST, COO = 0, 1, 2  # the layouts of a store: grouped by either end, or not grouped


class Layouts:
    """What an adjacency and its reverse share; pairs are indexed by ``SRC`` and ``DST``."""

    __slots__ = ("allowed", "compressed", "degrees", "ends", "kept", "lacking", "num")

    def __init__(self, num: tuple[int, int], allowed: frozenset[int]) -> None:
        self.num = num
        self.allowed = allowed
        self.ends: tuple[Tensor, Tensor] | None = None
        self.compressed: list[Csr | None] = [None, None]
        self.degrees: list[Tensor | None] = [None, None]
        self.lacking: list[bool | None] = [None, None]  # whether a node has no edge there
        self.kept: dict[Hashable, Any] = {}

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Everything but what can be made again."""
        return None, {**{name: getattr(self, name) for name in self.__slots__}, "kept": {}}

    def coo(self) -> tuple[Tensor, Tensor]:
        """Both ends in edge id order."""
        if self.ends is not None:
            return self.ends
        side = DST if self.compressed[DST] is not None else SRC
        csr = self.compressed[side]
        assert csr is not None  # one layout always exists
        if is_compiling():
            return _ends(csr, side)
        with torch.inference_mode(False):  # training saves the ends
            ends = _ends(csr, side)
        if COO in self.allowed:
            self.ends = ends
        return ends

    def grouped(self, side: int) -> Csr:
        """The edges grouped by the end ``side``."""
        csr = self.compressed[side]
        if csr is None:
            ends = self.coo()
            indptr, order = kernels.group(ends[side], self.num[side])
            csr = Csr(indptr, ends[1 - side][order.long()], order)
            if side in self.allowed and not is_compiling():
                self.compressed[side] = csr
        return csr

    def degrees_of(self, side: int) -> Tensor:
        """The number of edges that each node at the end ``side`` has."""
        if is_compiling():
            return self.grouped(side).indptr.diff()
        found = self.degrees[side]
        if found is None:
            csr = self.compressed[side]
            if csr is not None:
                found = csr.indptr.diff()
            else:
                ids = self.coo()[side]
                found = torch.bincount(ids, minlength=self.num[side]).to(ids.dtype)
            self.degrees[side] = found
        return found

    def is_lacking(self, side: int) -> bool:
        """Whether some node at the end ``side`` has no edge."""
        found = self.lacking[side]
        if found is None:
            found = self.lacking[side] = not bool(self.degrees_of(side).all())
        return found

    def note_lacking(self) -> None:
        """Find out what is soon found, so that after a move no host waits for it."""
        for side in (SRC, DST):
            if self.compressed[side] is not None:
                self.is_lacking(side)

    def created(self) -> list[int]:
        """The layouts that exist."""
        forms = (*self.compressed, self.ends)
        return [layout for layout, csr in enumerate(forms) if csr is not None]

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Layouts:
        """A copy with every tensor passed through ``change``."""
        new = Layouts(self.num, self.allowed)
        if self.ends is not None:
            new.ends = (change(self.ends[0]), change(self.ends[1]))
        new.compressed = [csr and Csr(*map(change, csr)) for csr in self.compressed]
        new.lacking = self.lacking.copy()
        return new


def _ends(csr: Csr, side: int) -> tuple[Tensor, Tensor]:
    """Sources and destinations in edge id order, of edges grouped by the end ``side``."""
    row, other = torch.empty_like(csr.indices), torch.empty_like(csr.indices)
    order = csr.edge_ids.long()
    row[order] = rows_of(csr.indptr, csr.indices.numel())
    other[order] = csr.indices
    return (other, row) if side == DST else (row, other)
