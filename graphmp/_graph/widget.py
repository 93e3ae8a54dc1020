"""Pictures of graphs that one zooms and searches in a notebook, with ipysigma."""

from __future__ import annotations

import math
from typing import Any

from ..errors import GraphImportError
from .picture import Colors, Look, Picture

_SECONDS = 5.0  # for which the browser moves the nodes of a spring layout


def show(picture: Picture, look: Look) -> Any:
    """Make a widget that draws a picture.

    Returns:
        An ``ipysigma.Sigma``.

    Raises:
        GraphImportError: ipysigma or networkx is not installed.
    """
    try:
        import networkx as nx
        from ipysigma import Sigma
    except ImportError as error:
        raise GraphImportError(
            f"Expected ipysigma and networkx to draw an interactive graph: {error}; pip install "
            "'graphmp[interactive]'."
        ) from error

    colors = None if look.color is None else picture.colors(look.color)
    is_spring = isinstance(look.layout, str) and look.layout == "spring"
    is_moving = is_spring and not picture.g.is_block
    places = picture.positions(nx, "random" if is_moving else look.layout, look.seed)
    return Sigma(
        _network(nx, picture, look, colors),
        name=picture.title,
        layout={node: {"x": float(x), "y": float(y)} for node, (x, y) in places.items()},
        start_layout=_SECONDS if is_moving else False,
        node_size=None,
        default_node_size=math.sqrt(look.node_size) / 2,
        raw_node_label=picture.texts(look.labels) or None,
        show_all_labels=picture.num_nodes <= 50,
        raw_node_color=None,
        edge_size=None,
        raw_edge_size="line width",
        raw_edge_color=None,
        raw_edge_label=None,
        edge_weight=None,
        clickable_edges=True,
        **_node_colors(picture, look, colors),
        **({"edge_color": "edge type"} if len(picture.edges) > 1 else {}),
        **_outlines(picture),
    )


def _network(nx: Any, picture: Picture, look: Look, colors: Colors | None) -> Any:
    """The graph with what the widget shows of a node or an edge when one clicks on it."""
    network, ids = nx.MultiDiGraph(), picture.texts(True)
    for ntype, count, first, _ in picture.sides:
        for node in range(first, first + count):
            network.add_node(node, id=ids.get(node, ""))
            if len(picture.types) > 1:
                network.nodes[node]["node type"] = ntype
    if colors is not None:
        kind = float if colors.classes is None else str
        finite = {node: value for node, value in colors.values.items() if math.isfinite(value)}
        for node, value in finite.items():
            network.nodes[node][look.color] = kind(value)
    weights = [None] * len(picture.edges) if look.width is None else picture.weights(look.width)
    for number, widths in enumerate(picture.widths(look.width)):
        for i, (u, v) in enumerate(picture.edges[number]):
            shown: dict[str, Any] = {"line width": widths[i]}
            if len(picture.edges) > 1:
                shown["edge type"] = picture.g.canonical_etypes[number][1]
            column = weights[number]
            if look.width is not None and column is not None and math.isfinite(column[i]):
                shown[look.width] = column[i]
            network.add_edge(u, v, **shown)
    return network


def _node_colors(picture: Picture, look: Look, colors: Colors | None) -> dict[str, Any]:
    """The options of the widget for the colours of nodes."""
    if colors is None:
        return {"node_color": "node type"} if len(picture.types) > 1 else {}
    if colors.classes is None:
        return {"node_color": look.color, "node_color_gradient": "Viridis"}
    return {"node_color": look.color, "max_categorical_colors": max(len(colors.classes), 1)}


def _outlines(picture: Picture) -> dict[str, Any]:
    """The options of the widget for the outline of the nodes in the middle."""
    if not picture.middle:
        return {}
    nodes = range(picture.num_nodes)
    return {
        "raw_node_border_color": {n: "black" if n in picture.middle else "white" for n in nodes},
        "raw_node_border_size": {n: 2.0 if n in picture.middle else 0.5 for n in nodes},
    }
