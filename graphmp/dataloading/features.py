"""Features that a batch brings along: read in the worker, not when the model asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import _checks
from ..errors import GraphTypeError
from ..graph import Graph


def set_node_lazy_features(g: Graph, feature_names: Any) -> None:
    """Read node features of a sampled graph now.

    Blocks and subgraphs read a feature when it is first asked for. A sampler names those that the
    model will need, so that a worker reads them; a loader moves them with the graph.

    Args:
        g: a sampled graph that is no block.
        feature_names: names; with several node types also a dict of them by type.

    Raises:
        GraphKeyError: a feature or a type that is not there.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.ones(3)
        >>> set_node_lazy_features(gm.node_subgraph(g, [0, 1]), ["x"])
    """
    _read(feature_names, g.ntypes, lambda t: g.nodes[t].data)


def set_edge_lazy_features(g: Graph, feature_names: Any) -> None:
    """Read edge features of a sampled graph now; see :func:`set_node_lazy_features`."""
    _read(feature_names, g.canonical_etypes, lambda t: g.edges[t].data)


def set_src_lazy_features(g: Graph, feature_names: Any) -> None:
    """Read features of a block's sources now; see :func:`set_node_lazy_features`."""
    _read(feature_names, g.srctypes, lambda t: g.srcnodes[t].data)


def set_dst_lazy_features(g: Graph, feature_names: Any) -> None:
    """Read features of a block's destinations now; see :func:`set_node_lazy_features`."""
    _read(feature_names, g.dsttypes, lambda t: g.dstnodes[t].data)


def _read(names: Any, types: Iterable[Any], frame: Callable[[Any], Mapping[str, Any]]) -> None:
    """Read columns, named for each type or for all types."""
    if not names:
        return
    by_type = names if isinstance(names, Mapping) else dict.fromkeys(types, names)
    for each, wanted in by_type.items():
        data = frame(each)
        for name in _listed(wanted):
            data[name]


def _listed(names: Any) -> list[Any]:
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise GraphTypeError(
            "Features to read beforehand are named in a list, such as ['x'], or a dict of lists by "
            f"type, but {_checks.kind(names)} came."
        )
    return list(names)
