"""Frame: the named columns of one node or edge type.

A frame is a mutable mapping from field names to tensors whose first dimension is the rows. Columns
of a subgraph are gathered at their first read; until then a column is a ``Pending``.
"""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping, MutableMapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..init import Initializer, zero_initializer
from .gather import gather

ALL = "__ALL__"  # in place of ids: every node or edge
NID = EID = "_ID"  # the field of original ids in subgraphs and blocks
NTYPE = ETYPE = "_TYPE"  # the field of type ids in homogeneous and merged graphs


class Scheme(NamedTuple):
    """What one row of a column is.

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
        """Make the column."""
        return gather(self.source, self.rows).to(self.device)


class Fields(KeysView[str]):
    """The names of fields, shown without what the fields hold."""

    def __repr__(self) -> str:
        return f"Fields({list(self)})"


class Frame(MutableMapping[str, Tensor]):
    """Named columns with one row count and one device.

    Assigning stores the very tensor that is given; scopes and copies share tensors, not the table.
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
            _checks.feature(value, self.num_rows, self.device, name, self.owner)
        self._columns[name] = value

    def update(self, *others: Any, **columns: Any) -> None:
        """Replace whole columns, all of them or, if one does not fit, none."""
        given = dict(*others, **columns)
        for name, value in given.items():
            _checks.feature(value, self.num_rows, self.device, name, self.owner)
        self._columns.update(given)

    def __delitem__(self, name: str) -> None:
        if name not in self._columns:
            self[name]
        del self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._columns))

    def keys(self) -> Fields:
        """The names of the fields."""
        return Fields(self)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return repr(dict(self))

    def _resolve(self, name: str, pending: Pending) -> Tensor:
        column = pending.gather()
        for table in (self._columns, *self._scopes):
            if table.get(name) is pending:
                table[name] = column
        return column

    def schemes(self) -> dict[str, Scheme]:
        """The shape and dtype of one row of every column; gathers nothing."""
        tensors = {
            name: column.source if isinstance(column, Pending) else column
            for name, column in self._columns.items()
        }
        return {name: Scheme(tuple(t.shape[1:]), t.dtype) for name, t in tensors.items()}

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
        written: dict[str, Tensor] = {}
        distinct, last = _last_of_each(rows)
        for name, value in values.items():
            _checks.feature(value, rows.numel(), self.device, name, f"{self.owner} being written")
            column = self[name] if name in self._columns else None
            if column is None:
                column = self.initial(name, value.shape[1:], value.dtype)
            elif column.shape[1:] != value.shape[1:]:
                raise GraphValueError(
                    f"Rows of field {name!r} of the {self.owner} have shape "
                    f"{tuple(column.shape[1:])}, but {tuple(value.shape[1:])} came: "
                    "assign a whole column to change its shape."
                )
            elif column.dtype != value.dtype:
                raise GraphTypeError(
                    f"Field {name!r} of the {self.owner} is {column.dtype}, but rows of "
                    f"{value.dtype} came: cast them, or assign a whole column."
                )
            kept = value if last is None else value[last]
            written[name] = column.index_copy(0, distinct.long(), kept)
        self._columns.update(written)

    def initial(
        self, name: str, shape: tuple[int, ...], dtype: torch.dtype, start: int = 0
    ) -> Tensor:
        """Make rows that nobody wrote, from row ``start`` to the end, by the initializer.

        Args:
            name: the field.
            shape: shape of one row.
            dtype: dtype of the column.
            start: the first row to make.

        Returns:
            (num_rows - start, *shape) of ``dtype``.

        Raises:
            GraphValueError: the user's initializer returned another shape or dtype.
        """
        initializer = self._initializers.get(name, self._default_initializer)
        wanted = (self.num_rows - start, *shape)
        made: Any = initializer(wanted, dtype, self.device, slice(start, self.num_rows))
        asked = (wanted, dtype, self.device)
        if not isinstance(made, Tensor) or (made.shape, made.dtype, made.device) != asked:
            came = (
                f"{tuple(made.shape)} of {made.dtype} on {made.device}"
                if isinstance(made, Tensor)
                else _checks.kind(made)
            )
            raise GraphValueError(
                f"The initializer of field {name!r} of the {self.owner} must return a tensor of "
                f"shape {wanted} and {dtype} on {self.device}, but {came} came."
            )
        return made

    def set_initializer(self, initializer: Initializer, name: str | None = None) -> None:
        """Choose what fills rows that nobody wrote, for one field or for all others."""
        if not callable(initializer):
            raise GraphTypeError(
                "An initializer must be a function (shape, dtype, ctx, id_range) -> tensor, "
                f"but {_checks.kind(initializer)} came."
            )
        if name is None:
            self._default_initializer = initializer
        else:
            self._initializers[name] = initializer

    # ---- new frames from this one

    def take(self, rows: Tensor, owner: str | None = None) -> Frame:
        """A frame of some rows, in the order given, gathered when they are first read.

        Args:
            rows: (k,) the rows.
            owner: what the rows of the new frame are; the same as here unless given.

        Returns:
            A frame of k rows on the same device.
        """
        new = self._like(rows.numel(), self.device, owner)
        new._columns = self._taken(self._columns, rows)
        return new

    def copy(self) -> Frame:
        """A frame with a table of its own over the same tensors."""
        new = self._like(self.num_rows, self.device)
        new._columns = dict(self._columns)
        return new

    def bare(self, num_rows: int | None = None) -> Frame:
        """A frame without columns but with the same initializers, of as many rows unless given."""
        return self._like(self.num_rows if num_rows is None else num_rows, self.device)

    def to(self, device: torch.device, **kwargs: Any) -> Frame:
        """A frame on ``device``; columns not gathered yet stay so."""
        new = self._like(self.num_rows, device)
        new._columns = {
            name: column._replace(device=device)
            if isinstance(column, Pending)
            else column.to(device, **kwargs)
            for name, column in self._columns.items()
        }
        return new

    def resized(self, num_rows: int, rows: Tensor | None = None) -> Frame:
        """A frame for a changed structure, with its scopes: rows taken, or appended at the end.

        Args:
            num_rows: the new number of rows.
            rows: the rows to keep; None keeps all and appends what the initializers give.

        Returns:
            The new frame; this one stays as it is.
        """
        new = self._like(num_rows, self.device)

        def change(table: dict[str, Tensor | Pending]) -> dict[str, Tensor | Pending]:
            if rows is not None:
                return self._taken(table, rows)
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

    def _taken(
        self, table: dict[str, Tensor | Pending], rows: Tensor
    ) -> dict[str, Tensor | Pending]:
        composed: dict[int, Tensor] = {}  # columns gathered together share their rows
        taken: dict[str, Tensor | Pending] = {}
        for name, column in table.items():
            if not isinstance(column, Pending):
                taken[name] = Pending(column, rows.to(column.device), self.device)
                continue
            key = id(column.rows)
            if key not in composed:
                composed[key] = column.rows.index_select(0, rows.to(column.rows.device))
            taken[name] = column._replace(rows=composed[key])
        return taken

    def __getstate__(self) -> dict[str, Any]:
        """Everything, with the columns that were not gathered yet gathered now."""
        for name in self:
            self[name]
        return {slot: getattr(self, slot) for slot in self.__slots__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for slot, value in state.items():
            setattr(self, slot, value)

    # ---- scopes

    def enter_scope(self) -> None:
        """Put the present table aside and go on with a copy."""
        self._scopes.append(self._columns)
        self._columns = dict(self._columns)

    def leave_scope(self) -> None:
        """Go back to the table that was put aside last."""
        self._columns = self._scopes.pop()


def _last_of_each(rows: Tensor) -> tuple[Tensor, Tensor | None]:
    """Each row once, and where it was named last; None in place of that if none came twice."""
    distinct, inverse = torch.unique(rows, return_inverse=True)
    if distinct.numel() == rows.numel():
        return rows, None
    places = torch.arange(rows.numel(), device=rows.device)
    return distinct, inverse.new_zeros(distinct.numel()).scatter_reduce(0, inverse, places, "amax")
