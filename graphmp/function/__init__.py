"""Builtin message and reduce functions: ``copy_u``, ``u_mul_e``, …, ``sum``, ``mean``, …

A message builtin is named after its operands: ``u`` the source of an edge, ``v`` its destination,
``e`` the edge itself. ``u_mul_e("h", "w", "m")`` multiplies the source's ``h`` by the edge's ``w``
and calls the result ``m``; ``mean("m", "out")`` averages ``m`` over the edges that enter a node.
Nothing is computed here: the functions return records that ``Graph.update_all`` reads.

Files:
    operators: The table of builtins: one row for each binary operator and reducer.
    spec: Frozen records that describe one builtin call.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from torch.compiler import is_compiling

from ..errors import GraphTypeError
from .operators import (
    BINARY_OPS,
    REDUCERS,
    BinaryOp,
    Reducer,
    built,
    register_operator,
    register_reducer,
)
from .spec import (
    TARGETS,
    BinaryMessageFunction,
    BuiltinFunction,
    CopyMessageFunction,
    Field,
    Message,
    Reduce,
)

Fields = ParamSpec("Fields")
Record = TypeVar("Record")


class Builder(Generic[Fields, Record]):
    """A builtin's name; called with the names of fields, it returns the builtin.

    Example:
        >>> import graphmp.function as fn
        >>> fn.copy_u
        <builtin copy_u(u, out)>
        >>> fn.copy_u("h", "m")
        copy_u('h', 'm')
    """

    __name__: str

    def __init__(self, build: Callable[Fields, Record]) -> None:
        """Wrap ``build``, with its name, its docstring and its signature."""
        self._build = build
        functools.update_wrapper(self, build)

    def __call__(self, *args: Fields.args, **kwargs: Fields.kwargs) -> Record:
        """Return the builtin that reads and writes these fields."""
        if not is_compiling():  # a traced program should not depend on what was built before
            try:
                return built(self._build, *args, **kwargs)  # type: ignore[no-any-return,arg-type]
            except TypeError:  # a name that cannot be hashed, say: the last line explains it
                pass
        return self._build(*args, **kwargs)

    def __repr__(self) -> str:
        names = ", ".join(inspect.signature(self._build).parameters)
        return f"<builtin {self.__name__}({names})>"

    def __reduce__(self) -> str:
        """A pickle names it, as it names a function."""
        return self.__name__


def _check_fields(**fields: object) -> None:
    """Check that arguments are names of fields."""
    for what, value in fields.items():
        if not isinstance(value, str):
            raise GraphTypeError(
                f"{what}: expected the name of a field, a string, got {type(value).__name__}."
            )


@Builder
def copy_u(u: str, out: str) -> Message:
    """Send the source's feature.

    Args:
        u: field of the source nodes.
        out: name of the message.

    Example:
        >>> import graphmp.function as fn
        >>> fn.copy_u("h", "m").name
        'copy_u'
    """
    _check_fields(u=u, out=out)
    return CopyMessageFunction(None, Field("u", u), None, out)


@Builder
def copy_v(v: str, out: str) -> Message:
    """Send the destination's feature.

    Args:
        v: field of the destination nodes.
        out: name of the message.
    """
    _check_fields(v=v, out=out)
    return CopyMessageFunction(None, Field("v", v), None, out)


@Builder
def copy_e(e: str, out: str) -> Message:
    """Send the edge's feature.

    Args:
        e: field of the edges.
        out: name of the message.
    """
    _check_fields(e=e, out=out)
    return CopyMessageFunction(None, Field("e", e), None, out)


_RESULTS = {
    "add": "sum",
    "sub": "difference",
    "mul": "product",
    "div": "quotient",
    "dot": "dot product",
}


def _message_builder(lhs: str, op: str, rhs: str) -> Callable[[str, str, str], Message]:
    def build(lhs_field: str, rhs_field: str, out: str) -> Message:
        _check_fields(lhs_field=lhs_field, rhs_field=rhs_field, out=out)
        left, right = Field(lhs, lhs_field), Field(rhs, rhs_field)
        return BinaryMessageFunction(BINARY_OPS[op], left, right, out)

    where = {"u": "source node", "v": "destination node", "e": "edge"}
    build.__name__ = build.__qualname__ = f"{lhs}_{op}_{rhs}"
    build.__doc__ = (
        f"Message: {_RESULTS.get(op, op)} of the {where[lhs]}'s and the {where[rhs]}'s feature.\n\n"
        f"Args:\n    lhs_field: field of the {where[lhs]}s.\n"
        f"    rhs_field: field of the {where[rhs]}s.\n    out: name of the message."
    )
    return Builder(build)


def _reduce_builder(name: str) -> Callable[[str, str], Reduce]:
    def build(msg: str, out: str) -> Reduce:
        _check_fields(msg=msg, out=out)
        return Reduce(REDUCERS[name], msg, out)

    build.__name__ = build.__qualname__ = name
    build.__doc__ = (
        f"Reduce: {name} of the messages that enter a node; 0 where none does.\n\n"
        "Args:\n    msg: name of the message.\n    out: field of the result."
    )
    return Builder(build)


def _build(name: str) -> Callable[..., Any] | None:
    """The builder called ``name``, if the table has what it needs."""
    if name in REDUCERS:
        return _reduce_builder(name)
    lhs, _, rest = name.partition("_")
    op, _, rhs = rest.partition("_")
    if op in BINARY_OPS and lhs != rhs and lhs in TARGETS and rhs in TARGETS:
        return _message_builder(lhs, op, rhs)
    return None


def message_names() -> list[str]:
    """The names of all message builtins, those registered by users among them."""
    pairs = [(lhs, rhs) for lhs in TARGETS for rhs in TARGETS if lhs != rhs]
    binary = [f"{lhs}_{op}_{rhs}" for op in BINARY_OPS for lhs, rhs in pairs]
    return ["copy_u", "copy_v", "copy_e", *binary]


def reducer_names() -> list[str]:
    """The names of all reduce builtins, those registered by users among them."""
    return list(REDUCERS)


def __getattr__(name: str) -> Callable[..., Any]:
    """Create the builder of a row of the table at its first use."""
    builder = _build(name)
    if builder is None:
        new = name.replace("src", "u").replace("dst", "v").replace("edge", "e")
        advice = (
            f"; the reducers are {', '.join(reducer_names())}, and messages are called u_mul_e and "
            "the like; add others with register_reducer and register_operator"
        )
        if new in message_names():
            advice = f": it is {new} now"
        raise AttributeError(f"module {__name__!r} has no builtin {name!r}{advice}")
    globals()[name] = builder
    return builder


def __dir__() -> list[str]:
    return sorted({*__all__, *message_names(), *reducer_names()})


__all__ = [  # noqa: PLE0604 - the builtins are generated, so their names are too
    "BINARY_OPS",
    "REDUCERS",
    "BinaryMessageFunction",
    "BinaryOp",
    "Builder",
    "BuiltinFunction",
    "CopyMessageFunction",
    "Message",
    "Field",
    "Reduce",
    "Reducer",
    "message_names",
    "reducer_names",
    "register_operator",
    "register_reducer",
    *message_names(),
    *reducer_names(),
]
for _name in (*message_names(), *reducer_names()):
    globals().setdefault(_name, _build(_name))
del _name
