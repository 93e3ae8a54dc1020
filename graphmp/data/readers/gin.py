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
    lines = enumerate(_text(path).splitlines(), 1)
    number = 1
    try:
        number, words = _next(lines, number)
        (count,) = map(int, words)
        graphs = []
        for _ in range(count):
            number, words = _next(lines, number)
            num_nodes, label = map(int, words)
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


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except ValueError as error:
        raise GraphValueError(
            f"{path} is no text of numbers: {error}. Download it again."
        ) from error


def _next(lines: Iterator[tuple[int, str]], last: int) -> tuple[int, list[str]]:
    number, line = next(lines, (last, ""))
    if not line.strip():
        raise GraphValueError("the file ends too early")
    return number, line.split()


def _add_node(graph: GINGraph, words: list[str], num_nodes: int) -> None:
    if len(words) < 2:
        raise GraphValueError(f"expected a tag and a degree, got {' '.join(words)!r}")
    tag, degree, *neighbours = map(int, words[: 2 + max(int(words[1]), 0)])
    if len(neighbours) != degree:
        raise GraphValueError(f"a node of degree {degree} has {len(neighbours)} neighbours")
    if not all(0 <= other < num_nodes for other in neighbours):
        raise GraphValueError(f"a neighbour is not one of the graph's {num_nodes} nodes")
    attributes = [float(word) for word in words[2 + degree :]]
    if graph.attributes and len(graph.attributes[0]) != len(attributes):
        raise GraphValueError(f"{len(attributes)} attributes, where the nodes before have others")
    graph.tags.append(tag)
    graph.neighbours.append(neighbours)
    graph.attributes.append(attributes)


def _expect_end(lines: Iterator[tuple[int, str]]) -> None:
    for number, line in lines:
        if line.strip():
            raise GraphValueError(f"more graphs than announced, from line {number} on")
