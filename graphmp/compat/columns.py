"""The names of ``dgl.frame``: tables of features for programs that hold some apart from a graph.

Graphs have frames of their own; ``dgl.utils.set_new_frames`` gives a graph the features of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, ValuesView
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._storage.frame import FieldMapping, LazyFeature, Scheme
from .._storage.gather import gather
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..init import Initializer, zero_initializer
from .storages import TensorStorage

__all__ = ["Column", "Frame", "infer_scheme"]


def infer_scheme(tensor: Tensor) -> Scheme:
    """The shape and dtype of one row.

    Args:
        tensor: (n, …).
    """
    return Scheme(tuple(tensor.shape[1:]), tensor.dtype)


class Column(TensorStorage):
    """A feature of some rows, which is gathered, moved and cast when it is first read.

    Args:
        storage: (n, …).
        scheme: shape and dtype of one row; by default those of ``storage``.
        index: the rows of ``storage`` that this column has; None for all.
        device: where the column goes, and the keyword arguments of ``torch.Tensor.to``; or None.
        deferred_dtype: the dtype that it is cast to; or None.
    """

    def __init__(
        self,
        storage: Tensor,
        scheme: Scheme | None = None,
        index: Tensor | None = None,
        device: tuple[Any, Mapping[str, Any]] | None = None,
        deferred_dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(storage)
        self.scheme = scheme or infer_scheme(storage)
        self.index, self.device, self.deferred_dtype = index, device, deferred_dtype

    @staticmethod
    def create(data: Column | Tensor) -> Column:
        """A column of a tensor, or one that shares the tensor of another."""
        return data.clone() if isinstance(data, Column) else Column(data)

    def __len__(self) -> int:
        return len(self.storage if self.index is None else self.index)

    def __repr__(self) -> str:
        return repr(self.data)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row."""
        return self.scheme.shape

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the values."""
        return self.deferred_dtype or self.storage.dtype

    @property
    def data(self) -> Tensor:
        """The values, (rows, …)."""
        value = self.storage
        if self.index is not None:
            value = gather(value, self.index.to(value.device))
        if self.device is not None:
            value = value.to(self.device[0], **self.device[1])
        self.data = value.to(self.dtype)
        return self.storage

    @data.setter
    def data(self, val: Tensor) -> None:
        self.storage, self.index, self.device, self.deferred_dtype = val, None, None, None

    def to(self, device: Any, **kwargs: Any) -> Column:
        """A column that moves to a device when it is read."""
        return Column(self.storage, self.scheme, self.index, (device, kwargs), self.deferred_dtype)

    def astype(self, new_dtype: torch.dtype) -> Column:
        """A column of another dtype."""
        scheme = Scheme(self.scheme.shape, new_dtype)
        if self.index is None and self.device is None:
            return Column(self.data.to(new_dtype), scheme)
        return Column(self.storage, scheme, self.index, self.device, new_dtype)

    def _rows(self, rowids: Any) -> Tensor:
        """Checked ids of rows, on the device of the storage."""
        rows = torch.as_tensor(rowids, device=self.storage.device)
        if rows.dtype not in _checks.ID_DTYPES or rows.ndim != 1:
            raise GraphTypeError(
                f"Row ids: expected (n,) integers, got {tuple(rows.shape)} of {rows.dtype}."
            )
        return _checks.in_range(rows, len(self), "Row ids").long()

    def __getitem__(self, rowids: Any) -> Tensor:
        """The values of some rows."""
        return gather(self.data, self._rows(rowids))

    def __setitem__(self, rowids: Any, feats: Tensor) -> None:
        self.update(rowids, feats)

    def update(self, rowids: Any, feats: Tensor) -> None:
        """Replace some rows; tensors that were read before do not change.

        Raises:
            GraphTypeError: rows of another shape or dtype.
            GraphIndexError: rows that are not there.
        """
        self._check(feats)
        rows = self._rows(rowids)
        if len(rows) != len(feats):
            raise GraphValueError(f"Expected {len(rows)} rows, got {len(feats)}.")
        self.data = self.data.index_copy(0, rows, feats)

    def extend(self, feats: Tensor, feat_scheme: Scheme | None = None) -> None:
        """Append rows.

        Raises:
            GraphTypeError: rows of another shape or dtype.
        """
        self._check(feats, feat_scheme)
        self.data = torch.cat([self.data, feats])

    def _check(self, feats: Tensor, scheme: Scheme | None = None) -> None:
        scheme = scheme or infer_scheme(feats)
        if scheme != self.scheme:
            raise GraphTypeError(
                f"Expected rows of shape {self.scheme.shape} and {self.scheme.dtype}, got rows of "
                f"shape {scheme.shape} and {scheme.dtype}."
            )

    def clone(self) -> Column:
        """A column over the same tensor."""
        return Column(self.storage, self.scheme, self.index, self.device, self.deferred_dtype)

    __copy__ = clone

    def deepclone(self) -> Column:
        """A column with a tensor of its own."""
        return Column(self.data.clone(), self.scheme)

    def subcolumn(self, rowids: Any) -> Column:
        """A column of some rows, which are gathered when it is first read."""
        rows = self._rows(rowids)
        index = rows if self.index is None else self.index.to(rows.device)[rows]
        return Column(self.storage, self.scheme, index, self.device, self.deferred_dtype)

    def fetch(
        self, indices: Any, device: Any = None, pin_memory: bool = False, **kwargs: Any
    ) -> Tensor:
        """Read some rows; see :class:`FeatureStorage`."""
        return TensorStorage(self.data).fetch(indices, device, pin_memory, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """The values, and none of the other rows of the storage."""
        return {**self.__dict__, "storage": self.data, "index": None, "device": None}


class Frame(FieldMapping[Any]):
    """Columns by name, all of one number of rows.

    Args:
        data: tensors, columns or :class:`LazyFeature` by name.
        num_rows: the number of rows; by default that of ``data``.

    Raises:
        GraphValueError: different numbers of rows.
    """

    def __init__(self, data: Mapping[str, Any] | None = None, num_rows: int | None = None) -> None:
        self._columns: dict[str, Any] = {}
        self._initializers: dict[str, Initializer] = {}
        self._default_initializer: Initializer | None = None
        lengths = [len(each) for each in (data or {}).values() if not _is_lazy(each)]
        self.num_rows = num_rows if num_rows is not None else (lengths or [0])[0]
        for name, value in (data or {}).items():
            self.update_column(name, value)

    def __getitem__(self, name: str) -> Any:
        """The values of a column, (rows, …)."""
        column = self._column(name)
        return column if _is_lazy(column) else column.data

    def __setitem__(self, name: str, data: Any) -> None:
        self.update_column(name, data)

    def __delitem__(self, name: str) -> None:
        self._column(name)
        del self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Any:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def _column(self, name: str) -> Any:
        if name not in self._columns:
            raise GraphKeyError(f"Expected one of the columns {list(self)}, got {name!r}.")
        return self._columns[name]

    @property
    def schemes(self) -> dict[str, Scheme]:
        """The schemes of all columns."""
        return {name: column.scheme for name, column in self._columns.items()}

    @property
    def num_columns(self) -> int:
        """The number of columns."""
        return len(self._columns)

    def values(self) -> ValuesView[Any]:
        """The columns."""
        return self._columns.values()

    # ---- rows and columns

    def get_initializer(self, column: str | None = None) -> Initializer | None:
        """What fills rows of a column that were never written; None where nothing was set."""
        return self._initializers.get(column or "", self._default_initializer)

    def set_initializer(self, initializer: Initializer, column: str | None = None) -> None:
        """Set what fills rows that were never written, of one column or of all others."""
        if column is None:
            self._default_initializer = initializer
        else:
            self._initializers[column] = initializer

    def _filled(self, name: str, scheme: Scheme, rows: range, device: Any) -> Tensor:
        """New rows of a column."""
        initializer = self.get_initializer(name) or zero_initializer
        shape = (len(rows), *scheme.shape)
        return initializer(shape, scheme.dtype, device, slice(rows.start, rows.stop))

    def add_column(self, name: str, scheme: Scheme, ctx: Any) -> None:
        """Add a column of the initializer's rows, unless there is one of this name."""
        if name not in self:
            rows = self._filled(name, scheme, range(self.num_rows), torch.device(ctx))
            self._columns[name] = Column(rows, scheme)

    def update_column(self, name: str, data: Any) -> None:
        """Add or replace a column.

        Raises:
            GraphValueError: another number of rows.
        """
        column = data if _is_lazy(data) else Column.create(data)
        if not _is_lazy(data) and len(column) != self.num_rows:
            raise GraphValueError(
                f"Column {name!r}: expected {self.num_rows} rows, got {len(column)}."
            )
        self._columns[name] = column

    def update_row(self, rowids: Any, data: Mapping[str, Tensor]) -> None:
        """Replace some rows; the other rows of new columns are the initializer's."""
        for name, value in data.items():
            self.add_column(name, infer_scheme(value), value.device)
        for name, value in data.items():
            self._columns[name].update(rowids, value)

    def add_rows(self, num_rows: int) -> None:
        """Append rows of the initializer's values."""
        self.append(Frame(num_rows=num_rows))

    def append(self, other: Mapping[str, Any]) -> None:
        """Append the rows of another frame; columns that either lacks are the initializer's."""
        other = other if isinstance(other, Frame) else Frame(other)
        columns = {**self._columns, **other._columns}
        schemes = {name: (column.scheme, column.data.device) for name, column in columns.items()}
        rows = range(self.num_rows, self.num_rows + other.num_rows)
        for name, (scheme, device) in schemes.items():
            self.add_column(name, scheme, device)
            is_there = name in other
            more = other[name] if is_there else self._filled(name, scheme, rows, device)
            self._columns[name].extend(more)
        self.num_rows = rows.stop

    def clear(self) -> None:
        """Remove all columns and rows."""
        self._columns, self.num_rows = {}, 0

    # ---- other frames

    def _mapped(self, change: Callable[[Any], Any], num_rows: int | None = None) -> Frame:
        """A frame of changed columns, with the same initializers."""
        columns = {name: change(column) for name, column in self._columns.items()}
        new = Frame(columns, self.num_rows if num_rows is None else num_rows)
        new._initializers = dict(self._initializers)
        new._default_initializer = self._default_initializer
        return new

    def clone(self) -> Frame:
        """A frame over the same tensors."""
        return self._mapped(lambda column: column)

    def deepclone(self) -> Frame:
        """A frame with tensors of its own."""
        return self._mapped(lambda column: column.deepclone())

    def subframe(self, rowids: Any) -> Frame:
        """A frame of some rows, which are gathered when they are first read."""
        return self._mapped(lambda column: column.subcolumn(rowids), len(rowids))

    def to(self, device: Any, **kwargs: Any) -> Frame:
        """A frame whose columns move to a device when they are read."""
        return self._mapped(lambda column: column.to(device, **kwargs))

    def _cast(self, dtype: torch.dtype) -> Frame:
        return self._mapped(lambda c: c.astype(dtype) if c.dtype.is_floating_point else c)

    def bfloat16(self) -> Frame:
        """A frame whose floating-point columns are bfloat16."""
        return self._cast(torch.bfloat16)

    def half(self) -> Frame:
        """A frame whose floating-point columns are float16."""
        return self._cast(torch.float16)

    def float(self) -> Frame:
        """A frame whose floating-point columns are float32."""
        return self._cast(torch.float32)

    def double(self) -> Frame:
        """A frame whose floating-point columns are float64."""
        return self._cast(torch.float64)


def _is_lazy(value: Any) -> bool:
    """Whether a value stands for a feature that is read later."""
    return isinstance(value, LazyFeature)
