"""Dicts of tensors in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp import io

TENSORS = {
    "x": torch.arange(6.0).view(2, 3),
    "single": torch.tensor(2),
    "none": torch.ones(0, 2),
    "": torch.tensor([True, False]),
    "column": torch.arange(6).view(2, 3)[:, 1],
}


def safetensors(header: dict[str, Any], content: bytes) -> bytes:
    """A file of safetensors, put together by hand."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


def test_tensors_are_the_same_after_a_file(tmp_path: Path) -> None:
    assert io.save_tensors(tmp_path / "new" / "tensors", TENSORS) is True
    loaded = io.load_tensors(tmp_path / "new" / "tensors")
    assert loaded.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)


def test_a_dict_may_be_empty(tmp_path: Path) -> None:
    io.save_tensors(tmp_path / "tensors", {})
    assert io.load_tensors(tmp_path / "tensors") == {}


def test_the_values_of_a_loaded_tensor_are_its_own(tmp_path: Path) -> None:
    io.save_tensors(tmp_path / "tensors", TENSORS)
    loaded = io.load_tensors(tmp_path / "tensors")
    assert loaded["x"].untyped_storage().nbytes() == 24
    loaded["x"].zero_()
    assert torch.equal(loaded["column"], TENSORS["column"])


def test_files_of_safetensors_are_read_at_any_byte(tmp_path: Path) -> None:
    header = {
        "mask": {"dtype": "BOOL", "shape": [3], "data_offsets": [0, 3]},
        "ids": {"dtype": "I64", "shape": [2], "data_offsets": [3, 19]},
    }
    content = b"\x00\x01\x07" + b"".join(n.to_bytes(8, "little") for n in (5, 6))
    (tmp_path / "tensors").write_bytes(safetensors(header, content))
    loaded = io.load_tensors(tmp_path / "tensors")
    assert loaded["ids"].tolist() == [5, 6]
    assert loaded["mask"].view(torch.uint8).tolist() == [0, 1, 1]


def test_a_file_is_one_of_safetensors(tmp_path: Path) -> None:
    io.save_tensors(tmp_path / "tensors", TENSORS)
    content = (tmp_path / "tensors").read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    assert header.pop("__metadata__")["format"] == "graphmp"
    entry = header["x"]
    first, last = entry["data_offsets"]
    values = torch.frombuffer(bytearray(content[start + first : start + last]), dtype=torch.float32)
    assert (entry["dtype"], entry["shape"]) == ("F32", [2, 3])
    assert torch.equal(values.view(2, 3), TENSORS["x"])
    assert start % 8 == 0


@pytest.mark.parametrize("value", [3, [torch.ones(2)], {"x": 1}, {1: torch.ones(2)}])
def test_anything_else_is_an_error(value: Any, tmp_path: Path) -> None:
    with pytest.raises(gm.GraphTypeError, match="Expected tensors as a dict"):
        io.save_tensors(tmp_path / "tensors", value)


@pytest.mark.parametrize("name", ["__metadata__", "\ud800"])
def test_names_that_files_do_not_have_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(gm.GraphValueError, match="names"):
        io.save_tensors(tmp_path / "tensors", {name: torch.ones(1)})
    assert list(tmp_path.iterdir()) == []


def test_tensors_that_share_memory_are_saved(tmp_path: Path) -> None:
    x = torch.arange(4.0)
    io.save_tensors(tmp_path / "tensors", {"x": x, "same": x, "part": x[1:]})
    loaded = io.load_tensors(tmp_path / "tensors")
    assert torch.equal(loaded["same"], x)
    assert torch.equal(loaded["part"], x[1:])


def test_there_are_no_arrays_of_dgl(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphValueError, match="tensors are returned"):
        io.load_tensors(tmp_path / "tensors", return_dgl_ndarray=True)
