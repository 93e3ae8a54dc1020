"""Sources of data files: ``raw_dir``, the folder ``GRAPHMP_DATA``, or a download."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import GraphRuntimeError, GraphValueError

if TYPE_CHECKING:
    from types import ModuleType

DATA_VARIABLE = "GRAPHMP_DATA"
Folder: TypeAlias = str | os.PathLike[str]


def cache_folder() -> Path:
    """Return the system's folder for downloaded data; it need not exist yet.

    Raises:
        GraphRuntimeError: pooch is not installed.
    """
    return Path(_pooch().os_cache("graphmp"))


def find_folder(collection: str, names: list[str], raw_dir: Folder | None) -> Path | None:
    """Look for files in ``raw_dir``, then in the folder that ``GRAPHMP_DATA`` names.

    In each of the two the files may lie in the folder itself or in one named ``collection``.

    Args:
        collection: name of the folder within.
        names: the files, all of which are needed.
        raw_dir: where to look first.

    Returns:
        The folder that holds the files, or None.

    Raises:
        GraphValueError: ``GRAPHMP_DATA`` names no folder.
    """
    return _first_with([collection], [names], raw_dir)


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
    folder = _first_with(collections, choices, raw_dir)
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


def _first_with(
    collections: list[str], choices: list[list[str]], raw_dir: Folder | None
) -> Path | None:
    """The first folder that holds all files of a choice."""
    for root in _roots(raw_dir):
        for folder in (root, *(root / collection for collection in collections)):
            if any(all((folder / name).is_file() for name in names) for names in choices):
                return folder
    return None


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


def fetch_files(base_url: str, checksums: Mapping[str, str], folder: Path, progress: bool) -> Path:
    """Download the files that ``folder`` does not hold yet, and check all against their sums.

    A file of another content than its sum says is replaced.

    Args:
        base_url: what to put before each file's name, with a slash at the end.
        checksums: the sha256 of each file, by name.
        folder: the folder of the files; created if it does not exist.
        progress: show a progress bar for each file.

    Returns:
        ``folder``.

    Raises:
        GraphRuntimeError: pooch is not installed, or a file cannot be downloaded.
        GraphValueError: a downloaded file is not the one that was wanted.
    """
    registry = {name: f"sha256:{checksum}" for name, checksum in checksums.items()}
    remote = _pooch().create(path=folder, base_url=base_url, registry=registry)
    for name in checksums:
        _fetch(remote, name, progress)
    return folder


def _fetch(remote: Any, name: str, progress: bool) -> None:
    """Have pooch fetch one file, and say what to do when it cannot."""
    try:
        remote.fetch(name, progressbar=progress)
    except OSError as error:
        raise GraphRuntimeError(
            f"Expected {name} or a download from {remote.base_url}, got: {error}. Move the files "
            f"to a folder and pass it as raw_dir, or set {DATA_VARIABLE} to it."
        ) from error
    except ValueError as error:
        raise GraphValueError(
            f"{name} from {remote.base_url} is not the file with the expected checksum, and was "
            f"removed: {error} Try again; if this persists, the file has changed there."
        ) from error


def _pooch() -> ModuleType:
    try:
        import pooch
    except ImportError as error:
        raise GraphRuntimeError(
            "Expected pooch to be installed, for downloads; pip install pooch, or pass a folder "
            f"with the files as raw_dir, or set {DATA_VARIABLE} to it."
        ) from error
    module: ModuleType = pooch
    return module
