from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import graphmp as gm
from graphmp.data.readers import arrays, text

OBJECTS = np.array([{"a": 1}, None], dtype=object)


def test_an_array_is_read_as_numpy_wrote_it(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    assert arrays.read_npy(tmp_path / "a.npy").tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("packed", [True, False])
def test_the_arrays_that_are_asked_for_are_read(tmp_path: Path, packed: bool) -> None:
    save = np.savez_compressed if packed else np.savez
    save(tmp_path / "a.npz", x=np.arange(3), other=OBJECTS, y=np.ones((2, 2)))
    values = arrays.read_npz(tmp_path / "a.npz", ["x"], ["y", "z"])
    assert sorted(values) == ["x", "y"]
    assert values["x"].tolist() == [0, 1, 2]


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", OBJECTS, allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=OBJECTS)
    with pytest.raises(gm.GraphError, match=r"a\.npy is not a file of numbers: Object arrays"):
        arrays.read_npy(tmp_path / "a.npy")
    with pytest.raises(gm.GraphError, match=r"a\.npz is not a file of arrays: Object arrays"):
        arrays.read_npz(tmp_path / "a.npz", ["x"])


def test_a_missing_array_is_an_error(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    with pytest.raises(gm.GraphError, match="it lacks the arrays w, y"):
        arrays.read_npz(tmp_path / "a.npz", ["y", "x", "w"])


@pytest.mark.parametrize("kind", ["csr", "coo"])
def test_a_sparse_matrix_is_read_as_scipy_wrote_it(tmp_path: Path, kind: str) -> None:
    matrix = sp.random(5, 4, 0.4, kind, None, np.random.default_rng(0))
    sp.save_npz(tmp_path / "a.npz", matrix)
    assert (arrays.read_sparse(tmp_path / "a.npz", "it").dense("it") == matrix.toarray()).all()


def test_a_sparse_matrix_of_another_format_is_an_error(tmp_path: Path) -> None:
    sp.save_npz(tmp_path / "a.npz", sp.csc_matrix(np.eye(3)))
    with pytest.raises(gm.GraphError, match=r"a\.npz: expected .* format csr or coo, got 'csc'"):
        arrays.read_sparse(tmp_path / "a.npz", "it")
    parts: dict[str, Any] = {"format": b"csr", "shape": [1, 1], "data": [1.0], "indices": [0]}
    np.savez(tmp_path / "a.npz", **parts)
    with pytest.raises(gm.GraphError, match=r"a\.npz does not fit together: 'indptr'"):
        arrays.read_sparse(tmp_path / "a.npz", "it")
    np.savez(tmp_path / "a.npz", **parts, indptr=[0, 2])
    with pytest.raises(gm.GraphError, match=r"a\.npz does not fit together: .*ascend from 0 to 1"):
        arrays.read_sparse(tmp_path / "a.npz", "it")


@pytest.mark.parametrize("content", [b"", b"no", b"\x93NUMPY\x01\x00", b"PK\x03\x04"])
def test_damaged_files_are_an_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "it.npz"
    path.write_bytes(content)
    for read in (arrays.read_npy, lambda path: arrays.read_npz(path, [])):
        with pytest.raises(gm.GraphError, match=r"it\.npz is not a file of"):
            read(path)


def test_every_damaged_byte_gives_arrays_or_an_error(tmp_path: Path) -> None:
    whole = io.BytesIO()
    sp.save_npz(whole, sp.csr_matrix(np.eye(3)))
    draw = np.random.default_rng(0)
    for place in draw.integers(len(whole.getvalue()), size=150):
        damaged = bytearray(whole.getvalue())
        damaged[place] = draw.integers(256)
        (tmp_path / "a.npz").write_bytes(damaged)
        try:
            arrays.read_sparse(tmp_path / "a.npz", "it").dense("it")
        except gm.GraphError:
            continue


def test_an_array_larger_than_its_file_is_an_error(tmp_path: Path) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117)
    content = b"\x93NUMPY\x01\x00" + len(header + b"\n").to_bytes(2, "little") + header + b"\n"
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(gm.GraphError, match="is not a file of numbers"):
        arrays.read_npy(tmp_path / "a.npy")
    with pytest.raises(gm.GraphError, match="is not a file of arrays"):
        arrays.read_npz(tmp_path / "a.npz", ["x"])


def test_a_packed_file_that_grows_too_much_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "FREE_SIZE", 1 << 10)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(1 << 20))
    with pytest.raises(gm.GraphError, match="it would unpack to 8388"):
        arrays.read_npz(tmp_path / "a.npz", ["x"])


def test_arrays_are_checked_for_shape_and_dtype(tmp_path: Path) -> None:
    value = np.zeros((2, 3))
    assert arrays.fitting(value, "it", tmp_path, "f", None, 3) is value
    for kinds, shape in (("iu", (2, 3)), ("f", (2,)), ("f", (None, 2)), ("f", (2, 3, 1))):
        with pytest.raises(gm.GraphError, match=r"expected it of shape \(.*got \(2, 3\) and float"):
            arrays.fitting(value, "it", tmp_path, kinds, *shape)


def test_a_member_that_is_no_array_is_an_error(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", b"no array")
    with pytest.raises(gm.GraphError, match=r"a\.npz is not a file of arrays: x is not an array"):
        arrays.read_npz(tmp_path / "a.npz", ["x"])
    np.savez(tmp_path / "a.npz", format=["csr", "csr"], shape=(1, 1), data=[1])
    with pytest.raises(gm.GraphError, match=r"a\.npz: expected the format of shape \(\)"):
        arrays.read_sparse(tmp_path / "a.npz", "it")


def test_a_header_without_end_is_an_error(tmp_path: Path) -> None:
    header = b"{'descr': '<f8', 'shape': (4,".ljust(117) + b"\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + header)
    with pytest.raises(gm.GraphError, match=r"a\.npy is not a file of numbers"):
        arrays.read_npy(tmp_path / "a.npy")
