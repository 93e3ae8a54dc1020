"""How loaders and samplers show themselves: the arguments that they were made with."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..graph import Graph


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
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(text)}</td></tr>"
            for name, text in self._settings().items()
        )
        return f"<div><b>{escape(type(self).__name__)}</b><table>{rows}</table></div>"

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
    """Whether an argument is its default, or no names."""
    if value is default:
        return True
    if isinstance(value, (list, tuple, dict)):
        return not value
    is_plain = isinstance(value, (bool, int, float, str)) and type(value) is type(default)
    return is_plain and bool(value == default)


def briefly(value: Any) -> str:
    """A value in a few words: graphs and tensors by their sizes, functions by their names.

    Example:
        >>> import torch
        >>> briefly(torch.ones(3, 2)), briefly({"user": [1, 2]}), briefly(len)
        ('tensor of shape (3, 2)', "{'user': [1, 2]}", 'len')
    """
    if isinstance(value, Graph):
        return f"{value.num_nodes():,} nodes and {value.num_edges():,} edges"
    if isinstance(value, (Tensor, np.ndarray)):
        kind = "tensor" if isinstance(value, Tensor) else "array"
        return f"{kind} of shape {tuple(value.shape)}" if value.ndim else str(value.item())
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {briefly(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Shown):
        return repr(value)
    if isinstance(value, (torch.device, torch.dtype)):
        return str(value)
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__name__))
    return reprlib.repr(value)
