"""The names of ``dgl.utils`` that check schemas, dtypes and the order of edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import GraphValueError

__all__ = [
    "check_all_same_schema",
    "check_all_same_schema_for_keys",
    "check_valid_idtype",
    "is_sorted_srcdst",
]


def check_all_same_schema(schemas: Sequence[Mapping[str, Any]], name: str) -> None:
    """Check that graphs have the same features.

    Args:
        schemas: of each graph what ``node_attr_schemes`` or ``edge_attr_schemes`` returns.
        name: what the features are of, for the error.

    Raises:
        GraphValueError: two graphs have different names, shapes or dtypes.
    """
    for number, schema in enumerate(schemas):
        if schema != schemas[0]:
            raise GraphValueError(
                f"{name}: expected the schema of the first graph, {schemas[0]}, got {schema} of "
                f"graph {number}; convert its features, or remove those that are its own."
            )


def check_all_same_schema_for_keys(
    schemas: Sequence[Mapping[str, Any]], keys: Iterable[str], name: str
) -> None:
    """Check that graphs have the same features among some names.

    Args:
        schemas: as in :func:`check_all_same_schema`.
        keys: the names.
        name: what the features are of, for the error.

    Raises:
        GraphValueError: a name is missing, or two graphs have different shapes or dtypes.
    """
    keys = list(keys)
    for number, schema in enumerate(schemas):
        missing = [key for key in keys if key not in schema]
        if missing:
            raise GraphValueError(
                f"{name}: expected the features {', '.join(keys)}, got graph {number} without "
                f"{missing[0]}; add it, or leave the name out."
            )
    check_all_same_schema([{key: schema[key] for key in keys} for schema in schemas], name)


def check_valid_idtype(idtype: torch.dtype | None) -> None:
    """Check a dtype of ids.

    Args:
        idtype: int32, int64, or None for the default.

    Raises:
        GraphValueError: another dtype.
    """
    if idtype not in (None, torch.int32, torch.int64):
        raise GraphValueError(f"idtype: expected int32 or int64, got {idtype}; pass one of these.")


def is_sorted_srcdst(
    src: Tensor,
    dst: Tensor,
    num_src: int | None = None,  # noqa: ARG001
    num_dst: int | None = None,  # noqa: ARG001
) -> tuple[bool, bool]:
    """Whether edges are sorted.

    Args:
        src: (E,) sources.
        dst: (E,) destinations.
        num_src: ignored; for compatibility with DGL.
        num_dst: ignored; for compatibility with DGL.

    Returns:
        Whether they are sorted by sources; and whether also by destinations for each source.
    """
    steps = src.diff()
    by_source = bool((steps >= 0).all())
    return by_source, by_source and bool(((steps > 0) | (dst.diff() >= 0)).all())
