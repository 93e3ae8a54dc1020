"""What a graph, and the package, answer to a name that they do not have."""

from __future__ import annotations

import dis
import sys
from functools import lru_cache
from types import FrameType
from typing import Any, NoReturn

from torch.compiler import is_compiling

from ..errors import GraphAttributeError, GraphImportError
from ..graph import Graph
from .table import hint, modules

__all__ = ["attribute_of_graph", "attribute_of_package", "missing"]


def missing(text: str, name: str, frame: FrameType) -> GraphAttributeError | GraphImportError:
    """The error about a name that a module does not have.

    Args:
        text: the message.
        name: the name.
        frame: the caller, who reads the name as an attribute, or imports it.

    Returns:
        A GraphImportError if the caller imports the name, else a GraphAttributeError.
    """
    imported = dis.opname[frame.f_code.co_code[frame.f_lasti]] == "IMPORT_FROM"
    return (GraphImportError if imported else GraphAttributeError)(text, name=name)


def attribute_of_package(name: str) -> NoReturn:
    """Say what takes the place of a name that ``graphmp`` does not have.

    Args:
        name: the name.

    Raises:
        GraphAttributeError: always, or GraphImportError where the name is imported.
    """
    raise missing(_of_package(name), name, sys._getframe(1))


def attribute_of_graph(graph: Graph, name: str) -> Any:
    """Say what takes the place of a name that graphs do not have.

    Args:
        graph: any graph, perhaps one that a pickle or a copy has not filled yet.
        name: the name.

    Returns:
        The attribute, if the class has it: computing it has failed, and fails again here.

    Raises:
        GraphAttributeError: in all other cases.
    """
    if hasattr(type(graph), name):
        return object.__getattribute__(graph, name)
    if is_compiling():  # which traces no table, and takes this class alone for a missing attribute
        raise AttributeError(f"Expected an attribute of a graph, got {name}.")
    raise GraphAttributeError(_of_graph(name), name=name)


@lru_cache(1024)
def _of_package(name: str) -> str:
    """The message about a name of the package."""
    names = sys.modules["graphmp"].__all__
    text = "" if name.startswith("_") else hint(modules()["dgl"], name, names)
    return f"Expected a name of graphmp, got {name}.{text}"


@lru_cache(1024)
def _of_graph(name: str) -> str:
    """The message about an attribute of a graph."""
    text = "" if name.startswith("_") else hint(modules()["DGLGraph"], name, dir(Graph))
    text = text or " Features are in g.ndata and g.edata."
    return f"Expected an attribute of a graph, got {name}.{text}"


# Bound here, where the table is, and unseen by type checkers, which know a graph's attributes.
Graph.__getattr__ = attribute_of_graph  # type: ignore[attr-defined]
