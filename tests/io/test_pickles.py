from __future__ import annotations

import pickle
import struct
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch

import graphmp as gm
from graphmp.io import pickles

PROTOCOLS = pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))


def reread(folder: Path, value: Any, protocol: int = 2) -> Any:
    return pickles.read(written(folder, pickle.dumps(value, protocol)))


def written(folder: Path, content: bytes) -> Path:
    (folder / "numbers.pkl").write_bytes(content)
    return folder / "numbers.pkl"


@PROTOCOLS
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", ">i4", "float16", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3,), (2, 3)])
def test_arrays_are_read_as_numpy_wrote_them(
    tmp_path: Path, protocol: int, dtype: str, shape: tuple[int, ...]
) -> None:
    for order in ("C", "F"):
        value = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype, order=order)
        actual = pickles.array(reread(tmp_path, value, protocol), "it")
        assert actual.dtype == value.dtype.newbyteorder("=")
        assert actual.shape == shape
        assert (actual == value).all()
        assert actual.flags.writeable


@PROTOCOLS
def test_scalars_and_containers_are_read(tmp_path: Path, protocol: int) -> None:
    value = {"a": [1, (2.5, None)], 7: np.float32(3)}
    actual = reread(tmp_path, value, protocol)
    assert actual["a"] == [1, (2.5, None)]
    assert pickles.array(actual[7], "it") == 3
    for mapping in (OrderedDict(a=[1]), defaultdict(list, {"a": [1]})):
        assert reread(tmp_path, mapping, protocol) == {"a": [1]}


@PROTOCOLS
@pytest.mark.parametrize("kind", ["csr", "coo"])
def test_sparse_matrices_are_read_as_scipy_wrote_them(
    tmp_path: Path, protocol: int, kind: str
) -> None:
    value = sp.random(5, 4, 0.4, kind, None, np.random.default_rng(0))
    actual = pickles.matrix(reread(tmp_path, value, protocol), "it")
    assert (actual.dense("it") == value.toarray()).all()


@PROTOCOLS
def test_tensors_are_read_as_torch_wrote_them(tmp_path: Path, protocol: int) -> None:
    whole = torch.arange(12.0).view(3, 4)
    for value in (whole, whole.t(), whole[1:, 1], torch.ones(3, dtype=torch.int64), whole[:0]):
        actual = pickles.tensor(reread(tmp_path, value.clone(), protocol), "it")
        assert torch.equal(actual, value)
        assert actual.dtype == value.dtype


def array_pickle(dtype: str, shape: bytes, content: bytes) -> bytes:
    """A pickled array, put together by hand."""
    name = dtype.encode()
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
        b"(K\x01" + shape + b"cnumpy\ndtype\n(U" + bytes([len(name)]) + name + b"K\x00K\x01tR"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U" + bytes([len(content)]) + content + b"tb."
    )


def test_the_handmade_pickle_is_one_that_numpy_reads(tmp_path: Path) -> None:
    content = array_pickle("i2", b"K\x02\x85", b"\x01\x00\x02\x00")
    expected = pickle.loads(content, encoding="latin1")
    assert pickles.array(pickles.read(written(tmp_path, content)), "it").tolist() == [1, 2]
    assert expected.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", ["O8", "O", "V8", "S8", "U2", "M8", "i3", "c8", "", "f8,f8"])
def test_bytes_of_the_file_never_become_objects(tmp_path: Path, dtype: str) -> None:
    record = pickles.read(written(tmp_path, array_pickle(dtype, b"K\x01\x85", b"\x41" * 8)))
    with pytest.raises(gm.GraphError, match=r"Expected it as an array.*which are not numbers"):
        pickles.array(record, "it")


@pytest.mark.parametrize(
    "shape", [b"K\x03\x85", b"\x8a\x09" + b"\xff" * 8 + b"\x00\x85", b"N", b"J\xff\xff\xff\xff\x85"]
)
def test_a_shape_that_does_not_fit_the_bytes_is_an_error(tmp_path: Path, shape: bytes) -> None:
    record = pickles.read(written(tmp_path, array_pickle("i8", shape, b"\x00" * 8)))
    with pytest.raises(gm.GraphError, match=r"Expected it as an array.*for a shape"):
        pickles.array(record, "it")


def test_any_byte_is_a_proper_bool(tmp_path: Path) -> None:
    record = pickles.read(written(tmp_path, array_pickle("b1", b"K\x03\x85", b"\x00\x01\x07")))
    assert pickles.array(record, "it").view(np.uint8).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "name", ["cnumpy\ndtype\n", "cscipy.sparse.csr\ncsr_matrix\n", "ccollections\ndefaultdict\n"]
)
def test_a_file_cannot_change_what_stands_in_for_a_class(tmp_path: Path, name: str) -> None:
    for state in (b"}", b"N}U\x07__len__N\x86s\x86", b"N}U\x07__len__K\x01s\x86"):
        path = written(tmp_path, b"\x80\x02" + name.encode() + state + b"b.")
        with pytest.raises(gm.GraphError, match=r"numbers\.pkl"):
            pickles.read(path)
    assert reread(tmp_path, defaultdict(list, a=[2])) == {"a": [2]}


def test_a_memo_index_costs_no_memory(tmp_path: Path) -> None:
    content = b"\x80\x02]r" + struct.pack("<I", 0xFFFFFFF0) + b"."
    assert pickles.read(written(tmp_path, content)) == []


def test_a_key_nested_many_times_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, b"\x80\x02})" + b"\x85" * 100_000 + b"K\x01s.")
    with pytest.raises(gm.GraphError, match="a key of type tuple"):
        pickles.read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02cos\nsystem\nU\x02lsq\x85R.",
        b"\x80\x02cnumpy.core.multiarray\nfromfile\n.",
        b"\x80\x02cnumpy\nload\n.",
        b"\x80\x02ctorch\nload\n.",
        b"(ios\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
    ],
)
def test_other_names_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(gm.GraphError, match=r"asks for \w[\w.]*, which no data set needs"):
        pickles.read(written(tmp_path, content))


@pytest.mark.parametrize(
    "content", [b"", b"no", b"\x80\x02Pid\n.", b"\x80\x02(K\x01\x90.", b"\x80\x02\x82\x01."]
)
def test_damaged_files_are_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(gm.GraphError, match=r"numbers\.pkl is damaged"):
        pickles.read(written(tmp_path, content))


def test_every_damaged_byte_gives_a_value_or_an_error(tmp_path: Path) -> None:
    value = [sp.eye(3, format="csr"), np.ones((2, 2)), torch.ones(2), {"a": (1, None)}]
    content = pickle.dumps(value, 2)
    draw = np.random.default_rng(0)
    for place in draw.integers(len(content), size=300):
        damaged = bytearray(content)
        damaged[place] = draw.integers(256)
        try:
            parts = pickles.read(written(tmp_path, bytes(damaged)))
            pickles.matrix(parts[0], "a").dense("a")
            pickles.array(parts[1], "b")
            pickles.tensor(parts[2], "c")
        except (gm.GraphError, TypeError, IndexError, KeyError):  # the latter three: `parts[i]`
            continue


def test_a_tensor_larger_than_its_storage_is_an_error(tmp_path: Path) -> None:
    content = pickle.dumps(torch.ones(3), 2)
    large = content.replace(b"K\x03\x85", b"K\x04\x85")
    assert large != content
    with pytest.raises(gm.GraphError, match="3 numbers for a shape of"):
        pickles.tensor(pickles.read(written(tmp_path, large)), "it")


@pytest.mark.parametrize("value", [1, "a", [1], None, (1, 2)])
def test_other_values_are_no_arrays(tmp_path: Path, value: Any) -> None:
    read = reread(tmp_path, value)
    for convert in (pickles.array, pickles.matrix, pickles.tensor):
        with pytest.raises(gm.GraphError, match="Expected it as"):
            convert(read, "it")


def test_values_within_each_other_do_not_fill_the_error(tmp_path: Path) -> None:
    shape = b"K\x01" + b"q\x00h\x00\x86" * 60  # a pair of pairs of pairs …
    value = pickles.read(written(tmp_path, array_pickle("f8", shape, b"")))
    with pytest.raises(gm.GraphError, match=r"\(\(\(.*for a shape"):
        pickles.array(value, "it")


@pytest.mark.parametrize("state", [(), (3,), {}, 7])
def test_a_dtype_of_another_state_is_an_error(state: Any) -> None:
    dtype = pickles._Dtype("f8")
    dtype.state = state
    record = pickles._Array()
    record.state = (1, (0,), dtype, False, b"")
    if state in ((), {}):
        assert pickles.array(record, "it").shape == (0,)
        return
    with pytest.raises(gm.GraphError, match="Expected it as an array of numbers"):
        pickles.array(record, "it")


def test_a_bytearray_larger_than_its_file_is_refused_at_once(tmp_path: Path) -> None:
    content = b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"short."
    with pytest.raises(gm.GraphError, match=r"numbers\.pkl (was not read|is damaged)"):
        pickles.read(written(tmp_path, content))
