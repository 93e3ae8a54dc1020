"""The names of ``dgl.base`` that are no part of graphmp itself."""

from __future__ import annotations

import warnings

from .._storage.frame import ALL, EID, ETYPE, NID, NTYPE
from ..errors import GraphWarning

__all__ = ["SLICE_FULL", "DGLWarning", "dgl_warning", "is_all", "is_internal_column"]

SLICE_FULL = slice(None)
DGLWarning = GraphWarning


def is_internal_column(name: str) -> bool:
    """Whether a field holds ids or types of the graph that another graph was made of."""
    return name in (EID, ETYPE, NID, NTYPE)


def is_all(arg: object) -> bool:
    """Whether an argument means all nodes or all edges."""
    return isinstance(arg, str) and arg == ALL


def dgl_warning(message: str, category: type[Warning] = DGLWarning, stacklevel: int = 2) -> None:
    """Warn the caller.

    Args:
        message: the text.
        category: the class of the warning.
        stacklevel: whose line is reported; 2 is the caller's.
    """
    warnings.warn(message, category=category, stacklevel=stacklevel)
