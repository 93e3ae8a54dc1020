"""Prefetched features: gathered with a batch, not when the model reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import _checks
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph


def set_node_lazy_features(g: Graph, feature_names: Any) -> None:
    """Gather node features of a sampled graph now.

    Blocks and subgraphs gather a feature on first access. A sampler calls this for the features
    that the model needs, so that a worker gathers them; a loader moves them with the graph.

    Args:
        g: a sampled graph that is not a block.
        feature_names: a list of names; with several node types also a dict of lists by type.

    Raises:
        GraphKeyError: an unknown feature or type.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.ones(3)
        >>> gm.set_node_lazy_features(gm.node_subgraph(g, [0, 1]), ["x"])
    """
    if g.is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block; call set_src_lazy_features or "
            "set_dst_lazy_features."
        )
    _gather(feature_names, g._meta.ntypes, g._meta.ntype, g._frames.src)


def set_edge_lazy_features(g: Graph, feature_names: Any) -> None:
    """Gather edge features of a sampled graph now; see :func:`set_node_lazy_features`.

    Args:
        g: a sampled graph or block.
        feature_names: a list of names; with several edge types also a dict of lists by type.

    Raises:
        GraphKeyError: an unknown feature or type.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.edata["w"] = torch.ones(2)
        >>> gm.set_edge_lazy_features(gm.in_subgraph(g, [1]), ["w"])
    """
    _gather(feature_names, g._meta.canonical_etypes, g._meta.etype, g._frames.edge)


def set_src_lazy_features(g: Graph, feature_names: Any) -> None:
    """Gather source features of a block now; see :func:`set_node_lazy_features`.

    Args:
        g: a block.
        feature_names: a list of names; with several node types also a dict of lists by type.

    Raises:
        GraphKeyError: an unknown feature or type.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.ones(3)
        >>> gm.set_src_lazy_features(gm.to_block(g), ["x"])
    """
    _gather(feature_names, g._meta.srctypes, g._meta.src, g._frames.src)


def set_dst_lazy_features(g: Graph, feature_names: Any) -> None:
    """Gather destination features of a block now; see :func:`set_node_lazy_features`.

    Args:
        g: a block.
        feature_names: a list of names; with several node types also a dict of lists by type.

    Raises:
        GraphKeyError: an unknown feature or type.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.ones(3)
        >>> gm.set_dst_lazy_features(gm.to_block(g), ["x"])
    """
    _gather(feature_names, g._meta.dsttypes, g._meta.dst, g._frames.dst)


def _gather(
    names: Any,
    types: Iterable[Any],
    canonical: Callable[[Any], Any],
    frames: Mapping[Any, Mapping[str, Any]],
) -> None:
    """Read columns of frames, named for each type or for all types."""
    if not names:
        return
    by_type = names if isinstance(names, _checks.AnyMapping) else _for_all(types, names, frames)
    for key, listed in by_type.items():
        frame = frames[key if key in frames else canonical(key)]
        for name in _names(listed):
            frame[name]


def _for_all(
    types: Iterable[Any], names: Any, frames: Mapping[Any, Mapping[str, Any]]
) -> dict[Any, list[Any]]:
    """The names, which are for all types, by type.

    Raises:
        GraphKeyError: one type of several lacks a feature that another has.
    """
    listed = _names(names)
    by_type = dict.fromkeys(types, listed)
    for name in listed:
        have = [key for key in by_type if name in frames[key]]
        lacking = [key for key in by_type if name not in frames[key]]
        if have and lacking:
            example = {key: [name] for key in have}
            raise GraphKeyError(
                f"Expected a feature {name!r} of every type, got none of {lacking[0]!r}; pass a "
                f"dict by type, such as {example}."
            )
    return by_type


def _names(listed: Any) -> list[Any]:
    if isinstance(listed, str):
        return [listed]
    if not isinstance(listed, Iterable):
        raise GraphTypeError(
            "Expected prefetched features to be named in a list, such as ['x'], or a dict of lists "
            f"by type, got {_checks.kind(listed)}."
        )
    return list(listed)
