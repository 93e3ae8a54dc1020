"""Conversion: copies of a graph, on another device, with another id type or other layouts."""

from __future__ import annotations

from typing import Any

import torch

from .. import _checks
from .._storage.frame import Frame
from ..errors import GraphRuntimeError, GraphValueError
from .state import GraphState, StateT


def moved(graph: StateT, device: Any, **kwargs: Any) -> StateT:
    """The same graph on a device; this object if it is there already or ``device`` is None."""
    target = graph.device if device is None else _checks.device(device)
    if target == graph.device:
        return graph
    adjacencies = {t: a.to(target) for t, a in graph.adjacencies.items()}
    frames = graph._frames.changed(lambda frame: frame.to(target, **kwargs))
    return graph._derived(adjacencies, frames, device=target)


class Conversion(GraphState):
    """Copies of a graph, on another device, with another id type or other layouts."""

    def local_var(self: StateT) -> StateT:
        """A graph with frames of its own over the same tensors.

        Example:
            >>> import torch, graphmp as gm
            >>> g = gm.graph(([0], [1]))
            >>> local = g.local_var()
            >>> local.ndata["h"] = torch.ones(2)
            >>> "h" in g.ndata
            False
        """
        return self._derived(frames=self._frames.changed(Frame.copy))

    clone = local_var
    __copy__ = local_var

    def to(self: StateT, device: Any, **kwargs: Any) -> StateT:
        """The same graph on another device, or this object when it is there already.

        Args:
            device: a device or its name.
            kwargs: passed on to ``torch.Tensor.to``, for example ``non_blocking``.

        Returns:
            A graph with features and batch information on ``device``.
        """
        return moved(self, _checks.device(device), **kwargs)

    def cpu(self: StateT) -> StateT:
        """The same graph on the CPU, or this object when it is there already."""
        return moved(self, "cpu")

    def materialize_data(self: StateT) -> StateT:
        """Gather the features of a sampled graph that have not been read yet.

        Returns:
            This graph.

        Example:
            >>> import torch, graphmp as gm
            >>> g = gm.graph(([0, 1], [1, 2]))
            >>> g.ndata["x"] = torch.tensor([1.0, 2.0, 3.0])
            >>> gm.node_subgraph(g, [2, 1]).materialize_data().ndata["x"]
            tensor([3., 2.])
        """
        for frame in self._frames.all():
            for name in frame:
                frame[name]
        return self

    def pin_memory_(self: StateT) -> StateT:
        """Move ids and features to page-locked memory in place, so that copies to a GPU are fast.

        Returns:
            This graph.

        Raises:
            GraphRuntimeError: no GPU.
            GraphValueError: a graph that is not on the CPU.
        """
        if self.device.type != "cpu":
            raise GraphValueError(
                f"pin_memory_: expected a graph on the CPU, got one on {self.device}."
            )
        if not torch.cuda.is_available():
            raise GraphRuntimeError("pin_memory_: expected a GPU, got none; omit the call.")
        _set_pinned(self, True)
        return self

    def unpin_memory_(self: StateT) -> StateT:
        """Move ids and features back to ordinary memory in place.

        Returns:
            This graph.
        """
        if _is_pinned(self):
            _set_pinned(self, False)
        return self

    def record_stream(self: StateT, stream: torch.cuda.Stream) -> StateT:
        """Tell the allocator that a CUDA stream uses the graph; see ``Tensor.record_stream``.

        Args:
            stream: the stream.

        Returns:
            This graph.

        Raises:
            GraphValueError: a graph that is not on a GPU.
        """
        if self.device.type != "cuda":
            raise GraphValueError(
                f"record_stream: expected a graph on a GPU, got one on {self.device}."
            )
        for adjacency in self.adjacencies.values():
            adjacency.record_stream(stream)
        for frame in self._frames.all():
            for column in frame.values():
                column.record_stream(stream)
        return self

    def is_pinned(self) -> bool:
        """Whether the ids are in page-locked memory."""
        return _is_pinned(self)

    def int(self: StateT) -> StateT:
        """The same graph with int32 ids, or this object when it has them; features stay."""
        return _with_idtype(self, torch.int32)

    def long(self: StateT) -> StateT:
        """The same graph with int64 ids, or this object when it has them; features stay."""
        return _with_idtype(self, torch.int64)

    def astype(self: StateT, idtype: torch.dtype) -> StateT:
        """The same graph with ids of ``idtype``, int32 or int64."""
        return _with_idtype(self, _checks.id_dtype(idtype))

    def formats(self, formats: Any = None) -> Any:
        """Tell which layouts exist, or choose which may be cached.

        Args:
            formats: None to ask; else ``"coo"``, ``"csr"``, ``"csc"`` or a list of them.

        Returns:
            Without an argument ``{"created": […], "not created": […]}``; else a new graph over the
            same tensors that makes and caches only these layouts.

        Raises:
            GraphValueError: an unknown layout.

        Example:
            >>> import graphmp as gm
            >>> g = gm.graph(([0, 1], [1, 2]))
            >>> g.formats()
            {'created': ['coo'], 'not created': ['csr', 'csc']}
            >>> g.formats("csc").formats()
            {'created': ['csc'], 'not created': []}
        """
        if formats is not None:
            restricted = {t: a.restricted(formats) for t, a in self.adjacencies.items()}
            return self._derived(restricted, self._frames.changed(Frame.copy))
        states = [adjacency.formats() for adjacency in self.adjacencies.values()]
        names = [name for state in states[:1] for part in state.values() for name in part]
        created = [name for name in names if all(name in state["created"] for state in states)]
        return {"created": created, "not created": [n for n in names if n not in created]}

    def create_formats_(self, locality: bool = False) -> None:
        """Make every layout that may be cached, so that no later call has to.

        Args:
            locality: also let the CPU visit nodes community by community, where that reads
                features from its caches more often: sums, means, maxima and their gradients are
                the same bits, sooner. It pays in training on a large graph with communities, such
                as citations, whose features are wide. Finding the communities takes as long as a
                few sums of wide features, and the order as much memory as the layouts; a graph
                without communities, a small one and one on a GPU stay as they are. Graphs made of
                this one have no such order, but for a clone; nor do compiled programs follow it.
                :func:`~graphmp.reorder_graph` with ``"community"``, which numbers the nodes in
                this order, gains more.

        Example:
            >>> import graphmp as gm
            >>> g = gm.rand_graph(100, 500)
            >>> g.create_formats_(locality=True)
            >>> g.formats()["created"]
            ['coo', 'csr', 'csc']
        """
        for adjacency in self.adjacencies.values():
            adjacency.create_formats(locality)


def _is_pinned(graph: GraphState) -> bool:
    adjacencies = graph.adjacencies.values()
    return len(adjacencies) > 0 and all(adjacency.is_pinned for adjacency in adjacencies)


def _set_pinned(graph: GraphState, pin: bool) -> None:
    graph._replace_layouts({t: a.pinned(pin) for t, a in graph.adjacencies.items()})
    for frame in graph._frames.all():
        frame.put(
            {n: column.pin_memory() if pin else column.clone() for n, column in frame.items()}
        )


def _with_idtype(graph: StateT, idtype: torch.dtype) -> StateT:
    if idtype == graph.idtype:
        return graph
    adjacencies = {t: a.astype(idtype) for t, a in graph.adjacencies.items()}
    return graph._derived(adjacencies, graph._frames.changed(Frame.copy), idtype)
