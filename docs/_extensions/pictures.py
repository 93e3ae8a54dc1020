"""The picture of the home page: a graph, drawn by graphmp itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from sphinx.application import Sphinx

import graphmp as gm


def write(app: Sphinx) -> None:
    """Draw the karate club, transparent, so that it fits both themes."""
    path = Path(app.srcdir) / "_static" / "drawn" / "karate.svg"
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    figure = Figure(figsize=(6, 4.4), layout="constrained")
    axes = figure.subplots()
    gm.draw(gm.data.KarateClubDataset()[0], color="label", labels=False, node_size=160, ax=axes)
    axes.set_title("")
    axes.get_legend().remove()
    with mpl.rc_context({"svg.hashsalt": "graphmp"}):  # the same file in every build
        figure.savefig(path, transparent=True, metadata={"Date": None})


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
