"""DGLGraph: the name of class Graph in DGL, whose call takes edges."""

from __future__ import annotations

from typing import Any

from ..errors import GraphTypeError
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
            None for a graph without nodes.
        multigraph: ignored; for compatibility with DGL.
        readonly: ignored; for compatibility with DGL.

    Raises:
        GraphTypeError: a graph, or anything that holds no edges.

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
        self, data: Any = None, *, multigraph: bool | None = None, readonly: bool | None = None
    ) -> None:
        """Take the edges over; of derived classes alone, as a call of this one makes a Graph."""
        self.__setstate__(_read(data, multigraph=multigraph, readonly=readonly).__getstate__())


def _read(
    data: Any = None,
    *,
    multigraph: bool | None = None,  # noqa: ARG001
    readonly: bool | None = None,  # noqa: ARG001
) -> Graph:
    """A graph of edges in any form; the arguments are those of :class:`DGLGraph`."""
    if isinstance(data, Graph):
        raise GraphTypeError("Expected edges, got a graph already; call .clone() to copy it.")
    if data is None or (isinstance(data, list) and not data):
        return graph(([], []))
    if hasattr(data, "tocoo"):
        return from_scipy(data)
    return from_networkx(data) if hasattr(data, "adjacency") else graph(data)
