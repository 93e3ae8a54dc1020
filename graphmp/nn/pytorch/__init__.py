"""DGL's name for :mod:`graphmp.nn`, so that ``import graphmp.nn.pytorch as dglnn`` goes on.

Files:
    glob: DGL's alias of the pooling layers.
"""

from __future__ import annotations

import sys
from typing import Any

from . import glob as glob

_LAYERS = __name__.rpartition(".")[0]


def __getattr__(name: str) -> Any:
    """An attribute of the layers' package; of its special names only ``__all__``."""
    if name.startswith("__") and name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(sys.modules[_LAYERS], name)


def __dir__() -> list[str]:
    return [*dir(sys.modules[_LAYERS]), "glob"]
