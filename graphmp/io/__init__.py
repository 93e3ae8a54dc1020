"""Files of graphs and tensors, saved and loaded without running code.

Files:
    compressed_rows: Sparse matrices.
    container: The container of all files that are written: tensors in a file of safetensors.
    dgl_graphs: Files of graphs and tensors by DGL.
    dgl_stream: The parts of which they consist.
    files: Files, mapped into memory, and written whole or not at all.
    graphs: Graphs in files.
    header: The header of a file of safetensors, which says where its tensors lie.
    info: What belongs to a data set.
    packing: Graphs as the tensors of a file.
    pickled_containers: Dicts and sets of pickles.
    pickles: Pickles of numbers, of which nothing runs.
    recognition: What a file is, by its first bytes.
    tensors: Dicts of tensors.
    unpacking: Graphs from the tensors of a file.
"""

from __future__ import annotations

from .graphs import GraphFile, load_graphs, load_labels, open_graphs, save_graphs
from .info import load_info, save_info
from .tensors import load_tensors, save_tensors

__all__ = [
    "GraphFile",
    "load_graphs",
    "load_info",
    "load_labels",
    "load_tensors",
    "open_graphs",
    "save_graphs",
    "save_info",
    "save_tensors",
]
