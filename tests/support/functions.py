"""Builtin functions beside functions of a user's own that do the same, and graphs to try them on.

All of them read ``x`` of the sources and ``w`` of the edges, send ``m`` and write ``y``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import graphmp as gm
import graphmp.function as fn
from graphmp import EdgeBatch, Graph, NodeBatch
from support.corner_graphs import two_relations

Columns = dict[str, Tensor]
REDUCERS: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda inbox: inbox.sum(1),
    "mean": lambda inbox: inbox.mean(1),
    "max": lambda inbox: inbox.max(1).values,
    "min": lambda inbox: inbox.min(1).values,
}


def copy_source(edges: EdgeBatch) -> Columns:
    """What ``fn.copy_u("x", "m")`` sends."""
    return {"m": edges.src["x"]}


def weigh_source(edges: EdgeBatch) -> Columns:
    """What ``fn.u_mul_e("x", "w", "m")`` sends, for features of equal rank."""
    return {"m": edges.src["x"] * edges.data["w"]}


def reduce_by(name: str) -> Callable[[NodeBatch], Columns]:
    """What the builtin reducer ``name`` writes."""
    formula = REDUCERS[name]
    return lambda nodes: {"y": formula(nodes.mailbox["m"])}


def nothing(_: EdgeBatch | NodeBatch) -> Columns:
    """What a function returns that only looks."""
    return {}


def spy(seen: list[Any], function: Callable[[Any], Any] = nothing) -> Callable[[Any], Any]:
    """A function that notes the batch that it is given, and then does what ``function`` does."""

    def spying(batch: Any) -> Any:
        seen.append(batch)
        return function(batch)

    return spying


sum_inbox = reduce_by("sum")
COPY, SUM = fn.copy_u("x", "m"), fn.sum("m", "y")


def kinds(builtin: Any, function: Any, name: str) -> pytest.MarkDecorator:
    """Run a test with a builtin and with a function, as the argument ``name``."""
    return pytest.mark.parametrize(name, [builtin, function], ids=["builtin", "function"])


def each_message(test: Any) -> Any:
    """Run a test with both kinds of message that copy the source."""
    return kinds(COPY, copy_source, "message")(test)


def each_reduce(test: Any) -> Any:
    """Run a test with both kinds of reducer that sum."""
    return kinds(SUM, sum_inbox, "reduce")(test)


def each_path(test: Any) -> Any:
    """Run a test with every mixture of the two kinds."""
    return each_message(each_reduce(test))


each_idtype = pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=["int32", "int64"])


def sample(idtype: torch.dtype = torch.int64) -> Graph:
    """In-degrees 0, 2, 0, 3, 1; both edges into node 1 come from node 0, and node 3 has a loop."""
    u, v = torch.tensor([[0, 2, 1, 0, 3, 3], [1, 3, 3, 1, 3, 4]], dtype=idtype)
    g = gm.graph((u, v))
    g.ndata["x"] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    g.edata["w"] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    return g


def sample_block(idtype: torch.dtype = torch.int64) -> Graph:
    """Four sources and three destinations of in-degrees 1, 3, 0."""
    block = gm.create_block(([3, 0, 1, 0], [1, 0, 1, 1]), 4, 3, idtype=idtype)
    block.srcdata["x"] = torch.tensor([1.0, 2.0, 3.0, 4.0])
    block.dstdata["x"] = torch.tensor([-1.0, -2.0, -3.0])
    block.edata["w"] = torch.tensor([1.0, 2.0, 3.0, 4.0])
    return block


def meeting(idtype: torch.dtype = torch.int64) -> Graph:
    """Two relations into one type, whose four nodes hear [1], [2, 2, 30], [10, 20] and nothing."""
    g = two_relations(idtype)
    g.nodes["a"].data["x"] = torch.tensor([1.0, 2.0])
    g.nodes["b"].data["x"] = torch.tensor([10.0, 20.0, 30.0])
    return g
