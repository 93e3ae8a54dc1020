"""Graphs from and for cuGraph."""

from __future__ import annotations

from typing import Any

from torch.utils.dlpack import from_dlpack

from .. import _checks
from ..construct.from_edges import graph
from ..errors import GraphModuleNotFoundError, GraphValueError
from ..graph import Graph

__all__ = ["from_cugraph", "to_cugraph"]


def to_cugraph(g: Graph) -> Any:
    """A directed graph of cuGraph with the edges of a graph; its features are left out.

    Args:
        g: a graph of one node and one edge type, on a GPU.

    Returns:
        A ``cugraph.Graph``.

    Raises:
        GraphValueError: a graph on another device, or of several types.
        GraphModuleNotFoundError: cuGraph is not installed.
    """
    if _checks.graph(g).device.type != "cuda" or not g.is_homogeneous:
        raise GraphValueError(
            "to_cugraph: expected a graph of one node and one edge type on a GPU, got one of "
            f"{len(g.ntypes)} and {len(g.etypes)} on {g.device}; call g.to('cuda'), and "
            "gm.to_homogeneous for several types."
        )
    try:
        import cudf
        import cugraph
    except ModuleNotFoundError as error:
        raise GraphModuleNotFoundError(
            f"to_cugraph: expected cudf and cugraph to be installed, but got: {error}; install "
            "RAPIDS (https://docs.rapids.ai/install).",
            name=error.name,
        ) from error
    ends = (g.adjacency.src, g.adjacency.dst)
    src, dst = (cudf.from_dlpack(ids.__dlpack__()) for ids in ends)
    new = cugraph.Graph(directed=True)
    edges = cudf.DataFrame({"source": src, "destination": dst})
    new.from_cudf_edgelist(edges, source="source", destination="destination")
    return new


def from_cugraph(cugraph_graph: Any) -> Graph:
    """A graph with the edges of a graph of cuGraph, whose attributes are left out.

    Args:
        cugraph_graph: a ``cugraph.Graph``; each edge of an undirected one becomes two.

    Returns:
        A graph of one node and one edge type, on its GPU.
    """
    if not cugraph_graph.is_directed():
        cugraph_graph = cugraph_graph.to_directed()
    edges = cugraph_graph.edges()
    return graph(tuple(from_dlpack(edges[end].to_dlpack()) for end in ("src", "dst")))


# Bound here, where cuGraph's other function is.
Graph.to_cugraph = to_cugraph  # type: ignore[attr-defined]
