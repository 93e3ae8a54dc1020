"""Graphs in shared memory, which other processes find by a name."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from pathlib import Path

from .._storage.frame import Frame
from ..errors import GraphValueError
from ..graph import Graph
from ..io import load_graphs, save_graphs
from .memory import file_of

__all__ = ["hetero_from_shared_memory", "shared_memory"]


def shared_memory(
    self: Graph, name: str, formats: str | Sequence[str] = ("coo", "csr", "csc")
) -> Graph:
    """The same graph in memory that other processes of this user share, without its features.

    Args:
        self: any graph.
        name: the name, by which ``dgl.hetero_from_shared_memory`` finds the graph, after
            ``graphmp.compat.as_dgl()``. A graph can also be passed to a process as it is.
        formats: the layouts of the edges that are computed now, one or several of ``"coo"``,
            ``"csr"`` and ``"csc"``.

    Returns:
        A graph on the CPU. The name is free again when it no longer exists, or this process ends.

    Raises:
        GraphValueError: a name that is a path or that a graph has, or an unknown format.
    """
    path = file_of(name)
    if path.exists():
        raise GraphValueError(
            f"name: expected a new name, got {name!r}, which exists; choose another one, or delete "
            f"{path}, if no process uses it."
        )
    save_graphs(path, self._derived(frames=self._frames.changed(Frame.bare)), formats=formats)
    shared = hetero_from_shared_memory(name)
    weakref.finalize(shared, _delete, path, os.getpid())
    return shared


def _delete(path: Path, process: int) -> None:
    """Delete the file of a graph in the process that has created it, not in forked ones."""
    if os.getpid() == process:
        path.unlink(missing_ok=True)


def hetero_from_shared_memory(name: str) -> Graph:
    """The graph that a process of this user has shared under a name.

    Args:
        name: the name.

    Returns:
        A graph without features. The edges of a large graph are in memory that the processes share.

    Raises:
        GraphValueError: no graph has this name.
    """
    path = file_of(name)
    if not path.exists():
        raise GraphValueError(
            f"Expected the name of a shared graph, got {name!r}; create it with g.shared_memory, "
            "and keep its result as long as others look for it."
        )
    return load_graphs(path)[0][0]


# Bound here, because files of graphs lie above graphs.
Graph.shared_memory = shared_memory  # type: ignore[attr-defined]
