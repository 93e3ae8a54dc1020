from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest
from support.served import serve

import graphmp as gm
from graphmp.data import check_sha1, download, get_dgl_url, get_download_dir
from graphmp.data.downloads import fetch, fetch_files

URL = "https://example.invalid/data/"
CONTENT = b"some bytes"
SUMS = {"a.bin": hashlib.sha256(CONTENT).hexdigest()}
SHA1 = hashlib.sha1(CONTENT).hexdigest()


def touch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.bin").touch()


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


def test_without_a_known_sum_that_of_the_first_download_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = serve(monkeypatch, CONTENT)
    for _ in range(2):
        fetch(URL + "a.bin", tmp_path / "a.bin", None, progress=False)
    assert len(asked) == 1
    assert (tmp_path / "a.bin.sha256").read_text().strip() == SUMS["a.bin"]
    (tmp_path / "a.bin").unlink()
    serve(monkeypatch, b"something else")
    with pytest.raises(gm.GraphError, match="not the file with the expected checksum"):
        fetch(URL + "a.bin", tmp_path / "a.bin", None, progress=False)
    assert not (tmp_path / "a.bin").exists()


def test_a_file_is_downloaded_to_a_path_or_into_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(monkeypatch, CONTENT)
    monkeypatch.chdir(tmp_path)
    for path, expected in ((None, "a.bin"), (tmp_path, "a.bin"), (tmp_path / "x" / "b", "x/b")):
        actual = Path(download(URL + "a.bin", path, sha1_hash=SHA1))
        assert actual.resolve() == tmp_path / expected
        assert actual.read_bytes() == CONTENT
        actual.unlink()
    assert capsys.readouterr().out.count("Downloading") == 3
    download(URL + "a.bin", tmp_path, log=False)
    assert capsys.readouterr().out == ""


def test_a_file_that_exists_is_downloaded_again_if_asked_or_if_its_sum_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = serve(monkeypatch, CONTENT)
    touch(tmp_path)
    download(URL + "a.bin", tmp_path, overwrite=False, log=False)
    assert asked == []
    download(URL + "a.bin", tmp_path, overwrite=False, sha1_hash=SHA1, log=False)
    download(URL + "a.bin", tmp_path, log=False)
    assert len(asked) == 2
    assert check_sha1(tmp_path / "a.bin", SHA1.upper())


def test_a_failed_download_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")
    asked = serve(monkeypatch, ConnectionError("no route"))
    with pytest.raises(gm.GraphError, match="no route"):
        download(URL + "a.bin", tmp_path, retries=2, log=False)
    assert len(asked) == 3
    serve(monkeypatch, b"something else")
    with pytest.raises(gm.GraphError, match="not the file with the expected checksum"):
        download(URL + "a.bin", tmp_path, sha1_hash=SHA1, log=False)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "/etc/passwd"])
def test_other_urls_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(gm.GraphError, match="Expected a URL by http or https"):
        download(url, tmp_path, log=False)


def test_a_url_without_a_name_needs_a_path() -> None:
    with pytest.raises(gm.GraphError, match="ends without a name; pass path"):
        download(URL)


def test_the_folder_of_downloads_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGL_DOWNLOAD_DIR", str(tmp_path / "new"))
    assert get_download_dir() == str(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


def test_the_repository_may_be_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGL_REPO", "https://mirror.invalid")
    assert get_dgl_url("dataset/a.zip") == "https://mirror.invalid/dataset/a.zip"


@pytest.mark.parametrize("record", [b"", b"short", b"\xff\xfe", b"0" * 63])
def test_a_damaged_record_of_a_sum_is_an_error_that_names_it(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "a.bin.sha256").write_bytes(record)
    with pytest.raises(gm.GraphError, match=r"a\.bin\.sha256 to hold a SHA-256 sum"):
        fetch(URL + "a.bin", tmp_path / "a.bin", None, progress=False)


@pytest.mark.usefixtures("no_named_folder")
@pytest.mark.parametrize("make", [gm.data.FB15kDataset, gm.data.TolokersDataset])
def test_the_sum_of_a_damaged_first_download_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    asked = serve(monkeypatch, b"half of a file")
    for _ in range(2):
        with pytest.raises(gm.GraphError, match=r"damaged archive|not a file of arrays"):
            make(raw_dir=tmp_path)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert len(asked) == 2
