"""The gallery: each tutorial, executed, as a notebook with its outputs."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from sphinx.application import Sphinx
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = ROOT / "tutorials"
EXECUTED = ROOT / "build" / "notebooks"

LOGGER = logging.getLogger(__name__)


def executed(script: Path) -> Path:
    """The notebook of a tutorial with its outputs, executed unless that was done before.

    Args:
        script: the tutorial, in percent format.
    """
    text = script.read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = EXECUTED / f"{script.stem}-{digest}.ipynb"
    if not path.exists():
        LOGGER.info("executing %s", script.name)
        notebook: Any = jupytext.reads(text, fmt="py:percent")
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        NotebookClient(notebook, timeout=None, kernel_name="python3", resources=_folder()).execute()
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        EXECUTED.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
    return path


def _folder() -> dict[str, Any]:
    return {"metadata": {"path": str(ROOT)}}


def write(app: Sphinx) -> None:
    """Write the notebooks of the gallery into the folder of pages."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    pages = Path(app.srcdir) / "gallery"
    for script in sorted(TUTORIALS.glob("[0-9]*.py")):
        shutil.copyfile(executed(script), pages / f"{script.stem}.ipynb")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
