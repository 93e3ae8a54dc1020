"""DGLGraph: the name of class Graph in DGL, whose call takes edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from .._checks import kind, listing
from .._storage.metagraph import Metagraph
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .from_edges import graph
from .from_other import from_networkx, from_scipy


class _EveryGraph(type):
    """Makes every Graph an instance of :class:`DGLGraph`; not of the classes derived from it."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return type.__instancecheck__(Graph if cls is DGLGraph else cls, instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return type.__subclasscheck__(Graph if cls is DGLGraph else cls, subclass)


class DGLGraph(Graph, metaclass=_EveryGraph):
    """Class :class:`~graphmp.Graph` under the name that it has in DGL, for programs written for it.

    A call makes a graph of one node type and one edge type; new programs call
    :func:`~graphmp.graph`. ``isinstance(g, DGLGraph)`` holds for every graph. A class derived from
    it calls ``super().__init__`` with the same arguments.

    Args:
        data: the edges as :func:`~graphmp.graph` takes them, a NetworkX graph or a SciPy matrix;
            None for a graph without nodes. With names of types a graph or block, whose edges the
            new graph has, without features.
        ntypes: the names of the node types of ``data``; of a block, those of the sources and then
            of the destinations. A name may repeat among types without edges, which are left out.
        etypes: the names of its edge types.
        multigraph: ignored; for compatibility with DGL.
        readonly: ignored; for compatibility with DGL.

    Raises:
        GraphTypeError: a graph without names of types, or anything that holds no edges.
        GraphValueError: another number of names than of types, or a name that repeats.

    Example:
        >>> import graphmp as gm
        >>> g = gm.DGLGraph()
        >>> g.add_nodes(3)
        >>> g.add_edges([0, 1], 2)
        >>> g.num_edges(), isinstance(g, gm.DGLGraph)
        (2, True)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Graph:  # type: ignore[misc]
        """Make a graph; see the class."""
        return _read(*args, **kwargs) if cls is DGLGraph else super().__new__(cls)

    def __init__(
        self,
        data: Any = None,
        ntypes: Sequence[str] | None = None,
        etypes: Sequence[str] | None = None,
        *,
        multigraph: bool | None = None,
        readonly: bool | None = None,
    ) -> None:
        """Take the edges over; of derived classes alone, as a call of this one makes a Graph."""
        graph_of_edges = _read(data, ntypes, etypes, multigraph=multigraph, readonly=readonly)
        self.__setstate__(graph_of_edges.__getstate__())


def _read(
    data: Any = None,
    ntypes: Sequence[str] | None = None,
    etypes: Sequence[str] | None = None,
    *,
    multigraph: bool | None = None,  # noqa: ARG001
    readonly: bool | None = None,  # noqa: ARG001
) -> Graph:
    """A graph of edges in any form; the arguments are those of :class:`DGLGraph`."""
    if isinstance(data, Graph) and ntypes is not None and etypes is not None:
        return _renamed(data, listing(ntypes, "ntypes"), listing(etypes, "etypes"))
    if isinstance(data, Graph):
        raise GraphTypeError("Expected edges, got a graph already; call .clone() to copy it.")
    if ntypes is not None or etypes is not None:
        raise GraphTypeError(
            f"Expected a graph whose types have the names, got {kind(data)}; call heterograph to "
            "make a graph of several types."
        )
    if data is None or (isinstance(data, list) and not data):
        return graph(([], []))
    if hasattr(data, "tocoo"):
        return from_scipy(data)
    return from_networkx(data) if hasattr(data, "adjacency") else graph(data)


def _renamed(g: Graph, ntypes: list[Any], etypes: list[Any]) -> Graph:
    """The edges of a graph or block between types of other names."""
    meta = g._meta
    if (len(ntypes), len(etypes)) != (len(meta.ntypes), len(meta.canonical_etypes)):
        raise GraphValueError(
            f"Expected names of {len(meta.ntypes)} node types and {len(meta.canonical_etypes)} "
            f"edge types, got {ntypes} and {etypes}."
        )
    if not all(isinstance(name, str) for name in (*ntypes, *etypes)):
        raise GraphTypeError(f"Expected names of types as strings, got {ntypes} and {etypes}.")
    counts = [*g._num_src.values(), *(g._num_dst.values() if meta.is_block else ())]
    sources = dict(zip(g._num_src, ntypes, strict=False))
    targets = (
        dict(zip(g._num_dst, ntypes[len(sources) :], strict=True)) if meta.is_block else sources
    )
    adjacencies = {
        (sources[s], name, targets[d]): adjacency
        for ((s, _, d), adjacency), name in zip(g.adjacencies.items(), etypes, strict=True)
    }
    repeated = {name for name, times in Counter(ntypes).items() if times > 1}
    if len(adjacencies) < len(etypes) or any(repeated & {s, d} for s, _, d in adjacencies):
        raise GraphValueError(
            f"Expected different names of the types that have edges, got {ntypes} and {etypes}."
        )
    num_nodes = {name: n for name, n in zip(ntypes, counts, strict=True) if name not in repeated}
    new = Metagraph(sorted(adjacencies), sorted(num_nodes))
    return Graph(new, adjacencies, num_nodes, idtype=g.idtype, device=g.device)
