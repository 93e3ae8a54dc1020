"""Sparse matrices in files: compressed rows, checked before use."""

from __future__ import annotations

from operator import index
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import brief
from ..errors import GraphValueError

MAX_ROWS = 1 << 28
MAX_COLUMNS = 1 << 31
# The emptiest known set has 262 cells for each value. More are meant to fill the memory.
FREE_CELLS = 1 << 24
MOST_CELLS = 1000

Array = NDArray[Any]


class CompressedRows(NamedTuple):
    """A sparse matrix by rows; make one with :meth:`checked`.

    Attributes:
        indptr: (rows + 1,) where each row begins.
        indices: (n,) columns.
        data: (n,) values.
        shape: rows and columns.
    """

    indptr: Array
    indices: Array
    data: Array
    shape: tuple[int, int]

    @classmethod
    def checked(
        cls, indptr: Array, indices: Array, data: Array, shape: Any, what: str
    ) -> CompressedRows:
        """Check the parts of a matrix.

        Args:
            indptr: where each row begins.
            indices: columns.
            data: values.
            shape: two numbers: rows and columns.
            what: what the matrix is, for the error.

        Raises:
            GraphValueError: the parts do not fit together.

        Example:
            >>> import numpy as np
            >>> parts = np.array([0, 1, 1]), np.array([2]), np.array([5.0])
            >>> CompressedRows.checked(*parts, (2, 3), "a matrix").dense("a matrix").tolist()
            [[0.0, 0.0, 5.0], [0.0, 0.0, 0.0]]
        """
        rows, columns = _shape(shape, what)
        indptr, indices = _ids(indptr, f"indptr of {what}"), _ids(indices, f"indices of {what}")
        _check_vector(data, f"values of {what}", "biuf")
        if len(indptr) != rows + 1 or len(indices) != len(data):
            raise GraphValueError(
                f"Expected {what} of {rows} rows to have {rows + 1} limits and as many columns as "
                f"values, got {len(indptr)} limits, {len(indices)} columns, {len(data)} values."
            )
        if indptr[0] != 0 or indptr[-1] != len(indices) or (np.diff(indptr) < 0).any():
            raise GraphValueError(
                f"Expected the limits of the rows of {what} to ascend from 0 to {len(indices)}."
            )
        _check_range(indices, columns, "column", what)
        return cls(indptr, indices, data, (rows, columns))

    def __len__(self) -> int:
        """Number of rows."""
        return self.shape[0]

    def rows(self) -> Array:
        """The row of each value: (n,) int64."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    def dense(self, what: str, dtype: Any = None) -> Array:
        """The whole matrix; values of one cell are added.

        Args:
            what: what the matrix is, for the error.
            dtype: that of the result; by default that of the values.

        Raises:
            GraphValueError: it has far more cells than values.
        """
        check_cells(*self.shape, len(self.data), what)
        dense = np.zeros(self.shape, dtype or self.data.dtype)
        np.add.at(dense, (self.rows(), self.indices), self.data)
        return dense


def from_triples(row: Array, col: Array, data: Array, shape: Any, what: str) -> CompressedRows:
    """Sort (row, column, value) triples into compressed rows.

    Args:
        row: (n,) rows.
        col: (n,) columns.
        data: (n,) values.
        shape: rows and columns.
        what: what the matrix is, for the error.

    Raises:
        GraphValueError: the parts do not fit together.
    """
    rows, _ = _shape(shape, what)
    row, col = _ids(row, f"rows of {what}"), _ids(col, f"columns of {what}")
    _check_vector(data, f"values of {what}", "biuf")
    check_cells(rows, 1, len(data), what)
    if not len(row) == len(col) == len(data):
        raise GraphValueError(
            f"Expected as many rows as columns and values in {what}, got {len(row)}, {len(col)} "
            f"and {len(data)}."
        )
    _check_range(row, rows, "row", what)
    order = np.argsort(row, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
    return CompressedRows.checked(indptr, col[order], data[order], shape, what)


def check_cells(rows: int, columns: int, values: int, what: str) -> None:
    """Check that a table with a cell for each row and column is not meant to fill the memory.

    Args:
        rows: the number of rows.
        columns: the number of columns.
        values: how many cells the file fills.
        what: what the table is, for the error.

    Raises:
        GraphValueError: it has far more cells than values.
    """
    most = FREE_CELLS + MOST_CELLS * values
    if rows * columns > most:
        raise GraphValueError(
            f"Expected {what} with {values} values to have at most {most} cells, got {rows} rows "
            f"of {columns} columns."
        )


def _shape(shape: Any, what: str) -> tuple[int, int]:
    try:
        rows, columns = map(index, shape)
    except (TypeError, ValueError) as error:
        raise GraphValueError(f"Expected two sizes of {what}, got {brief(shape)}.") from error
    if not (0 <= rows <= MAX_ROWS and 0 <= columns <= MAX_COLUMNS):
        raise GraphValueError(f"Expected two sizes of {what}, got {rows} and {columns}.")
    return rows, columns


def _ids(values: Array, what: str) -> Array:
    _check_vector(values, what, "iu")
    return values.astype(np.int64)


def _check_vector(values: Array, what: str, kinds: str) -> None:
    if values.ndim != 1 or values.dtype.kind not in kinds:
        numbers = "integers" if kinds == "iu" else "numbers"
        raise GraphValueError(
            f"Expected {what} to be {numbers} in one dimension, got an array of {values.dtype} in "
            f"{values.ndim}."
        )


def _check_range(ids: Array, limit: int, name: str, what: str) -> None:
    if ids.size and not 0 <= ids.min() <= ids.max() < limit:
        bad = ids[(ids < 0) | (ids >= limit)][0]
        raise GraphValueError(
            f"Expected each {name} of {what} to be from 0 to {limit - 1}, got {bad}."
        )
