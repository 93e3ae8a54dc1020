"""The tutorials of DGL that must run here: where their texts are, and the programs in them."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def read(name: str) -> str:
    """The text of a tutorial, in the folder of seeds beside that of the data."""
    named = os.environ.get("GRAPHMP_DATA")
    folders = [Path(named).resolve().parent] if named else []
    folders.append(REPOSITORY.parent / "shared")
    path = next((p for p in (f / "seeds" / name for f in folders) if p.is_file()), None)
    if path is None:
        pytest.skip(f"needs the tutorial's text: put it at {folders[0] / 'seeds' / name}")
    return path.read_text(encoding="utf-8")


def blocks_of(text: str) -> list[str]:
    """The blocks of Python code in a reStructuredText."""
    parts = re.split(r"^\.\. code-block:: Python\n", text, flags=re.MULTILINE)[1:]
    return [textwrap.dedent(re.split(r"^(?=\S)", part, flags=re.MULTILINE)[0]) for part in parts]
