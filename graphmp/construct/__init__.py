"""Functions that make graphs.

Files:
    attributes: Attributes of NetworkX's nodes and edges, as columns.
    dgl_graph: DGLGraph, the class under its name in DGL.
    from_edges: ``graph``, ``heterograph``, ``create_block`` and random graphs.
    from_other: Conversion from SciPy matrices and NetworkX graphs.
    parse: Read and check the edges that users pass, in any layout.
"""

from .from_edges import (
    create_block,
    from_edge_index,
    graph,
    heterograph,
    rand_bipartite,
    rand_graph,
)
from .from_other import bipartite_from_networkx, bipartite_from_scipy, from_networkx, from_scipy

__all__ = [
    "bipartite_from_networkx",
    "bipartite_from_scipy",
    "create_block",
    "from_edge_index",
    "from_networkx",
    "from_scipy",
    "graph",
    "heterograph",
    "rand_bipartite",
    "rand_graph",
]
