"""Graphs as the tensors of a file: graphs of one form are stored together, as in a batch.

The form of a graph is all but its values and sizes: its types, the names, dtypes and shapes of its
fields, its id type and its layouts. A file of ten thousand molecules has one form and a handful of
tensors. ``docs/files.md`` describes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .._storage.adjacency import Adjacency
from .._storage.layouts import FORMATS
from .._storage.metagraph import of_type
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .container import check_storable, is_storable

PREFERRED = ("coo", "csc", "csr")  # of several layouts, the one that is stored by default


def pack(
    graphs: Iterable[Graph], formats: str | Sequence[str] | None
) -> tuple[list[Any], dict[str, list[Tensor]]]:
    """Lay out graphs.

    Args:
        graphs: the graphs.
        formats: the layouts to store; None for one that exists.

    Returns:
        The forms, for JSON; and by name the parts of each tensor, to be joined.

    Raises:
        GraphTypeError: something else than a graph.
        GraphValueError: an unknown layout.
    """
    wanted = _checked(formats)
    numbers: dict[Any, int] = {}
    forms: list[Any] = []
    groups: list[int] = []
    tensors: dict[str, list[Tensor]] = {}
    for graph in graphs:
        if not isinstance(graph, Graph):
            raise GraphTypeError(f"Expected graphs, got {type(graph).__name__}.")
        if graph.device.type == "meta":
            raise GraphTypeError("Expected graphs whose edges have values, got one on meta.")
        form = _form(graph, wanted)
        parts = dict(_parts(graph, form))
        key = json.dumps(form), *((part.dtype, part.shape[1:]) for part in parts.values())
        if key not in numbers:
            numbers[key] = len(forms)
            forms.append(form)
        groups.append(numbers[key])
        for name, part in parts.items():
            if not is_storable(part):
                check_storable(part, _described(name, form, len(groups) - 1))
            tensors.setdefault(f"{groups[-1]}/{name}", []).append(part)
    tensors["form"] = [_numbers(groups)]
    return forms, tensors


def _described(name: str, form: dict[str, Any], number: int) -> str:
    """A field of a graph, for errors."""
    side, index, _, field = name.split("/", 3)
    where = of_type(form[side][int(index)]["type"])
    return f"Field {field!r} of the {side}{where} of graph {number}"


def _checked(formats: str | Sequence[str] | None) -> list[str]:
    wanted = [formats] if isinstance(formats, str) else list(formats or ())
    if not all(name in FORMATS for name in wanted):
        raise GraphValueError(f"Expected formats of {', '.join(FORMATS)}, got {wanted!r:.80}.")
    return [name for name in FORMATS if name in wanted]


def _numbers(values: Sequence[int]) -> Tensor:
    return torch.tensor(values, dtype=torch.int64, device="cpu")


def _layouts(adjacency: Adjacency, wanted: list[str]) -> dict[str, list[str]]:
    """The layouts of a relation to store, and those that it may have."""
    created, others = adjacency.formats().values()
    stored = wanted or [next(name for name in PREFERRED if name in created)]
    return {"layouts": stored, "allowed": sorted(created + others)}


def _form(graph: Graph, wanted: list[str]) -> dict[str, Any]:
    sides = {name: _tables(data) for name, data in _sides(graph).items()}
    edges = [
        {
            "type": etype,
            "fields": list(graph.edges[etype].data),
            **_layouts(adjacency, wanted),
        }
        for etype, adjacency in graph.adjacencies.items()
    ]
    idtype = str(graph.idtype).removeprefix("torch.")
    return {**sides, "edges": edges, "idtype": idtype, "batch": list(_batch(graph))}


def _sides(graph: Graph) -> dict[str, dict[str, Any]]:
    """The data of the nodes of each type; of a block, of its sources and of its destinations."""
    if graph.is_block:
        return {
            "sources": {ntype: graph.srcnodes[ntype].data for ntype in graph.srctypes},
            "destinations": {ntype: graph.dstnodes[ntype].data for ntype in graph.dsttypes},
        }
    return {"nodes": {ntype: graph.nodes[ntype].data for ntype in graph.ntypes}}


def _tables(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"type": ntype, "fields": list(columns)} for ntype, columns in data.items()]


def _counts(graph: Graph, side: str) -> list[int]:
    if side == "sources":
        return [graph.num_src_nodes(ntype) for ntype in graph.srctypes]
    if side == "destinations":
        return [graph.num_dst_nodes(ntype) for ntype in graph.dsttypes]
    return [graph.num_nodes(ntype) for ntype in graph.ntypes]


def _parts(graph: Graph, form: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a graph of a form, by name."""
    for side, data in _sides(graph).items():
        tables = zip(data.values(), _counts(graph, side), strict=True)
        for number, (columns, count) in enumerate(tables):
            yield from _table(f"{side}/{number}", columns, count)
    for number, (etype, adjacency) in enumerate(graph.adjacencies.items()):
        yield from _table(f"edges/{number}", graph.edges[etype].data, adjacency.num_edges)
        for layout in form["edges"][number]["layouts"]:
            for name, ids in _ids(adjacency, layout).items():
                yield f"edges/{number}/{layout}/{name}", ids
    for what, sizes in _batch(graph).items():
        for number, each in enumerate(sizes):
            yield from _table(f"batch/{what}/{number}", {"sizes": each}, len(each))


def _table(prefix: str, columns: Mapping[str, Tensor], count: int) -> Iterator[tuple[str, Tensor]]:
    yield f"{prefix}/count", _numbers([count])
    for name, column in columns.items():
        yield f"{prefix}/data/{name}", column


def _ids(adjacency: Adjacency, layout: str) -> dict[str, Tensor]:
    if layout == "coo":
        return {"src": adjacency.src, "dst": adjacency.dst}
    csr = adjacency.csc if layout == "csc" else adjacency.csr
    return csr._asdict()


def _batch(graph: Graph) -> dict[str, list[Tensor]]:
    """The sizes of the graphs of a batch for each type; empty for a single graph or a block."""
    sizes = {} if graph.is_block else {"nodes": graph._batch_nodes, "edges": graph._batch_edges}
    return {what: list(by.values()) for what, by in sizes.items() if by is not None}
