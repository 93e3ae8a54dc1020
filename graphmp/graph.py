"""Graph: nodes, edges and features of one or several types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from . import _checks
from ._graph import display
from ._graph.export import adj, adj_external, adj_tensors, inc, to_networkx
from ._graph.features import Frames
from ._graph.mutation import Mutable
from ._graph.pytree import register
from ._graph.subgraph import (
    edge_subgraph,
    in_subgraph,
    khop_in_subgraph,
    khop_out_subgraph,
    node_subgraph,
    out_subgraph,
)
from ._graph.type_subgraph import edge_type_subgraph, node_type_subgraph, relations
from ._storage.adjacency import Adjacency
from ._storage.frame import Frame
from ._storage.metagraph import CanonicalEtype
from .sampling import global_uniform_negative_sampling, sample_neighbors, select_topk


class Graph(Mutable):
    """A directed graph with features, of one or several node and edge types.

    Made by :func:`~graphmp.graph`, :func:`~graphmp.heterograph` and their relatives. A graph of
    one node and one edge type needs no type names anywhere; of several, methods take ``ntype`` or
    ``etype``. A block, as sampling gives it, is a graph whose sources and destinations are
    different nodes.

    Features are in ``ndata``, ``edata``, ``srcdata``, ``dstdata``, ``nodes[ntype].data`` and
    ``edges[etype].data``.
    """

    # ---- parts and copies

    def __getitem__(self, key: Any) -> Graph:
        """One relation, which shares features with this graph, or several merged into one.

        Args:
            key: an edge type; or a triple with ``:`` or a list in any place. If several relations
                match they become one, with the types' names joined by ``+``.

        Raises:
            GraphKeyError: nothing matches.

        Example:
            >>> import graphmp as gm
            >>> g = gm.heterograph({("a", "x", "b"): ([0], [0]), ("a", "y", "b"): ([0], [0])})
            >>> g["x"].canonical_etypes, g["a", :, "b"].canonical_etypes
            ([('a', 'x', 'b')], [('a', 'x+y', 'b')])
        """
        return relations(self, key)

    subgraph = node_subgraph
    edge_subgraph = edge_subgraph
    in_subgraph = in_subgraph
    out_subgraph = out_subgraph
    khop_in_subgraph = khop_in_subgraph
    khop_out_subgraph = khop_out_subgraph
    sample_neighbors = sample_neighbors
    select_topk = select_topk
    global_uniform_negative_sampling = global_uniform_negative_sampling
    node_type_subgraph = node_type_subgraph
    edge_type_subgraph = edge_type_subgraph

    adj = adj
    adjacency_matrix = adj
    adj_external = adj_external
    adj_tensors = adj_tensors
    inc = inc
    to_networkx = to_networkx

    def local_var(self) -> Graph:
        """A graph with tables of features of its own over the same tensors.

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

    def to(self, device: Any, **kwargs: Any) -> Graph:
        """The same graph on another device, or this object when it is there already.

        Args:
            device: a device or its name.
            kwargs: passed on to ``torch.Tensor.to``, for example ``non_blocking``.

        Returns:
            A graph with features and batch information on ``device``.
        """
        target = _checks.device(device)
        if target == self.device:
            return self
        adjacencies = {t: a.to(target) for t, a in self.adjacencies.items()}
        frames = self._frames.changed(lambda frame: frame.to(target, **kwargs))
        return self._derived(adjacencies, frames, device=target)

    def cpu(self) -> Graph:
        """The same graph on the CPU, or this object when it is there already."""
        return self.to("cpu")

    def int(self) -> Graph:
        """The same graph with int32 ids, or this object when it has them; features stay."""
        return self._as_idtype(torch.int32)

    def long(self) -> Graph:
        """The same graph with int64 ids, or this object when it has them; features stay."""
        return self._as_idtype(torch.int64)

    def astype(self, idtype: torch.dtype) -> Graph:
        """The same graph with ids of ``idtype``, int32 or int64."""
        return self._as_idtype(_checks.id_dtype(idtype))

    def formats(self, formats: Any = None) -> Any:
        """Tell which layouts exist, or choose which may be kept.

        Args:
            formats: None to ask; else ``"coo"``, ``"csr"``, ``"csc"`` or a list of them.

        Returns:
            Without an argument ``{"created": […], "not created": […]}``; else a new graph over the
            same tensors that makes and keeps only these layouts.

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
            kept = {t: a.restricted(formats) for t, a in self.adjacencies.items()}
            return self._derived(kept, self._frames.changed(Frame.copy))
        found = [adjacency.formats() for adjacency in self.adjacencies.values()]
        names = [name for state in found[:1] for part in state.values() for name in part]
        created = [name for name in names if all(name in state["created"] for state in found)]
        return {"created": created, "not created": [n for n in names if n not in created]}

    def create_formats_(self) -> None:
        """Make every layout that may be kept, so that no later call has to."""
        for adjacency in self.adjacencies.values():
            adjacency.create_formats()

    def __repr__(self) -> str:
        return display.text(self)

    def _repr_html_(self) -> str:
        return display.html(self)

    def _as_idtype(self, idtype: torch.dtype) -> Graph:
        if idtype == self.idtype:
            return self
        adjacencies = {t: a.astype(idtype) for t, a in self.adjacencies.items()}
        return self._derived(adjacencies, self._frames.changed(Frame.copy), idtype)

    def _derived(
        self,
        adjacencies: Mapping[CanonicalEtype, Adjacency] | None = None,
        frames: Frames | None = None,
        idtype: torch.dtype | None = None,
        device: torch.device | None = None,
    ) -> Graph:
        """A graph of the same nodes and edges with other layouts, tables or ids."""
        new = type(self)(
            self._meta,
            self.adjacencies if adjacencies is None else adjacencies,
            self._num_src,
            self._num_dst if self.is_block else None,
            self._frames if frames is None else frames,
            idtype or self.idtype,
            device or self.device,
        )
        new._copy_batch_information(self)
        return new


register(Graph)
