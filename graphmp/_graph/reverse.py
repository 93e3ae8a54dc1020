"""The reverse of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype, Metagraph, of_type
from .arguments import refuse_block
from .frames import Frames
from .state import assembled
from .structure import AnyGraph

Value = TypeVar("Value")


def reverse(
    g: AnyGraph,
    copy_ndata: bool = True,
    copy_edata: bool = False,
    *,
    share_ndata: bool | None = None,
    share_edata: bool | None = None,
) -> AnyGraph:
    """Turn every edge around; edge ids stay.

    Args:
        g: any graph that is not a block.
        copy_ndata: keep node features.
        copy_edata: keep edge features.
        share_ndata: an older name of ``copy_ndata``, used instead of it if it is not None.
        share_edata: likewise of ``copy_edata``.

    Returns:
        A graph over the same tensors; ``(s, name, d)`` becomes ``(d, name, s)``.

    Raises:
        GraphValueError: a block.

    Example:
        >>> import graphmp as gm
        >>> gm.reverse(gm.graph(([0, 1], [2, 3]))).edges()
        (tensor([2, 3]), tensor([0, 1]))
    """
    refuse_block(g)
    copy_ndata = copy_ndata if share_ndata is None else share_ndata
    copy_edata = copy_edata if share_edata is None else share_edata
    meta = g._meta
    if any(s != d for s, _, d in meta.canonical_etypes):
        meta = Metagraph([(d, name, s) for s, name, d in meta.canonical_etypes], meta.ntypes)
    adjacencies = {(d, n, s): a.reversed for (s, n, d), a in g.adjacencies.items()}
    old = g._frames
    nodes = {t: f.copy() if copy_ndata else f.bare() for t, f in old.src.items()}
    edges: dict[CanonicalEtype, Frame] = {}
    for (s, name, d), frame in old.edge.items():
        turned = frame.copy() if copy_edata else frame.bare()
        turned.owner = f"edges{of_type((d, name, s))}"
        edges[d, name, s] = turned
    new = assembled(g, meta, adjacencies, Frames(nodes, nodes, edges))
    sizes = None if g._batch_edges is None else _turned(g._batch_edges)
    new._set_batch_sizes(g._batch_nodes, sizes, g._unfit_nodes, _turned(g._unfit_edges))
    return new


def _turned(sizes: Mapping[CanonicalEtype, Value]) -> dict[CanonicalEtype, Value]:
    """What belongs to each edge type, by the type of its edges' opposites."""
    return {(d, name, s): each for (s, name, d), each in sizes.items()}
