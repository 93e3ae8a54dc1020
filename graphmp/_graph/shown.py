"""How samplers, loaders and transforms show themselves: the arguments that they were made with."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .._storage.metagraph import UNNAMED
from .._storage.preview import table_html
from .structure import Structure


class Shown:
    """Shows the arguments of its class that it stores and that are not the defaults.

    Example:
        >>> import graphmp as gm
        >>> gm.dataloading.NeighborSampler([2, 3], replace=True)
        NeighborSampler(fanouts=[2, 3], replace=True)
    """

    def __repr__(self) -> str:
        parts = [f"{name}={text}" for name, text in self._settings().items()]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows: a row for each argument."""
        table = table_html(("argument", "value"), self._settings().items())
        return f"<div><b>{escape(type(self).__name__)}</b>{table}</div>"

    def _settings(self) -> dict[str, str]:
        """The arguments by name, as texts."""
        parameters: dict[str, inspect.Parameter] = {}
        for owner in type(self).__mro__:
            if issubclass(owner, Shown):
                parameters = {**inspect.signature(owner.__init__).parameters, **parameters}
        stored = {name: getattr(self, name) for name in parameters if name in vars(self)}
        return {
            name: briefly(value)
            for name, value in stored.items()
            if not _is_usual(value, parameters[name].default)
        }


def _is_usual(value: Any, default: Any) -> bool:
    """Whether an argument is its default, or no names, or those of a homogeneous graph."""
    if value is default:
        return True
    if isinstance(value, dict):
        return not value
    if isinstance(value, (list, tuple)):
        return all(isinstance(each, tuple) and each in UNNAMED for each in value)
    is_plain = isinstance(value, (bool, int, float, str)) and type(value) is type(default)
    return is_plain and bool(value == default)


class _Brief(reprlib.Repr):
    """Shortens values at every depth of lists and tuples."""

    def repr1(self, x: Any, level: int) -> str:
        """The text of a value."""
        text = _summary(x)
        return super().repr1(x, level) if text is None else text


def briefly(value: Any) -> str:
    """A value in a few words: graphs and tensors by their sizes, functions by their names.

    Example:
        >>> import torch
        >>> briefly(torch.ones(3, 2)), briefly({"user": [1, 2]}), briefly([len])
        ('tensor of shape (3, 2)', "{'user': [1, 2]}", '[len]')
    """
    return _Brief().repr(value)


def _summary(value: Any) -> str | None:
    """A value by its size or its name; None of one whose ``repr`` says enough."""
    if isinstance(value, Structure):
        return f"{value.num_nodes():,} nodes and {value.num_edges():,} edges"
    if isinstance(value, (Tensor, np.ndarray)):
        kind = "tensor" if isinstance(value, Tensor) else "array"
        return f"{kind} of shape {tuple(value.shape)}" if value.ndim else str(value.item())
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {briefly(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (Shown, torch.device, torch.dtype)):
        return str(value)
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__name__))
    return None
