"""DGL's names, for programs that import them.

:func:`as_dgl` answers ``import dgl`` and every module in it with graphmp.
``python -m graphmp.compat program.py`` runs a program that way, unchanged.

Files:
    __main__: Runs a program.
    aliases: DGL's modules, whose names are graphmp's objects.
    arrays: The names of dgl.ndarray about arrays and devices.
    backend: The tensor functions of dgl.backend.
    base: The names of dgl.base.
    checks: The names of dgl.utils that check schemas, dtypes and the order of edges.
    classes: Classes of DGL's inner modules.
    columns: The names of dgl.frame.
    containers: The names of dgl.utils that read dicts and lists.
    cugraph: Graphs from and for cuGraph.
    datasets: Names of dgl.data.
    decorators: The decorators of dgl.utils.
    frames: The names of dgl.utils that read and write the features of all types.
    ids: The names of dgl.utils that number and select ids.
    inputs: The names of dgl.utils that read the inputs of layers and samplers.
    kernels: The names of dgl._sparse_ops and dgl.heterograph_index.
    knowledge: The names of dgl.data.knowledge_graph.
    layers: Functions of dgl.nn.pytorch.
    loaders: The parts of DGL's loader.
    mailboxes: The functions of PNAConv on mailboxes.
    memory: The names of dgl.utils about pinned and shared memory.
    missing: What a graph and the packages answer to a name that they do not have.
    page: The lists of docs/dgl.md, written from the table.
    processes: The names of dgl.multiprocessing.
    rows: The functions of dgl.backend that read and write rows.
    samplers: What programs import of samplers besides public names.
    settings: Settings without an effect.
    shared_graphs: Graphs in shared memory.
    storages: The names of dgl.storages.
    table: The table of DGL's names.
    types: Functions that join node types, or edge types.
"""

from . import cugraph as cugraph  # which bind methods of graphs
from . import shared_graphs as shared_graphs
from .aliases import as_dgl

__all__ = ["as_dgl"]
