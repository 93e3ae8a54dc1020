"""What CSVDataset reads: its description in YAML, and tables in CSV."""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import brief
from ..errors import GraphRuntimeError, GraphTypeError, GraphValueError
from .readers import text
from .readers.numbers import integer, real

Array = NDArray[Any]
Parser = Callable[[Any], Mapping[str, Any]]

VERSION = "1.0.0"
_ROW = re.compile(r"[0-9\s.,+\-eE\[\]()TrueFalsnai]*\Z")
_DEEPEST = 16


class Source(NamedTuple):
    """A table of the description.

    Attributes:
        file_name: the file, below the folder of the description.
        type: a node type, or the three names of an edge type; empty for graphs.
        ids: the columns of ids: of nodes, or of sources and destinations; empty for graphs.
        graph_id: the column of the graphs' ids.
    """

    file_name: str
    type: tuple[str, ...]
    ids: tuple[str, ...]
    graph_id: str


class Meta(NamedTuple):
    """The description of a dataset.

    Attributes:
        name: the name of the dataset.
        separator: what separates columns.
        nodes: the tables of nodes.
        edges: the tables of edges.
        graphs: the table of graphs, if there is one.
    """

    name: str
    separator: str
    nodes: list[Source]
    edges: list[Source]
    graphs: Source | None


class Table(NamedTuple):
    """A table without its columns of ids.

    Attributes:
        path: the file.
        ids: an array for each column of ids: int64, or texts as they are written.
        graph_ids: (rows,) int64.
        data: the other columns.
    """

    path: Path
    ids: list[Array]
    graph_ids: Array
    data: dict[str, Array]


def read_meta(path: Path) -> Meta:
    """Read a description.

    Args:
        path: the file ``meta.yaml``.

    Raises:
        GraphValueError: the file is missing or describes something else.
        GraphRuntimeError: PyYAML is not installed.
    """
    yaml = _package("yaml", "PyYAML")
    description = text.read(path, advice="Write it; CSVDataset takes its folder.")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(description)):
            raise GraphValueError("aliases are not supported, as they can grow without end.")
        content = yaml.safe_load(description)
    except Exception as error:  # PyYAML raises anything on dates and numbers that are none
        raise GraphValueError(f"{path} is not YAML: {error!s:.400}") from error
    fields = _fields(content, ("dataset_name", "node_data", "edge_data"), str(path))
    if str(fields.get("version", VERSION)) != VERSION:
        raise GraphValueError(
            f"{path}: expected version {VERSION}, got {brief(fields['version'])}."
        )
    nodes = _sources(fields, "node_data", path, ("node_id",))
    edges = _sources(fields, "edge_data", path, ("src_id", "dst_id"))
    for sources in (nodes, edges):
        types = [source.type for source in sources]
        repeated = [each for each in types if types.count(each) > 1]
        if repeated:
            raise GraphValueError(
                f"{path}: expected one file for each type, got several of {repeated[0]}."
            )
    graphs = fields.get("graph_data")
    return Meta(
        str(fields["dataset_name"]),
        str(fields.get("separator", ",")),
        nodes,
        edges,
        None if graphs is None else _source(graphs, f"{path}, graph_data", ()),
    )


def read_table(
    source: Source,
    folder: Path,
    separator: str,
    parser: Parser | None,
    texts: Sequence[bool | None] = (None,),
) -> Table:
    """Read a table.

    Args:
        source: which.
        folder: the folder of the description.
        separator: what separates columns.
        parser: what turns a ``pandas.DataFrame`` into columns; None reads numbers.
        texts: for each column of ids whether they are texts; None decides by the column.

    Raises:
        GraphValueError: the file is missing, or holds something else; the message names file, line
            and value.
        GraphRuntimeError: a parser without pandas.
    """
    path = folder / source.file_name
    columns = _columns(path, separator)
    size = len(next(iter(columns.values()), []))
    needed = [*source.ids, *([] if source.type else [source.graph_id])]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise GraphValueError(
            f"{path}: expected a column {missing[0]!r}, got {', '.join(columns)[:200]}."
        )
    ids = [_ids(columns[name], name, path, texts[i]) for i, name in enumerate(source.ids)]
    graph_ids = np.zeros(size, np.int64)
    if source.graph_id in columns:
        graph_ids = _ids(columns[source.graph_id], source.graph_id, path, texts=False)
    others = [name for name in columns if name not in (*source.ids, source.graph_id)]
    if parser is None:
        data = {name: _numbers(columns[name], name, path) for name in others if name}
    else:
        data = _parsed(parser, path, separator, others, size)
    return Table(path, ids, graph_ids, data)


def _fields(content: Any, needed: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise GraphValueError(
            f"{where}: expected the fields {', '.join(needed)}, got {brief(content)}."
        )
    missing = [name for name in needed if name not in content]
    if missing:
        names = ", ".join(map(brief, content)) or "no field"
        raise GraphValueError(f"{where}: expected a field {missing[0]!r}, got {names:.200}.")
    return content


def _sources(fields: dict[str, Any], name: str, path: Path, ids: tuple[str, ...]) -> list[Source]:
    if not isinstance(fields[name], list):
        raise GraphValueError(f"{path}: expected {name} to be a list, got {brief(fields[name])}.")
    return [
        _source(entry, f"{path}, entry {number} of {name}", ids)
        for number, entry in enumerate(fields[name], 1)
        if entry is not None
    ]


def _source(content: Any, where: str, ids: tuple[str, ...]) -> Source:
    """A table of nodes, edges or graphs, which have 1, 2 or 0 columns of ids."""
    fields = _fields(content, ("file_name",), where)
    default: Any = [(), ("_V",), ("_V", "_E", "_V")][len(ids)]
    kind = fields.get("ntype" if len(ids) == 1 else "etype", default)
    kind = (kind,) if isinstance(kind, str) else kind
    fits = isinstance(kind, (list, tuple)) and len(kind) == len(default)
    if not fits or not all(isinstance(name, str) for name in kind):
        raise GraphValueError(
            f"{where}: expected a type of {len(default)} names, got {brief(kind)}."
        )
    names = tuple(str(fields.get(f"{name}_field", name)) for name in ids)
    graph_id = str(fields.get("graph_id_field", "graph_id"))
    return Source(str(fields["file_name"]), tuple(kind), names, graph_id)


def _columns(path: Path, separator: str) -> dict[str, list[str]]:
    """The columns of a file, by the names in its first line."""
    if len(separator) != 1:
        raise GraphValueError(
            f"{path}: expected a separator of one character, got {brief(separator)}."
        )
    try:
        content = text.read(path, advice="Correct the file, or its name in meta.yaml.")
        rows = list(csv.reader(io.StringIO(content), delimiter=separator, strict=True))
    except csv.Error as error:
        raise GraphValueError(f"{path} is not a table: {error}.") from error
    rows = [row for row in rows if row]
    if not rows:
        raise GraphValueError(f"{path}: expected a line of names, got an empty file.")
    names = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise GraphValueError(
                f"{path}, row {number}: expected {len(names)} columns, got {len(row)}."
            )
    if len(set(names)) != len(names):
        raise GraphValueError(f"{path}: expected different names of columns, got {brief(names)}.")
    return {name: [row[i].strip() for row in rows[1:]] for i, name in enumerate(names)}


def _ids(words: list[str], name: str, path: Path, texts: bool | None) -> Array:
    """Ids: texts as they are written, or integers; by default texts if any is no number."""
    if texts is None:
        texts = not all(_is_number(word) for word in words if word)
    values: list[Any] = []
    for row, word in enumerate(words, 2):
        try:
            values.append(_name(word) if texts else integer(word))
        except GraphValueError as error:
            raise GraphValueError(f"{path}, row {row}, {name}: {error}.") from error
    return np.array(values, str if texts else np.int64)


def _name(word: str) -> str:
    """A text that is an id, which may look like a number, but not like a missing one."""
    if word.lower() in ("", "nan"):
        raise GraphValueError(f"expected an id, got {word!r}")
    return word


def _is_number(word: str) -> bool:
    try:
        real(word)
    except GraphValueError:
        return False
    return True


def _numbers(words: list[str], name: str, path: Path) -> Array:
    """A column of numbers, or of lists of numbers of equal shape."""
    rows: list[Any] = []
    for row, word in enumerate(words, 2):
        try:
            rows.append(_value(word))
        except ValueError as error:
            raise GraphValueError(f"{path}, row {row}, {name}: {error}.") from error
    shapes = [_shape(row) for row in rows]
    for number, shape in enumerate(shapes, 2):
        if shape != shapes[0]:
            raise GraphValueError(
                f"{path}, row {number}, {name}: expected as many numbers as in row 2, a shape of "
                f"{shapes[0]}, got {shape}."
            )
    try:
        values = np.array(rows)
    except ValueError as error:
        raise GraphValueError(f"{path}, {name}: expected numbers, got: {error}.") from error
    if values.dtype.kind not in "bif":
        raise GraphValueError(f"{path}, {name}: expected numbers of 64 bits, got larger ones.")
    return values.astype(np.float32) if values.dtype.kind == "f" else values


def _shape(value: Any) -> tuple[int, ...]:
    """How many numbers a value has, after its first items."""
    is_list = isinstance(value, (list, tuple))
    return (len(value), *(_shape(value[0]) if value else ())) if is_list else ()


def _value(word: str) -> Any:
    """A number, or a list of numbers as Python writes it."""
    if word in ("True", "False"):
        return word == "True"
    if "," not in word and "[" not in word and "(" not in word:
        return integer(word) if word.lstrip("+-").isdecimal() else real(word)
    depth = max(word.count(bracket) - word.count(other) for bracket, other in ("[]", "()"))
    if not _ROW.match(word) or depth or _nesting(word) > _DEEPEST:
        raise GraphValueError(f"expected numbers, got {word[:40]!r}")
    try:
        return ast.literal_eval(word)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise GraphValueError(f"expected numbers, got {word[:40]!r}") from error


def _nesting(word: str) -> int:
    """How deep brackets are nested."""
    depth = deepest = 0
    for mark in re.findall(r"[\[\]()]", word):
        depth += 1 if mark in "[(" else -1
        deepest = max(deepest, depth)
    return deepest


def _parsed(
    parser: Parser, path: Path, separator: str, others: list[str], size: int
) -> dict[str, Array]:
    pandas = _package("pandas", "pandas")
    data = parser(pandas.read_csv(path, sep=separator)[others])
    if not isinstance(data, Mapping):
        raise GraphTypeError(f"Expected a parser to return a dict, got {type(data).__name__}.")
    columns = {name: np.asarray(values) for name, values in data.items()}
    for name, values in columns.items():
        if values.ndim == 0 or len(values) != size or values.dtype.kind not in "biuf":
            raise GraphValueError(
                f"{path}: expected the parser to return {size} rows of numbers for {name!r}, got "
                f"an array of {values.dtype} with the shape {values.shape}."
            )
        if values.dtype == np.float64:
            columns[name] = values.astype(np.float32)
    return columns


def _package(name: str, title: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise GraphRuntimeError(
            f"Expected {title} to be installed, for CSVDataset; pip install 'graphmp[csv]'."
        ) from error
