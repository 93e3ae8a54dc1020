"""Dimensions of messages: a function of (n, degree, …) as the same function of (E, …)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .recording.arguments import NotRecordedError, named
from .recording.elementwise import ELEMENTWISE
from .standins import Degree, Size

_Called = tuple[Any, Any]


def without_dimension(func: Any, args: Any, kwargs: Any, rank: int, num_edges: int) -> _Called:
    """The arguments of a function of messages (n, degree, …) for the same messages as (E, …).

    Args:
        func: the function.
        args: its arguments.
        kwargs: its named arguments.
        rank: the number of dimensions of the messages, with both.
        num_edges: E.

    Returns:
        Arguments that name one dimension less.

    Raises:
        NotRecordedError: the first two dimensions do not stay as they are, or that is not known.
    """
    moves = _MOVES.get(func)
    if moves is None:
        raise NotRecordedError
    return moves(args, kwargs, rank, num_edges)


def _unchanged(args: Any, kwargs: Any, rank: int, num_edges: int) -> _Called:
    return args, kwargs


def _reshaped(args: Any, kwargs: Any, rank: int, num_edges: int) -> _Called:
    """``view`` and ``reshape``, whose first sizes are those of the mailbox."""
    sizes = args[1] if len(args) == 2 and isinstance(args[1], (tuple, list)) else args[1:]
    if len(sizes) < 2 or not isinstance(sizes[1], Degree):
        raise NotRecordedError
    if type(sizes[0]) is not Size and sizes[0] != -1:
        raise NotRecordedError
    return (args[0], (num_edges, *sizes[2:])), kwargs


def _indexed(args: Any, kwargs: Any, rank: int, num_edges: int) -> _Called:
    """All nodes and messages, and some of the features."""
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    if index[0] is ...:
        return args, kwargs
    if len(index) < 2 or index[0] != slice(None) or index[1] != slice(None):
        raise NotRecordedError
    return (args[0], tuple(index[1:])), kwargs


def _moved(*names: str, first: int = 1, added: int = 0) -> Callable[..., _Called]:
    """Arguments that are dimensions, from the position ``first`` on, named ``names``."""

    def moves(args: Any, kwargs: Any, rank: int, num_edges: int) -> _Called:
        places = range(first, first + len(names))
        if len(args) <= first and not any(name in kwargs for name in names):
            raise NotRecordedError
        moved = [
            _less(arg, rank + added) if place in places else arg for place, arg in enumerate(args)
        ]
        named_ones = {k: _less(v, rank + added) if k in names else v for k, v in kwargs.items()}
        return moved, named_ones

    return moves


def _less(dim: Any, rank: int) -> Any:
    """A dimension of features as that of messages without the dimension of the degree."""
    if isinstance(dim, (tuple, list)):
        return type(dim)(_less(part, rank) for part in dim)
    if type(dim) is not int:
        raise NotRecordedError
    dim = dim + rank if dim < 0 else dim
    if dim < 2:
        raise NotRecordedError
    return dim - 1


_LINEAR = ("linear", "matmul", "__matmul__", "mm")
_MOVES: dict[Any, Callable[..., _Called]] = {
    function: moves
    for name, moves in {
        **dict.fromkeys((*ELEMENTWISE, *_LINEAR), _unchanged),
        **dict.fromkeys(("view", "reshape"), _reshaped),
        "__getitem__": _indexed,
        **dict.fromkeys(("sum", "mean", "squeeze", "softmax"), _moved("dim")),
        **dict.fromkeys(("cat", "concat", "concatenate"), _moved("dim")),
        **dict.fromkeys(("norm", "vector_norm"), _moved("dim", first=2)),
        "unsqueeze": _moved("dim", added=1),
        "transpose": _moved("dim0", "dim1"),
        "flatten": _moved("start_dim"),
    }.items()
    for function in named(name)
}
