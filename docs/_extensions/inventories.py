"""The names of other projects that pages link to, from a list that needs no network."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

_LIST = Path(__file__).resolve().parents[1] / "inventories.txt"
_URLS = {
    "python": "https://docs.python.org/3/",
    "torch": "https://docs.pytorch.org/docs/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "networkx": "https://networkx.org/documentation/stable/",
}


def mapping(folder: Path) -> dict[str, tuple[str, str]]:
    """Write an inventory file for each project, and return them for intersphinx.

    Args:
        folder: where the files are written.
    """
    entries: dict[str, list[str]] = {project: [] for project in _URLS}
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            project, role, name, page = line.split()
            entries[project].append(f"{name} {role} 1 {page.replace('$', name)} -\n")
    folder.mkdir(parents=True, exist_ok=True)
    for project, lines in entries.items():
        head = (
            f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
            "# The remainder of this file is compressed using zlib.\n"
        )
        content = head.encode() + zlib.compress("".join(lines).encode())
        (folder / f"{project}.inv").write_bytes(content)
    return {project: (url, str(folder / f"{project}.inv")) for project, url in _URLS.items()}


def configure(app: Sphinx, config: Config) -> None:
    """Set the inventories of intersphinx."""
    config.intersphinx_mapping = mapping(Path(app.doctreedir) / "inventories")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("config-inited", configure, priority=10)
    return {"parallel_read_safe": True}
