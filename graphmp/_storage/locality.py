"""Orders in which rows are visited, so that the cache has most of the features that they read.

Nodes of a community have many neighbours in common. Rows that are visited community by community
read those neighbours' features within a short time. Each row is summed as before, so no result
changes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .. import kernels
from ..kernels.contract import Csr, OrderedCsr
from ..kernels.segments import positions_of, rows_of

# A community and its neighbours shall fit into the cache of a core, as a few thousand rows do.
_MAX_COMMUNITY = 1024
_ROUNDS = 4
_WINDOW = 1 << 14  # edges, after which a row of features has left the cache
_LEAST_GAIN = 0.25  # of the reads from outside the cache: visiting rows in any order costs time


def communities(src: Tensor, dst: Tensor, num: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Find the communities of the nodes at both ends of edges.

    Args:
        src: (E,) sources.
        dst: (E,) destinations.
        num: the numbers of sources and destinations. Equal numbers are the same nodes.

    Returns:
        A label for each source and for each destination.
    """
    num_src, num_dst = num
    offset = 0 if num_src == num_dst else num_src
    count = offset + num_dst
    if count > torch.iinfo(src.dtype).max:
        src, dst = src.long(), dst.long()
    # Nodes take their labels one after the other, for which a GPU has no kernel.
    u, v = kernels.symmetrize(src.cpu(), dst.cpu() + offset, count)
    csr = kernels.compress(u, v, count)
    labels = kernels.communities(csr, _MAX_COMMUNITY, _ROUNDS).to(src.device)
    return labels[:num_src], labels[offset:]


def ordered(csr: Csr, labels: Tensor, num_others: int) -> Csr:
    """Let rows of edges be visited community by community, if features are then read sooner again.

    Args:
        csr: edges grouped by row.
        labels: (rows,) the community of each row.
        num_others: the number of nodes at the other end.

    Returns:
        An :class:`OrderedCsr`; or ``csr`` itself, if it reads as fast.
    """
    rows = torch.argsort(labels, stable=True)
    positions = positions_of(csr.indptr, rows, len(csr.indices))
    degrees = csr.indptr.diff()[rows]
    indptr = torch.zeros_like(csr.indptr)
    torch.cumsum(degrees, 0, dtype=indptr.dtype, out=indptr[1:])
    visited = Csr(indptr, csr.indices[positions], csr.edge_ids[positions])
    before, after = (1 - _reuse(c.indices, num_others) for c in (csr, visited))
    if after > (1 - _LEAST_GAIN) * before:
        return csr
    return OrderedCsr(csr, rows.to(csr.indptr.dtype), visited)


def _reuse(ids: Tensor, count: int) -> float:
    """The share of ``ids`` (E,), each below ``count``, that the window before them has too."""
    if not len(ids):
        return 0.0
    indptr, positions = kernels.group(ids, count)
    is_near = positions.diff() <= _WINDOW
    is_same = rows_of(indptr, len(ids)).diff() == 0
    return int((is_near & is_same).count_nonzero()) / len(ids)
