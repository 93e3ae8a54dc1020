"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

import graphmp as gm
from graphmp.io import files


def test_a_file_that_cannot_be_completed_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write() -> None:
        with files.replacing(path) as new:
            new.write_bytes(b"new")
            raise OSError("full")

    with pytest.raises(gm.GraphRuntimeError, match=r"Expected to write .*file, but got: full"):
        write()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_takes_the_place_of_the_old_one_and_folders_are_created(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    for content in (b"old", b"new"):
        with files.replacing(path) as new:
            new.write_bytes(content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("this account may not create links: run as one that may")
    gm.io.save_tensors(link, {"x": torch.ones(1)})
    assert link.is_symlink()
    assert path.is_file()


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(gm.GraphRuntimeError, match="Expected to write"):
        gm.io.save_tensors(tmp_path / "file" / "below", {})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes: run on Linux or macOS")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for load in (gm.load_graphs, gm.io.load_tensors, gm.io.load_info):
        with pytest.raises(gm.GraphValueError, match="is no regular file"):
            load(tmp_path / "pipe")
