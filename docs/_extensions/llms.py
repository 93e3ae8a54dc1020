"""``llms.txt`` and ``llms-full.txt``: the site as text, for language models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_HEAD = """# graphmp

> Graph neural networks on PyTorch, in pure Python, with the user model of DGL.

Import it as `import graphmp as gm`. `llms-full.txt` beside this file has the text of all pages.

"""
_SECTIONS = {
    "User guide": ("guide/", "compile", "index", "layers"),
    "Tutorials": ("gallery/",),
    "Coming from another library": ("coming/", "dgl", "differences", "packages", "from_edge"),
    "Inside graphmp": (),  # what no other section has
    "API reference": ("reference/",),
}


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write both files beside the site."""
    if exception is not None or app.builder.format != "html":
        return
    sections: dict[str, list[str]] = {title: [] for title in _SECTIONS}
    for page in sorted(app.env.all_docs):
        sections[_section(page)].append(page)
    trees = {page: app.env.get_doctree(page) for page in app.env.all_docs}
    lists, texts = [], []
    for title, pages in sections.items():
        lines = "".join(_line(app, page, trees[page]) for page in pages)
        lists.append(f"## {title}\n\n{lines}")
        texts += [f"<!-- {page} -->\n\n{_text(app, page, trees[page])}" for page in pages]
    for name, parts in {"llms.txt": lists, "llms-full.txt": texts}.items():
        (Path(app.outdir) / name).write_text(_HEAD + "\n".join(parts), encoding="utf-8")


def _section(page: str) -> str:
    starts = ((title, start) for title, starts in _SECTIONS.items() for start in starts)
    return next((title for title, start in starts if page.startswith(start)), "Inside graphmp")


def _line(app: Sphinx, page: str, tree: nodes.document) -> str:
    """A page's line: its title, its address and its first sentence."""
    paragraphs = (paragraph.astext() for paragraph in tree.findall(nodes.paragraph))
    first = next((text for text in paragraphs if not text.startswith("Bases:")), "")
    sentence = " ".join(first.split()).partition(". ")[0].rstrip(".:")
    description = f": {sentence}" if sentence else ""
    return f"- [{app.env.titles[page].astext()}]({app.builder.get_target_uri(page)}){description}\n"


def _text(app: Sphinx, page: str, tree: nodes.document) -> str:
    """A page's text: its source, unless that is drawn from docstrings or a notebook."""
    source = Path(app.env.doc2path(page))
    return source.read_text(encoding="utf-8") if source.suffix == ".md" else tree.astext() + "\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
