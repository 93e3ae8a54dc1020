"""Graphs saved to a file and loaded from it, beside a loop that only reads the file's bytes."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, normal
from benchmarks.graphs import Edges

Work = tuple[Run, Run]


def new_folder() -> Path:
    """A folder that is deleted when the process ends."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def measured(library: Any, graph: Any, edges: Edges, size: int, formats: str, task: str) -> Work:
    """Work on a file of a graph: to save it, to load it, or to load it and read all features."""
    if size:
        graph.ndata["x"] = normal(edges.num_nodes, size)
    path = str(new_folder() / "graphs")

    def save() -> None:
        library.save_graphs(path, [graph], formats=formats)

    def load() -> Any:
        [loaded], _ = library.load_graphs(path)
        total = loaded.ndata["x"].sum() if size and task == "read" else None
        return loaded, total

    save()
    if task == "save":
        return save, lambda _: results(load()[0], size)
    return load, lambda done: results(done[0], size)


def results(graph: Any, size: int) -> tuple[Any, ...]:
    """The edges and features of a loaded graph."""
    return (*graph.edges(order="eid"), *([graph.ndata["x"]] if size else []))


def graphmp(edges: Edges, **case: Any) -> Work:
    """``graphmp.save_graphs`` and ``graphmp.load_graphs``."""
    import graphmp as gm

    graph = gm.graph(edges.tensors, num_nodes=edges.num_nodes)
    return measured(gm, graph, edges, **case)


def dgl(edges: Edges, **case: Any) -> Work:
    """The same functions of DGL."""
    library = import_module("dgl")
    graph = library.graph(edges.tensors, num_nodes=edges.num_nodes)
    return measured(library, graph, edges, **case)


def contents(edges: Edges, size: int, formats: str, task: str) -> Run:
    """The bytes that such a file has, read from a file or written to it."""
    ids = 2 * edges.num_edges if formats == "coo" else 2 * edges.num_edges + edges.num_nodes + 1
    path, content = new_folder() / "bytes", bytes(4 * (ids + size * edges.num_nodes))
    path.write_bytes(content)
    return path.read_bytes if task != "save" else lambda: path.write_bytes(content)


CASES = [
    Case(
        f"{task}, {formats}{f', F {size}' if size else ''}",
        {"size": size, "formats": formats, "task": task},
    )
    for task in ("load", "read", "save")
    for size in (0, 64)
    for formats in ("coo", "csc")
    if size or task != "read"
]

FAMILY = Family(
    __file__,
    "Graphs in files",
    CASES,
    {"graphmp": graphmp, "DGL": dgl, "bytes": contents},
    graphs=("arxiv",),
)

if __name__ == "__main__":
    harness.main(FAMILY)
