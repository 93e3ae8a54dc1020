"""``llms.txt``: the site in one file of text, for language models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_HEAD = """# graphmp

> Graph neural networks on PyTorch, in pure Python, with the user model of DGL.

Pages of the documentation, each with its title:

"""


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the list of pages beside the site."""
    if exception is not None or app.builder.format != "html":
        return
    pages = [name for name in sorted(app.env.all_docs) if "/generated/" not in name]
    names = [name for name in sorted(app.env.all_docs) if "/generated/" in name]
    text = _HEAD + "".join(_line(app, page) for page in pages)
    text += "\n## Reference\n\n" + "".join(_line(app, page) for page in names)
    (Path(app.outdir) / "llms.txt").write_text(text, encoding="utf-8")


def _line(app: Sphinx, page: str) -> str:
    title = app.env.titles[page].astext()
    return f"- [{title}]({app.builder.get_target_uri(page)})\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
