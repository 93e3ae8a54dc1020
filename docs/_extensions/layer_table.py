"""The table of all layers: written from the layers' docstrings and signatures."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from storing_layers import STORING, STORING_WITH

import graphmp
from graphmp import nn

_PAPER = re.compile(r"`([^`<]+)\s<(https?://[^>]+)>`__\s*\(([^)]*)\)")
_HEAD = """# All layers

Every layer of {{mod}}`graphmp.nn` that passes messages, from the docstrings. *Edge weights*: the
layer takes a number for each edge. *Edge features*: it takes a vector for each edge. *Relations*:
it takes the type of each edge. *Blocks, bipartite*: it takes a pair of features, of the sources
and of the destinations, whose nodes may differ. *Attention*: it returns the weights of its
attention on request. *Fused*: messages are not stored, forward or backward, so that memory grows
with the nodes' features, not with features for each edge. All layers run on graphs of one type,
with one or several edges between two nodes. Layers on graphs of several types are made of these by
{{class}}`~graphmp.nn.HeteroGraphConv`, one for each relation.

| layer | paper | edge weights | edge features | relations | blocks, bipartite | attention | fused |
| --- | --- | :-: | :-: | :-: | :-: | :-: | :-: |
"""


def row(name: str, layer: type) -> str:
    """The row of a layer."""
    doc = inspect.getdoc(layer) or ""
    forward: Any = layer.forward  # type: ignore[attr-defined]
    arguments = set(inspect.signature(forward).parameters)
    paper = _PAPER.search(doc.replace("\n", " "))
    source = f"[{' '.join(paper[1].split())}]({paper[2]}), {paper[3]}" if paper else ""
    shapes = doc.partition("Shapes:")[2]
    cells = [
        bool(arguments & {"edge_weight", "edge_weights"}),
        bool(arguments & {"efeat", "efeats", "edge_feat", "edge_feats", "edge_attr", "pseudo"}),
        bool(arguments & {"etypes", "etype"}),
        "or a pair" in shapes or "pair of" in shapes,
        "get_attention" in arguments,
    ]
    marks = " | ".join("✓" if cell else "" for cell in cells)
    return f"| {{class}}`~graphmp.nn.{name}` | {source} | {marks} | {_fused(name)} |\n"


def _fused(name: str) -> str:
    if name in STORING or name.startswith("Dense"):  # those take a matrix, not edges
        return ""
    return f"✓, without `{STORING_WITH[name]}`" if name in STORING_WITH else "✓"


def write(app: Sphinx) -> None:
    """Write the page."""
    rows = [
        row(name, getattr(nn, name))
        for name in nn.__all__
        if inspect.isclass(getattr(nn, name)) and "/nn/conv/" in _file(getattr(nn, name))
    ]
    text = _HEAD.replace("{{", "{").replace("}}", "}") + "".join(rows)
    page = Path(app.srcdir) / "layers.md"
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def _file(layer: type) -> str:
    """The file of a layer, whose module is named as users import it."""
    return Path(layer.__init__.__code__.co_filename).as_posix()  # type: ignore[misc]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "version": graphmp.__version__}
