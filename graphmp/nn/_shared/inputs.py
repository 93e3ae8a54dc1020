"""Input features of layers, read and checked once per call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from ... import _checks
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from ...ops.eager import is_large
from .first_rows import with_first_rows

Features: TypeAlias = Tensor | tuple[Tensor, Tensor]
Sizes: TypeAlias = int | tuple[int, int]


class Ends(NamedTuple):
    """The checked inputs of one call: the edges, and the features at their two ends.

    Attributes:
        adjacency: the edges.
        feat: one tensor for both ends, or a pair.
        is_block: whether the destinations are the first rows of one tensor.
    """

    adjacency: Adjacency
    feat: Features
    is_block: bool


class _Owner(tuple[Graph, str]):
    """The nodes whose features are checked, of a graph; only an error describes them."""

    __slots__ = ()

    def __str__(self) -> str:
        return describe_owner(*self)


def sizes_at_ends(in_feats: Sizes) -> tuple[int, int]:
    """The feature sizes of sources and destinations: those of a pair, or one for both.

    Example:
        >>> sizes_at_ends(3), sizes_at_ends((3, 2))
        ((3, 3), (3, 2))
    """
    return in_feats if isinstance(in_feats, tuple) else (in_feats, in_feats)


def read_ends(
    graph: Graph,
    feat: Any,
    sizes: tuple[int | None, int | None],
    like: Tensor | None = None,
    name: str = "feat",
    reads_dst: bool = True,
) -> Ends:
    """Check the features of a layer that reads both ends.

    Args:
        graph: a graph or block of one edge type.
        feat: a tensor (num_src, …), if the destinations are among the sources: in a graph
            between nodes of one type they are the same, in a block they come first. Else a pair
            of (num_src, …) and (num_dst, …).
        sizes: expected last dimensions; None for any.
        like: as in :func:`in_dtype_of`.
        name: the argument's name.
        reads_dst: whether the layer, as it was built, reads the destinations; if not, one tensor
            (num_src, …) is enough for any graph.

    Returns:
        The edges and the features, integers converted to the dtype of ``like``.

    Raises:
        GraphTypeError: not a tensor or a pair of tensors, or another floating dtype.
        GraphValueError: a wrong number of rows, a wrong size, another device, or one tensor where
            a pair is needed.
    """
    adjacency: Adjacency = _checks.graph(graph).adjacency
    is_block, (source, _, target) = graph.is_block, graph.canonical_etypes[0]
    if isinstance(feat, tuple):
        if len(feat) != 2:
            raise GraphValueError(
                f"{name}: expected one tensor or a pair (features of the sources, features of "
                f"the destinations), got a tuple of {len(feat)}."
            )
        _check(graph, feat[0], adjacency.num_src, "source nodes", sizes[0], name)
        _check(graph, feat[1], adjacency.num_dst, "destination nodes", sizes[1], name)
        pair = in_dtype_of(like, feat[0], name), in_dtype_of(like, feat[1], name)
        return Ends(adjacency, pair, is_block)
    _check(graph, feat, adjacency.num_src, "source nodes", sizes[0], name)
    if not reads_dst:
        return Ends(adjacency, in_dtype_of(like, feat, name), is_block)
    if sizes[1] != sizes[0]:
        _check(graph, feat, adjacency.num_src, "destination nodes", sizes[1], name)
    if adjacency.num_dst > adjacency.num_src if is_block else source != target:
        raise GraphValueError(
            f"{name}: expected a pair (features of the sources, features of the destinations), "
            "since the destinations are not among the sources, got one tensor."
        )
    return Ends(adjacency, in_dtype_of(like, feat, name), is_block)


def read_alike_ends(graph: Graph, feat: Any, name: str = "feat") -> Ends:
    """Check the features of a layer that adds or compares those of both ends.

    Args:
        graph: a graph or block of one edge type.
        feat: as in :func:`read_ends`.
        name: the argument's name.

    Returns:
        The edges and the features.

    Raises:
        GraphTypeError: as in :func:`read_ends`.
        GraphValueError: as in :func:`read_ends`, or different sizes at the two ends.
    """
    ends = read_ends(graph, feat, (None, None), name=name)
    src, dst = split_ends(ends, ends.feat)
    if src.shape[1:] != dst.shape[1:]:
        raise GraphValueError(
            f"{name}: expected one size at both ends, since they are added, got "
            f"{tuple(src.shape[1:])} for the sources and {tuple(dst.shape[1:])} for the "
            "destinations."
        )
    return ends


def read_source(
    graph: Graph,
    feat: Any,
    size: int | None,
    like: Tensor | None = None,
    name: str = "feat",
) -> tuple[Adjacency, Tensor]:
    """Check the features of a layer that reads only the sources.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, …); or a pair of that and anything.
        size: the expected last dimension; None for any.
        like: as in :func:`in_dtype_of`.
        name: the argument's name.

    Returns:
        The edges and the features of the sources.

    Raises:
        GraphTypeError: not a tensor, or another floating dtype.
        GraphValueError: a wrong number of rows, a wrong size, or another device.
    """
    adjacency: Adjacency = _checks.graph(graph).adjacency
    src = feat[0] if isinstance(feat, tuple) and feat else feat
    _check(graph, src, adjacency.num_src, "source nodes", size, name)
    return adjacency, in_dtype_of(like, src, name)


def read_steps(
    graph: Graph, feat: Any, size: int | None, like: Tensor | None = None
) -> tuple[Adjacency, Tensor]:
    """Check the features of a layer that passes messages repeatedly along the same edges.

    Args:
        graph: a graph between nodes of one type, or a block with all its nodes on both sides.
        feat: (N, …).
        size: the expected last dimension; None for any.
        like: as in :func:`in_dtype_of`.

    Returns:
        The edges and the features, integers converted to the dtype of ``like``.

    Raises:
        GraphTypeError: not a tensor, or another floating dtype.
        GraphValueError: destinations that are not the sources, a wrong number of rows, a wrong
            size, or another device.
    """
    adjacency: Adjacency = _checks.graph(graph).adjacency
    source, _, target = graph.canonical_etypes[0]
    is_same = adjacency.num_src == adjacency.num_dst if graph.is_block else source == target
    if not is_same:
        raise GraphValueError(
            "Expected a graph whose destinations are its sources, since messages are passed "
            f"repeatedly, got {adjacency.num_src} sources and {adjacency.num_dst} other "
            "destinations; use the whole graph, or layers of one step."
        )
    _check(graph, feat, adjacency.num_src, "source nodes", size, "feat")
    return adjacency, in_dtype_of(like, feat, "feat")


def checked_nodes(graph: Graph, feat: Any, size: int | None = None) -> Tensor:
    """Check the features of a layer that reads all nodes of each graph in a batch.

    Args:
        graph: a graph or a batch, of one node type, not a block.
        feat: (N, …).
        size: the expected last dimension; None for any.

    Returns:
        (batch size,) the number of nodes of each graph, not to be changed.

    Raises:
        GraphTypeError: not a graph, or not a tensor.
        GraphValueError: several node types, a block, a wrong number of rows, a wrong size, or
            another device.
    """
    if _checks.graph(graph).is_block:
        raise GraphValueError(
            "Expected a graph or a batch of graphs, got a block; pool the graph that was sampled."
        )
    sizes = graph._sizes_by_nodes()
    _check(graph, feat, graph.num_nodes(), "nodes", size, "feat")
    return sizes


def in_dtype_of(like: Tensor | None, value: Tensor, name: str) -> Tensor:
    """Convert integers to the dtype of the parameter by which they are multiplied.

    Args:
        like: a parameter, or None.
        value: features.
        name: the argument's name.

    Returns:
        ``value``; integers and bools in the dtype of ``like``.

    Raises:
        GraphTypeError: another floating dtype than that of ``like``, without autocast.

    Example:
        >>> import torch
        >>> in_dtype_of(torch.ones(2, 1), torch.tensor([[1, 0]]), "feat")
        tensor([[1., 0.]])
    """
    if like is None or value.dtype == like.dtype or not like.is_floating_point():
        return value
    if not (value.is_floating_point() or value.is_complex()):
        return value.to(like.dtype)
    device = value.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return value
    raise GraphTypeError(
        f"{name}: expected the parameters' dtype {like.dtype}, got {value.dtype}; call "
        f".to({like.dtype}) on it, or .to({value.dtype}) on the layer."
    )


def read_edges(
    adjacency: Adjacency,
    value: Any,
    name: str,
    size: int | None = None,
    like: Tensor | None = None,
) -> Tensor:
    """Check the features of edges.

    Args:
        adjacency: the edges.
        value: (E, …).
        name: the argument's name.
        size: the expected last dimension; None for any.
        like: as in :func:`in_dtype_of`.

    Returns:
        ``value``, integers converted to the dtype of ``like``.

    Raises:
        GraphTypeError: not a tensor, or another floating dtype.
        GraphValueError: another number of rows, a wrong size, or another device.
    """
    _checks.feature(value, adjacency.num_edges, adjacency.device, name, "edges")
    check_size(value, size, name, "edges")
    return in_dtype_of(like, value, name)


def read_optional_edges(
    adjacency: Adjacency, value: Any, name: str, size: int, like: Tensor
) -> Tensor | None:
    """Check the features of edges in a layer that may be made for none.

    Args:
        adjacency: the edges.
        value: (E, size); None, or (E, 0), for a size of 0.
        name: the argument's name.
        size: the last dimension.
        like: as in :func:`in_dtype_of`.

    Returns:
        As :func:`read_edges`; None for a size of 0.

    Raises:
        GraphValueError: features where the layer reads none, or none where it does.
        GraphTypeError: as :func:`read_edges`.
    """
    is_empty = value is None or (isinstance(value, Tensor) and value.shape[1:] == (0,))
    if is_empty != (size == 0):
        raise GraphValueError(
            f"{name}: expected {size} features per edge, got {_checks.kind(value)}; 0 features "
            "are passed as None, or as a tensor of width 0."
        )
    return None if value is None or size == 0 else read_edges(adjacency, value, name, size, like)


def checked_types(types: Any, limit: int, name: str) -> Tensor:
    """Check the types of rows or edges.

    Args:
        types: (N,) a tensor of integers, which may be stored as floats, or a list.
        limit: the number of types.
        name: the argument's name.

    Returns:
        (N,) on the device of ``types``.

    Raises:
        GraphTypeError: not integers.
        GraphIndexError: an unknown type.
        GraphValueError: more than one dimension.
    """
    if not isinstance(types, Tensor):
        return _checks.ids(types, torch.int64, torch.device("cpu"), limit, name)
    if types.is_floating_point():
        types = _as_integers(types, name)
    return _checks.ids(types, _checks.id_dtype(types.dtype, name), types.device, limit, name)


def _as_integers(types: Tensor, name: str) -> Tensor:
    integers = types.long()
    if _checks.is_looked_at(types) and not torch.equal(integers.to(types.dtype), types):
        raise GraphTypeError(f"{name}: expected integers, got {_checks.kind(types)} with others.")
    return integers


def _check(graph: Graph, value: Any, rows: int, nodes: str, size: int | None, name: str) -> None:
    """Check the features of nodes."""
    owner = _Owner((graph, nodes))
    _checks.feature(value, rows, graph.device, name, owner)
    check_size(value, size, name, owner)


def check_size(value: Tensor, size: int | None, name: str, owner: object) -> None:
    """Check the last dimension of features.

    Raises:
        GraphValueError: another size.
    """
    if size is not None and (value.ndim < 2 or value.shape[-1] != size):
        raise GraphValueError(
            f"{name} of the {owner}: expected {size} as the last dimension, got a shape of "
            f"{tuple(value.shape)}."
        )


def describe_owner(graph: Graph, nodes: str) -> str:
    """Describe nodes of a graph; in a model of several relations, with their relation.

    Example:
        >>> import graphmp as gm
        >>> describe_owner(gm.heterograph({("user", "plays", "game"): ([0], [0])}), "source nodes")
        "source nodes of ('user', 'plays', 'game')"
    """
    etype = graph.canonical_etypes[0]
    owner = nodes if etype[1] == "_E" else f"{nodes} of {etype}"
    return f"{owner} of the block" if graph.is_block else owner


def split_ends(ends: Ends, feat: Features, only_aggregates: bool = False) -> tuple[Tensor, Tensor]:
    """Split features into those of the sources and those of the destinations.

    Args:
        ends: the checked inputs of the call.
        feat: one tensor for both ends, or a pair. In a block, the first rows of one tensor are
            those of the destinations.
        only_aggregates: whether nothing but one :func:`.aggregate` reads the sources' features,
            so that the gradients of both ends may be added in place.

    Returns:
        (num_src, …) and (num_dst, …).
    """
    if isinstance(feat, tuple):
        return feat
    count = ends.adjacency.num_dst
    if only_aggregates and feat.requires_grad and (ends.is_block or is_large(feat.numel())):
        return with_first_rows(feat, count)
    return feat, feat[:count] if ends.is_block else feat


def map_features(function: Callable[[Tensor], Tensor], feat: Features) -> Features:
    """Apply a function to one tensor, or to each of a pair.

    Example:
        >>> import torch
        >>> map_features(torch.neg, (torch.ones(1), torch.zeros(1)))
        (tensor([-1.]), tensor([-0.]))
    """
    return (function(feat[0]), function(feat[1])) if isinstance(feat, tuple) else function(feat)


def apply_dropout(ends: Ends, dropout: nn.Module) -> Ends:
    """Apply dropout to the features; a dropout that changes nothing is not called."""
    drops_nothing = isinstance(dropout, nn.Dropout) and not (dropout.training and dropout.p)
    if drops_nothing and getattr(dropout, "activation", None) is None:
        return ends
    return ends._replace(feat=map_features(dropout, ends.feat))
