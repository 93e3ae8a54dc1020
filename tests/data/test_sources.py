from __future__ import annotations

from pathlib import Path

import pytest

import graphmp as gm
from graphmp.data.sources import DATA_VARIABLE, cache_folder, find_folder, need_folder


@pytest.fixture(autouse=True)
def no_named_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


def touch(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.bin").touch()
    return folder


def test_raw_dir_may_hold_the_files_or_a_folder_of_them(tmp_path: Path) -> None:
    flat = touch(tmp_path / "flat")
    nested = touch(tmp_path / "nested" / "set")
    assert find_folder(["set"], [["a.bin"]], flat) == flat
    assert find_folder(["set"], [["a.bin"]], tmp_path / "nested") == nested


def test_raw_dir_comes_before_the_named_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, named = touch(tmp_path / "given"), touch(tmp_path / "named")
    monkeypatch.setenv(DATA_VARIABLE, str(named))
    assert find_folder(["set"], [["a.bin"]], given) == given
    assert find_folder(["set"], [["a.bin"]], tmp_path / "empty") == named
    assert find_folder(["set"], [["a.bin"]], None) == named


def test_a_folder_with_some_of_the_files_does_not_count(tmp_path: Path) -> None:
    assert find_folder(["set"], [["a.bin", "b.bin"]], touch(tmp_path)) is None


def test_any_choice_of_files_in_raw_dir_comes_before_the_named_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, named = touch(tmp_path / "given" / "other"), touch(tmp_path / "named" / "set")
    (named / "b.bin").touch()
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "named"))
    choices = [["b.bin"], ["a.bin"]]
    assert need_folder(["set", "other"], choices, tmp_path / "given", "afar") == given
    assert need_folder(["set", "other"], choices, None, "afar") == named


def test_files_that_are_needed_and_missing_are_an_error_that_says_what_to_do(
    tmp_path: Path,
) -> None:
    message = (
        r"files a, b, or c, got none\. .* Download them from afar, move .* folder set, "
        ".*raw_dir.*GRAPHMP"
    )
    with pytest.raises(gm.GraphError, match=message):
        need_folder(["set", "other"], [["a", "b"], ["c"]], tmp_path, "afar")


def test_the_error_says_where_files_were_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(gm.GraphError, match="raw_dir is None; GRAPHMP_DATA is not set"):
        need_folder(["set"], [["a"]], None, "afar")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    message = f"raw_dir is '{tmp_path}/not', which is not a folder; GRAPHMP_DATA is '{tmp_path}'"
    with pytest.raises(gm.GraphError, match=message):
        need_folder(["set"], [["a"]], tmp_path / "not", "afar")


def test_raw_dir_serves_where_the_named_folder_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "not"))
    assert find_folder(["set"], [["a.bin"]], touch(tmp_path / "given")) == tmp_path / "given"


def test_downloads_of_dgl_are_found_where_it_puts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DGL_DOWNLOAD_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / ".dgl").mkdir()
    assert cache_folder() == tmp_path / ".dgl"
