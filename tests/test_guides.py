"""The programs of the user guide run, each page from its first block to its last."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import torch

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = [DOCS / "index.md", *sorted((DOCS / "guide").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r"^(?:import|from) (\w+)", re.MULTILINE)


@pytest.mark.filterwarnings("ignore::FutureWarning:lightning")  # of torch, which it calls
@pytest.mark.filterwarnings("ignore:.isinstance.treespec:FutureWarning")  # of torch's export
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.filterwarnings("ignore:pymetis is not installed")
@pytest.mark.usefixtures("rows_are_taken_away")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    missing = [
        name
        for name in {name for block in blocks for name in IMPORT.findall(block)}
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        pytest.skip(f"{page.name} needs packages: pip install {' '.join(sorted(missing))}")
    torch.manual_seed(0)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks:
        exec(compile(block, str(page), "exec"), namespace)
