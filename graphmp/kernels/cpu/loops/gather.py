"""The loops that group ids and renumber nodes, each on one thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..runtime.jit import jit


@jit
def group(ids: Any, indptr: Any, order: Any) -> None:
    """Sort ids by counting, stably.

    Args:
        ids: (E,) from 0 to rows - 1.
        indptr: (rows + 1,) receives where each id starts.
        order: (E,) receives positions, sorted by their ids.
    """
    rows = len(indptr) - 1
    indptr[:] = 0
    for e in range(len(ids)):
        indptr[ids[e] + 1] += 1
    for r in range(rows):
        indptr[r + 1] += indptr[r]
    following = indptr[:rows].copy()
    for e in range(len(ids)):
        r = ids[e]
        order[following[r]] = e
        following[r] += 1


@jit
def relabel(first: Any, ids: Any, table: Any, nodes: Any, positions: Any) -> Any:
    """Number the nodes of ``first`` and then the new ones of ``ids``; returns their count.

    A branch on whether an id is new could not be predicted, so every id is appended to ``nodes``
    and the count only grows for a new one: otherwise the next id overwrites it.

    Args:
        first: (n,) distinct nodes.
        ids: (m,) nodes.
        table: (nodes,) zeros, and zeros again at the end; holds the number of each node plus 1.
        nodes: (n + m,) receives the nodes.
        positions: (m,) receives where each of ``ids`` is in ``nodes``.
    """
    count = np.int64(0)
    for i in range(len(first)):
        nodes[count] = first[i]
        count += 1
        if table[first[i]] == 0:
            table[first[i]] = count
    for j in range(len(ids)):
        nodes[count] = ids[j]
        number = np.int64(table[ids[j]])
        count += 1 if number == 0 else 0
        number = count if number == 0 else number
        table[ids[j]] = number
        positions[j] = number - 1
    for i in range(count):
        table[nodes[i]] = 0
    return count
