"""Files of arrays by NumPy and SciPy, without the objects that they can hold."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import GraphValueError
from ...io.compressed_rows import CompressedRows, from_triples
from .text import most_bytes

Array = NDArray[Any]


def read_npy(path: Path) -> Array:
    """Read an array from a file of ``numpy.save``.

    Args:
        path: the file.

    Raises:
        GraphValueError: the file is damaged, or holds objects.
    """
    try:
        with path.open("rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except Exception as error:  # NumPy raises anything on damaged files
        raise GraphValueError(f"{path} is not a file of numbers: {error}. {AGAIN}") from error


def read_npz(path: Path, names: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Array]:
    """Read arrays from a file of ``numpy.savez``.

    Args:
        path: the file.
        names: the arrays, all of which must be there.
        optional: arrays that may be missing.

    Returns:
        The arrays, by name.

    Raises:
        GraphValueError: the file is damaged, lacks an array, or holds objects under these names.
    """
    try:
        _check_packed(path)
        with np.load(path, allow_pickle=False) as file:
            missing = sorted(set(names) - set(file.files))
            if missing:
                raise GraphValueError(f"it lacks the arrays {', '.join(missing)}")
            wanted = [*names, *(name for name in optional if name in file.files)]
            return {name: _member(file, name) for name in wanted}
    except Exception as error:  # as above
        raise GraphValueError(f"{path} is not a file of arrays: {error}. {AGAIN}") from error


def read_sparse(path: Path, what: str) -> CompressedRows:
    """Read a sparse matrix from a file of ``scipy.sparse.save_npz``.

    Args:
        path: the file, of the format csr or coo.
        what: what the matrix is, for the error.

    Raises:
        GraphValueError: the file is damaged, or of another format.
    """
    parts = read_npz(path, ["format", "shape", "data"], ["indptr", "indices", "row", "col"])
    name = fitting(parts["format"], "the format", path, "SU").item()
    name = name.decode("ascii", "replace") if isinstance(name, bytes) else name
    try:
        if name == "csr":
            return CompressedRows.checked(
                parts["indptr"], parts["indices"], parts["data"], parts["shape"], what
            )
        if name == "coo":
            return from_triples(parts["row"], parts["col"], parts["data"], parts["shape"], what)
    except (KeyError, GraphValueError) as error:
        raise GraphValueError(f"{path} does not fit together: {error} {AGAIN}") from error
    raise GraphValueError(f"{path}: expected a matrix in the format csr or coo, got {name!r:.40}.")


def fitting(value: Any, what: str, path: Path, kinds: str, *shape: int | None) -> Array:
    """Check the dtype and shape of an array from a file.

    Args:
        value: what should be an array.
        what: what it is, for the error.
        path: the file, for the error.
        kinds: the kinds of dtype that are allowed, such as ``"iu"``.
        *shape: the size of each dimension; None for any.

    Returns:
        The array.

    Raises:
        GraphValueError: it is of another dtype or shape.
    """
    is_array = isinstance(value, np.ndarray) and len(value.shape) == len(shape)
    sizes = is_array and all(
        size in (None, actual) for size, actual in zip(shape, value.shape, strict=True)
    )
    if not sizes or value.dtype.kind not in kinds:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise GraphValueError(
            f"{path}: expected {what} of shape ({wanted}) and a dtype of kind {kinds}, got "
            f"{getattr(value, 'shape', 'no array')} and {getattr(value, 'dtype', 'no dtype')}. "
            f"{AGAIN}"
        )
    array: Array = value
    return array


AGAIN = "Download it again."


def _member(file: Any, name: str) -> Array:
    """An array of a file; NumPy returns the bytes of a member that is none."""
    value = file[name]
    if not isinstance(value, np.ndarray):
        raise GraphValueError(f"{name} is not an array")
    return value


def _check_packed(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        _check_unpacked(path, sum(info.file_size for info in archive.infolist()))


def _check_unpacked(path: Path, size: int) -> None:
    """Check that a file is not meant to fill the memory."""
    if size > most_bytes(path.stat().st_size):
        raise GraphValueError(f"it would unpack to {size} bytes")
