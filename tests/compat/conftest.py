"""DGL's modules, answered by graphmp for the tests of one file."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from graphmp.compat import as_dgl


@pytest.fixture(scope="module")
def answered() -> Iterator[None]:
    """DGL is answered in these tests, and no longer."""
    path, finders, hooks = list(sys.path), list(sys.meta_path), list(sys.path_hooks)
    as_dgl()
    yield
    sys.path[:], sys.meta_path[:], sys.path_hooks[:] = path, finders, hooks
    for name in [name for name in sys.modules if name.partition(".")[0] == "dgl"]:
        del sys.modules[name]
