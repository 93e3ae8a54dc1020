from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import graphmp as gm
from graphmp.data.readers import text


@pytest.mark.parametrize("content", [b"a\n\n b\n", b"\xef\xbb\xbfa\r\n\r\n b\r\n", b"a\r\t\r b"])
@pytest.mark.parametrize("packed", [True, False])
def test_lines_are_those_that_are_not_blank(tmp_path: Path, content: bytes, packed: bool) -> None:
    path = tmp_path / ("lines.txt.gz" if packed else "lines.txt")
    path.write_bytes(gzip.compress(content) if packed else content)
    assert list(text.lines(path)) == [(1, "a"), (3, " b")]


def test_marks_that_are_no_ends_of_lines_stay(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("a\u2028b\x0bc\x85\n", encoding="utf-8")
    assert list(text.lines(tmp_path / "names")) == [(1, "a\u2028b\x0bc\x85")]


def test_another_encoding_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(b"caf\xe9\n")
    assert text.read(tmp_path / "names", "latin-1") == "café\n"
    with pytest.raises(gm.GraphError, match="names cannot be read: 'utf-8' codec"):
        text.read(tmp_path / "names")


@pytest.mark.parametrize("content", [b"no", gzip.compress(b"a" * 99, mtime=0)[:-9]])
def test_a_damaged_packed_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(gm.GraphError, match=r"a\.gz cannot be read: .* Download it again"):
        text.read(tmp_path / "a.gz")


def test_a_file_that_unpacks_to_a_thousand_times_its_size_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "FREE_SIZE", 1 << 20)
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(4 << 20)))
    with pytest.raises(gm.GraphError, match=r"a\.gz unpacks to more than 100 times its size"):
        text.read(tmp_path / "a.gz")
