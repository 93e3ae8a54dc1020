"""The entries of a sparse matrix: where they are, their values, and the layouts of both."""

from __future__ import annotations

from numbers import Number
from typing import Any, TypeVar

import torch
from torch import Tensor

from .. import _checks
from .._storage.adjacency import Adjacency
from ..errors import GraphTypeError, GraphValueError
from ..kernels.contract import Csr

Matrix = TypeVar("Matrix", bound="Entries")


class Entries:
    """Non-zero entries of a matrix, in the order in which they were passed.

    An entry in row r and column c is stored as an edge from c to r: multiplying by a dense matrix
    is then message passing from columns to rows. Positions may repeat, and values may be 0.
    """

    def __init__(self, adjacency: Adjacency, val: Tensor) -> None:
        """Join positions and values; see :func:`graphmp.sparse.spmatrix`.

        Args:
            adjacency: an edge from the column to the row of each entry.
            val: (nnz,) or (nnz, D), the values of the entries.

        Raises:
            GraphTypeError: values that are not a tensor.
            GraphValueError: values of another number or device, or of more than two dimensions.
        """
        _checks.feature(val, adjacency.num_edges, adjacency.device, "val", "entries of the matrix")
        if val.ndim > 2:
            raise GraphValueError(
                "val: expected a number or a vector for each entry, (nnz,) or (nnz, D), got shape "
                f"{tuple(val.shape)}."
            )
        self._adjacency = adjacency
        self._val = val

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle positions and values; both are checked when they are loaded."""
        return type(self), (self._adjacency, self._val)

    @property
    def val(self) -> Tensor:
        """The values of the entries, (nnz,) or (nnz, D)."""
        return self._val

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns."""
        return self._adjacency.num_dst, self._adjacency.num_src

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return self._adjacency.num_edges

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the values."""
        return self._val.dtype

    @property
    def device(self) -> torch.device:
        """The device of the matrix."""
        return self._adjacency.device

    @property
    def row(self) -> Tensor:
        """(nnz,) the row of each entry."""
        return self._adjacency.dst

    @property
    def col(self) -> Tensor:
        """(nnz,) the column of each entry."""
        return self._adjacency.src

    def coo(self) -> tuple[Tensor, Tensor]:
        """The rows and the columns of the entries, (nnz,) each."""
        return self.row, self.col

    def indices(self) -> Tensor:
        """The rows and the columns of the entries in one tensor, (2, nnz)."""
        return torch.stack(self.coo())

    def csr(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """The entries grouped by row.

        Returns:
            ``(indptr, indices, value_indices)``: where each row starts, the column of each entry,
            and its place in :attr:`val`, or None if the matrix was made of compressed rows.

        Example:
            >>> import torch, graphmp.sparse as dglsp
            >>> dglsp.spmatrix(torch.tensor([[1, 2, 1], [2, 4, 3]])).csr()
            (tensor([0, 0, 2, 3]), tensor([2, 3, 4]), tensor([0, 2, 1]))
        """
        return _without_identity(self._adjacency)

    def csc(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """The entries grouped by column; see :meth:`csr`.

        Example:
            >>> import torch, graphmp.sparse as dglsp
            >>> dglsp.spmatrix(torch.tensor([[1, 2, 1], [2, 4, 3]])).csc()
            (tensor([0, 0, 0, 1, 2, 3]), tensor([1, 1, 2]), tensor([0, 2, 1]))
        """
        return _without_identity(self._adjacency.reversed)

    def to_dense(self) -> Tensor:
        """The matrix as a dense tensor (rows, columns) or (rows, columns, D).

        Entries at the same position are added.

        Example:
            >>> import torch, graphmp.sparse as dglsp
            >>> dglsp.spmatrix(torch.tensor([[0, 0], [1, 1]]), shape=(1, 2)).to_dense()
            tensor([[0., 2.]])
        """
        dense = self.val.new_zeros(*self.shape, *self.val.shape[1:])
        return dense.index_put((self.row.long(), self.col.long()), self.val, accumulate=True)

    def transpose(self: Matrix) -> Matrix:
        """The transpose, with the entries in the same order; it shares all layouts.

        Example:
            >>> import torch, graphmp.sparse as dglsp
            >>> dglsp.spmatrix(torch.tensor([[0, 0], [1, 2]])).transpose().shape
            (3, 1)
        """
        return type(self)(self._adjacency.reversed, self.val)

    t = transpose

    @property
    def T(self: Matrix) -> Matrix:
        """The transpose; see :meth:`transpose`."""
        return self.transpose()

    def __repr__(self) -> str:
        size = f", val_size={tuple(self.val.shape[1:])}" if self.val.ndim > 1 else ""
        parts = (
            _indented("indices=", self.indices()),
            _indented("values=", self.val),
            f"shape={self.shape}, nnz={self.nnz}{size}",
        )
        return _indented(f"{type(self).__name__}(", ",\n".join(parts)) + ")"


def val_like(mat: Matrix, val: Tensor) -> Matrix:
    """A matrix with entries at the same positions, and other values.

    It shares the layouts of ``mat``, so that none is computed twice.

    Args:
        mat: sparse matrix.
        val: (nnz,) or (nnz, D).

    Returns:
        Sparse matrix of the shape of ``mat``.

    Raises:
        GraphTypeError: values that are not a tensor.
        GraphValueError: values of another number or device, or of more than two dimensions.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.val_like(dglsp.identity((2, 2)), torch.tensor([3, 4])).to_dense()
        tensor([[3, 0],
                [0, 4]])
    """
    checked(mat, "mat")
    return type(mat)(mat._adjacency, val)


def in_order(adjacency: Adjacency) -> Adjacency:
    """Note that the entries of a matrix are in order of rows.

    Args:
        adjacency: an edge from the column to the row of each entry.

    Returns:
        The same.
    """
    adjacency.cached("is in order", lambda: True)
    return adjacency


def with_rows(A: Matrix, indptr: Tensor, columns: Tensor, val: Tensor) -> Matrix:
    """A matrix with other entries, row after row, in as many columns.

    Args:
        A: sparse matrix.
        indptr: (rows + 1,) where each row starts.
        columns: (nnz,) the column of each entry.
        val: (nnz,) or (nnz, D).
    """
    every = torch.arange(len(columns), dtype=columns.dtype, device=columns.device)
    sizes = A.shape[1], len(indptr) - 1
    adjacency = Adjacency.from_compressed(Csr(indptr, columns, every), *sizes, "csc")
    return type(A)(in_order(adjacency), val)


def checked(A: Any, name: str) -> Any:
    """Check that an argument is a sparse matrix.

    Args:
        A: the argument.
        name: its name.

    Raises:
        GraphTypeError: it is not.
    """
    if not isinstance(A, Entries):
        raise GraphTypeError(f"{name}: expected a sparse matrix, got {_checks.kind(A)}.")
    return A


def values(A: Any) -> Tensor:
    """The values of an argument that is a sparse matrix.

    Raises:
        GraphTypeError: it is not one.
    """
    val: Tensor = checked(A, "A").val
    return val


def is_scalar(x: object) -> bool:
    """Whether a value is a number or a tensor without dimensions.

    Args:
        x: anything.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> dglsp.is_scalar(2), dglsp.is_scalar(torch.tensor(2)), dglsp.is_scalar(torch.ones(1))
        (True, True, False)
    """
    return isinstance(x, Number) or (isinstance(x, Tensor) and x.ndim == 0)


def check_dim(dim: object) -> bool:
    """Check a dimension, 0 or 1; whether it is 1.

    Raises:
        GraphValueError: another one.
    """
    if isinstance(dim, bool) or dim not in (0, 1):
        raise GraphValueError(f"dim: expected 0 or 1, got {dim!r}.")
    return dim == 1


def _without_identity(adjacency: Adjacency) -> tuple[Tensor, Tensor, Tensor | None]:
    indptr, indices, edge_ids = adjacency.csc
    is_in_order = adjacency.cached("is in order", lambda: False)
    return indptr, indices, None if is_in_order else edge_ids


def _indented(prefix: str, value: object) -> str:
    """A text after a prefix, with the lines that follow below its beginning."""
    return prefix + str(value).replace("\n", "\n" + " " * len(prefix))
