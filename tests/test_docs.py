"""Every file, every dotted name and every link in the documentation exists."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import graphmp

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "GOVERNANCE", "CODE_OF_CONDUCT")),
]
GUIDE = [
    page for name in ("guide", "coming", "about") for page in (ROOT / "docs" / name).glob("*.md")
]
INTERNAL = [page for page in PAGES if page.name in ("architecture.md", "kernels.md")]
FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
EXCERPT = re.compile(r"^```python\n# (graphmp/\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.]+/[\w./]*|\w+\.(?:md|py|txt|toml)")
DOTTED = re.compile(r"(?:graphmp\.)?[a-zA-Z_]\w*(?:\.\w+)+")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def spans(page: Path) -> list[str]:
    """The code in backticks on a page, fenced blocks left out."""
    return CODE.findall(FENCE.sub("", page.read_text(encoding="utf-8")))


def resolve(name: str) -> Any:
    """The object of a dotted name, from the package, a module on the page, or another library."""
    first = name.partition(".")[0]
    for base in (f"graphmp.{name}", f"graphmp.kernels.cpu.runtime.{name}", name):
        parts = base.split(".")
        for count in range(len(parts), 0, -1):
            try:
                value: Any = import_module(".".join(parts[:count]))
                for part in parts[count:]:
                    value = getattr(value, part)
            except (ImportError, AttributeError):
                continue
            return value
    raise AssertionError(f"{name} does not exist; {first} is neither a module nor a package")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", INTERNAL, ids=lambda page: page.name)
def test_every_path_exists(page: Path) -> None:
    paths = {span for span in spans(page) if PATH.fullmatch(span)}
    folders = (ROOT, ROOT / "graphmp", ROOT / "graphmp" / "kernels")
    assert paths
    assert [path for path in paths if not any((base / path).exists() for base in folders)] == []


@pytest.mark.parametrize("page", INTERNAL, ids=lambda page: page.name)
def test_every_dotted_name_exists(page: Path) -> None:
    pytest.importorskip("numba")
    names = {s for s in spans(page) if DOTTED.fullmatch(s) and not PATH.fullmatch(s)}
    local = {"fn": graphmp.function, "gm": graphmp, "g": graphmp.Graph}
    assert names
    for name in names:
        first, _, rest = name.partition(".")
        if first in local:
            assert hasattr(local[first], rest), name
        elif first not in ("triton", "tl"):  # Triton is not installed everywhere
            resolve(name)


@pytest.mark.parametrize("page", INTERNAL, ids=lambda page: page.name)
def test_every_excerpt_is_that_of_the_code(page: Path) -> None:
    for path, code in EXCERPT.findall(page.read_text(encoding="utf-8")):
        source = (ROOT / path).read_text(encoding="utf-8")
        for part in re.split(r"^ *…\n", code, flags=re.MULTILINE):
            assert part.rstrip() in source, f"{path} has changed: copy the excerpt again"


def sources(target: Path) -> list[Path]:
    """The files of which one becomes a page of the site."""
    table = ROOT / "docs" / "_extensions" / "layer_table.py"
    generated = table if target.name == "layers.md" else ROOT / "tutorials" / f"{target.name}.py"
    return [target, target.with_suffix(".rst"), generated]


@pytest.mark.parametrize("page", [*PAGES, *sorted(GUIDE)], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if not path.startswith("http"):
            target = (page.parent / path).resolve() if path else page
            assert any(source.exists() for source in sources(target)), link
            assert not anchor or anchor in anchors(target), link
