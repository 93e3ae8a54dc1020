"""Errors that leave a graph as it was: what the tests of bad input share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor

from graphmp import Graph, GraphError

Call = Callable[[Graph], Any]
Error = type[GraphError]
Case = tuple[Call, Error, str]


def frames(g: Graph) -> list[MutableMapping[str, Tensor]]:
    """The frames of all nodes and edges."""
    sources = [g.srcnodes[t].data for t in g.srctypes]
    targets = [g.dstnodes[t].data for t in g.dsttypes]
    return [*sources, *targets, *(g.edges[t].data for t in g.canonical_etypes)]


@contextmanager
def unchanged(g: Graph) -> Iterator[None]:
    """Assert that a block leaves the features and the structure of ``g`` as they are."""
    before = [{name: (t, t.clone()) for name, t in frame.items()} for frame in frames(g)]
    edges = {t: [ends.clone() for ends in g.edges(etype=t)] for t in g.canonical_etypes}
    counts = [g.num_nodes(t) for t in g.ntypes]
    yield
    assert counts == [g.num_nodes(t) for t in g.ntypes]
    for etype, ends in edges.items():
        assert all(map(torch.equal, g.edges(etype=etype), ends))
    for frame, columns in zip(frames(g), before, strict=True):
        assert frame.keys() == columns.keys()
        for name, (column, values) in columns.items():
            assert frame[name] is column
            assert torch.equal(column, values)


def refuses(g: Graph, case: Case) -> None:
    """Assert that a call raises as it should and leaves the graph alone."""
    call, error, message = case
    with unchanged(g), pytest.raises(error, match=message):
        call(g)


def each(argument: str, table: dict[str, Any]) -> pytest.MarkDecorator:
    """Run a test for every row of a table, under its name."""
    return pytest.mark.parametrize(argument, table.values(), ids=table.keys())


def meta(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """A tensor on another device than every graph here."""
    return torch.empty(shape, dtype=dtype, device="meta")
