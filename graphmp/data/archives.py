"""Archives, unpacked without leaving the folder."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import GraphValueError
from .readers.text import copy_limited, most_bytes
from .sources import Folder

Member: TypeAlias = tuple[str, Callable[[], Any]]

DEEPEST = 64  # folders within each other
TARS = (".tar.gz", ".tgz", ".tar")


def extract_archive(file: Folder, target_dir: Folder, overwrite: bool = True) -> None:
    """Unpack an archive into a folder, completely or not at all.

    Args:
        file: a file that ends in ``.zip``, ``.tar``, ``.tar.gz``, ``.tgz`` or, with one file,
            ``.gz``.
        target_dir: the folder; created if it does not exist.
        overwrite: whether to unpack when the folder exists; files of the same name are replaced.

    Raises:
        GraphValueError: an archive of another kind, a damaged one, one whose paths leave the
            folder, with links, or that unpacks to far more than data does.

    Example:
        >>> import graphmp as gm
        >>> import pathlib, tempfile, zipfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        ...     archive.writestr("data/edges.txt", "0 1")
        >>> gm.data.extract_archive(folder / "a.zip", folder / "a")
        >>> (folder / "a" / "data" / "edges.txt").read_text()
        '0 1'
    """
    path, target = Path(file).expanduser(), Path(target_dir).expanduser()
    if target.exists() and not overwrite:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        _unpack(path, unpacked)
        _check_kinds(unpacked, target, path)
        shutil.copytree(unpacked, target, dirs_exist_ok=True, copy_function=shutil.move)


def _check_kinds(unpacked: Path, target: Path, path: Path) -> None:
    """Check that files replace files, and folders folders."""
    for each in unpacked.rglob("*"):
        place = target / each.relative_to(unpacked)
        if place.exists() and place.is_dir() != each.is_dir():
            raise GraphValueError(
                f"{path}: expected to replace files by files, got {place}, which is a "
                f"{'folder' if place.is_dir() else 'file'}; remove it."
            )


def _unpack(path: Path, folder: Path) -> None:
    limit = most_bytes(path.stat().st_size)
    try:
        for name, opened in _members(path):
            place = folder.joinpath(*_parts(name, path))
            place.parent.mkdir(parents=True, exist_ok=True)
            with opened() as source, place.open("xb") as target:
                copy_limited(source, target, limit, str(path))
                limit -= target.tell()
    except GraphValueError:
        raise
    except Exception as error:  # zipfile, tarfile and lzma raise anything on damaged files
        raise GraphValueError(
            f"{path} is a damaged archive: {error!s:.200}. Download it again."
        ) from error


def _members(path: Path) -> Iterator[Member]:
    """The files of an archive: a name, and a function that opens it."""
    if path.name.endswith(TARS):
        with tarfile.open(path) as tar:
            for member in tar:
                if not (member.isfile() or member.isdir()):
                    raise GraphValueError(
                        f"{path}: expected files and folders, got a link or a device at "
                        f"{member.name!r}. Do not use this archive."
                    )
                if member.isfile():
                    yield member.name, partial(tar.extractfile, member)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, partial(archive.open, info)
    elif path.suffix == ".gz":
        yield path.stem, partial(gzip.open, path)
    else:
        raise GraphValueError(f"Expected a .zip, .tar, .tar.gz, .tgz or .gz file, got {path}.")


def _parts(name: str, path: Path) -> list[str]:
    """The folders and the name of a member, which stay below the folder on every system."""
    parts = [part for part in name.split("/") if part != "."]
    if any(part in ("", "..") or set(part) & set("\\:\0") for part in parts) or (
        not 0 < len(parts) <= DEEPEST
    ):
        raise GraphValueError(
            f"{path}: expected paths within the folder, got {name!r}. Do not use this archive."
        )
    return parts
