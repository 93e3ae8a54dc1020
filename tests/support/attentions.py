"""The three attentions as one table: their operands, and what they should give, by loops."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

import graphmp as gm
from graphmp import ops
from support import dense
from support.corner_graphs import Corner, feature

Operands = dict[str, Tensor]
NAMES = ("gat_attention", "gatv2_attention", "dot_attention")

# What each takes beside edge and weight, and where a row of it lies; attn has none.
ENDS: dict[str, dict[str, str]] = {
    "gat_attention": {"value": "u", "left": "u", "right": "v"},
    "gatv2_attention": {"left": "u", "right": "v", "attn": "", "value": "u"},
    "dot_attention": {"query": "v", "key": "u", "value": "u"},
}


def operands(
    corner: Corner,
    name: str,
    *,
    heads: int = 3,
    k: int = 5,
    size: int = 5,
    lead: tuple[int, ...] = (),
    dtype: torch.dtype = torch.float32,
) -> Operands:
    """Every operand that the attention ``name`` takes, by name, the same every time."""
    by_head = (*lead, heads) if name == "gat_attention" else (*lead, heads, k)
    shapes = dict.fromkeys(ENDS[name], by_head) | {"value": (*lead, heads, size)}
    made = {}
    for seed, (operand, end) in enumerate(ENDS[name].items()):
        if end:
            made[operand] = feature(corner.rows(end), shapes[operand], dtype, seed)
        else:
            made[operand] = feature(1, (heads, k), dtype, seed)[0] / 2
    for seed, operand in enumerate(("edge", "weight"), 5):
        made[operand] = feature(len(corner.src), (*lead, heads), dtype, seed)
    return made


def run(name: str, graph: Any, given: Operands, **options: Any) -> Any:
    """Call the attention ``name``."""
    return getattr(ops, name)(graph, **given, **options)


def corner_of(graph: gm.Graph) -> Corner:
    """The edges of a homogeneous graph."""
    src, dst = (tuple(end.tolist()) for end in graph.edges())
    return Corner("random", src, dst, graph.num_nodes(), graph.num_nodes())


def joined(pair: tuple[Tensor, Tensor]) -> Tensor:
    """Output and attention as one vector, so that a loss may read both."""
    return torch.cat([tensor.flatten() for tensor in pair])


def size_of(operand: Tensor, heads: int) -> int:
    """The size of a head of (rows, *, heads, size) or (rows, *, heads)."""
    return math.prod(operand.shape[1:]) // max(heads, 1)


def by_loops(
    name: str, corner: Corner, given: Operands, slope: float = 0.2
) -> tuple[Tensor, Tensor]:
    """Output and attention, without dropout."""
    value = given.get("value", given.get("left"))
    assert value is not None
    lead, size = value.shape[1:-1], value.shape[-1]
    heads = math.prod(lead)
    names = ("key", "query") if name == "dot_attention" else ("left", "right")
    left, right = (given[n].reshape(len(given[n]), heads, size_of(given[n], heads)) for n in names)
    slant, kind = None, {"gat_attention": "add", "dot_attention": "dot"}.get(name, "leaky")
    if kind == "leaky":
        slant = given["attn"].repeat(heads // max(given["attn"].shape[0], 1), 1)
    if kind == "dot":
        right = right / math.sqrt(max(right.shape[-1], 1))
    by_edge = [
        None if n not in given else given[n].reshape(len(corner.src), heads)
        for n in ("edge", "weight")
    ]
    logits = dense.scores(kind, corner.src, corner.dst, left, right, by_edge[0], slant, slope)
    out, attention = dense.attend(
        logits, value.reshape(len(value), heads, size), corner.src, corner.dst, corner.num_dst,
        by_edge[1],
    )  # fmt: skip
    return out.view(corner.num_dst, *lead, size), attention.view(len(corner.src), *lead)
