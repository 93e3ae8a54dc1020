"""Pictures of graphs: on axes of matplotlib, or in a widget."""

from __future__ import annotations

import math
from typing import Any

from ..errors import GraphImportError, GraphTypeError, GraphValueError
from . import widget
from .picture import Colors, Labels, Layout, Look, Picture
from .structure import Structure

_MOST_NODES, _MOST_INTERACTIVE = 1_000, 10_000
_BEND = 0.2  # between edges that would lie on one another


def draw(
    g: Structure,
    center: Any = None,
    hops: int = 1,
    color: str | None = None,
    labels: Labels = None,
    width: str | None = None,
    layout: Layout = "spring",
    node_size: float = 300,
    seed: int = 0,
    ax: Any = None,
    interactive: bool = False,
) -> Any:
    """Draw a small graph, or the neighbourhood of some nodes.

    Nodes of several types have a colour for each type, edges of several types a colour for each
    edge type, and a legend says which. A block has its sources on the left and its destinations on
    the right. Edges that would lie on one another are bent apart.

    Args:
        g: a graph of at most 1,000 nodes, or 10,000 if interactive; of any size with ``center``.
        center: a node, or ids of nodes: draw only what reaches them within ``hops`` steps, with
            their own outline. With several node types a dict by type.
        hops: the number of steps.
        color: a node feature, (N,) or (N, 1). Integers and bools are classes with a legend,
            floats have a colour bar. Nodes without a value, or with NaN, are
            grey.
        labels: what to write on the nodes: the name of a node feature, (N,); a list of N texts,
            with several node types a dict of lists by type; True for ids, False for nothing. By
            default ids, without ``interactive`` only of at most 50 nodes.
        width: an edge feature, (E,) or (E, 1), such as a weight or an attention: greater is wider.
        layout: the name of a NetworkX layout: ``"spring"``, ``"kamada_kawai"``, ``"circular"``,
            ``"planar"``, ``"shell"``, ``"spectral"`` or ``"random"``; or positions, (N, 2), with
            several node types a dict by type; or a function of a ``networkx.DiGraph``.
        node_size: the area of a node, in square points.
        seed: decides the positions of random layouts.
        ax: the matplotlib axes to draw on; a new figure's by default.
        interactive: make a widget of ipysigma, in which one zooms, searches and clicks on nodes;
            its ``to_html`` writes a page. The browser computes the layout ``"spring"``.

    Returns:
        The axes; or an ``ipysigma.Sigma`` if interactive.

    Raises:
        GraphImportError: matplotlib, ipysigma or networkx is not installed.
        GraphKeyError: an unknown feature.
        GraphTypeError: something else than a graph; ``color`` or ``width`` that is no name.
        GraphValueError: too many nodes, features of more dimensions, an unknown layout, positions
            of another shape, another number of texts, a ``node_size`` that is not positive, or
            ``ax`` with ``interactive``.

    Example:
        >>> import graphmp as gm
        >>> g = gm.data.KarateClubDataset()[0]
        >>> ax = gm.draw(g, center=0, hops=1, color="label")
        >>> ax.get_title()
        '17 nodes, 68 edges'
    """
    for name, value in (("color", color), ("width", width)):
        if value is not None and not isinstance(value, str):
            raise GraphTypeError(
                f"Expected {name} as the name of a feature, got {type(value).__name__}; store the "
                "values in the graph, as g.ndata['name'] or g.edata['name'], and pass the name."
            )
    if not node_size > 0:
        raise GraphValueError(f"Expected a positive node_size, got {node_size}; pass an area.")
    picture = Picture(g, center, hops)
    most = _MOST_INTERACTIVE if interactive else _MOST_NODES
    if picture.num_nodes > most:
        raise GraphValueError(
            f"Expected at most {most:,} nodes, got {picture.num_nodes:,}; draw a part: "
            "center=node, hops=1."
        )
    look = Look(color, labels, width, layout, node_size, seed)
    if not interactive:
        return _on_axes(picture, look, ax)
    if ax is not None:
        raise GraphValueError("Expected no ax with interactive=True, got one; leave it out.")
    return widget.show(picture, look)


def _on_axes(picture: Picture, look: Look, ax: Any) -> Any:
    """Draw on axes of matplotlib, and return them."""
    try:
        import networkx as nx
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise GraphImportError(
            f"Expected matplotlib and networkx to draw a graph: {error}; pip install "
            "'graphmp[plot]'."
        ) from error

    ax = plt.subplots()[1] if ax is None else ax
    network, positions = picture.network(nx), picture.positions(nx, look.layout, look.seed)
    style: dict[str, Any] = {"ax": ax, "node_size": look.node_size}
    handles = _draw_nodes(nx, plt, network, positions, picture, look.color, style)
    handles += _draw_edges(nx, plt, network, positions, picture, look.width, style)
    shown = picture.num_nodes <= 50 if look.labels is None else look.labels
    nx.draw_networkx_labels(network, positions, picture.texts(shown), font_size=8, ax=ax)
    if handles:
        ax.legend(handles=handles, loc="best", fontsize=8)
    ax.set_title(picture.title)
    ax.set_axis_off()
    return ax


def _draw_nodes(
    nx: Any,
    plt: Any,
    network: Any,
    positions: Any,
    picture: Picture,
    color: str | None,
    style: dict[str, Any],
) -> list[Any]:
    """Draw the nodes, and return the entries of the legend."""
    palette = plt.get_cmap("tab20" if len(picture.sides) > 10 else "tab10")
    colors: list[Any] = ["#cccccc"] * picture.num_nodes
    entries: list[tuple[Any, str]] = []
    if color is not None:
        entries = _color(plt, picture.colors(color), color, colors, style["ax"])
    else:
        types = picture.types
        for ntype, count, first, _ in picture.sides:
            colors[first : first + count] = [palette(types.index(ntype) % palette.N)] * count
        if len(types) > 1:
            entries = [(palette(i % palette.N), ntype) for i, ntype in enumerate(types)]
    middle = picture.middle
    outlines = ["black" if node in middle else "white" for node in range(picture.num_nodes)]
    nx.draw_networkx_nodes(
        network,
        positions,
        node_color=colors,
        edgecolors=outlines,
        linewidths=[2.0 if node in middle else 0.5 for node in range(picture.num_nodes)],
        **style,
    )
    marker = {"marker": "o", "linestyle": ""}
    return [plt.Line2D([], [], color=value, label=text, **marker) for value, text in entries]


def _color(
    plt: Any, by_node: Colors, name: str, colors: list[Any], ax: Any
) -> list[tuple[Any, str]]:
    """Set the colours of nodes by a feature, and return the entries of the legend."""
    if by_node.classes is None:
        scale = plt.cm.ScalarMappable(plt.Normalize(*by_node.limits), "viridis")
        for node, value in by_node.values.items():
            if not math.isnan(value):
                colors[node] = scale.to_rgba(value)
        plt.colorbar(scale, ax=ax, label=name)
        return []
    palette = plt.get_cmap("tab20" if len(by_node.classes) > 10 else "tab10")
    for node, value in by_node.values.items():
        colors[node] = palette(by_node.classes.index(value))
    return [(palette(i), f"{name} {value}") for i, value in enumerate(by_node.classes)]


def _draw_edges(
    nx: Any,
    plt: Any,
    network: Any,
    positions: Any,
    picture: Picture,
    width: str | None,
    style: dict[str, Any],
) -> list[Any]:
    """Draw the edges, and return the entries of the legend."""
    palette = plt.get_cmap("Dark2")
    is_several = len(picture.edges) > 1
    widths, bends = picture.widths(width), picture.bends(width is not None)
    handles = []
    for number, edges in enumerate(picture.edges):
        color = palette(number % palette.N) if is_several else "#888888"
        for bend in sorted(set(bends[number])):
            chosen = [i for i, each in enumerate(bends[number]) if each == bend]
            nx.draw_networkx_edges(
                network,
                positions,
                edgelist=[edges[i] for i in chosen],
                edge_color=[color] * len(chosen),
                width=[widths[number][i] for i in chosen],
                connectionstyle=f"arc3,rad={_BEND * bend:g}",
                arrowsize=8,
                **style,
            )
        if is_several:
            name = picture.g.canonical_etypes[number][1]
            handles.append(plt.Line2D([], [], color=color, label=name))
    return handles
