"""What layers take as features: one tensor for both ends of the edges, a pair, or one of nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from ... import _checks
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph

Features: TypeAlias = Tensor | tuple[Tensor, Tensor]
Function = TypeVar("Function")
Like: TypeAlias = nn.Module | Tensor | None
Sizes: TypeAlias = int | tuple[int, int]


def sizes_at_ends(in_feats: Sizes) -> tuple[int, int]:
    """The feature sizes of sources and destinations: those of a pair, or one for both.

    Example:
        >>> sizes_at_ends(3), sizes_at_ends((3, 2))
        ((3, 3), (3, 2))
    """
    return in_feats if isinstance(in_feats, tuple) else (in_feats, in_feats)


def checked_source(
    graph: Graph, feat: Any, size: int | None, name: str = "feat", like: Like = None
) -> Tensor:
    """Check what a layer that reads the sources alone was given.

    Args:
        graph: a graph or block of one edge type.
        feat: (num_src, …) a tensor; or a pair of which the first is that.
        size: the last dimension that the layer needs; None for any.
        name: the argument's name.
        like: as in :func:`in_dtype_of`.

    Returns:
        The features of the sources.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: a wrong number of rows, a wrong size, or another device.
    """
    source = feat[0] if isinstance(feat, tuple) and feat else feat
    _check(graph, source, _checks.adjacency_of(graph).num_src, "source nodes", size, name)
    return in_dtype_of(like, source, name)


def checked(
    graph: Graph,
    feat: Any,
    sizes: tuple[int | None, int | None],
    name: str = "feat",
    like: Like = None,
) -> Features:
    """Check what a layer that reads both ends was given.

    Args:
        graph: a graph or block of one edge type.
        feat: a tensor (num_src, …), when the destinations are among the sources: in a graph
            between nodes of one type they are the same, in a block they come first. Else a pair
            of (num_src, …) and (num_dst, …).
        sizes: the last dimensions that the layer needs; None for any.
        name: the argument's name.
        like: as in :func:`in_dtype_of`.

    Returns:
        ``feat``, in the dtype of the parameters if it came in integers.

    Raises:
        GraphTypeError: not a tensor, or a pair of other things; or another floating dtype.
        GraphValueError: a wrong number of rows, a wrong size, another device, or one tensor where
            a pair is needed.
    """
    adjacency = _checks.adjacency_of(graph)
    if not isinstance(feat, tuple):
        _check(graph, feat, adjacency.num_src, "source nodes", sizes[0], name)
        if sizes[1] != sizes[0]:
            _check(graph, feat, adjacency.num_src, "destination nodes", sizes[1], name)
        _check_one_serves_both(graph)
        return in_dtype_of(like, feat, name)
    if len(feat) != 2:
        raise GraphValueError(
            "Features are one tensor or a pair (of the sources, of the destinations), but a tuple "
            f"of {len(feat)} came."
        )
    _check(graph, feat[0], adjacency.num_src, "source nodes", sizes[0], name)
    _check(graph, feat[1], adjacency.num_dst, "destination nodes", sizes[1], name)
    return in_dtype_of(like, feat[0], name), in_dtype_of(like, feat[1], name)


def checked_alike(graph: Graph, feat: Any) -> Features:
    """Check what a layer was given that adds or compares the features of both ends.

    Args:
        graph: a graph or block of one edge type.
        feat: as in :func:`checked`.

    Returns:
        ``feat``.

    Raises:
        GraphTypeError: as in :func:`checked`.
        GraphValueError: as in :func:`checked`, or different sizes at the ends.
    """
    given = checked(graph, feat, (None, None))
    source, target = at_ends(graph, given)
    if source.shape[1:] != target.shape[1:]:
        raise GraphValueError(
            "The features of sources and destinations must have one size, since they are added, "
            f"but {tuple(source.shape[1:])} and {tuple(target.shape[1:])} came."
        )
    return given


def checked_steps(graph: Graph, feat: Any, size: int | None, like: Like = None) -> Tensor:
    """Check what a layer was given that passes messages several times along the same edges.

    Args:
        graph: a graph between nodes of one type, or a block with all its nodes at both sides.
        feat: (N, …).
        size: the last dimension that the layer needs; None for any.
        like: as in :func:`in_dtype_of`.

    Returns:
        ``feat``, in the dtype of the parameters if it came in integers.

    Raises:
        GraphTypeError: not a tensor, or another floating dtype.
        GraphValueError: destinations that are not the sources, a wrong number of rows, a wrong
            size, or another device.
    """
    adjacency = _checks.adjacency_of(graph)
    source, _, target = graph.canonical_etypes[0]
    same = adjacency.num_src == adjacency.num_dst if graph.is_block else source == target
    if not same:
        raise GraphValueError(
            "The layer passes messages on along the edges they came by, so the graph's "
            f"destinations must be its sources, but there are {adjacency.num_src} sources and "
            f"{adjacency.num_dst} other destinations: use the whole graph, or layers of one step."
        )
    _check(graph, feat, adjacency.num_src, "source nodes", size)
    return in_dtype_of(like, feat, "feat")


def checked_nodes(graph: Graph, feat: Any, size: int | None = None) -> Tensor:
    """Check what a layer was given that reads all nodes of each graph in a batch.

    Args:
        graph: a graph or a batch, of one node type, that is no block.
        feat: (N, …).
        size: the last dimension that the layer needs; None for any.

    Returns:
        (batch size,) the number of nodes of each graph.

    Raises:
        GraphTypeError: not a graph, or not a tensor.
        GraphValueError: several node types, a block, a wrong number of rows, a wrong size, or
            another device.
    """
    if _checks.graph(graph).is_block:
        raise GraphValueError("A block is no batch of graphs: pool the graph it came from.")
    sizes = graph.batch_num_nodes()
    _check(graph, feat, graph.num_nodes(), "nodes", size)
    return sizes


def in_dtype_of(like: Like, value: Tensor, name: str) -> Tensor:
    """Bring integers into the dtype of the parameters that they will meet in a product.

    Args:
        like: a layer or a parameter; None if there is none.
        value: features.
        name: the argument's name.

    Returns:
        ``value``; integers and bools in the dtype of the parameters.

    Raises:
        GraphTypeError: another floating dtype than that of the parameters, which autocast does not
            change either.

    Example:
        >>> import torch
        >>> in_dtype_of(torch.nn.Linear(2, 1), torch.tensor([[1, 0]]), "feat")
        tensor([[1., 0.]])
    """
    wanted = None
    for parameter in like.parameters() if isinstance(like, nn.Module) else (like,):
        if parameter is not None and parameter.dtype == value.dtype:
            return value
        if wanted is None and parameter is not None and parameter.is_floating_point():
            wanted = parameter.dtype
    if wanted is None:
        return value
    if not (value.is_floating_point() or value.is_complex()):
        return value.to(wanted)
    device = value.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return value
    raise GraphTypeError(
        f"{name} must have the parameters' dtype {wanted}, but {value.dtype} came: call "
        f".to({wanted}) on it, or .to({value.dtype}) on the layer."
    )


def check_edges(graph: Graph, value: Any, name: str, size: int | None = None) -> None:
    """Check what edges carry.

    Args:
        graph: a graph or block of one edge type.
        value: (E, …).
        name: the argument's name.
        size: the last dimension that the layer needs; None for any.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another number of rows, a wrong size, or another device.
    """
    _checks.feature(value, graph.adjacency.num_edges, graph.device, name, "edges")
    if size is not None and (value.ndim < 2 or value.shape[-1] != size):
        raise GraphValueError(
            f"{name} must have {size} as its last dimension, but a shape of {tuple(value.shape)} "
            "came."
        )


def checked_types(types: Any, limit: int, name: str) -> Tensor:
    """Check types of rows or edges.

    Args:
        types: (N,) an integer tensor, or a list.
        limit: the number of types.
        name: the argument's name.

    Returns:
        (N,) on the device it came on.

    Raises:
        GraphTypeError: not integers.
        GraphIndexError: an unknown type.
        GraphValueError: more than one dimension.
    """
    if not isinstance(types, Tensor):
        return _checks.ids(types, torch.int64, torch.device("cpu"), limit, name)
    return _checks.ids(types, _checks.id_dtype(types.dtype, name), types.device, limit, name)


def check_parameter(value: Any, shape: tuple[int | None, ...], name: str) -> None:
    """Check a parameter that a function was given.

    Args:
        value: the parameter.
        shape: its shape, None for any size.
        name: the argument's name.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another shape.
    """
    if not isinstance(value, Tensor):
        raise GraphTypeError(f"{name} must be a tensor, but {_checks.kind(value)} came.")
    fits = len(shape) == value.ndim
    for size, came in zip(shape, value.shape, strict=False):
        fits = fits and size in (None, came)
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise GraphValueError(f"{name} must have shape ({wanted}), but {tuple(value.shape)} came.")


def checked_function(value: Function, name: str) -> Function:
    """Check a function that a layer is made with, such as an activation.

    Args:
        value: a function, a module, or None.
        name: the argument's name.

    Returns:
        ``value``.

    Raises:
        GraphTypeError: something else; a class is one too, since it must be called before.

    Example:
        >>> checked_function(torch.relu, "activation") is torch.relu
        True
    """
    if isinstance(value, type):
        raise GraphTypeError(
            f"{name} must be a function or a module, but the class {value.__name__} came: make a "
            f"module of it by {value.__name__}()."
        )
    if value is not None and not callable(value):
        raise GraphTypeError(
            f"{name} must be a function or a module, such as torch.relu, but {_checks.kind(value)} "
            "came."
        )
    return value


def _check_one_serves_both(graph: Graph) -> None:
    """Check that the destinations are among the sources."""
    source, _, target = graph.canonical_etypes[0]
    if graph.is_block:
        apart = graph.adjacency.num_dst > graph.adjacency.num_src
    else:
        apart = source != target
    if apart:
        raise GraphValueError(
            "The graph's destinations are not among its sources, so a pair (features of the "
            "sources, features of the destinations) is needed, but one tensor came."
        )


def _check(
    graph: Graph, value: Any, rows: int, owner: str, size: int | None, name: str = "feat"
) -> None:
    owner = _told_apart(graph, owner)
    _checks.feature(value, rows, graph.device, name, owner)
    if size is not None and (value.ndim < 2 or value.shape[-1] != size):
        raise GraphValueError(
            f"The features of the {owner} must have {size} as their last dimension, but a shape "
            f"of {tuple(value.shape)} came."
        )


def _told_apart(graph: Graph, owner: str) -> str:
    """Whose rows they are: of a block, or of which relation, in a model of many."""
    etype = graph.canonical_etypes[0]
    owner = owner if etype[1] == "_E" else f"{owner} of {etype}"
    return f"{owner} of the block" if graph.is_block else owner


def at_ends(graph: Graph, feat: Features) -> tuple[Tensor, Tensor]:
    """The rows of the sources and those of the destinations, of features already checked.

    Args:
        graph: a graph or block of one edge type.
        feat: one tensor for both ends, or a pair. In a block, the first rows of one tensor are
            those of the destinations.

    Returns:
        (num_src, …) and (num_dst, …).
    """
    if isinstance(feat, tuple):
        return feat
    return (feat, feat[: graph.adjacency.num_dst]) if graph.is_block else (feat, feat)


def mapped(change: Callable[[Tensor], Tensor], feat: Features) -> Features:
    """Change the one tensor once, or each of a pair.

    Example:
        >>> import torch
        >>> mapped(torch.neg, (torch.ones(1), torch.zeros(1)))
        (tensor([-1.]), tensor([-0.]))
    """
    return (change(feat[0]), change(feat[1])) if isinstance(feat, tuple) else change(feat)


def dropped(feat: Features, dropout: nn.Module) -> Features:
    """Features after dropout, which is not even called where it drops nothing.

    Example:
        >>> import torch
        >>> feat = torch.ones(2)
        >>> dropped(feat, nn.Dropout(0.0)) is feat
        True
    """
    idle = isinstance(dropout, nn.Dropout) and not (dropout.training and dropout.p)
    return feat if idle else mapped(dropout, feat)
