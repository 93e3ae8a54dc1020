"""A file of another kind is recognised by how it begins."""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import graphmp as gm
from graphmp import io

FILES = Path(__file__).parent / "files"
LOADERS: list[Callable[[Path], Any]] = [gm.load_graphs, io.load_tensors, io.load_info]
ARCHIVE = b"PK\x03\x04" + bytes(30) + b"arr_0.npy"
OTHERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a checkpoint": (lambda path: torch.save({"a": torch.ones(1)}, path), "use torch.load"),
    "an array": (lambda path: np.save(path, np.ones(1)), "use numpy.load"),
    "arrays": (lambda path: path.write_bytes(ARCHIVE), "a ZIP archive"),
    "gzip": (lambda path: path.write_bytes(gzip.compress(b"a")), "unpack it"),
}


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("kind", OTHERS)
def test_a_file_of_another_kind_is_named_in_the_error(
    kind: str, load: Callable[[Path], Any], tmp_path: Path
) -> None:
    write, match = OTHERS[kind]
    write(tmp_path / "file.npy")
    with pytest.raises(gm.GraphValueError, match=rf"file.npy was not read: expected .*{match}"):
        load(tmp_path / "file.npy")


@pytest.mark.parametrize(
    ("load", "name", "match"),
    [
        (io.load_tensors, "dgl_graphs.bin", "use load_graphs"),
        (io.load_info, "dgl_graphs.bin", "use load_graphs"),
        (gm.load_graphs, "dgl_tensors.bin", r"use io\.load_tensors"),
        (gm.load_graphs, "dgl_info.pkl", r"a pickle; use io\.load_info"),
        (gm.load_graphs, "README.md", "got a text"),
        (io.load_tensors, "README.md", "got a text"),
    ],
)
def test_files_of_dgl_and_texts_are_told_apart(
    load: Callable[[Path], Any], name: str, match: str
) -> None:
    with pytest.raises(gm.GraphValueError, match=match):
        load(FILES / name)


def test_files_of_graphmp_are_told_apart(tmp_path: Path) -> None:
    io.save_tensors(tmp_path / "tensors", {"x": torch.ones(1)})
    io.save_info(tmp_path / "info", 1)
    with pytest.raises(gm.GraphValueError, match=r"one of tensors; use io\.load_tensors"):
        gm.load_graphs(tmp_path / "tensors")
    with pytest.raises(gm.GraphValueError, match=r"one of info; use io\.load_info"):
        gm.load_graphs(tmp_path / "info")


def test_a_pickle_of_graphs_says_how_to_save_them(tmp_path: Path) -> None:
    (tmp_path / "graphs").write_bytes(pickle.dumps([1]))
    with pytest.raises(gm.GraphValueError, match="save them by its save_graphs"):
        gm.load_graphs(tmp_path / "graphs")
