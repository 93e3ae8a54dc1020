"""Reading the Planetoid files: pickles of Python 2, opened without trusting them.

A set has eight files. ``allx`` and ``ally`` are features and one-hot labels of the nodes
``0 … len(allx) - 1``; ``tx`` and ``ty`` those of the nodes listed in ``test.index``; ``x`` and
``y`` those of the training nodes, which come first. ``graph`` maps a node to its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._checks import brief
from ...errors import GraphIndexError, GraphValueError
from ...io import pickles
from ...io.compressed_rows import check_cells
from . import numbers

PARTS = ("x", "y", "tx", "ty", "allx", "ally", "graph", "test.index")

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Planetoid(NamedTuple):
    """A citation graph as the files have it.

    Attributes:
        src: (E,) sources of the distinct edges, each in both directions, ascending.
        dst: (E,) their destinations; those of a source are in the order in which the files name
            them first, on either side.
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
    test = _read_index(paths.pop("test.index"))
    pickled = {part: pickles.read(path) for part, path in paths.items()}
    try:
        return _assemble(pickled, test)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise GraphValueError(
            f"The Planetoid files of {name!r} in {folder} do not fit together: {error} "
            "Download all eight of them again."
        ) from error


def _assemble(pickled: dict[str, Any], test: Ints) -> Planetoid:
    src, dst = _edges(pickled["graph"])
    num_nodes = len(pickled["graph"])
    rows = {name: pickles.matrix(pickled[name], name) for name in ("x", "tx", "allx")}
    labels = {name: pickles.array(pickled[name], name) for name in ("y", "ty", "ally")}
    for name, matrix in rows.items():
        if len(matrix) != len(labels[name.replace("x", "y")]):
            raise GraphValueError(f"{name} and its labels differ in length.")
    if len(labels["y"]) > len(labels["ally"]):
        raise GraphValueError("y has more rows than ally.")
    features = _place(rows["allx"].dense("allx"), rows["tx"].dense("tx"), test, num_nodes)
    one_hot = _place(labels["ally"], labels["ty"], test, num_nodes)
    return Planetoid(
        src=src,
        dst=dst,
        features=features.astype(np.float32, copy=False),
        labels=one_hot.argmax(axis=1),
        num_classes=one_hot.shape[1],
        num_train=len(labels["y"]),
        test=test,
    )


def _place(rest: NDArray[Any], tested: NDArray[Any], test: Ints, num_nodes: int) -> NDArray[Any]:
    """Put the rows of the test nodes where they belong; a node without a row gets zeros."""
    check_cells(num_nodes, rest.shape[1], rest.size + tested.size, "the rows of all nodes")
    rows = np.zeros((num_nodes, rest.shape[1]), rest.dtype)
    rows[: len(rest)] = rest
    rows[test] = tested
    return rows


def _edges(neighbours: Any) -> tuple[Ints, Ints]:
    """Return every edge once in each direction, by source and then by its first mention."""
    num_nodes = len(neighbours)
    degrees = np.fromiter(map(len, neighbours.values()), np.int64)
    src = _nodes(neighbours, num_nodes).repeat(degrees)
    dst = _nodes(chain.from_iterable(neighbours.values()), num_nodes)
    mentions = np.stack([src * num_nodes + dst, dst * num_nodes + src], axis=1)
    keys, first = np.unique(mentions, return_index=True)
    keys = keys[np.lexsort((first, keys // num_nodes))]
    return keys // num_nodes, keys % num_nodes


def _nodes(values: Iterable[Any], num_nodes: int) -> Ints:
    """Node ids as an array."""
    nodes = list(values)
    bad = [node for node in nodes if type(node) is not int or not 0 <= node < num_nodes]
    if bad:
        raise GraphIndexError(f"graph: {brief(bad[0])} is not one of the {num_nodes} nodes.")
    return np.array(nodes, np.int64)


def _read_index(path: Path) -> Ints:
    index = numbers.table(path, int, columns=1)[:, 0]
    if index.min() < 0:
        raise GraphValueError(
            f"{path}: expected node ids, from 0, got {index.min()}. Download it again."
        )
    return index
