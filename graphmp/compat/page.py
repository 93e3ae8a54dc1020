"""The lists of ``docs/dgl.md``: ``python -m graphmp.compat.page`` writes them from the table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

from .table import Module, inner, modules, older, others

__all__ = ["MARK", "lists", "write"]

MARK = "<!-- python -m graphmp.compat.page writes what follows from graphmp/compat/names.ini -->\n"
_HEAD = "| Not available | Instead |\n|---|---|\n"
_PARTS = """\
Each has those of the names above that DGL defines in it, and some that only the module has, such as
`MessageFunction` and `negative_sample`; see [inner names](#inner-names) for others. Base classes of
data sets, such as `GNNBenchmarkDataset`, are graphmp's: for `isinstance`, not to derive from."""
_INNER = """\
Names that DGL defines for its own use, in the modules and classes above."""
_OTHERS = """\
Names of PyTorch Geometric, NetworkX, SciPy and torch, which a graph and the packages answer with an
error that says what takes their place. So they do for the other names of this page."""
_PAGE = Path(__file__).resolve().parents[2] / "docs" / "dgl.md"


def _code(names: Iterable[str]) -> str:
    """Names as code, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)


def _fill(text: str, indent: str = "") -> str:
    """A paragraph in lines of 100 characters, which end between words."""
    return textwrap.fill(
        text, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _table(instead: dict[str, str]) -> str:
    """A table of names that are not available; a row for the names of one replacement."""
    rows: dict[str, list[str]] = {}
    for name, text in instead.items():
        rows.setdefault(text, []).append(name)
    lines = "".join(f"| {_code(names)} | {text} |\n" for text, names in rows.items())
    return f"\n{_HEAD}{lines}" if rows else ""


def _section(module: Module) -> str:
    """The heading of a module, its available names and the table of the others."""
    text = _fill(f"Available: {_code(module.available)}.")
    if module.only_dgls:
        marked = f"Of these only `dgl` has, after `as_dgl()`: {_code(module.only_dgls)}."
        text = f"{text}\n\n{_fill(marked)}"
    return f"\n## `{module.name}`\n\n{text}\n{_table(module.instead)}"


def _parts(whole: Module) -> str:
    """The modules inside another of which something is available, as an item of a list."""
    parts = [each for each in modules().values() if each.whole == whole.name != each.name]
    names = [each.name.removeprefix(f"{whole.name}.") for each in parts if each.available]
    return _fill(f"- in `{whole.name}`: {_code(sorted(names))}", "  ") + "\n" if names else ""


def _called(instead: dict[str, str]) -> dict[str, str]:
    """The names of a table, of a graph ``g`` and of the package."""
    return {
        name.replace("DGLGraph.", "g.").replace("dgl.", "graphmp."): text
        for name, text in instead.items()
    }


def lists() -> str:
    """The lists of all modules.

    Returns:
        Markdown: a section for each module, one for the modules inside them, one for those of which
        nothing is available, and three for inner names, older versions and other libraries.

    Example:
        >>> from graphmp.compat.page import lists
        >>> "## `dgl.sampling`" in lists()
        True
    """
    wholes = [module for module in modules().values() if module.whole == module.name]
    sections = "".join(_section(module) for module in wholes if not module.is_absent)
    parts = "".join(map(_parts, wholes))
    absent = [module for module in wholes if module.is_absent]
    rows = "".join(f"| `{module.name}` | {module.instead['*']} |\n" for module in absent)
    return (
        f"{sections}\n## Modules inside these\n\n"
        f"{_PARTS}\n\n{parts}"
        f"\n## Other modules\n\n{_HEAD}{rows}"
        f"\n## Inner names\n\n{_INNER}\n{_table(inner())}"
        f"\n## Names of older versions\n\nDGL 2.1 does not have them, either.\n{_table(older())}"
        f"\n## Names of other libraries\n\n{_OTHERS}\n{_table(_called(others()))}"
    )


def write() -> None:
    """Write the lists below the mark of the page in this repository."""
    head = _PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    _PAGE.write_text(head + MARK + lists(), encoding="utf-8")


if __name__ == "__main__":
    write()
