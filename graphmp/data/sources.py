"""Sources of data files: ``raw_dir``, the folder ``GRAPHMP_DATA``, and the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..errors import GraphRuntimeError, GraphValueError

if TYPE_CHECKING:
    from types import ModuleType

DATA_VARIABLE = "GRAPHMP_DATA"
Folder: TypeAlias = str | os.PathLike[str]


def cache_folder() -> Path:
    """Return the folder for downloaded data; it need not exist yet.

    It is the folder that the environment variable ``DGL_DOWNLOAD_DIR`` names, else ``~/.dgl`` if
    DGL has made it, else the system's.

    Raises:
        GraphRuntimeError: pooch is not installed.
    """
    named = os.environ.get("DGL_DOWNLOAD_DIR")
    folder = Path(named or "~/.dgl").expanduser()
    return folder if named or folder.is_dir() else Path(pooch_module().os_cache("graphmp"))


def find_folder(
    collections: list[str], choices: list[list[str]], raw_dir: Folder | None
) -> Path | None:
    """Look for files in ``raw_dir``, then in the folder that ``GRAPHMP_DATA`` names.

    In each of the two the files may lie in the folder itself or in one of ``collections``.

    Args:
        collections: names of the folder within.
        choices: the files; where there are several choices, all files of one of them.
        raw_dir: where to look first.

    Returns:
        The folder that holds the files, or None.

    Raises:
        GraphValueError: ``GRAPHMP_DATA`` names no folder.
    """
    for root in _roots(raw_dir):
        for folder in (root, *(root / collection for collection in collections)):
            if any(all((folder / name).is_file() for name in names) for names in choices):
                return folder
    return None


def need_folder(
    collections: list[str], choices: list[list[str]], raw_dir: Folder | None, origin: str
) -> Path:
    """Look for files as :func:`find_folder` does, in folders of several names.

    Args:
        collections: names of the folder within.
        choices: the files; where there are several choices, all files of one of them.
        raw_dir: where to look first.
        origin: where the files can be had, for the error.

    Returns:
        The folder that holds the files.

    Raises:
        GraphValueError: ``GRAPHMP_DATA`` names no folder.
        GraphRuntimeError: no such folder holds the files.
    """
    folder = find_folder(collections, choices, raw_dir)
    if folder is not None:
        return folder
    raise GraphRuntimeError(
        f"Expected the files {', or '.join(', '.join(names) for names in choices)}, got none. "
        f"{_looked(raw_dir)} Download them from {origin}, move them to a folder {collections[0]}, "
        f"and pass the folder that has it as raw_dir, or set {DATA_VARIABLE} to it."
    )


def _looked(raw_dir: Folder | None) -> str:
    """Describe the folders that were searched."""
    searched = "raw_dir is None"
    if raw_dir:
        exists = Path(raw_dir).expanduser().is_dir()
        searched = f"raw_dir is {str(raw_dir)!r}{'' if exists else ', which is not a folder'}"
    named = os.environ.get(DATA_VARIABLE)
    return f"{searched}; {DATA_VARIABLE} is {repr(named) if named else 'not set'}."


def _roots(raw_dir: Folder | None) -> Iterator[Path]:
    """``raw_dir``, then the folder in ``GRAPHMP_DATA``, which must exist."""
    if raw_dir:
        yield Path(raw_dir).expanduser()
    named = os.environ.get(DATA_VARIABLE)
    if named and not Path(named).expanduser().is_dir():
        raise GraphValueError(
            f"Expected {DATA_VARIABLE} to be a folder that exists, got {named!r}; correct it, or "
            "unset it to download the files."
        )
    if named:
        yield Path(named).expanduser()


def pooch_module() -> ModuleType:
    """Import pooch.

    Raises:
        GraphRuntimeError: it is not installed.
    """
    try:
        import pooch
    except ImportError as error:
        raise GraphRuntimeError(
            "Expected pooch to be installed, for downloads; pip install pooch, or pass a folder "
            f"with the files as raw_dir, or set {DATA_VARIABLE} to it."
        ) from error
    module: ModuleType = pooch
    return module
