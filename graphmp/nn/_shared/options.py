"""Options and functions of constructors, and parameters passed to functions, checked."""

from __future__ import annotations

from typing import Any, TypeVar

from torch import Tensor

from ... import _checks
from ...errors import GraphOptionError, GraphTypeError, GraphValueError

Function = TypeVar("Function")


def check_parameter(value: Any, shape: tuple[int | None, ...], name: str) -> None:
    """Check a parameter that is passed to a function.

    Args:
        value: the parameter.
        shape: its shape, None for any size.
        name: the argument's name.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another shape.
    """
    if not isinstance(value, Tensor):
        raise GraphTypeError(f"{name}: expected a tensor, got {_checks.kind(value)}.")
    fits = len(shape) == value.ndim
    for size, actual in zip(shape, value.shape, strict=False):
        fits = fits and size in (None, actual)
    if not fits:
        sizes = ", ".join("any" if size is None else str(size) for size in shape)
        raise GraphValueError(
            f"{name}: expected shape ({sizes}), got a shape of {tuple(value.shape)}."
        )


def checked_function(value: Function, name: str) -> Function:
    """Check a function passed to a layer's constructor, such as an activation.

    Args:
        value: a function, a module, or None.
        name: the argument's name.

    Returns:
        ``value``.

    Raises:
        GraphTypeError: not callable, or a class, which must be instantiated first.

    Example:
        >>> import torch
        >>> checked_function(torch.relu, "activation") is torch.relu
        True
    """
    if isinstance(value, type):
        raise GraphTypeError(
            f"{name}: expected a function or a module, got the class {value.__name__}; pass an "
            f"instance, {value.__name__}()."
        )
    if value is not None and not callable(value):
        raise GraphTypeError(
            f"{name}: expected a function or a module, such as torch.relu, got "
            f"{_checks.kind(value)}."
        )
    return value


def check_option(value: Any, options: tuple[str, ...], name: str) -> None:
    """Check the name of an option.

    Args:
        value: the name.
        options: the known names.
        name: the argument's name.

    Raises:
        GraphOptionError: an unknown name.

    Example:
        >>> check_option("sum", ("sum", "mean"), "aggregator_type")
    """
    if value not in options:
        raise GraphOptionError(f"{name}: expected one of {', '.join(options)}, got {value!r}.")
