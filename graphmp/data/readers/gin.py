"""A reader of the text format that the code of GIN uses for its graphs.

The first line is the number of graphs. A graph is a line ``nodes label`` and then a line for each
node: ``tag degree neighbour neighbour …``, with neighbours numbered from 0 within the graph, and
perhaps some numbers more, which are the node's attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...errors import GraphValueError
from . import text
from .numbers import integer, real


class GINGraph(NamedTuple):
    """A graph as the file has it.

    Attributes:
        label: the graph's.
        tags: a whole number for each node.
        neighbours: of each node, in the order of the file.
        attributes: numbers of each node; empty lists where there are none.
    """

    label: int
    tags: list[int]
    neighbours: list[list[int]]
    attributes: list[list[float]]


def read(path: Path) -> list[GINGraph]:
    """Read all graphs of a file.

    Args:
        path: the file.

    Raises:
        GraphValueError: the file is not in this format; the message names the line.
    """
    lines = text.lines(path)
    number = 1
    try:
        number, words = _next(lines, number)
        (count,) = _counts(words, 1)
        graphs = []
        for _ in range(count):
            number, words = _next(lines, number)
            num_nodes, label = _counts(words, 2)
            graph = GINGraph(label, [], [], [])
            for _ in range(num_nodes):
                number, words = _next(lines, number)
                _add_node(graph, words, num_nodes)
            graphs.append(graph)
        _expect_end(lines)
    except ValueError as error:
        raise GraphValueError(
            f"{path}, line {number}, is not in the format of the GIN code: {error}. "
            "Download the file again."
        ) from error
    return graphs


def _counts(words: list[str], length: int) -> list[int]:
    """The integers of a line, the first of which is a count."""
    counts = [integer(word) for word in words]
    if len(counts) != length or counts[0] < 0:
        raise GraphValueError(
            f"expected {length} numbers, the first of which counts, got {' '.join(words)[:40]!r}"
        )
    return counts


def _next(lines: Iterator[tuple[int, str]], last: int) -> tuple[int, list[str]]:
    number, line = next(lines, (last, ""))
    if not line:
        raise GraphValueError("the file ends too early")
    return number, line.split()


def _add_node(graph: GINGraph, words: list[str], num_nodes: int) -> None:
    if len(words) < 2:
        raise GraphValueError(f"expected a tag and a degree, got {' '.join(words)[:40]!r}")
    tag, degree = integer(words[0]), integer(words[1])
    neighbours = [integer(word) for word in words[2 : 2 + max(degree, 0)]]
    if len(neighbours) != degree:
        raise GraphValueError(f"a node of degree {degree} has {len(neighbours)} neighbours")
    if not all(0 <= other < num_nodes for other in neighbours):
        raise GraphValueError(f"a neighbour is not one of the graph's {num_nodes} nodes")
    attributes = [real(word) for word in words[2 + degree :]]
    if graph.attributes and len(graph.attributes[0]) != len(attributes):
        raise GraphValueError(f"{len(attributes)} attributes, where the nodes before have others")
    graph.tags.append(tag)
    graph.neighbours.append(neighbours)
    graph.attributes.append(attributes)


def _expect_end(lines: Iterator[tuple[int, str]]) -> None:
    for number, _ in lines:
        raise GraphValueError(f"more graphs than announced, from line {number} on")
