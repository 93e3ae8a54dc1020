"""Files: mapped into memory, and written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

import torch
from torch import Tensor

from .._checks import integer, kind
from ..errors import GraphIndexError, GraphRuntimeError, GraphTypeError, GraphValueError

File: TypeAlias = str | os.PathLike[str]

SMALLEST_MAPPED = 1 << 20  # a page table costs more than copying fewer bytes

# What wrong contents can raise in code that reads them, beside errors of the library.
DAMAGED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)


def local(path: File) -> Path:
    """The path of a file on this machine.

    Raises:
        GraphTypeError: something else than a path.
        GraphValueError: a text that cannot be a path, or an address of another file system.
    """
    try:
        text = os.fsdecode(path)
    except TypeError as error:
        raise GraphTypeError(f"Expected the path of a file, got {kind(path)}.") from error
    if not text or "\0" in text:
        raise GraphValueError(f"Expected the path of a file, got {text!r:.80}.")
    if text.startswith(("hdfs://", "s3://", "viewfs://")):
        raise GraphValueError(f"Expected the path of a local file, got {text!r}; copy it first.")
    local = Path(text)
    try:
        _status(local)
    except OSError as error:  # such as a name that is too long
        raise GraphValueError(
            f"Expected the path of a file, got {text!r:.80}, which cannot be one: {error.strerror}."
        ) from error
    return local


def _status(path: Path) -> os.stat_result | None:
    """What the system knows of a file; None if no file has this path."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return path.stat()
    return None


def _size(path: Path) -> int:
    """The size of a file in bytes.

    Raises:
        GraphValueError: there is no such file.
    """
    status = _status(path)
    if status is None or not S_ISREG(status.st_mode):
        state = "does not exist" if status is None else "is no regular file"
        raise GraphValueError(f"Expected a file, got {path}, which {state}.")
    return status.st_size


def contents(path: Path) -> memoryview:
    """The bytes of a file: mapped, so that they are read when they are used; of a small file, read.

    Writing to them does not change the file.

    Raises:
        GraphValueError: there is no such file, or it cannot be read.
    """
    try:
        size = _size(path)
        if size < SMALLEST_MAPPED:
            return memoryview(bytearray(path.read_bytes()))
        mapped = torch.from_file(str(path), False, size, dtype=torch.uint8, device="cpu")
    except (OSError, RuntimeError) as error:
        raise GraphValueError(f"Expected to read {path}, but got: {error}.") from error
    return mapped.numpy().data


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Name the file in every error that its contents lead to.

    Raises:
        GraphValueError: the contents are not what they should be.
    """
    try:
        yield
    except GraphValueError as error:
        raise GraphValueError(f"{path} was not read: {error}") from error
    except DAMAGED as error:
        raise GraphValueError(
            f"{path} was not read: it is damaged ({type(error).__name__}: {str(error)[:200]}); "
            "write it again."
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Name a new file, which takes the place of another once it is complete.

    Its folder is created if it does not exist.

    Args:
        path: the file to replace; of a link, the file that it names.

    Raises:
        GraphValueError: the path of a folder.
        GraphRuntimeError: the file cannot be written; the old one is as it was.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise GraphValueError(f"Expected the path of a file, got the folder {path}.")
    new = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield new
        new.replace(target)
    except OSError as error:
        raise GraphRuntimeError(f"Expected to write {path}, but got: {error}.") from error
    finally:
        with suppress(OSError):
            new.unlink()


def position(index: object, size: int, path: Path) -> int:
    """Check the number of a graph in a file.

    Raises:
        GraphTypeError: something else than an integer.
        GraphIndexError: the file has no such graph.
    """
    number = integer(index.item() if isinstance(index, Tensor) else index, "number of a graph")
    if not -size <= number < size:
        raise GraphIndexError(f"Expected a graph of {path}, which has {size}, got {number}.")
    return number % size
