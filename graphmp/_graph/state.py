"""State: every attribute of a graph, and the only code that writes them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import _checks
from .._message_passing.relation import Incoming, Relation
from .._storage import pickled
from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype, Metagraph
from ..errors import GraphValueError
from ..kernels.segments import remaining
from .frames import Frames

StateT = TypeVar("StateT", bound="GraphState")
_NO_SIZES: Mapping[Any, list[int]] = {}
_ATTRIBUTES = frozenset(
    {
        *("adjacencies", "idtype", "device", "_meta", "_num_src", "_num_dst", "_frames"),
        *("_frames_replaced", "_batch_nodes", "_batch_edges", "_unfit_nodes", "_unfit_edges"),
        "_incoming_cache",
    }
)


class GraphState:
    """The attributes of a graph; families of methods read them and write them only through here.

    Attributes:
        adjacencies: the edges of each canonical edge type, in the order of type ids.
        idtype: the dtype of node and edge ids, int32 or int64.
        device: where ids and features are.
        _meta: the node types and the relations.
        _num_src: the number of nodes of each type; in a block, of each source type.
        _num_dst: in a block, the number of nodes of each destination type; else ``_num_src``.
        _frames: the features of each type.
        _frames_replaced: whether a change of structure has replaced a frame; scopes read it.
        _batch_nodes: for each node type the number of nodes of each graph in a batch; None unless
            the graph is a batch.
        _batch_edges: likewise for each edge type.
        _unfit_nodes: numbers that a program has set in place of ``_batch_nodes`` and that do not
            sum to the number of nodes; they are returned, and never computed with.
        _unfit_edges: likewise for each edge type.
        _incoming_cache: the relations that messages pass along, for each edge type that verbs were
            called with; derived from the rest.
    """

    def __init__(
        self,
        metagraph: Metagraph,
        adjacencies: Mapping[CanonicalEtype, Adjacency],
        num_src: Mapping[str, int],
        num_dst: Mapping[str, int] | None = None,
        frames: Frames | None = None,
        idtype: torch.dtype = torch.int64,
        device: torch.device | None = None,
    ) -> None:
        """Store checked parts; users call ``graph`` or ``heterograph``.

        Args:
            metagraph: the types.
            adjacencies: the edges of each relation.
            num_src: number of nodes of each type, or of each source type of a block.
            num_dst: number of nodes of each destination type of a block; else None.
            frames: the features; empty frames unless passed.
            idtype: the id type of a graph without relations; else that of its edges counts.
            device: the device of a graph without relations; else that of its edges counts.
        """
        self._meta = metagraph
        self.adjacencies = {etype: adjacencies[etype] for etype in metagraph.canonical_etypes}
        sources = metagraph.srctypes if metagraph.is_block else metagraph.ntypes
        self._num_src = num_src = {ntype: num_src[ntype] for ntype in sources}
        if num_dst is not None:
            num_dst = {ntype: num_dst[ntype] for ntype in metagraph.dsttypes}
        self._num_dst = num_src if num_dst is None else num_dst
        first = next(iter(self.adjacencies.values()), None)
        self.idtype: torch.dtype = idtype if first is None else first.idtype
        default = device or torch.device("cpu")
        self.device: torch.device = default if first is None else first.device
        if frames is None:
            frames = Frames.empty(self.adjacencies, num_src, num_dst, self.device)
        self._frames = frames
        self._frames_replaced = False
        self._batch_nodes: dict[str, Tensor] | None = None
        self._batch_edges: dict[CanonicalEtype, Tensor] | None = None
        self._unfit_nodes: Mapping[str, list[int]] = _NO_SIZES
        self._unfit_edges: Mapping[CanonicalEtype, list[int]] = _NO_SIZES
        self._incoming_cache: dict[CanonicalEtype | None, list[Incoming]] = {}
        if not is_compiling():  # which should not depend on numbers
            edges = [adjacency.num_edges for adjacency in self.adjacencies.values()]
            self._check_count(max([0, *num_src.values(), *self._num_dst.values(), *edges]))

    def _check_count(self, most: int) -> None:
        """Check that ids can number so many nodes or edges, and that memory can hold the ids."""
        if most >= 2**31 and self.idtype == torch.int32:
            raise GraphValueError(f"int32 ids cannot number {most} nodes or edges: use int64.")
        if most >= 2**31:
            _checks.held(most, "Numbers of nodes or edges")

    def __getstate__(self) -> dict[str, Any]:
        """All attributes, without those that are derived."""
        return {**self.__dict__, "_incoming_cache": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        try:
            is_whole = all(self._agreements())
        except (AttributeError, LookupError, TypeError, ValueError):
            is_whole = False
        pickled.check(is_whole, "its types or its numbers of nodes or edges contradict each other")
        for adjacency in self.adjacencies.values():
            self.idtype, self.device = adjacency.idtype, adjacency.device

    def _agreements(self) -> Iterator[bool]:
        """What holds of every graph, and of a damaged pickle perhaps not."""
        meta, frames, counts = self._meta, self._frames, (self._num_src, self._num_dst)
        types = (meta.srctypes, meta.dsttypes) if meta.is_block else (meta.ntypes, meta.ntypes)
        for ntypes, num, by in zip(types, counts, frames[:2], strict=True):
            yield ntypes == sorted(num)
            yield {ntype: frame.num_rows for ntype, frame in by.items()} == dict(num)
        yield (counts[0] is counts[1]) == (frames.src is frames.dst) == (not meta.is_block)
        yield list(self.adjacencies) == meta.canonical_etypes
        edges = {etype: adjacency.num_edges for etype, adjacency in self.adjacencies.items()}
        yield {etype: frame.num_rows for etype, frame in frames.edge.items()} == edges
        for (source, _, target), adjacency in self.adjacencies.items():
            yield adjacency.num_src == counts[0][source]
            yield adjacency.num_dst == counts[1][target]
        ids = {(adjacency.idtype, adjacency.device) for adjacency in self.adjacencies.values()}
        yield len(ids) < 2 and self.idtype in _checks.ID_DTYPES
        yield type(self.device) is torch.device
        yield self._incoming_cache == {}
        yield pickled.are_sizes(self._batch_nodes, self._num_src)
        yield pickled.are_sizes(self._batch_edges, edges)
        yield pickled.are_numbers(self._unfit_nodes, self._num_src)
        yield pickled.are_numbers(self._unfit_edges, edges)

    # ---- reading

    def _ids(self, value: Any, limit: int, what: str) -> Tensor:
        """Checked ids (n,) below ``limit``."""
        return _checks.ids(value, self.idtype, self.device, limit, what)

    def _arange(self, count: int) -> Tensor:
        """The ids below ``count``, ascending."""
        return torch.arange(count, dtype=self.idtype, device=self.device)

    def _relation(self, etype: CanonicalEtype) -> Relation:
        """One edge type with the frames at its ends."""
        frames = self._frames
        ends = (frames.src[etype[0]], frames.dst[etype[2]], frames.edge[etype])
        # Weak, as relations are cached in the graph; Dynamo cannot trace it.
        graph = None if is_compiling() else weakref.ref(self)
        return Relation(etype, self.adjacencies[etype], *ends, graph=graph)

    # ---- writing

    def _cache_incoming(self, etype: CanonicalEtype | None) -> list[Incoming]:
        """Group relations by destination type, and keep the groups for later calls.

        Args:
            etype: the only relation of the result; None for all relations.
        """
        etypes = self._meta.canonical_etypes if etype is None else [etype]
        groups: dict[str, list[Relation]] = {}
        for one in etypes:
            groups.setdefault(one[2], []).append(self._relation(one))
        incoming = [Incoming(group) for group in groups.values()]
        if not is_compiling():
            self._incoming_cache[etype] = incoming
        return incoming

    def _set_batch_sizes(
        self,
        nodes: dict[str, Tensor] | None,
        edges: dict[CanonicalEtype, Tensor] | None,
        unfit_nodes: Mapping[str, list[int]] = _NO_SIZES,
        unfit_edges: Mapping[CanonicalEtype, list[int]] = _NO_SIZES,
    ) -> None:
        """Replace batch information by checked sizes: for each type, (batch size,) ids."""
        self._batch_nodes, self._batch_edges = nodes, edges
        self._unfit_nodes, self._unfit_edges = unfit_nodes, unfit_edges

    def _restructure(
        self,
        nodes: Mapping[str, Frame],
        edges: Mapping[CanonicalEtype, Frame],
        ends: Mapping[CanonicalEtype, tuple[Tensor, Tensor]],
        rest: Mapping[Any, Tensor] | None = None,
    ) -> None:
        """Replace frames and edges in place; what was derived from them is dropped.

        Args:
            nodes: the new frames of node types, as long as the new number of nodes.
            edges: the new frames of edge types.
            ends: the new sources and destinations of edge types.
            rest: for each type that lost rows those that stay, ascending; None if rows were added,
                which belong to no graph of a batch.
        """
        self._frames.src.update(nodes)
        self._frames.edge.update(edges)
        counts = {ntype: frame.num_rows for ntype, frame in nodes.items()}
        self._num_src = self._num_dst = {**self._num_src, **counts}
        adjacencies = dict(self.adjacencies)
        for etype, old in self.adjacencies.items():
            if etype in ends or etype[0] in nodes or etype[2] in nodes:
                src, dst = ends.get(etype) or (old.src, old.dst)
                new = Adjacency.from_coo(src, dst, self._num_src[etype[0]], self._num_src[etype[2]])
                adjacencies[etype] = new.allowing(old)
        self.adjacencies = adjacencies
        self._incoming_cache = {}
        self._frames_replaced = True
        self._set_batch_sizes(_sizes(self._batch_nodes, rest), _sizes(self._batch_edges, rest))

    def _replace_layouts(self, adjacencies: Mapping[CanonicalEtype, Adjacency]) -> None:
        """Replace the tensors of edges by equal ones in place; relations are grouped again."""
        self.adjacencies = dict(adjacencies)
        self._incoming_cache = {}

    # ---- other graphs of this class

    def _derived(
        self: StateT,
        adjacencies: Mapping[CanonicalEtype, Adjacency] | None = None,
        frames: Frames | None = None,
        idtype: torch.dtype | None = None,
        device: torch.device | None = None,
    ) -> StateT:
        """A graph of the same nodes and edges with other layouts, frames, ids or device.

        It has the attributes that a program has set on this one.
        """
        new = created(
            self,
            self._meta,
            self.adjacencies if adjacencies is None else adjacencies,
            self._num_src,
            self._num_dst if self._meta.is_block else None,
            self._frames if frames is None else frames,
            idtype or self.idtype,
            device or self.device,
        )
        sizes = new._moved(self._batch_nodes), new._moved(self._batch_edges)
        new._set_batch_sizes(*sizes, self._unfit_nodes, self._unfit_edges)
        for name, value in self.__dict__.items():
            if name not in _ATTRIBUTES:
                setattr(new, name, value)
        return new

    def _moved(self, sizes: Mapping[Any, Tensor] | None) -> dict[Any, Tensor] | None:
        """Batch information of another graph in this graph's id type and on its device."""
        if sizes is None:
            return None
        return {name: each.to(self.device, self.idtype) for name, each in sizes.items()}


def created(graph: StateT, *parts: Any) -> StateT:
    """A graph of the class of ``graph``, whose ``__init__`` may be a program's own.

    Args:
        graph: any graph.
        parts: the arguments of :class:`GraphState`.
    """
    new = object.__new__(type(graph))
    GraphState.__init__(new, *parts)
    return new


def assembled(
    graph: StateT,
    meta: Metagraph,
    adjacencies: Mapping[CanonicalEtype, Adjacency],
    frames: Frames,
) -> StateT:
    """A graph of the class of ``graph`` with these parts; the frames tell how many nodes it has."""
    num_src = {t: frame.num_rows for t, frame in frames.src.items()}
    num_dst = {t: frame.num_rows for t, frame in frames.dst.items()} if meta.is_block else None
    return created(graph, meta, adjacencies, num_src, num_dst, frames, graph.idtype, graph.device)


def _sizes(sizes: dict[Any, Tensor] | None, rest: Mapping[Any, Tensor] | None) -> Any:
    """How many of the rows that stay lie in each graph of a batch, for each type; None if none."""
    if sizes is None or rest is None:
        return None
    return {t: remaining(size, rest[t]) if t in rest else size for t, size in sizes.items()}
