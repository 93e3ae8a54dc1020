"""Renumbering of nodes in order of first appearance."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["num_first", "total"])
def claim(first, ids, table, num_first, total, BLOCK: tl.constexpr):
    """Store in ``table`` where each node first is in ``first`` followed by ``ids``."""
    p = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    is_first, inside = p < num_first, p < total
    node = tl.load(first + p, mask=is_first, other=0)
    node += tl.load(ids + p - num_first, mask=inside & (p >= num_first), other=0)
    # The least of numbers is the same in whatever order they come.
    tl.atomic_min(table + node, p.to(table.dtype.element_ty), mask=inside, sem="relaxed")


@triton.jit(do_not_specialize=["num_first", "num_ids"])
def renumber(ids, table, ranks, nodes, positions, num_first, num_ids, BLOCK: tl.constexpr):
    """Store the new nodes, and the number of every id; ``ranks`` count the new up to each id."""
    p = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = p < num_ids
    node = tl.load(ids + p, mask=inside, other=0)
    owner = tl.load(table + node, mask=inside, other=0).to(tl.int64)
    is_known = owner < num_first
    rank = tl.load(ranks + owner - num_first, mask=inside & (owner >= num_first), other=0)
    position = tl.where(is_known, owner, num_first + rank - 1)
    tl.store(positions + p, position, mask=inside)
    tl.store(nodes + position, node, mask=inside & (owner == p + num_first))
