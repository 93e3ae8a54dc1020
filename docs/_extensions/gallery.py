"""The gallery: each tutorial, executed, as a notebook with its outputs.

With the environment variable ``GRAPHMP_QUICK`` the tutorials train for a few epochs only.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = ROOT / "tutorials"
EXECUTED = ROOT / "build" / "notebooks"
# The settings that a tutorial's outputs depend on.
SETTINGS = ("GRAPHMP_QUICK", "GRAPHMP_DATA")
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

LOGGER = logging.getLogger(__name__)

_WIDGET = "application/vnd.jupyter.widget-view+json"
_SCRIPT = re.compile(r"\]\((\w+)\.py\)")  # a link to another tutorial
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_SENTENCES = re.compile(r"\n\n(\w.*?[.?]\s.*?[.?])\s", re.DOTALL)  # the first two below the title


@dataclass(frozen=True)
class Tutorial:
    """An executed tutorial."""

    name: str
    notebook: Any

    @property
    def card(self) -> str:
        """The tutorial's card on the gallery's page, in MyST."""
        text = self.notebook.cells[0].source
        title, sentences = _TITLE.search(text), _SENTENCES.search(text)
        if title is None or sentences is None:
            raise ExtensionError(
                f"Expected a title and two sentences at the top of {self.name}.py."
            )
        return (
            f":::{{grid-item-card}} {title[1]}\n:link: {self.name}\n:link-type: doc\n"
            f":img-top: files/{self.name}.png\n:img-alt: The first picture of the page\n\n"
            f"{' '.join(sentences[1].split())}\n:::\n"
        )

    @property
    def picture(self) -> bytes:
        """The first picture, as a PNG file."""
        for cell in self.notebook.cells:
            for output in cell.get("outputs", ()):
                if "image/png" in output.get("data", ()):
                    return base64.b64decode(output.data["image/png"])
        raise ExtensionError(f"Expected a picture in {self.name}.py, got none.")

    @property
    def page(self) -> Any:
        """The notebook as a page of the site, with a link to the notebook itself."""
        page = copy.deepcopy(self.notebook)
        for cell in page.cells:
            cell.source = cell.source.replace("](../docs/", "](../")  # docs/ is the site's root
            cell.source = _SCRIPT.sub(r"](\1.ipynb)", cell.source)
        page.cells[
            0
        ].source += f"\n\n{{download}}`Download this page as a notebook <files/{self.name}.ipynb>`"
        return page


def executed(script: Path) -> Tutorial:
    """A tutorial with its outputs, executed unless that was done before.

    Args:
        script: the tutorial, in percent format.
    """
    text = script.read_text(encoding="utf-8")
    settings = [name for name in SETTINGS if name in os.environ]
    digest = hashlib.sha256("\n".join([text, *settings]).encode()).hexdigest()[:16]
    path = EXECUTED / f"{script.stem}-{digest}.ipynb"
    if not path.exists():
        LOGGER.info("executing %s", script.name)
        notebook: Any = jupytext.reads(text, fmt="py:percent")
        notebook.metadata["kernelspec"] = KERNEL
        EXECUTED.mkdir(parents=True, exist_ok=True)
        resources = {"metadata": {"path": str(EXECUTED)}}  # where the kernel starts
        NotebookClient(
            notebook,
            timeout=None,
            kernel_name="python3",
            resources=resources,
            extra_arguments=["--IPKernelApp.log_level=40"],  # errors
        ).execute()
        clean(notebook, script.name)
        nbformat.write(notebook, path)
    return Tutorial(script.stem, nbformat.read(path, as_version=4))


def clean(notebook: Any, name: str) -> None:
    """Remove progress bars and times from a notebook, and refuse paths of this machine.

    Args:
        notebook: an executed notebook.
        name: the tutorial's name, for the error.
    """
    notebook.metadata.pop("widgets", None)
    data = os.environ.get("GRAPHMP_DATA", "").split(os.pathsep)
    private = [str(ROOT), str(Path.home()), *filter(None, data)]
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_progress(output)]
            for folder in private:
                if folder in str(cell.outputs):
                    raise ExtensionError(
                        f"Expected no path of this machine in the outputs of {name}, got "
                        f"{folder}; print relative paths."
                    )


def _is_progress(output: Any) -> bool:
    return output.get("name") == "stderr" or _WIDGET in output.get("data", ())


def write(app: Sphinx) -> None:
    """Write the pages of the gallery, their pictures and the notebooks to download."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    pages = Path(app.srcdir) / "gallery"
    (pages / "files").mkdir(exist_ok=True)
    tutorials = [executed(script) for script in sorted(TUTORIALS.glob("[0-9]*.py"))]
    for tutorial in tutorials:
        _update(pages / f"{tutorial.name}.ipynb", nbformat.writes(tutorial.page).encode())
        _update(
            pages / "files" / f"{tutorial.name}.ipynb", nbformat.writes(tutorial.notebook).encode()
        )
        _update(pages / "files" / f"{tutorial.name}.png", tutorial.picture)
    cards = "\n".join(tutorial.card for tutorial in tutorials)
    grid = f"::::{{grid}} 1 2 2 3\n:gutter: 3\n\n{cards}::::\n"
    _update(pages / "files" / "cards.txt", grid.encode())


def _update(path: Path, content: bytes) -> None:
    """Write a file, unless it has that content: Sphinx reads again what was written."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
