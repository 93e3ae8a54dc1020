"""graphmp: graph neural networks with message passing, in Python."""

from . import data, dataloading, function, kernels, nn, ops
from ._checks import validate_ids
from .construct import (
    create_block,
    from_edge_index,
    graph,
    heterograph,
    rand_bipartite,
    rand_graph,
)
from .errors import (
    DGLError,
    GraphError,
    GraphIndexError,
    GraphKeyError,
    GraphRuntimeError,
    GraphTypeError,
    GraphValueError,
    GraphWarning,
)
from .frame import ALL, EID, ETYPE, NID, NTYPE
from .graph import Graph
from .random import seed
from .subgraph import (
    edge_subgraph,
    edge_type_subgraph,
    in_subgraph,
    node_subgraph,
    node_type_subgraph,
    out_subgraph,
)
from .udf import EdgeBatch, NodeBatch

DGLGraph = Graph
