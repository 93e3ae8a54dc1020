"""Settings that DGL's programs read and write, without an effect in graphmp."""

from __future__ import annotations

import logging

from ..errors import GraphValueError

__all__ = [
    "backend_name",
    "enable_verbose_logging",
    "is_libxsmm_enabled",
    "load_backend",
    "use_libxsmm",
]

backend_name = "pytorch"
_libxsmm = True


def load_backend(mod_name: str) -> None:
    """Load DGL's backend, which torch alone can be.

    Args:
        mod_name: ``"pytorch"``.

    Raises:
        GraphValueError: another name.
    """
    if mod_name != backend_name:
        raise GraphValueError(
            f"mod_name: expected {backend_name!r}, got {mod_name!r}; graphmp runs on torch only."
        )


def use_libxsmm(flag: bool) -> None:
    """Set what :func:`is_libxsmm_enabled` returns; graphmp's kernels do not use that library.

    Args:
        flag: the new value.
    """
    global _libxsmm
    _libxsmm = bool(flag)


def is_libxsmm_enabled() -> bool:
    """The last value of :func:`use_libxsmm`, at first True."""
    return _libxsmm


def enable_verbose_logging() -> None:
    """Let DGL's logger, ``dgl-core``, pass on every message."""
    logging.getLogger("dgl-core").setLevel(logging.DEBUG)
