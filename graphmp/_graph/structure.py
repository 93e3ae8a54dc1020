"""Structure: the types of a graph, its nodes and edges, and how many there are."""

from __future__ import annotations

from typing import Any, TypeVar

from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency
from .._storage.frame import ALL
from .._storage.metagraph import CanonicalEtype, of_type
from ..errors import GraphValueError
from .state import GraphState

AnyGraph = TypeVar("AnyGraph", bound="Structure")


class Structure(GraphState):
    """The types of a graph, its edges, and the numbers of nodes and edges."""

    # ---- types

    @property
    def is_block(self) -> bool:
        """Whether sources and destinations are different nodes, as in a message flow graph."""
        return self._meta.is_block

    @property
    def is_homogeneous(self) -> bool:
        """Whether there is one node type and one edge type, between the same nodes."""
        return len(self._meta.ntypes) == 1 and len(self.adjacencies) == 1

    @property
    def is_multigraph(self) -> bool:
        """Whether some relation has two edges with the same ends."""
        return any(adjacency.is_multigraph for adjacency in self.adjacencies.values())

    @property
    def is_unibipartite(self) -> bool:
        """Whether every node type is only ever at one side."""
        return self.is_block or not set(self.srctypes) & set(self.dsttypes)

    @property
    def ntypes(self) -> list[str]:
        """Node types, sorted; of a block those of the sources, then of the destinations."""
        return list(self._meta.ntypes)

    @property
    def etypes(self) -> list[str]:
        """Names of the edge types, in the order of ``canonical_etypes``."""
        return self._meta.etypes

    @property
    def canonical_etypes(self) -> list[CanonicalEtype]:
        """Edge types as ``(source type, name, destination type)``, sorted."""
        return list(self._meta.canonical_etypes)

    @property
    def srctypes(self) -> list[str]:
        """Node types that can be sources; all of them unless the graph is bipartite."""
        return list(self._meta.srctypes)

    @property
    def dsttypes(self) -> list[str]:
        """Node types that can be destinations; all of them unless the graph is bipartite."""
        return list(self._meta.dsttypes)

    def metagraph(self) -> Any:
        """The types as a ``networkx.MultiDiGraph``: node types joined by relations.

        Example:
            >>> import graphmp as gm
            >>> g = gm.heterograph({("user", "plays", "game"): ([0, 1], [0, 0])})
            >>> list(g.metagraph().edges)
            [('user', 'game', 'plays')]
        """
        import networkx as nx

        types = nx.MultiDiGraph()
        types.add_nodes_from(self.ntypes)
        types.add_edges_from((s, d, name) for s, name, d in self.canonical_etypes)
        return types

    def to_canonical_etype(self, etype: str | CanonicalEtype) -> CanonicalEtype:
        """Find the triple of an edge type from its name.

        Raises:
            GraphKeyError: an unknown type.
            GraphValueError: an ambiguous name; the message lists the candidates.
        """
        return self._meta.etype(etype)

    def get_ntype_id(self, ntype: str | None = None) -> int:
        """The id of a node type, its index in ``ntypes``; of a block as :meth:`num_nodes`."""
        end, name = self._meta.end(ntype)
        return self.get_ntype_id_from_dst(name) if end else self._meta.ntypes.index(name)

    def get_ntype_id_from_src(self, ntype: str | None = None) -> int:
        """The id of a source node type, its index in ``ntypes``."""
        return self._meta.ntypes.index(self._meta.src(ntype))

    def get_ntype_id_from_dst(self, ntype: str | None = None) -> int:
        """The id of a destination node type, its index in ``ntypes``; of a block the last one."""
        name = self._meta.dst(ntype)
        if self.is_block:
            return len(self._meta.srctypes) + self._meta.dsttypes.index(name)
        return self._meta.ntypes.index(name)

    def get_etype_id(self, etype: str | CanonicalEtype | None = None) -> int:
        """The id of an edge type, its index in ``canonical_etypes``."""
        return self._meta.canonical_etypes.index(self._meta.etype(etype))

    def adjacency_of(self, etype: Any = None) -> Adjacency:
        """The edges of one relation, as kernels read them."""
        return self.adjacencies[self._meta.etype(etype)]

    @property
    def adjacency(self) -> Adjacency:
        """The edges of the only relation, as kernels read them."""
        if len(self.adjacencies) != 1:
            raise GraphValueError(
                f"The graph has {len(self.adjacencies)} edge types, so name one: "
                f"{', '.join(map(str, self.adjacencies))}. Take it by graph[etype]; "
                "nn.HeteroGraphConv calls a layer on each, to_homogeneous makes one type of all."
            )
        (only,) = self.adjacencies.values()
        return only

    # ---- counts

    def num_nodes(self, ntype: str | None = None) -> int:
        """The number of nodes of a type, or of all types.

        Args:
            ntype: a node type; of a block or a bipartite graph also ``"SRC/x"`` or ``"DST/x"``. Of
                a block ``"x"`` is the source side if that has the type.

        Raises:
            GraphKeyError: an unknown type.
        """
        if ntype is None:
            total = sum(self._num_src[t] for t in self._all_srctypes())
            return total + (sum(self._num_dst.values()) if self.is_block else 0)
        end, name = self._meta.end(ntype)
        return (self._num_src, self._num_dst)[end][name]

    def _all_srctypes(self) -> list[str]:
        return self._meta.srctypes if self.is_block else self._meta.ntypes

    def num_src_nodes(self, ntype: str | None = None) -> int:
        """The number of source nodes of a type, or of all source types."""
        if ntype is None:
            return sum(self._num_src[t] for t in self._meta.srctypes)
        return self._num_src[self._meta.src(ntype)]

    def num_dst_nodes(self, ntype: str | None = None) -> int:
        """The number of destination nodes of a type, or of all destination types."""
        if ntype is None:
            return sum(self._num_dst[t] for t in self._meta.dsttypes)
        return self._num_dst[self._meta.dst(ntype)]

    def num_edges(self, etype: str | CanonicalEtype | None = None) -> int:
        """The number of edges of a type, or of all types."""
        if etype is None:
            return sum(adjacency.num_edges for adjacency in self.adjacencies.values())
        return self.adjacency_of(etype).num_edges

    number_of_nodes = num_nodes
    number_of_src_nodes = num_src_nodes
    number_of_dst_nodes = num_dst_nodes
    number_of_edges = num_edges

    # ---- degrees

    def in_degrees(self, v: Any = ALL, etype: Any = None) -> Any:
        """How many edges enter nodes.

        Args:
            v: an id, or several; all destinations by default.
            etype: the edge type; not needed when there is one.

        Returns:
            An int for an int, else a tensor (n,) of the id type.

        Raises:
            GraphIndexError: an id that is not there.

        Example:
            >>> import graphmp as gm
            >>> g = gm.graph(([0, 1], [2, 2]))
            >>> g.in_degrees(2), g.in_degrees()
            (2, tensor([0, 0, 2]))
        """
        etype = self._meta.etype(etype)
        return self._degrees(self.adjacencies[etype].in_degrees, v, etype[2])

    def out_degrees(self, u: Any = ALL, etype: Any = None) -> Any:
        """How many edges leave nodes.

        Args:
            u: an id, or several; all sources by default.
            etype: the edge type; not needed when there is one.

        Returns:
            An int for an int, else a tensor (n,) of the id type.

        Raises:
            GraphIndexError: an id that is not there.
        """
        etype = self._meta.etype(etype)
        return self._degrees(self.adjacencies[etype].out_degrees, u, etype[0])

    def _degrees(self, degrees: Tensor, ids: Any, ntype: str) -> Any:
        if is_all(ids):
            return degrees.clone()
        chosen = degrees[self._ids(ids, degrees.numel(), _node_ids(ntype)).long()]
        return int(chosen) if _checks.is_int(ids) else chosen


def is_all(ids: Any) -> bool:
    """Whether ``ids`` stands for every node or edge."""
    return isinstance(ids, str) and ids == ALL


def _node_ids(ntype: str) -> str:
    return f"Ids of nodes{of_type(ntype)}"
