"""Reading the Planetoid files: pickles of Python 2, opened without trusting them.

A set has eight files. ``allx`` and ``ally`` are features and one-hot labels of the nodes
``0 … len(allx) - 1``; ``tx`` and ``ty`` those of the nodes listed in ``test.index``; ``x`` and
``y`` those of the training nodes, which come first. ``graph`` maps a node to its neighbours.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import GraphIndexError, GraphValueError

PARTS = ("x", "y", "tx", "ty", "allx", "ally", "graph", "test.index")

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Planetoid(NamedTuple):
    """A citation graph as the files have it.

    Attributes:
        src: (E,) sources of the distinct edges, each in both directions, sorted by (src, dst).
        dst: (E,) their destinations.
        features: (N, D) word counts or weights; zero for a node that the files do not describe.
        labels: (N,) classes; 0 for a node that the files do not describe.
        num_classes: number of classes.
        num_train: the nodes ``0 … num_train - 1`` are the training nodes.
        test: (T,) the test nodes.
    """

    src: Ints
    dst: Ints
    features: Floats
    labels: Ints
    num_classes: int
    num_train: int
    test: Ints


def file_names(name: str) -> list[str]:
    """Return the names of a set's files.

    Args:
        name: ``"cora"``, ``"citeseer"`` or ``"pubmed"``.

    Example:
        >>> file_names("cora")[0]
        'ind.cora.x'
    """
    return [f"ind.{name}.{part}" for part in PARTS]


def read(folder: Path, name: str) -> Planetoid:
    """Read a set from its eight files.

    Args:
        folder: where the files are.
        name: ``"cora"``, ``"citeseer"`` or ``"pubmed"``.

    Raises:
        GraphValueError: a file is damaged, refused, or does not fit the others.
    """
    paths = {part: folder / f"ind.{name}.{part}" for part in PARTS}
    test = _read_index(paths["test.index"])
    pickled = {part: _unpickle(path) for part, path in paths.items() if part != "test.index"}
    try:
        return _assemble(pickled, test)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise GraphValueError(
            f"The Planetoid files of {name!r} in {folder} do not fit together: {error}. "
            "Download all eight of them again."
        ) from error


def _assemble(pickled: dict[str, Any], test: Ints) -> Planetoid:
    neighbours = pickled["graph"]
    num_nodes = len(neighbours)
    for rows, labels in (("x", "y"), ("tx", "ty"), ("allx", "ally")):
        if len(pickled[rows]) != len(pickled[labels]):
            raise GraphValueError(f"{rows} and {labels} differ in length")
    features = _place(pickled["allx"].dense(), pickled["tx"].dense(), test, num_nodes)
    one_hot = _place(pickled["ally"], pickled["ty"], test, num_nodes)
    src, dst = _edges(neighbours, num_nodes)
    return Planetoid(
        src=src,
        dst=dst,
        features=features.astype(np.float32, copy=False),
        labels=one_hot.argmax(axis=1),
        num_classes=one_hot.shape[1],
        num_train=len(pickled["y"]),
        test=test,
    )


def _place(rest: NDArray[Any], tested: NDArray[Any], test: Ints, num_nodes: int) -> NDArray[Any]:
    """Put the rows of the test nodes where they belong; a node without a row gets zeros."""
    rows = np.zeros((num_nodes, rest.shape[1]), rest.dtype)
    rows[: len(rest)] = rest
    rows[test] = tested
    return rows


def _edges(neighbours: dict[int, list[int]], num_nodes: int) -> tuple[Ints, Ints]:
    """Return every edge once in each direction, sorted by (src, dst)."""
    degrees = np.fromiter(map(len, neighbours.values()), np.int64)
    src = np.repeat(np.fromiter(neighbours, np.int64), degrees)
    dst = np.fromiter(chain.from_iterable(neighbours.values()), np.int64)
    ends, others = np.concatenate([src, dst]), np.concatenate([dst, src])
    if ends.min() < 0 or ends.max() >= num_nodes:
        raise GraphIndexError(f"graph: an edge's end is not one of the {num_nodes} nodes")
    keys = np.unique(ends * num_nodes + others)
    return keys // num_nodes, keys % num_nodes


def _read_index(path: Path) -> Ints:
    try:
        index = np.array(path.read_text(encoding="ascii").split(), dtype=np.int64)
    except (OSError, ValueError, OverflowError) as error:
        raise GraphValueError(
            f"{path}: expected one node id on each line, got: {error}."
        ) from error
    if index.size == 0 or index.min() < 0:
        raise GraphValueError(
            f"{path}: expected one node id on each line, from 0, got none or a negative one."
        )
    return index


def _unpickle(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return _PlanetoidUnpickler(file, encoding="latin1").load()
    except GraphValueError as error:
        raise GraphValueError(f"{path} was not read: {error}") from error
    except Exception as error:  # a damaged pickle can raise anything
        raise GraphValueError(
            f"{path} is damaged or no Planetoid file ({type(error).__name__}: {error}). "
            "Download it again."
        ) from error


class _CsrMatrix:
    """What a pickled ``csr_matrix`` holds, read without SciPy."""

    data: NDArray[Any]
    indices: NDArray[Any]
    indptr: NDArray[Any]
    _shape: tuple[int, int]

    def __len__(self) -> int:
        return self._shape[0]

    def dense(self) -> NDArray[Any]:
        dense = np.zeros(self._shape, self.data.dtype)
        rows = np.repeat(np.arange(self._shape[0]), np.diff(self.indptr))
        np.add.at(dense, (rows, self.indices), self.data)
        return dense


def _dtype(kind: str, align: int, copy: int) -> np.dtype[Any]:
    """Make a dtype from a pickle's integers, where NumPy wants booleans."""
    return np.dtype(kind, bool(align), bool(copy))


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    ("scipy.sparse.csr", "csr_matrix"): _CsrMatrix,
    ("collections", "defaultdict"): defaultdict,
    ("__builtin__", "list"): list,
}


class _PlanetoidUnpickler(pickle.Unpickler):
    """An unpickler that knows six globals, none of which runs code of the file."""

    def find_class(self, module: str, name: str) -> Any:
        """Look up a global that the pickle names."""
        value = _ALLOWED.get((module, name))
        if value is None:
            raise GraphValueError(
                f"it asks for {module}.{name}, which no Planetoid file needs and which could run "
                "any code. Do not use this file; download it again from its source."
            )
        return value
