from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

import graphmp as gm
from graphmp.data import extract_archive
from graphmp.data.readers import text

FILES = {"a.txt": b"one", "inner/b.txt": b"two", "./c.txt": b""}
KINDS = pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tgz"])


def pack(path: Path, files: dict[str, bytes]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@KINDS
def test_an_archive_is_unpacked_into_the_folder(tmp_path: Path, kind: str) -> None:
    path = pack(tmp_path / f"it.{kind}", FILES)
    target = tmp_path / "out"
    expected = {"a.txt": b"one", "inner/b.txt": b"two", "c.txt": b""}
    extract_archive(str(path), str(target))
    assert contents(target) == expected
    (target / "a.txt").write_bytes(b"other")
    (target / "own.txt").write_bytes(b"mine")
    extract_archive(path, target, overwrite=False)
    assert contents(target)["a.txt"] == b"other"
    extract_archive(path, target)
    assert contents(target) == {**expected, "own.txt": b"mine"}
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"it.{kind}", "out"]


def test_a_packed_file_is_unpacked_into_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"1,2"))
    extract_archive(tmp_path / "a.csv.gz", tmp_path / "out")
    assert contents(tmp_path / "out") == {"a.csv": b"1,2"}


@KINDS
@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "inner/../../evil", "..", "a//b", "a\\..\\..\\evil", "C:evil"]
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    path = pack(tmp_path / f"it.{kind}", {"good": b"1", name: b"2"})
    with pytest.raises(gm.GraphError, match="expected paths within the folder"):
        extract_archive(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_a_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("a")
    info.type, info.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "it.tar", "w") as tar:
        tar.addfile(info)
    with pytest.raises(gm.GraphError, match="got a link or a device at 'a'"):
        extract_archive(tmp_path / "it.tar", tmp_path / "out")


@KINDS
def test_a_damaged_archive_leaves_nothing(tmp_path: Path, kind: str) -> None:
    path = pack(tmp_path / f"it.{kind}", {f"{i}.txt": bytes(range(256)) * 40 for i in range(4)})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(gm.GraphError, match="is a damaged archive"):
        extract_archive(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_archive_that_grows_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(text, "FREE_SIZE", 1 << 10)
    path = pack(tmp_path / f"it.{kind}", {"a": bytes(1 << 20), "b": bytes(1 << 20)})
    with pytest.raises(gm.GraphError, match="unpacks to more than 100 times its size"):
        extract_archive(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_name_are_an_error(tmp_path: Path) -> None:
    path = pack(tmp_path / "it.tar", {"a": b"1", "./a": b"2"})
    with pytest.raises(gm.GraphError, match=r"is a damaged archive.*exists"):
        extract_archive(path, tmp_path / "out")


def test_another_kind_of_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.rar").touch()
    with pytest.raises(gm.GraphError, match=r"Expected a \.zip.* got .*a\.rar"):
        extract_archive(tmp_path / "a.rar", tmp_path / "out")


def test_an_archive_of_another_method_may_be_damaged(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "it.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", bytes(range(256)) * 40)
    content = bytearray((tmp_path / "it.zip").read_bytes())
    content[60:80] = b"\xff" * 20
    (tmp_path / "it.zip").write_bytes(content)
    with pytest.raises(gm.GraphError, match=r"it\.zip is a damaged archive"):
        extract_archive(tmp_path / "it.zip", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["it.zip"]


@KINDS
def test_folders_far_within_each_other_are_refused(tmp_path: Path, kind: str) -> None:
    path = pack(tmp_path / f"it.{kind}", {"a/" * 1500 + "b": b"1"})
    with pytest.raises(gm.GraphError, match="expected paths within the folder"):
        extract_archive(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("files", [{"a/b": b"1", "c": b"2"}, {"a": b"1", "c/d": b"2"}])
def test_a_file_does_not_replace_a_folder(tmp_path: Path, files: dict[str, bytes]) -> None:
    extract_archive(pack(tmp_path / "it.zip", files), tmp_path / "out")
    other = {"a": b"3", "c": b"4"} if "a/b" in files else {"a/b": b"3", "c": b"4"}
    with pytest.raises(gm.GraphError, match="expected to replace files by files"):
        extract_archive(pack(tmp_path / "it.tar", other), tmp_path / "out")
    assert contents(tmp_path / "out") == files
