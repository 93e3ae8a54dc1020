"""The names of ``dgl.data.utils`` that are no part of :mod:`graphmp.data`."""

from __future__ import annotations

import warnings
from pathlib import Path

from ..data.downloads import get_dgl_url

__all__ = ["deprecate_class", "deprecate_function", "deprecate_property", "makedirs"]

_get_dgl_url = get_dgl_url  # DGL's data sets import it by this name


def makedirs(path: str) -> None:
    """Make a folder and those above it, unless it is there."""
    Path(path).expanduser().mkdir(parents=True, exist_ok=True)


def deprecate_property(old: str, new: str) -> None:
    """Warn that a property has another name now."""
    warnings.warn(f"Property {old} is deprecated; use {new} instead.", stacklevel=3)


def deprecate_function(old: str, new: str) -> None:
    """Warn that a function has another name now."""
    warnings.warn(f"Function {old} is deprecated; use {new} instead.", stacklevel=3)


def deprecate_class(old: str, new: str) -> None:
    """Warn that a class has another name now."""
    warnings.warn(f"Class {old} is deprecated; use {new} instead.", stacklevel=3)
