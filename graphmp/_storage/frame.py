"""Frame: the named columns of one node or edge type.

A frame is a mutable mapping from field names to tensors whose first dimension is the rows. Columns
of a subgraph are gathered at their first read; until then a column is a ``Pending``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, KeysView, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..init import Initializer, zero_initializer
from . import pickled
from .gather import gather
from .preview import Preview, preview_html, some_rows

Value = TypeVar("Value")

ALL = "__ALL__"  # in place of ids: every node or edge
NID = EID = "_ID"  # the field of original ids in subgraphs and blocks
NTYPE = ETYPE = "_TYPE"  # the field of type ids in homogeneous and merged graphs


class Scheme(NamedTuple):
    """The shape and dtype of one row of a column.

    Attributes:
        shape: the shape without the row dimension.
        dtype: the dtype.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype


class Pending(NamedTuple):
    """A column that is gathered when it is first read.

    Attributes:
        source: the column to gather from, (N, …).
        rows: which rows, on the device of ``source``.
        device: where the result goes.
    """

    source: Tensor
    rows: Tensor
    device: torch.device

    def gather(self) -> Tensor:
        """Gather the column."""
        return gather(self.source, self.rows).to(self.device)


class LazyFeature(NamedTuple):
    """Stands for a feature of the graph that a subgraph or block was sampled from.

    Assigned to a field of the sampled graph, it is replaced by the rows of its own nodes or edges:
    ``block.srcdata["h"] = LazyFeature("x")`` gathers the feature ``"x"`` as ``"h"``.

    Attributes:
        name: the feature; None for the name of the field that it is assigned to.
        id_: ids of the rows; None for those of the sampled graph.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.tensor([1.0, 2.0, 3.0])
        >>> part = gm.node_subgraph(g, [2, 1])
        >>> part.ndata["h"] = gm.LazyFeature("x")
        >>> part.ndata["h"]
        tensor([3., 2.])
    """

    name: str | None = None
    id_: Tensor | None = None


class Fields(KeysView[str]):
    """The names of fields; the ``repr`` leaves out the tensors."""

    def __repr__(self) -> str:
        return f"Fields({list(self)})"


class FieldMapping(MutableMapping[str, Value]):
    """A mapping from the names of fields; it is shown as a dict, its keys without the tensors."""

    __slots__ = ()

    def keys(self) -> Fields:
        """The names of the fields."""
        return Fields(self)

    def __repr__(self) -> str:
        return repr(dict(self))


class Frame(FieldMapping[Tensor]):
    """Named columns with one row count and one device.

    Assigning stores the tensor itself, not a copy. Scopes and copies of a frame share the tensors,
    not the table of columns.
    """

    __slots__ = (
        "_columns",
        "_default_initializer",
        "_initializers",
        "_scopes",
        "device",
        "num_rows",
        "owner",
    )

    def __init__(self, num_rows: int, device: torch.device, owner: str) -> None:
        """Make a frame without columns.

        Args:
            num_rows: how many rows every column has.
            device: where every column is.
            owner: what the rows are, for error messages, for example ``"nodes of type 'user'"``.
        """
        self.num_rows = num_rows
        self.device = device
        self.owner = owner
        self._columns: dict[str, Tensor | Pending] = {}
        self._scopes: list[dict[str, Tensor | Pending]] = []
        self._initializers: dict[str, Initializer] = {}
        self._default_initializer: Initializer = zero_initializer

    # ---- the mapping

    def __getitem__(self, name: str) -> Tensor:
        column = self._columns.get(name)
        if column.__class__ is Pending:
            column = self._resolve(name, column)
        if column is None:
            known = ", ".join(map(repr, self._columns)) or "none"
            raise GraphKeyError(f"The {self.owner} have no field {name!r}; they have: {known}.")
        return column  # type: ignore[return-value]

    def __setitem__(self, name: Any, value: Any) -> None:
        if not (
            isinstance(value, Tensor)
            and value.ndim
            and value.shape[0] == self.num_rows
            and value.device == self.device
            and isinstance(name, str)
        ):
            if isinstance(value, LazyFeature):
                value = self._gathered(name, value)
            _checks.feature(value, self.num_rows, self.device, name, self.owner)
        self._columns[name] = value

    def update(self, *others: Any, **columns: Any) -> None:
        """Replace whole columns, all of them or, if one does not fit, none."""
        new = dict(*others, **columns)
        for name, value in new.items():
            if isinstance(value, LazyFeature):
                new[name] = value = self._gathered(name, value)
            _checks.feature(value, self.num_rows, self.device, name, self.owner)
        self._columns.update(new)

    def __delitem__(self, name: str) -> None:
        if name not in self._columns:
            self[name]
        del self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._columns))

    def __len__(self) -> int:
        return len(self._columns)

    def _resolve(self, name: str, pending: Pending) -> Tensor:
        column = pending.gather()
        for table in (self._columns, *self._scopes):
            if table.get(name) is pending:
                table[name] = column
        return column

    def _gathered(self, field: str, feature: LazyFeature) -> Tensor:
        """The rows that a lazy feature stands for.

        Raises:
            GraphKeyError: no such feature.
            GraphValueError: ids, but the feature was not sampled or has been read.
        """
        name = field if feature.name is None else feature.name
        if feature.id_ is None:
            return self[name]
        column = self._columns.get(name)
        if not isinstance(column, Pending):
            raise GraphValueError(
                f"Expected a feature of the {self.owner} that is still to be gathered, for a "
                f"LazyFeature with ids, got {name!r}, which is not; omit id_."
            )
        source = column.source
        what = f"Ids of the LazyFeature {name!r}"
        numbers: Any = feature.id_
        dtype = numbers.dtype if isinstance(numbers, Tensor) else torch.int64
        dtype = _checks.id_dtype(dtype, what)
        ids = _checks.ids(numbers, dtype, source.device, len(source), what)
        return column._replace(rows=ids).gather()

    def schemes(self) -> dict[str, Scheme]:
        """The shape and dtype of one row of every column; gathers nothing."""
        tensors = {
            name: column.source if isinstance(column, Pending) else column
            for name, column in self._columns.items()
        }
        return {name: Scheme(tuple(t.shape[1:]), t.dtype) for name, t in tensors.items()}

    def preview(self, title: str, rows: Tensor | None = None) -> Preview:
        """A preview of all rows, or of some; it gathers no more than is shown.

        Args:
            title: what the rows are.
            rows: (k,) the rows; None for all.
        """

        def read(name: str, part: slice) -> Tensor | None:
            column = self._columns[name]
            source = column.source if isinstance(column, Pending) else column
            chosen = column.rows if isinstance(column, Pending) else None
            if rows is not None:
                chosen = rows if chosen is None else chosen[rows.to(chosen.device)]
            if chosen is None:
                return some_rows(source, part)
            is_plain = some_rows(source, slice(0)) is not None
            return source.detach()[chosen[part].to(source.device)] if is_plain else None

        num_rows = self.num_rows if rows is None else rows.numel()
        return Preview(title, num_rows, self.schemes(), read)

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows: statistics and the first rows of each column."""
        return preview_html(f"Features of the {self.owner}", [self.preview(self.owner)])

    def put(self, columns: Mapping[str, Tensor]) -> None:
        """Replace whole columns that have been checked already."""
        self._columns.update(columns)

    def defer(self, name: str, source: Tensor, rows: Tensor) -> None:
        """Replace a column by rows of another tensor, (N, …), gathered when they are first read."""
        self._columns[name] = Pending(source, rows, self.device)

    # ---- rows

    def read_rows(self, name: str, rows: Tensor) -> Tensor:
        """Gather rows of one column: (k, …) for k ``rows``."""
        return gather(self[name], rows)

    def write_rows(self, rows: Tensor, values: Mapping[str, Tensor]) -> None:
        """Write some rows of some columns; a missing column is first filled by its initializer.

        The old tensors are not changed in place. Nothing is written unless all of it fits. Of a
        row that is named twice the last value counts, and it alone gets a gradient.

        Args:
            rows: (k,) the rows.
            values: for each field the new rows, (k, …).

        Raises:
            GraphTypeError: not a tensor, or another dtype than the column's.
            GraphValueError: another shape than the column's rows, wrong length or device.
        """
        if not values:
            return
        written: dict[str, Tensor] = {}
        distinct, last = _last_of_each(rows)
        for name, value in values.items():
            _checks.feature(value, rows.numel(), self.device, name, f"{self.owner} being written")
            column = self[name] if name in self._columns else None
            if column is None:
                column = self.initial(name, value.shape[1:], value.dtype)
            elif column.shape[1:] != value.shape[1:]:
                raise GraphValueError(
                    f"Field {name!r} of the {self.owner}: expected rows of shape "
                    f"{tuple(column.shape[1:])}, got {tuple(value.shape[1:])}; assign a whole "
                    "column to change its shape."
                )
            elif column.dtype != value.dtype:
                raise GraphTypeError(
                    f"Field {name!r} of the {self.owner}: expected rows of {column.dtype}, got "
                    f"{value.dtype}; cast them, or assign a whole column."
                )
            rows_once = value if last is None else value[last]
            written[name] = column.index_copy(0, distinct.long(), rows_once)
        self._columns.update(written)

    def initial(
        self, name: str, shape: tuple[int, ...], dtype: torch.dtype, start: int = 0
    ) -> Tensor:
        """Fill rows that were never written, from row ``start`` to the end, by the initializer.

        Args:
            name: the field.
            shape: shape of one row.
            dtype: dtype of the column.
            start: the first row to fill.

        Returns:
            (num_rows - start, *shape) of ``dtype``.

        Raises:
            GraphValueError: the user's initializer returned another shape or dtype.
        """
        initializer = self._initializers.get(name, self._default_initializer)
        wanted = (self.num_rows - start, *shape)
        _checks.held(wanted[0], f"Rows of field {name!r}", math.prod(shape) * dtype.itemsize)
        rows: Any = initializer(wanted, dtype, self.device, slice(start, self.num_rows))
        expected = (wanted, dtype, self.device)
        if not isinstance(rows, Tensor) or (rows.shape, rows.dtype, rows.device) != expected:
            got = (
                f"{tuple(rows.shape)} of {rows.dtype} on {rows.device}"
                if isinstance(rows, Tensor)
                else _checks.kind(rows)
            )
            raise GraphValueError(
                f"The initializer of field {name!r} of the {self.owner}: expected a tensor of "
                f"shape {wanted} and {dtype} on {self.device}, got {got}."
            )
        return rows

    def set_initializer(self, initializer: Initializer, name: str | None = None) -> None:
        """Set what fills rows that were never written, of one field or of all others."""
        if not callable(initializer):
            raise GraphTypeError(
                "initializer: expected a function (shape, dtype, ctx, id_range) -> tensor, got "
                f"{_checks.kind(initializer)}."
            )
        if name is None:
            self._default_initializer = initializer
        else:
            self._initializers[name] = initializer

    # ---- new frames from this one

    def take(self, rows: Tensor, owner: str | None = None) -> Frame:
        """A frame of some rows, in the order of ``rows``, gathered when they are first read.

        Args:
            rows: (k,) the rows.
            owner: what the rows of the new frame are; None for the same as here.

        Returns:
            A frame of k rows on the same device.
        """
        new = self._like(rows.numel(), self.device, owner)
        new._columns = self._select_rows(self._columns, rows)
        return new

    def copy(self) -> Frame:
        """A frame with a table of its own over the same tensors."""
        new = self._like(self.num_rows, self.device)
        new._columns = dict(self._columns)
        return new

    def bare(self, num_rows: int | None = None) -> Frame:
        """A frame without columns, with the same initializers; ``num_rows`` None for as many."""
        return self._like(self.num_rows if num_rows is None else num_rows, self.device)

    def to(self, device: torch.device, **kwargs: Any) -> Frame:
        """A frame on ``device``; pending columns stay pending."""
        new = self._like(self.num_rows, device)
        new._columns = {
            name: column._replace(device=device)
            if isinstance(column, Pending)
            else column.to(device, **kwargs)
            for name, column in self._columns.items()
        }
        return new

    def resized(self, num_rows: int, rows: Tensor | None = None) -> Frame:
        """A frame for a changed structure, with its scopes: rows selected, or appended.

        Args:
            num_rows: the new number of rows.
            rows: the rows to keep; None keeps all and appends rows from the initializers.

        Returns:
            The new frame; this one does not change.
        """
        new = self._like(num_rows, self.device)

        def change(table: dict[str, Tensor | Pending]) -> dict[str, Tensor | Pending]:
            if rows is not None:
                return self._select_rows(table, rows)
            tensors = {n: c.gather() if isinstance(c, Pending) else c for n, c in table.items()}
            return {
                n: torch.cat([t, new.initial(n, t.shape[1:], t.dtype, self.num_rows)])
                for n, t in tensors.items()
            }

        new._columns = change(self._columns)
        new._scopes = [change(table) for table in self._scopes]
        return new

    def _like(self, num_rows: int, device: torch.device, owner: str | None = None) -> Frame:
        new = Frame(num_rows, device, owner or self.owner)
        new._initializers = dict(self._initializers)
        new._default_initializer = self._default_initializer
        return new

    def _select_rows(
        self, table: dict[str, Tensor | Pending], rows: Tensor
    ) -> dict[str, Tensor | Pending]:
        composed: dict[int, Tensor] = {}  # columns gathered together share their rows
        selected: dict[str, Tensor | Pending] = {}
        for name, column in table.items():
            if not isinstance(column, Pending):
                selected[name] = Pending(column, rows.to(column.device), self.device)
                continue
            key = id(column.rows)
            if key not in composed:
                composed[key] = column.rows.index_select(0, rows.to(column.rows.device))
            selected[name] = column._replace(rows=composed[key])
        return selected

    def __getstate__(self) -> dict[str, Any]:
        """All attributes, with pending columns gathered, each in memory of its own."""
        columns = {name: pickled.own_memory(self[name]) for name in self}
        return {**{slot: getattr(self, slot) for slot in self.__slots__}, "_columns": columns}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for slot, value in state.items():
            setattr(self, slot, value)
        tables = (self._columns, *self._scopes)
        initializers = (self._default_initializer, *self._initializers.values())
        names: list[Any] = [name for table in tables for name in table]
        kinds: list[tuple[Any, type]] = [(self._scopes, list), (self.device, torch.device)]
        pickled.check(
            all(isinstance(part, kind) for part, kind in [*kinds, *((name, str) for name in names)])
            and all(map(callable, initializers)),
            "a frame has parts of another kind",
        )
        columns = [c for table in tables for c in table.values() if not isinstance(c, Pending)]
        pickled.check_columns(columns, self.num_rows)

    # ---- scopes

    def enter_scope(self) -> None:
        """Save the table of columns, and continue with a copy."""
        self._scopes.append(self._columns)
        self._columns = dict(self._columns)

    def leave_scope(self) -> None:
        """Restore the table of columns that was saved last."""
        self._columns = self._scopes.pop()


def have_same_fields(frames: Sequence[Frame]) -> bool:
    """Whether frames, at least one, have the same fields."""
    fields = [frame._columns.keys() for frame in frames]
    return fields.count(fields[0]) == len(fields)


def column_of_each(frames: Sequence[Frame], name: str) -> list[Tensor]:
    """The column of a name of each frame.

    Raises:
        GraphKeyError: a frame does not have it.
    """
    columns: list[Any] = [frame._columns.get(name) for frame in frames]
    for i, column in enumerate(columns):
        if column is None or column.__class__ is Pending:
            columns[i] = frames[i][name]
    return columns


def _last_of_each(rows: Tensor) -> tuple[Tensor, Tensor | None]:
    """The distinct rows, and where each occurs last; None for that if no row is repeated."""
    distinct, inverse = torch.unique(rows, return_inverse=True)
    if distinct.numel() == rows.numel():
        return rows, None
    positions = torch.arange(rows.numel(), device=rows.device)
    return distinct, inverse.new_zeros(distinct.numel()).scatter_reduce(
        0, inverse, positions, "amax"
    )
