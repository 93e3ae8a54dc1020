"""Features: how users read and write the frames of a graph's nodes and edges, and scopes."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

from torch import Tensor

from .._storage.frame import Frame, Scheme
from ..errors import GraphValueError
from ..init import Initializer
from .arguments import edge_argument
from .queries import Queries
from .structure import is_all
from .views import FramesByType, Rows


class Space(NamedTuple):
    """What ``graph.nodes[…]`` and ``graph.edges[…]`` give.

    Attributes:
        data: the features, a mutable mapping.
    """

    data: Frame | Rows


class NodeView:
    """``graph.nodes``: call it for ids, index it by a type or by ids for features."""

    __slots__ = ("_find", "_graph")

    def __init__(self, graph: Queries, find: Callable[[str | None], Frame]) -> None:
        """View nodes of ``graph``; ``find`` finds the frame of what a user calls a type."""
        self._graph, self._find = graph, find

    def __repr__(self) -> str:
        return "NodeView: call nodes() for ids, and index nodes[...].data for features"

    def __call__(self, ntype: str | None = None) -> Tensor:
        """All ids of a type, (N,)."""
        return self._graph._arange(self._find(ntype).num_rows)

    def __getitem__(self, key: Any) -> Space:
        """The features of a type, of ids of the only type, or of ``(type, ids)`` in any order."""
        if isinstance(key, str) or _is_whole(key):
            return Space(self._find(key if isinstance(key, str) else None))
        ntype, ids = None, key
        if isinstance(key, tuple) and len(key) == 2 and any(isinstance(part, str) for part in key):
            ntype, ids = key if isinstance(key[0], str) else reversed(key)
        frame = self._find(ntype)
        return Space(Rows(frame, self._graph._ids(ids, frame.num_rows, f"Ids of {frame.owner}")))


class EdgeView:
    """``graph.edges``: call it for edges, index it by a type or by edges for features."""

    __slots__ = ("_graph",)

    def __init__(self, graph: Queries) -> None:
        """View the edges of ``graph``."""
        self._graph = graph

    def __repr__(self) -> str:
        return "EdgeView: call edges() for their ends, and index edges[...].data for features"

    def __call__(self, form: str = "uv", order: str | None = "eid", etype: Any = None) -> Any:
        """All edges of a type; see :meth:`~graphmp.Graph.all_edges`."""
        return self._graph.all_edges(form, order, etype)

    def __getitem__(self, key: Any) -> Space:
        """The features of a type, or of edges of the only type: ids or a tuple ``(u, v)``."""
        graph = self._graph
        is_type = isinstance(key, str) or (
            isinstance(key, tuple) and len(key) == 3 and all(isinstance(k, str) for k in key)
        )
        if is_type and not is_all(key):
            return Space(graph._frames.edge[graph._meta.etype(key)])
        etype = graph._meta.etype(None)
        frame = graph._frames.edge[etype]
        if _is_whole(key):
            return Space(frame)
        eids = edge_argument(graph, key, etype)
        return Space(frame if eids is None else Rows(frame, eids))


class Scope:
    """A ``with`` block whose assignments to features are forgotten at its end."""

    __slots__ = ("_entered", "_graph")

    def __init__(self, graph: Queries) -> None:
        """Prepare a scope of ``graph``."""
        self._graph = graph
        self._entered: list[Frame] = []

    def __enter__(self) -> None:
        self._entered = list(self._graph._frames.all())
        for frame in self._entered:
            frame.enter_scope()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for frame in self._entered:
            frame.leave_scope()
        if self._graph._frames_replaced:  # by a change of structure inside the scope
            for frame in self._graph._frames.all():
                if not any(frame is one for one in self._entered):
                    frame.leave_scope()


class FeatureAccess(Queries):
    """Features of nodes and edges: views of them, their schemes and initializers, and scopes."""

    # ---- reaching features

    @property
    def ndata(self) -> Any:
        """Features of the nodes: a mapping of tensors; with several types of ``{type: tensor}``.

        Example:
            >>> import torch, graphmp as gm
            >>> g = gm.graph(([0, 1], [1, 2]))
            >>> g.ndata["x"] = torch.ones(3, 2)
            >>> g.ndata["x"].shape
            torch.Size([3, 2])
        """
        frames = self._frames.src
        if frames is not self._frames.dst:
            raise GraphValueError(
                "A block has source and destination nodes: use srcdata and dstdata."
            )
        if len(frames) == 1:
            return next(iter(frames.values()))
        return FramesByType(frames, self._meta.ntype, "node")

    @property
    def edata(self) -> Any:
        """Features of the edges: a mapping of tensors; with several types of ``{type: tensor}``."""
        frames = self._frames.edge
        if len(frames) == 1:
            return next(iter(frames.values()))
        return FramesByType(frames, self._meta.etype, "edge")

    @property
    def srcdata(self) -> Any:
        """Features of the nodes that can be sources; ``ndata`` unless bipartite or a block."""
        types, frames = self._meta.srctypes, self._frames.src
        if len(types) == 1:
            return frames[types[0]]
        return FramesByType({t: frames[t] for t in types}, self._meta.src, "source node")

    @property
    def dstdata(self) -> Any:
        """Features of the nodes that can be destinations; ``ndata`` unless bipartite or a block."""
        types, frames = self._meta.dsttypes, self._frames.dst
        if len(types) == 1:
            return frames[types[0]]
        return FramesByType({t: frames[t] for t in types}, self._meta.dst, "destination node")

    @property
    def nodes(self) -> NodeView:
        """``graph.nodes(ntype)`` gives ids, ``graph.nodes[ntype].data`` features.

        A block has source and destination nodes: ``nodes["SRC/x"]`` and ``nodes["DST/x"]``.

        Example:
            >>> import graphmp as gm
            >>> g = gm.heterograph({("user", "plays", "game"): ([0, 1], [0, 0])})
            >>> g.nodes("user"), g.nodes["game"].data
            (tensor([0, 1]), {})
        """
        return NodeView(self, self._node_frame)

    @property
    def srcnodes(self) -> NodeView:
        """Like ``nodes``, of the nodes that can be sources."""
        return NodeView(self, lambda name: self._frames.src[self._meta.src(name)])

    @property
    def dstnodes(self) -> NodeView:
        """Like ``nodes``, of the nodes that can be destinations."""
        return NodeView(self, lambda name: self._frames.dst[self._meta.dst(name)])

    @property
    def edges(self) -> EdgeView:
        """``graph.edges(form, order, etype)`` gives edges, ``graph.edges[etype].data`` features."""
        return EdgeView(self)

    # ---- schemes and initializers

    def node_attr_schemes(self, ntype: str | None = None) -> dict[str, Scheme]:
        """The shape and dtype of each node feature.

        Example:
            >>> import torch, graphmp as gm
            >>> g = gm.graph(([0], [1]))
            >>> g.ndata["x"] = torch.ones(2, 3)
            >>> g.node_attr_schemes()
            {'x': Scheme(shape=(3,), dtype=torch.float32)}
        """
        return self._node_frame(ntype).schemes()

    def edge_attr_schemes(self, etype: Any = None) -> dict[str, Scheme]:
        """The shape and dtype of each edge feature."""
        return self._frames.edge[self._meta.etype(etype)].schemes()

    def set_n_initializer(
        self, initializer: Initializer, field: str | None = None, ntype: str | None = None
    ) -> None:
        """Choose what fills rows of node features that nobody wrote.

        Args:
            initializer: function ``(shape, dtype, ctx, id_range) -> tensor``.
            field: the field; None for all fields without an initializer of their own.
            ntype: the node type; not needed when there is one.

        Raises:
            GraphTypeError: not a function.
        """
        find = self._meta.src if self.is_block else self._meta.ntype
        name = find(ntype)
        self._frames.src[name].set_initializer(initializer, field)
        if self.is_block and name in self._frames.dst:
            self._frames.dst[name].set_initializer(initializer, field)

    def set_e_initializer(
        self, initializer: Initializer, field: str | None = None, etype: Any = None
    ) -> None:
        """Choose what fills rows of edge features that nobody wrote.

        Args:
            initializer: function ``(shape, dtype, ctx, id_range) -> tensor``.
            field: the field; None for all fields without an initializer of their own.
            etype: the edge type; not needed when there is one.

        Raises:
            GraphTypeError: not a function.
        """
        self._frames.edge[self._meta.etype(etype)].set_initializer(initializer, field)

    def _node_frame(self, ntype: str | None) -> Frame:
        """The frame of a node type; of a block that of one end."""
        if ntype is None and self.is_block:
            raise GraphValueError(
                "A block has source and destination nodes: use srcnodes and dstnodes, or name a "
                f"type, as 'SRC/{self._meta.srctypes[0]}'."
            )
        end, name = self._meta.end(ntype)
        return self._frames.at(end)[name]

    # ---- scopes

    def local_scope(self) -> Scope:
        """Forget assignments to features at the end of a ``with`` block.

        Assigning, deleting and writing rows do not leak out; changing a tensor in place does.
        Changes of structure stay.

        Example:
            >>> import torch, graphmp as gm
            >>> g = gm.graph(([0], [1]))
            >>> with g.local_scope():
            ...     g.ndata["h"] = torch.ones(2)
            >>> "h" in g.ndata
            False
        """
        return Scope(self)


def _is_whole(key: Any) -> bool:
    """Whether a user means all rows of the only type: ``None`` or ``:``."""
    return key is None or (isinstance(key, slice) and key == slice(None))
