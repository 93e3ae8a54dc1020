"""Previews of features in a notebook: statistics and the first rows, as HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import torch
from torch import Tensor

_CELL = "style='text-align:left;padding:2px 10px'"
_HEADER = ("", "field", "shape", "dtype", "statistics", "first rows")
_MOST_NUMBERS = 1 << 18  # of a column, from which statistics are computed
_FIRST_ROWS, _FIRST_NUMBERS = 3, 4


class Preview(NamedTuple):
    """Named columns that are read in part.

    Attributes:
        title: what the rows are, for example ``"nodes"``.
        num_rows: how many rows every column has.
        shapes: for each column the shape of a row, and the dtype.
        read: ``read(name, rows)`` returns some rows of a column, (k, …); of a column that cannot be
            cut or whose numbers are not in memory, None.
    """

    title: str
    num_rows: int
    shapes: Mapping[str, tuple[tuple[int, ...], torch.dtype]]
    read: Callable[[str, slice], Tensor | None]


def preview_tensors(title: str, columns: Mapping[str, Tensor], num_rows: int) -> Preview:
    """A preview of tensors with one number of rows."""
    tensors = dict(columns)
    shapes = {name: (tuple(column.shape[1:]), column.dtype) for name, column in tensors.items()}
    return Preview(title, num_rows, shapes, lambda name, rows: some_rows(tensors[name], rows))


def some_rows(column: Tensor, rows: slice) -> Tensor | None:
    """Some rows of a tensor whose numbers are in memory, and None of others."""
    is_plain = type(column) in (Tensor, torch.nn.Parameter) and column.layout == torch.strided
    return column.detach()[rows] if is_plain and column.device.type != "meta" else None


def preview_html(title: str, previews: Iterable[Preview]) -> str:
    """The HTML of named columns: their shapes, dtypes, statistics and first rows.

    Of large columns, statistics are computed from evenly spaced rows.

    Args:
        title: a line above the table.
        previews: the columns, for each kind of rows.
    """
    rows = [row for preview in previews for row in _rows(preview)]
    return f"<div><div>{escape(title)}</div>{table_html(_HEADER, rows)}</div>"


def _rows(preview: Preview) -> list[tuple[str, ...]]:
    """A row of the table for each column."""
    first = f"{preview.title} ({preview.num_rows:,})"
    rows = [(first, *_cells(preview, name)) for name in preview.shapes]
    return [row if i == 0 else ("", *row[1:]) for i, row in enumerate(rows)] or [(first, *[""] * 5)]


def _cells(preview: Preview, name: str) -> tuple[str, ...]:
    """The texts about one column."""
    shape, dtype = preview.shapes[name]
    step = max(1, -(-preview.num_rows * math.prod(shape) // _MOST_NUMBERS))
    values = preview.read(name, slice(None, None, step))
    head = preview.read(name, slice(_FIRST_ROWS))
    numbers = "" if values is None else statistics(values)
    spaced = f" (1 row in {step:,})" if numbers and step > 1 else ""
    texts = "" if head is None else ", ".join(map(_text, head.cpu()))
    full = str((preview.num_rows, *shape))
    return name, full, str(dtype).removeprefix("torch."), numbers + spaced, texts


def statistics(values: Tensor) -> str:
    """Statistics of numbers: of floats the range, the mean and the share of NaN, else classes.

    Example:
        >>> statistics(torch.tensor([1.0, 3.0, float("nan"), 2.0]))
        '1 to 3, mean 2, 25% NaN'
        >>> statistics(torch.tensor([0, 2, 2])), statistics(torch.tensor([True, False]))
        ('0 to 2, 2 classes', '50% True')
    """
    if values.numel() == 0 or values.is_complex():
        return ""
    if values.dtype == torch.bool:
        return f"{_percent(values)} True"
    if not values.is_floating_point():
        classes = torch.unique(values).numel()
        noun = "class" if classes == 1 else "classes"
        return f"{int(values.min())} to {int(values.max())}, {classes:,} {noun}"
    is_nan = values.isnan()
    numbers = values[~is_nan].double()
    share = f"{_percent(is_nan)} NaN"
    if numbers.numel() == 0:
        return share
    parts = [f"{numbers.min():.4g} to {numbers.max():.4g}", f"mean {numbers.mean():.4g}"]
    return ", ".join([*parts, share] if numbers.numel() < values.numel() else parts)


def _percent(mask: Tensor) -> str:
    """The share of True, in percent."""
    return f"{100 * float(mask.double().mean()):.3g}%"


def _text(row: Tensor) -> str:
    """The first numbers of a row; a number by itself."""
    numbers = [
        f"{v:.4g}" if isinstance(v, float) else str(v)
        for v in row.reshape(-1)[:_FIRST_NUMBERS].tolist()
    ]
    more = ["…"] if row.numel() > _FIRST_NUMBERS else []
    return f"[{', '.join([*numbers, *more])}]" if row.ndim else numbers[0]


def table_html(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts, which are escaped.

    Example:
        >>> table_html(["a"], [["<"]]).count("&lt;")
        1
    """
    head = "".join(f"<th {_CELL}>{escape(text)}</th>" for text in header)
    lines = ["".join(f"<td {_CELL}>{escape(text)}</td>" for text in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
