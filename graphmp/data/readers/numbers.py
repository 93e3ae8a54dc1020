r"""Numbers in text files, as common tools write them.

An integer may be written as ``1``, ``1.0`` or ``1e0``; columns are separated by a comma, a tab or
blanks; blank lines, a byte order mark and ``\r\n`` are allowed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import GraphValueError
from . import text

Array = NDArray[Any]

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}\Z", re.ASCII)
_REAL = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?\Z|[+-]?(nan|inf(inity)?)\Z", re.I
)
_PLAIN = re.compile(r"[0-9 ,\t\n+-]*\Z")


def integer(word: str) -> int:
    """Read an integer of 64 bits.

    Args:
        word: its digits.

    Raises:
        GraphValueError: it is not an integer, or does not fit 64 bits.

    Example:
        >>> integer("7"), integer("7.0"), integer("-7e0")
        (7, 7, -7)
    """
    if len(word) < 19 and word.isascii() and word.isdecimal():
        return int(word)
    value: float = int(word) if _INTEGER.match(word) else real(word)
    if not (-(1 << 63) <= value < 1 << 63 and value == int(value)):
        raise GraphValueError(f"expected an integer of 64 bits, got {word[:40]!r}")
    return int(value)


def real(word: str) -> float:
    """Read a number.

    Args:
        word: its digits, or ``nan`` or ``inf``.

    Raises:
        GraphValueError: it is not a number.

    Example:
        >>> real("1.5e-1"), real("-inf")
        (0.15, -inf)
    """
    if not _REAL.match(word):
        raise GraphValueError(f"expected a number, got {word[:40]!r}")
    return float(word)


def table(path: Path, kind: type, columns: int | None = None, skip: int = 0) -> Array:
    """Read a file with numbers in columns.

    Args:
        path: the file, with a comma, a tab or blanks between the columns.
        kind: int for int64, float for float64.
        columns: how many columns there must be; by default as many as in the first line.
        skip: how many lines to skip first, such as a header.

    Returns:
        (lines, columns), without the blank lines.

    Raises:
        GraphValueError: the file is empty or holds something else; the message names file, line
            and value.
    """
    content = text.read(path)
    for _ in range(skip):
        content = content.partition("\n")[2]
    if not content or content.isspace():
        raise GraphValueError(f"{path}: expected numbers, got none. Download it again.")
    delimiter = "," if "," in content else None
    rows = _rows(content, kind, delimiter)
    if rows is None or columns not in (None, rows.shape[1]):
        values = list(_values(path, content, kind, delimiter, columns, skip + 1))
        rows = np.array(values, np.dtype(np.int64 if kind is int else np.float64))
    return rows


def _rows(content: str, kind: type, delimiter: str | None) -> Array | None:
    """All numbers at once by NumPy; None where it needs a closer look."""
    if kind is int and not _PLAIN.match(content):
        return None
    dtype = np.int64 if kind is int else np.float64
    try:
        lines = content.split("\n")
        return np.loadtxt(lines, dtype, delimiter=delimiter, comments=None, ndmin=2)
    except (ValueError, OverflowError):
        return None


def _values(
    path: Path, content: str, kind: type, delimiter: str | None, columns: int | None, first: int
) -> Iterator[list[float]]:
    """The numbers of each line, with errors that name the line."""
    read = integer if kind is int else real
    for number, line in enumerate(content.split("\n"), first):
        words = [word.strip() for word in line.split(delimiter)]
        if words in ([], [""]):
            continue
        columns = len(words) if columns is None else columns
        try:
            if len(words) != columns:
                raise GraphValueError(f"expected {columns} numbers, got {line[:40]!r}")
            yield [read(word) for word in words]
        except GraphValueError as error:
            raise GraphValueError(
                f"{path}, line {number}: {error}. Download the file again."
            ) from error


def loadtxt(path: str | os.PathLike[str], delimiter: str, dtype: Any = None) -> Array:
    """Read a file of numbers, a row for each line.

    Args:
        path: the file.
        delimiter: what separates the columns.
        dtype: that of the result; by default int64 where all are integers, else float64.

    Raises:
        GraphValueError: the file holds something else; the message names file, line and value.
    """
    content = text.read(Path(path))
    kind = int if _PLAIN.match(content.replace(delimiter, " ")) else float
    rows = list(_values(Path(path), content, kind, delimiter, None, 1))
    return np.array(rows, dtype or (np.int64 if kind is int else np.float64))
