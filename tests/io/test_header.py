"""Headers of safetensors: what the library of that name writes is read, and so the other way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp import io
from graphmp.io import files
from graphmp.io.header import _READABLE, Header

library = pytest.importorskip("safetensors.torch", reason="needs safetensors: pip install it")

each_size = pytest.mark.parametrize("smallest", [1, 1 << 20], ids=["mapped", "read"])


def of(dtype: torch.dtype, *shape: int) -> torch.Tensor:
    """Some bits as a tensor."""
    size = torch.Size(shape).numel() * dtype.itemsize
    bits = torch.arange(size, dtype=torch.uint8) % (2 if dtype == torch.bool else 100)
    return bits.view(dtype).view(shape)


def content(entries: dict[str, Any], size: int) -> memoryview:
    """The bytes of a file with such a header and ``size`` bytes of values."""
    text = json.dumps(entries).encode()
    return memoryview(len(text).to_bytes(8, "little") + text + bytes(size))


def entry(shape: list[Any], start: int, stop: int, dtype: str = "U8") -> dict[str, Any]:
    """What a header says about a tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


@each_size
@pytest.mark.parametrize("dtype", _READABLE.values(), ids=str)
def test_a_file_of_the_library_is_read(
    dtype: torch.dtype, smallest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALLEST_MAPPED", smallest)
    tensors = {"b": of(dtype, 3, 5), "a": of(dtype, 7), "": of(dtype), "é": of(dtype, 0, 4)}
    library.save_file(tensors, tmp_path / "file", {"any": "text"})
    loaded = io.load_tensors(tmp_path / "file")
    assert list(loaded) == sorted(tensors)
    for name, tensor in tensors.items():
        values = loaded[name]
        assert (values.dtype, values.shape) == (dtype, tensor.shape)
        assert [*values.untyped_storage()] == [*tensor.untyped_storage()]
        assert values.untyped_storage().nbytes() == tensor.nbytes


def test_the_library_reads_a_file(tmp_path: Path) -> None:
    tensors = {"x": torch.arange(6.0).view(2, 3), "none": torch.ones(0, 2), "": torch.ones(())}
    io.save_tensors(tmp_path / "file", tensors)
    loaded = library.load_file(tmp_path / "file")
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors.items())


@each_size
def test_what_is_written_to_a_tensor_does_not_reach_the_file(
    smallest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALLEST_MAPPED", smallest)
    io.save_tensors(tmp_path / "file", {"x": torch.arange(5)})
    old = (tmp_path / "file").read_bytes()
    io.load_tensors(tmp_path / "file")["x"].zero_()
    assert (tmp_path / "file").read_bytes() == old


def test_tensors_lie_where_the_header_says() -> None:
    entries = {"b": entry([2], 0, 2), "a": entry([0], 2, 2), "c": entry([], 2, 10, "I64")}
    header = Header.checked(content(entries, 10))
    begin = len(content(entries, 0))
    assert header.metadata == {}
    assert list(header.entries) == ["a", "b", "c"]
    assert [each.start - begin for each in header.entries.values()] == [2, 0, 2]
    assert [each.numel for each in header.entries.values()] == [0, 2, 1]


WRONG: dict[str, tuple[dict[str, Any], int]] = {
    "a gap": ({"a": entry([2], 0, 2), "b": entry([2], 3, 5)}, 5),
    "a gap at the beginning": ({"a": entry([2], 1, 3)}, 3),
    "tensors that overlap": ({"a": entry([2], 0, 2), "b": entry([2], 1, 3)}, 3),
    "the same bytes twice": ({"a": entry([2], 0, 2), "b": entry([2], 0, 2)}, 2),
    "bytes that are missing": ({"a": entry([2], 0, 2)}, 1),
    "a tensor of none beyond the end": ({"a": entry([0], 5, 5)}, 0),
    "a negative offset": ({"a": entry([2], -2, 0)}, 0),
    "two negative sizes": ({"a": entry([-1, -2], 0, 2)}, 2),
    "no list of sizes": ({"a": {**entry([], 0, 1), "shape": {}}}, 1),
    "one offset": ({"a": {**entry([2], 0, 2), "data_offsets": [2]}}, 2),
    "more about a tensor": ({"a": {**entry([2], 0, 2), "begin": 0}}, 2),
    "a name without letters": ({"\ud800": entry([2], 0, 2)}, 2),
    "a list of metadata": ({"__metadata__": []}, 0),
    "a tensor that is none": ({"a": None}, 0),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_header_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match="expected a file of safetensors"):
        Header.checked(content(*WRONG[name]))


def test_a_header_is_no_longer_than_the_format_allows() -> None:
    size = 100_000_000
    text = (size - 7).to_bytes(8, "little") + b"{}" + b" " * (size - 9)
    with pytest.raises(gm.GraphValueError, match="a header of another size"):
        Header.checked(memoryview(text))
