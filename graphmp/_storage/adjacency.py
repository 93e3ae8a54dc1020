"""Adjacency: the edges of one relation, in the layouts that kernels read.

Three layouts hold the same edges. ``coo`` is the two ends in edge id order; ``csc`` groups the
edges by destination, ``csr`` by source. Each is computed at its first use and stored. The layouts
live in one store that an adjacency and its ``reversed`` view share, so that none is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import _checks, kernels
from ..errors import GraphRuntimeError, GraphValueError
from ..kernels.contract import Csr
from ..kernels.segments import is_first, positions_of, rows_of
from .layouts import COO, DST, FORMATS, SRC, Layouts, Unnumbered

Cached = TypeVar("Cached")


class Buckets(NamedTuple):
    """The destinations grouped by in-degree, ascending, without degree 0.

    Attributes:
        degrees: the distinct in-degrees, ascending.
        sizes: how many destinations have each.
        nodes: ids of the destinations that have edges, by degree and then by id.
        edges: (E,) edge ids by degree, then destination, then edge id.
        is_full: whether every destination has an edge.
    """

    degrees: list[int]
    sizes: list[int]
    nodes: Tensor
    edges: Tensor
    is_full: bool


class Adjacency:
    """The edges of one relation, from ``num_src`` sources to ``num_dst`` destinations.

    Ids are not checked here; the caller has checked them.
    """

    __slots__ = ("_layouts", "_side", "device", "idtype", "num_dst", "num_edges", "num_src")

    def __init__(self, layouts: Layouts, side: int = DST) -> None:
        """Make a view of ``layouts``; use ``from_coo`` and ``from_compressed`` instead."""
        self._layouts = layouts
        self._side = side
        self.num_src, self.num_dst = layouts.num[1 - side], layouts.num[side]
        (src_rows, dst_rows), (csr, csc) = layouts.unnumbered, layouts.compressed
        form = layouts.ends or dst_rows or csc or src_rows or csr
        assert form is not None  # one layout always exists
        one = form[1]
        self.num_edges: int = one.shape[0]
        self.device: torch.device = one.device
        self.idtype: torch.dtype = one.dtype

    @classmethod
    def from_coo(cls, src: Tensor, dst: Tensor, num_src: int, num_dst: int) -> Adjacency:
        """Make an adjacency of edges ``src[i] -> dst[i]`` with edge ids 0, 1, 2, …"""
        layouts = Layouts((num_src, num_dst), frozenset((SRC, DST, COO)))
        layouts.ends = (src.contiguous(), dst.contiguous())
        return cls(layouts)

    @classmethod
    def from_compressed(cls, csr: Csr, num_src: int, num_dst: int, by: str) -> Adjacency:
        """Make an adjacency of edges already grouped.

        Args:
            csr: the grouped edges.
            num_src: number of sources.
            num_dst: number of destinations.
            by: ``"csc"`` when grouped by destination, ``"csr"`` by source.
        """
        layouts = Layouts((num_src, num_dst), frozenset((SRC, DST, COO)))
        contiguous = csr.indptr.contiguous(), csr.indices.contiguous(), csr.edge_ids.contiguous()
        layouts.compressed[DST if by == "csc" else SRC] = Csr(*contiguous)
        return cls(layouts)

    @classmethod
    def from_rows(
        cls, indptr: Tensor, indices: Tensor, num_src: int, num_dst: int, by: str
    ) -> Adjacency:
        """Make an adjacency of grouped edges with edge ids 0, 1, 2, …, written when first read.

        Args:
            indptr: where each row starts and ends.
            indices: (E,) the other end of each edge.
            num_src: number of sources.
            num_dst: number of destinations.
            by: as in :meth:`from_compressed`.
        """
        layouts = Layouts((num_src, num_dst), frozenset((SRC, DST, COO)))
        side = DST if by == "csc" else SRC
        layouts.unnumbered[side] = Unnumbered(indptr.contiguous(), indices.contiguous())
        return cls(layouts)

    @classmethod
    def from_both(cls, csc: Csr, csr: Csr | None) -> Adjacency:
        """Make an adjacency of one or both groupings, which say how many nodes there are.

        Args:
            csc: the edges grouped by destination.
            csr: the same edges grouped by source. Without it ``num_src`` is 0, whatever it ought to
                be.
        """
        num_src = 0 if csr is None else csr.indptr.shape[0] - 1
        layouts = Layouts((num_src, csc.indptr.shape[0] - 1), frozenset((SRC, DST, COO)))
        layouts.compressed[SRC], layouts.compressed[DST] = csr, csc
        return cls(layouts)

    def __repr__(self) -> str:
        ends = f"num_src={self.num_src}, num_dst={self.num_dst}"
        return f"Adjacency({ends}, num_edges={self.num_edges})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the layouts; all else follows from them."""
        return Adjacency, (self._layouts, self._side)

    @property
    def adjacency(self) -> Adjacency:
        """Itself: operations accept anything that has an ``adjacency``."""
        return self

    @property
    def src(self) -> Tensor:
        """(E,) the source of each edge, in edge id order."""
        return self._layouts.coo()[1 - self._side]

    @property
    def dst(self) -> Tensor:
        """(E,) the destination of each edge, in edge id order."""
        return self._layouts.coo()[self._side]

    @property
    def ends(self) -> tuple[Tensor, Tensor]:
        """``(src, dst)``."""
        ends = self._layouts.ends or self._layouts.coo()
        return ends if self._side == DST else ends[::-1]

    @property
    def csc(self) -> Csr:
        """The edges grouped by destination."""
        return self._layouts.compressed[self._side] or self._layouts.grouped(self._side)

    @property
    def csr(self) -> Csr:
        """The edges grouped by source."""
        return self._layouts.compressed[1 - self._side] or self._layouts.grouped(1 - self._side)

    @property
    def reversed(self) -> Adjacency:
        """The same edges with the ends swapped; a view that shares every layout."""
        return Adjacency(self._layouts, 1 - self._side)

    @property
    def in_degrees(self) -> Tensor:
        """(num_dst,) the number of edges that enter each destination, in the id type."""
        return self._layouts.degrees_of(self._side)

    @property
    def out_degrees(self) -> Tensor:
        """(num_src,) the number of edges that leave each source, in the id type."""
        return self._layouts.degrees_of(1 - self._side)

    @property
    def has_zero_in_degree(self) -> bool:
        """Whether some destination has in-degree 0; evaluated once for all views."""
        return self._layouts.has_zero_degree(self._side)

    def divisors(self, dtype: torch.dtype, power: float = 1.0, more: int = 0) -> Tensor:
        """(num_dst,) powers of the in-degrees, to divide sums of ``dtype`` by; cached.

        Args:
            dtype: dtype of the sums; divisors are at least float32, so that no degree is rounded.
            power: the exponent, for example 0.5.
            more: added to each degree. A degree of 0 counts as 1.
        """
        wide = torch.promote_types(dtype, torch.float32)

        def compute() -> Tensor:
            return (self.in_degrees + more).clamp(min=1).to(wide).pow(power)

        return self.cached(("divisors", wide, power, more), compute)

    @property
    def buckets(self) -> Buckets:
        """The destinations grouped by in-degree, as reduce functions of users see them."""
        return self.cached("buckets", lambda: bucket(self.csc, self.in_degrees))

    @property
    def bucketed(self) -> Adjacency:
        """The same edges, renumbered in the order of ``buckets.edges``."""
        return self.cached("bucketed", lambda: self.subset(self.buckets.edges))

    @property
    def sorted_csr(self) -> Csr:
        """The edges grouped by source, in each row in ascending destination, then edge id."""

        def compute() -> Csr:
            return kernels.sort_pairs(self.src, self.dst, self.num_src, self.num_dst)

        return self.cached("sorted csr", compute)

    @property
    def is_multigraph(self) -> bool:
        """Whether two edges have the same ends."""
        return not bool(is_first(self.sorted_csr).all())

    @property
    def pairs(self) -> Tensor:
        """(E,) ``src * num_dst + dst`` of all edges, ascending, int64."""

        def compute() -> Tensor:
            indptr, indices, _ = self.sorted_csr
            return rows_of(indptr, self.num_edges).long() * self.num_dst + indices

        return self.cached("pairs", compute)

    def search(self, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Where the edges of the pairs ``(u[i], v[i])`` are in ``sorted_csr``: (n,) int64 each.

        Returns:
            ``(low, high)``: the first position and one past the last; equal if there is no edge.
        """
        return kernels.search(self.sorted_csr, u.to(self.idtype), v.to(self.idtype))

    def cached(self, key: Hashable, compute: Callable[[], Cached]) -> Cached:
        """A value derived from the edges alone, computed at the first call with its key.

        It is computed outside of inference mode, so that training can use it later. A compiled
        program caches nothing: it must not depend on what ran before.

        Args:
            key: identifies the value.
            compute: computes the value.
        """
        if is_compiling():
            return compute()
        cache, key = self._layouts.cache, (self._side, key)
        value = cache.get(key)
        if value is None:
            with torch.inference_mode(False):
                value = cache[key] = compute()
        return value

    @property
    def csc_positions(self) -> Tensor:
        """(E,) the position of each edge in ``csc``."""
        return self.cached(
            "csc positions", lambda: kernels.group(self.csc.edge_ids, self.num_edges)[1]
        )

    def subset(self, eids: Tensor) -> Adjacency:
        """The edges ``eids`` only, between the same nodes, renumbered in the order of ``eids``."""
        src, dst = self.src.index_select(0, eids), self.dst.index_select(0, eids)
        return Adjacency.from_coo(src, dst, self.num_src, self.num_dst)

    def to(self, device: torch.device) -> Adjacency:
        """The same edges with every layout on ``device``."""
        if device == self.device:
            return self
        if self.device.type == "cpu":
            self._layouts.evaluate_zero_degree()
        return Adjacency(self._layouts.map_tensors(lambda t: t.to(device)), self._side)

    def astype(self, idtype: torch.dtype) -> Adjacency:
        """The same edges with ids of ``idtype``."""
        if idtype == self.idtype:
            return self
        return Adjacency(self._layouts.map_tensors(lambda t: t.to(idtype)), self._side)

    def pinned(self, pin: bool) -> Adjacency:
        """The same edges with every layout in page-locked memory, or in ordinary memory."""
        change = Tensor.pin_memory if pin else Tensor.clone
        return Adjacency(self._layouts.map_tensors(change), self._side)

    def record_stream(self, stream: torch.cuda.Stream) -> None:
        """Tell the allocator that a stream uses every layout."""
        for tensor in self._layouts.tensors():
            tensor.record_stream(stream)

    @property
    def is_pinned(self) -> bool:
        """Whether every layout is in page-locked memory."""
        return all(tensor.is_pinned() for tensor in self._layouts.tensors())

    def formats(self) -> dict[str, list[str]]:
        """Which layouts exist (``"created"``), and which are created at their first use."""
        created, allowed = self._layouts.created(), self._layouts.allowed
        return {
            "created": [name for name in FORMATS if self._layout(name) in created],
            "not created": [
                name for name in FORMATS if self._layout(name) in allowed.difference(created)
            ],
        }

    def restricted(self, names: str | Iterable[str]) -> Adjacency:
        """The same edges, storing only the layouts ``names``.

        A query that needs another layout computes it for this call and does not store it.

        Raises:
            GraphValueError: no name, or an unknown one.
        """
        wanted = _checks.field_names(names, "formats")
        if not wanted or any(name not in FORMATS for name in wanted):
            raise GraphValueError(f"Expected formats of {', '.join(FORMATS)}, got {wanted}.")
        allowed = frozenset(map(self._layout, wanted))
        old, new = self._layouts, Layouts(self._layouts.num, allowed)
        new.unnumbered = [old.unnumbered[side] if side in allowed else None for side in (0, 1)]
        new.ends = old.ends if COO in allowed else None
        new.compressed = [old.compressed[side] if side in allowed else None for side in (0, 1)]
        new.zero_degree = old.zero_degree.copy()
        if not new.created() and COO in allowed:
            new.ends = old.coo()
        elif not new.created():
            side = self._layout("csr" if self._layout("csr") in allowed else "csc")
            new.compressed[side] = old.grouped(side)
        return Adjacency(new, self._side)

    def allowing(self, other: Adjacency) -> Adjacency:
        """The same edges, storing only the layouts that ``other`` may store."""
        if other._layouts.allowed == self._layouts.allowed:
            return self
        return self.restricted(name for part in other.formats().values() for name in part)

    def create_formats(self, locality: bool = False) -> None:
        """Compute every layout that is allowed.

        Args:
            locality: also look for an order in which the CPU visits rows faster.
        """
        if COO in self._layouts.allowed:
            self._layouts.coo()
        for side in {SRC, DST} & self._layouts.allowed:
            self._layouts.grouped(side)
        if locality and self.device.type == "cpu":
            self._layouts.order_rows()

    def _layout(self, name: str) -> int:
        """The layout in the shared store that this view calls ``name``."""
        return {"coo": COO, "csc": self._side, "csr": 1 - self._side}[name]


def bucket(csr: Csr, degrees: Tensor) -> Buckets:
    """Group rows by degree, from one sort of the rows and one gather of the edges.

    Args:
        csr: edges grouped by row.
        degrees: (rows,) the number of edges of each row.

    Returns:
        The buckets; the only host synchronisation is the list of sizes.

    Raises:
        GraphRuntimeError: while a program is compiled, which cannot depend on the degrees.
    """
    if is_compiling():
        raise GraphRuntimeError(
            "A reducer with a formula or a function is called once for each degree, and a "
            "compiled program does not know the degrees: use sum, mean, max or min, or compile "
            "without fullgraph=True, which leaves this call to eager mode."
        )
    sorted_degrees, order = torch.sort(degrees, stable=True)
    values, counts = torch.unique_consecutive(sorted_degrees, return_counts=True)
    pairs = list(zip(values.tolist(), counts.tolist(), strict=True))
    empty = pairs[0][1] if pairs and pairs[0][0] == 0 else 0
    nodes = order[empty:]
    positions = positions_of(csr.indptr, nodes, csr.indices.numel())
    nonzero = pairs[1:] if empty else pairs
    return Buckets(
        [degree for degree, _ in nonzero],
        [size for _, size in nonzero],
        nodes.to(csr.indptr.dtype),
        csr.edge_ids[positions],
        empty == 0,
    )
