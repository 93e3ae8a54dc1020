from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pooch
import pytest

import graphmp as gm
from graphmp.data.sources import DATA_VARIABLE, fetch_files, find_folder, need_folder

URL = "https://example.invalid/data/"
CONTENT = b"some bytes"
SUMS = {"a.bin": hashlib.sha256(CONTENT).hexdigest()}


@pytest.fixture(autouse=True)
def no_named_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


def serve(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[str]:
    """Let pooch get ``answer`` instead of going to the network; gives the list of URLs asked."""
    asked: list[str] = []

    def download(self: object, url: str, output_file: str, pooch: object) -> None:
        asked.append(url)
        if isinstance(answer, Exception):
            raise answer
        Path(output_file).write_bytes(answer)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)
    return asked


def touch(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.bin").touch()
    return folder


def test_raw_dir_may_hold_the_files_or_a_folder_of_them(tmp_path: Path) -> None:
    flat = touch(tmp_path / "flat")
    nested = touch(tmp_path / "nested" / "set")
    assert find_folder("set", ["a.bin"], flat) == flat
    assert find_folder("set", ["a.bin"], tmp_path / "nested") == nested


def test_raw_dir_comes_before_the_named_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, named = touch(tmp_path / "given"), touch(tmp_path / "named")
    monkeypatch.setenv(DATA_VARIABLE, str(named))
    assert find_folder("set", ["a.bin"], given) == given
    assert find_folder("set", ["a.bin"], tmp_path / "empty") == named
    assert find_folder("set", ["a.bin"], None) == named


def test_a_folder_with_some_of_the_files_does_not_count(tmp_path: Path) -> None:
    assert find_folder("set", ["a.bin", "b.bin"], touch(tmp_path)) is None


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
    assert find_folder("set", ["a.bin"], touch(tmp_path / "given")) == tmp_path / "given"


def test_a_file_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(monkeypatch, CONTENT)
    for _ in range(2):
        folder = fetch_files(URL, SUMS, tmp_path / "new", progress=False)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert asked == [URL + "a.bin"]


def test_a_damaged_file_is_downloaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, CONTENT)
    touch(tmp_path)
    fetch_files(URL, SUMS, tmp_path, progress=False)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_wrong_checksum_is_an_error_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, b"something else")
    with pytest.raises(
        gm.GraphError, match=r"a\.bin from .* is not the file with the expected checksum"
    ) as caught:
        fetch_files(URL, SUMS, tmp_path, progress=False)
    assert isinstance(caught.value, ValueError)
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, ConnectionError("no route"))
    with pytest.raises(gm.GraphError, match=r"no route.*raw_dir.*GRAPHMP_DATA"):
        fetch_files(URL, SUMS, tmp_path, progress=False)


def test_no_pooch_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(gm.GraphError, match=r"pip install pooch"):
        fetch_files(URL, SUMS, tmp_path, progress=False)
