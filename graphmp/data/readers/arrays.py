"""Files of arrays by NumPy, SciPy and MATLAB, without the objects that they can hold."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import GraphRuntimeError, GraphValueError
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
    except _DAMAGED as error:
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
        _check_size(path)
        with np.load(path, allow_pickle=False) as file:
            missing = sorted(set(names) - set(file.files))
            if missing:
                raise GraphValueError(f"it lacks the arrays {', '.join(missing)}")
            wanted = [*names, *(name for name in optional if name in file.files)]
            return {name: file[name] for name in wanted}
    except _DAMAGED as error:
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
    name = parts["format"].item()
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


def read_mat(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """Read variables from a file of MATLAB.

    Args:
        path: the file.
        names: the variables, all of which must be there.

    Returns:
        Arrays, and sparse matrices of SciPy, by name.

    Raises:
        GraphValueError: the file is damaged or lacks a variable.
        GraphRuntimeError: SciPy is not installed.
    """
    try:
        from scipy import io
    except ImportError as error:
        raise GraphRuntimeError(
            f"Expected SciPy to be installed, to read {path}; pip install scipy."
        ) from error
    try:
        variables = io.loadmat(path, variable_names=list(names))
    except Exception as error:  # SciPy raises anything on damaged files
        raise GraphValueError(f"{path} is not a file of MATLAB: {error}. {AGAIN}") from error
    missing = sorted(set(names) - set(variables))
    if missing:
        raise GraphValueError(f"{path} lacks the variables {', '.join(missing)}. {AGAIN}")
    return {name: variables[name] for name in names}


def fitting(value: Array, what: str, path: Path, kinds: str, *shape: int | None) -> Array:
    """Check the dtype and shape of an array from a file.

    Args:
        value: the array.
        what: what it is, for the error.
        path: the file, for the error.
        kinds: the kinds of dtype that are allowed, such as ``"iu"``.
        *shape: the size of each dimension; None for any.

    Returns:
        The array.

    Raises:
        GraphValueError: it is of another dtype or shape.
    """
    sizes = len(value.shape) == len(shape) and all(
        size in (None, actual) for size, actual in zip(shape, value.shape, strict=True)
    )
    if not sizes or value.dtype.kind not in kinds:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise GraphValueError(
            f"{path}: expected {what} of shape ({wanted}) and a dtype of kind {kinds}, got "
            f"{value.shape} and {value.dtype}. {AGAIN}"
        )
    return value


AGAIN = "Download it again."
_DAMAGED = (
    OSError,
    EOFError,
    KeyError,
    ValueError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > most_bytes(path.stat().st_size):
        raise GraphValueError(f"it would unpack to {size} bytes")
