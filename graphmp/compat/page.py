"""The lists of ``docs/dgl.md``: ``python -m graphmp.compat.page`` writes them from the table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

from .table import Module, modules

__all__ = ["MARK", "lists", "write"]

MARK = "<!-- python -m graphmp.compat.page writes what follows from graphmp/compat/names.ini -->\n"
_HEAD = "| Not available | Instead |\n|---|---|\n"
_PAGE = Path(__file__).resolve().parents[2] / "docs" / "dgl.md"


def _code(names: Iterable[str]) -> str:
    """Names as code, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)


def _missing(module: Module) -> str:
    """The table of what a module does not have; a row for the names of one replacement."""
    rows: dict[str, list[str]] = {}
    for name, text in module.instead.items():
        rows.setdefault(text, []).append(name)
    lines = "".join(f"| {_code(names)} | {text} |\n" for text, names in rows.items())
    return f"\n{_HEAD}{lines}" if rows else ""


def _section(module: Module) -> str:
    """The heading of a module, its available names and the table of the others."""
    text = textwrap.fill(f"Available: {_code(module.available)}.", 100, break_long_words=False)
    return f"\n## `{module.name}`\n\n{text}\n{_missing(module)}"


def lists() -> str:
    """The lists of all modules.

    Returns:
        Markdown: a section for each module, and one for those of which nothing is available.

    Example:
        >>> from graphmp.compat.page import lists
        >>> "## `dgl.sampling`" in lists()
        True
    """
    parts = [module for module in modules().values() if module.available]
    others = [module for module in modules().values() if not module.available]
    rows = "".join(f"| `{module.name}` | {module.instead['*']} |\n" for module in others)
    return "".join(map(_section, parts)) + f"\n## Other modules\n\n{_HEAD}{rows}"


def write() -> None:
    """Write the lists below the mark of the page in this repository."""
    head = _PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    _PAGE.write_text(head + MARK + lists(), encoding="utf-8")


if __name__ == "__main__":
    write()
