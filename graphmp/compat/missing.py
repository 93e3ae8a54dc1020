"""What a graph and the packages answer to a name that they do not have."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import FrameType
from typing import Any, NoReturn

from torch.compiler import is_compiling

from .. import data, dataloading, nn, sampling, sparse, transforms
from ..errors import GraphAttributeError, GraphImportError
from ..graph import Graph
from .table import hint, modules

__all__ = ["answering", "attribute_of_graph", "missing"]


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


def answering(place: str) -> Callable[[str], NoReturn]:
    """The ``__getattr__`` of a package: it says what takes the place of a missing name.

    Args:
        place: the package in DGL.

    Returns:
        A function of a name. It raises a GraphAttributeError, or a GraphImportError where the name
        is imported.
    """

    def __getattr__(name: str) -> NoReturn:  # noqa: N807
        raise missing(_of_package(place, name), name, sys._getframe(1))

    return __getattr__


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
def _of_package(place: str, name: str) -> str:
    """The message about a name of a package."""
    package = _PACKAGES[place]
    text = _hint(place, name, vars(package).get("__all__", ()))
    return f"Expected a name of {package.__name__}, got {name}.{text}"


@lru_cache(1024)
def _of_graph(name: str) -> str:
    """The message about an attribute of a graph."""
    text = _hint("DGLGraph", name, dir(Graph)) or " Features are in g.ndata and g.edata."
    return f"Expected an attribute of a graph, got {name}.{text}"


def _hint(place: str, name: str, names: Iterable[str]) -> str:
    """What takes the place of a public name."""
    return "" if name.startswith("_") else hint(modules()[place], name, names)


_PACKAGES = {
    "dgl": sys.modules[__name__.partition(".")[0]],
    "dgl.data": data,
    "dgl.dataloading": dataloading,
    "dgl.nn": nn,
    "dgl.sampling": sampling,
    "dgl.sparse": sparse,
    "dgl.transforms": transforms,
}

# Bound here, where the table is, and unseen by type checkers, which know what there is.
Graph.__getattr__ = attribute_of_graph  # type: ignore[attr-defined]
for _place, _package in _PACKAGES.items():
    vars(_package)["__getattr__"] = answering(_place)
