"""Checks of message and reduce functions, before anything runs."""

from __future__ import annotations

from typing import Any

from .. import _checks
from ..errors import GraphTypeError
from ..function import Message, Reduce


def message_function(value: Any) -> None:
    """Check a message function of a user.

    Raises:
        GraphTypeError: a reduce builtin, or not a function.
    """
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
    if isinstance(value, Message) or not callable(value):
        raise GraphTypeError(
            "reduce_func: expected a builtin such as function.sum or a function of nodes, got "
            f"{_described(value)}."
        )


def _described(value: Any) -> str:
    """A value passed as a function, as an error message describes it."""
    if isinstance(value, (Message, Reduce)):
        kind = "message" if isinstance(value, Message) else "reduce"
        return f"the {kind} builtin function.{value.name}"
    return _checks.kind(value)
