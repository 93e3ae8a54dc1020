"""The check of what recorded functions gave: at some nodes or edges, against the functions run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..errors import GraphWarning
from .recording.fusion import REFUSED, difference, fuse_functions, needs_check
from .recording.purity import Impure, guarded
from .relation import Incoming, Relation
from .udf import level_of_caller

_MOST_NODES, _MOST_EDGES = 16, 1 << 12

Columns = dict[str, Tensor]


def are_right_at_nodes(
    incoming: Incoming,
    columns: Columns,
    reduce: Callable[[Incoming], Columns],
    functions: tuple[Callable[..., Any], ...],
) -> bool:
    """Whether columns of destinations are what functions give, at some nodes; once for each.

    Args:
        incoming: the relations.
        columns: (N, …) each.
        reduce: runs the functions on a relation.
        functions: the user's.
    """
    if not needs_check(functions, "nodes"):
        return True

    def run(rows: Tensor) -> Columns:
        parts = [_part(relation, rows) for relation in incoming.relations]
        return reduce(Incoming([part for part in parts if part.adjacency.num_edges]))

    return _are_right(columns, _some_nodes(incoming), run, functions)


def _part(relation: Relation, rows: Tensor) -> Relation:
    """The part of a relation that enters the destinations ``rows``."""
    eids = torch.isin(relation.adjacency.dst, rows).nonzero().view(-1).to(rows.dtype)
    part = relation.part(eids, rows)
    if relation.eids is not None:
        part = part._replace(eids=relation.eids[eids.long()])
    if relation.dst_ids is not None:
        part = part._replace(dst_ids=relation.dst_ids[rows.long()])
    return part


def are_right_at_edges(
    relation: Relation,
    columns: Columns,
    compute: Callable[[Relation], Columns],
    functions: tuple[Callable[..., Any], ...],
) -> bool:
    """Whether columns of edges are what functions give, at some edges; once for each."""
    if not needs_check(functions, "edges"):
        return True
    edges = relation.adjacency

    def run(rows: Tensor) -> Columns:
        eids = rows if relation.eids is None else relation.eids[rows.long()]
        part = edges.subset(rows)
        return compute(relation._replace(adjacency=part, edge=relation.edge.take(rows), eids=eids))

    step = max(edges.num_edges // _MOST_NODES, 1)
    rows = torch.arange(0, edges.num_edges, step, dtype=edges.idtype, device=edges.device)
    return _are_right(columns, rows, run, functions)


def _some_nodes(incoming: Incoming) -> Tensor:
    """Ascending ids of destinations with edges: few, of few edges together unless one has more."""
    degrees = incoming.degrees
    nodes = degrees.nonzero().view(-1)
    chosen = nodes[:: max(len(nodes) // _MOST_NODES, 1)][:_MOST_NODES]
    few = int((degrees[chosen].cumsum(0) <= _MOST_EDGES).sum())
    return chosen[: max(few, 1)].to(incoming.adjacencies[0].idtype).contiguous()


def _are_right(
    columns: Columns,
    rows: Tensor,
    run: Callable[[Tensor], Columns],
    functions: tuple[Callable[..., Any], ...],
) -> bool:
    """Whether columns are what ``run`` gives for some rows."""
    half = rows[: (len(rows) + 1) // 2]
    try:
        with fuse_functions(False), guarded(), torch.no_grad():
            expected, part = run(rows), run(half)
    except (Impure, Exception):  # noqa: BLE001  a second run may be noticed, or needs more nodes
        return True
    ids = torch.arange(len(half), device=rows.device)
    if _first_difference(expected, ids, part) is not None:
        return True  # each row depends on the others: nothing to compare with
    reason = _first_difference(columns, rows, expected)
    if reason is None:
        return True
    names = " and ".join(getattr(f, "__qualname__", repr(f)) for f in functions)
    warnings.warn(
        f"{names}: fused, the result differs from the functions' own in {reason}; they run as they "
        "are from now on. Please report it.",
        GraphWarning,
        stacklevel=level_of_caller(),
    )
    REFUSED.put(functions, None, f"the fused result differs in {reason}", for_good=True)
    return False


def _first_difference(columns: Columns, rows: Tensor, expected: Columns) -> str | None:
    if columns.keys() != expected.keys():
        return f"the fields {sorted(columns)}, not {sorted(expected)}"
    for name, column in columns.items():
        reason = difference(column.detach()[rows.long()], expected[name])
        if reason is not None:
            return f"{name!r} {reason}"
    return None
