"""Checks of message and reduce functions, before anything runs."""

from __future__ import annotations

from typing import Any

from .. import _checks
from ..errors import GraphTypeError
from ..function import Builder, Message, Reduce


def message_function(value: Any) -> None:
    """Check a message function of a user.

    Raises:
        GraphTypeError: a reduce builtin, or not a function.
    """
    refuse_builder(value, "message_func")
    if isinstance(value, Reduce) or not callable(value):
        raise GraphTypeError(
            "message_func: expected a builtin such as function.copy_u or a function of edges, got "
            f"{_described(value)}."
        )


def reduce_function(value: Any) -> None:
    """Check a reduce function of a user.

    Raises:
        GraphTypeError: a message builtin, or not a function.
    """
    refuse_builder(value, "reduce_func")
    if isinstance(value, Message) or not callable(value):
        raise GraphTypeError(
            "reduce_func: expected a builtin such as function.sum or a function of nodes, got "
            f"{_described(value)}."
        )


def refuse_builder(value: Any, what: str) -> None:
    """Check that a function is not a builtin that has not been called.

    Args:
        value: the function.
        what: the argument, for the error message.

    Raises:
        GraphTypeError: it is.
    """
    if isinstance(value, Builder):
        raise GraphTypeError(
            f"{what}: expected a function, got {value!r} itself; call builtins with the names of "
            'fields: fn.copy_u("h", "m"), fn.sum("m", "h_new").'
        )


def _described(value: Any) -> str:
    """A value passed as a function, as an error message describes it."""
    if isinstance(value, (Message, Reduce)):
        kind = "message" if isinstance(value, Message) else "reduce"
        return f"the {kind} builtin function.{value.name}"
    return _checks.kind(value)
