"""The vocabulary of message passing: one row per binary operator, one row per reducer.

The table is open: :func:`register_operator` and :func:`register_reducer` add rows, and builders,
operations and tests follow from them.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from ..errors import GraphTypeError, GraphValueError


@dataclass(frozen=True, repr=False)
class BinaryOp:
    """A binary operator: how a message is computed from two operands.

    Attributes:
        name: the word in ``u_<name>_e``.
        formula: the definition, on two tensors of equal rank that broadcast.
        kernel: the primitive that backends fuse: ``"add"``, ``"sub"``, ``"mul"`` or ``"div"``;
            None leaves the formula to be computed on the edges.
        contracts: whether the last dimension is summed and kept as 1.
    """

    name: str
    formula: Callable[[Tensor, Tensor], Tensor]
    kernel: str | None = None
    contracts: bool = False

    def __repr__(self) -> str:
        return f"BinaryOp({self.name!r})"


@dataclass(frozen=True, repr=False)
class Reducer:
    """A reducer: how the messages into a node, of one or more relations, become one value.

    Either ``kernel`` and ``combine``, or ``formula``, define it.

    Attributes:
        name: the name of the builtin.
        kernel: the primitive that each relation computes: ``"sum"``, ``"max"`` or ``"min"``.
        combine: combines two partial results, (N, …) each, of nodes with messages in both.
        per_degree: divide the result by the number of messages.
        formula: the definition on messages of nodes of one in-degree, (n, degree, …) -> (n, …),
            for a reducer without a kernel.
    """

    name: str
    kernel: str | None = None
    combine: Callable[[Tensor, Tensor], Tensor] | None = None
    per_degree: bool = False
    formula: Callable[[Tensor], Tensor] | None = None

    def __repr__(self) -> str:
        return f"Reducer({self.name!r})"


def _dot(lhs: Tensor, rhs: Tensor) -> Tensor:
    return (lhs * rhs).sum(-1, keepdim=True)


def _larger(first: Tensor, second: Tensor) -> Tensor:
    """The larger one, NaN above all; the gradient goes to the first among equals."""
    wins = (second > first) | (second.isnan() & ~first.isnan())
    return torch.where(wins, second, first)


def _smaller(first: Tensor, second: Tensor) -> Tensor:
    """The smaller one, NaN below all; the gradient goes to the first among equals."""
    wins = (second < first) | (second.isnan() & ~first.isnan())
    return torch.where(wins, second, first)


def _as_float(messages: Tensor) -> Tensor:
    """Messages of integers or booleans in the default float dtype; others as they are."""
    is_counted = not (messages.is_floating_point() or messages.is_complex())
    return messages.to(torch.get_default_dtype()) if is_counted else messages


def _variance(messages: Tensor) -> Tensor:
    """The population variance; torch warns about the variance of no numbers."""
    messages = _as_float(messages)
    return messages.var(1, correction=0) if messages.numel() else messages.sum(1)


def square_root(numbers: Tensor) -> Tensor:
    """The square root; where it is 0, so are its derivatives of every order."""
    is_zero = numbers == 0
    return torch.where(is_zero, 0, torch.where(is_zero, 1, numbers).sqrt())


def _deviation(messages: Tensor) -> Tensor:
    """The standard deviation."""
    return square_root(_variance(messages))


BINARY_OPS: dict[str, BinaryOp] = {
    op.name: op
    for op in (
        BinaryOp("add", torch.add, kernel="add"),
        BinaryOp("sub", torch.sub, kernel="sub"),
        BinaryOp("mul", torch.mul, kernel="mul"),
        BinaryOp("div", torch.div, kernel="div"),
        BinaryOp("dot", _dot, kernel="mul", contracts=True),
    )
}

REDUCERS: dict[str, Reducer] = {
    reducer.name: reducer
    for reducer in (
        Reducer("sum", "sum", torch.add),
        Reducer("mean", "sum", torch.add, per_degree=True),
        Reducer("max", "max", _larger),
        Reducer("min", "min", _smaller),
        Reducer("prod", formula=lambda messages: messages.prod(1)),
        Reducer("var", formula=_variance),
        Reducer("std", formula=_deviation),
        Reducer("logsumexp", formula=lambda messages: _as_float(messages).logsumexp(1)),
    )
}

_OWN = frozenset({*BINARY_OPS.values(), *REDUCERS.values()})  # which layers use


@lru_cache(maxsize=4096)
def built(build: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The builtin ``build(*args, **kwargs)``, built once until a row of the table is replaced."""
    return build(*args, **kwargs)


def register_operator(op: BinaryOp, replace: bool = False) -> BinaryOp:
    """Add a row: ``fn.u_<name>_v`` and its siblings, and ``ops.u_<name>_v``, exist from now on.

    Args:
        op: the new row, with a formula and usually without a kernel.
        replace: whether the row may take the place of one that was registered before. Builtins that
            have been built keep theirs; the names build new ones.

    Returns:
        ``op`` itself.

    Raises:
        GraphTypeError: not a ``BinaryOp``.
        GraphValueError: the name is in use, or not an identifier.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> row = fn.register_operator(fn.BinaryOp("hypot", torch.hypot))
        >>> g = gm.graph(([0], [1]))
        >>> g.ndata["x"] = torch.tensor([3.0, 4.0])
        >>> g.apply_edges(fn.u_hypot_v("x", "x", "y"))
        >>> g.edata["y"]
        tensor([5.])
    """
    _check_row(op, BinaryOp)
    _check_name(op.name, BINARY_OPS, replace)
    if "_" in op.name:
        raise GraphValueError(f"op: expected a name without underscores, got {op.name!r}.")
    BINARY_OPS[op.name] = op
    built.cache_clear()
    return op


def register_reducer(reducer: Reducer, replace: bool = False) -> Reducer:
    """Add a row: ``fn.<name>`` exists from now on, and ``ops`` has it with every message.

    As the ``cross_reducer`` of :meth:`graphmp.Graph.multi_update_all`, pass a function of the list
    of results, not the name of such a row.

    Args:
        reducer: the new row, usually with a formula.
        replace: whether the row may take the place of one that was registered before. Builtins that
            have been built keep theirs; the names build new ones.

    Returns:
        ``reducer`` itself.

    Raises:
        GraphTypeError: not a ``Reducer``.
        GraphValueError: the name is in use, or not an identifier, or the row has neither a formula
            nor a kernel with ``combine``.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> row = fn.Reducer("median", formula=lambda messages: messages.median(1).values)
        >>> row = fn.register_reducer(row)
        >>> g = gm.graph(([0, 1, 2], [3, 3, 3]))
        >>> g.ndata["x"] = torch.tensor([5.0, 1.0, 2.0, 0.0])
        >>> g.update_all(fn.copy_u("x", "m"), fn.median("m", "y"))
        >>> g.ndata["y"]
        tensor([0., 0., 0., 2.])
    """
    _check_row(reducer, Reducer)
    _check_name(reducer.name, REDUCERS, replace)
    if reducer.formula is None and (reducer.kernel is None or reducer.combine is None):
        raise GraphValueError(
            f"Reducer {reducer.name!r} needs a formula, or a kernel and a way to combine."
        )
    REDUCERS[reducer.name] = reducer
    built.cache_clear()
    return reducer


def _check_row(row: object, kind: type) -> None:
    if not isinstance(row, kind):
        raise GraphTypeError(
            f"Expected a {kind.__name__}(name, formula=...), got {type(row).__name__}."
        )


def _check_name(name: str, table: dict[str, BinaryOp] | dict[str, Reducer], replace: bool) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise GraphValueError(f"Expected an identifier as the name of a builtin, got {name!r}.")
    if name in table and (not replace or table[name] in _OWN):
        advice = "" if table[name] in _OWN else ", or pass replace=True"
        raise GraphValueError(f"There is a builtin {name!r} already; choose another name{advice}.")
