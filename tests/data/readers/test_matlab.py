"""Files of MATLAB: what is read, and what damaged ones do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp

import graphmp as gm
from graphmp.data.readers import matlab, text
from graphmp.io.compressed_rows import CompressedRows

PACKED = pytest.mark.parametrize("packed", [False, True])


def written(folder: Path, packed: bool = False, **values: Any) -> Path:
    scipy.io.savemat(folder / "a.mat", values, do_compression=packed)
    return folder / "a.mat"


@PACKED
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 3), (0, 3), (2, 3, 2)])
def test_arrays_are_read_as_scipy_wrote_them(
    tmp_path: Path, packed: bool, dtype: str, shape: tuple[int, ...]
) -> None:
    value = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    path = written(tmp_path, packed, before=np.eye(2), a_name_of_many_letters=value)
    actual = matlab.read(path, ["a_name_of_many_letters"])["a_name_of_many_letters"]
    assert isinstance(actual, np.ndarray)
    assert actual.shape == shape
    assert (actual == value).all()


@PACKED
@pytest.mark.parametrize("dtype", ["bool", "float64"])
def test_sparse_matrices_are_read_by_columns(tmp_path: Path, packed: bool, dtype: str) -> None:
    value = sp.random(5, 4, 0.4, "csc", None, np.random.default_rng(0)).astype(dtype)
    actual = matlab.read(written(tmp_path, packed, net=value), ["net"])["net"]
    assert isinstance(actual, CompressedRows)
    assert np.array_equal(actual.dense("net").T, value.toarray())


@pytest.mark.parametrize("value", ["text", 1j, {"a": 1}, sp.csc_matrix([[1j]])])
def test_a_variable_of_another_kind_is_an_error(tmp_path: Path, value: Any) -> None:
    with pytest.raises(gm.GraphError, match=r"a\.mat is not a file of MATLAB: expected x to be an"):
        matlab.read(written(tmp_path, x=value), ["x"])
    with pytest.raises(gm.GraphError, match=r"a\.mat lacks the variables y"):
        matlab.read(written(tmp_path, x=value), ["y"])


@pytest.mark.parametrize("content", [b"", b"no", b"\0" * 200])
def test_another_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(gm.GraphError, match=r"a\.mat is not a file of MATLAB: expected version 5"):
        matlab.read(tmp_path / "a.mat", ["x"])


@PACKED
def test_every_damaged_byte_gives_variables_or_an_error(tmp_path: Path, packed: bool) -> None:
    path = written(tmp_path, packed, x=np.eye(2), net=sp.csc_matrix(np.eye(3)))
    whole = path.read_bytes()
    draw = np.random.default_rng(0)
    for place in draw.integers(120, len(whole), size=300):
        damaged = bytearray(whole)
        damaged[place] = draw.integers(256)
        path.write_bytes(damaged)
        try:
            matlab.read(path, ["x", "net"])
        except gm.GraphValueError:
            continue


def test_a_packed_file_that_grows_too_much_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "FREE_SIZE", 1 << 10)
    with pytest.raises(gm.GraphError, match="it would unpack to far more than honest data"):
        matlab.read(written(tmp_path, packed=True, x=np.zeros(1 << 20)), ["x"])
