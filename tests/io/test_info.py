"""Numbers, texts and tensors in files, without pickles."""

from __future__ import annotations

import pickle
import re
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import graphmp as gm
from graphmp import io

PLAIN: list[Any] = [
    None,
    True,
    3,
    -(2**70),
    1.5,
    float("inf"),
    "text\ud800",
    b"\x00\xff",
    [1, [2.0]],
    (1, ("a",)),
    {"a": 1, 2: {"b": None}, (1, 2): [], None: False},
    {1, 2},
    {},
]

FROM_BUFFER = np.ones(1).__reduce_ex__(5)[0]


def again(folder: Path, info: Any) -> Any:
    """What is loaded after saving ``info``."""
    io.save_info(folder / "info", info)
    return io.load_info(folder / "info")


@pytest.mark.parametrize("info", PLAIN, ids=str)
def test_plain_values_are_the_same_after_a_file(info: Any, tmp_path: Path) -> None:
    actual = again(tmp_path, info)
    assert type(actual) is type(info)
    assert actual == info


def test_tensors_and_arrays_are_the_same_after_a_file(tmp_path: Path) -> None:
    half = torch.ones(2, dtype=torch.bfloat16)
    info = {"t": [half, half[:1]], "a": np.arange(3, dtype=np.int16), "n": np.float32(0.5)}
    actual = again(tmp_path, info)
    assert torch.equal(actual["t"][0], half)
    assert actual["a"].dtype == np.int16
    assert np.array_equal(actual["a"], info["a"])
    assert actual["n"] == 0.5


@pytest.mark.parametrize("value", [object(), np.array(["a"]), range(3), {"a": [len]}])
def test_objects_are_an_error(value: Any, tmp_path: Path) -> None:
    with pytest.raises(gm.GraphTypeError, match="Expected"):
        io.save_info(tmp_path / "info", value)
    assert list(tmp_path.iterdir()) == []


def test_what_contains_itself_is_an_error(tmp_path: Path) -> None:
    info: list[Any] = []
    info.append(info)
    with pytest.raises(gm.GraphValueError, match="at most 100 deep"):
        io.save_info(tmp_path / "info", info)


class Shared:
    """An array whose bytes a pickle has once for all arrays of the class."""

    content = bytes(100_000)

    def __reduce__(self) -> Any:
        return FROM_BUFFER, (self.content, np.dtype("u1"), (len(self.content),), "C")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_of_a_pickle_are_read(protocol: int, tmp_path: Path) -> None:
    info = {"a": [1, (2.5, None)], ("u", "r", "v"): {0: True}, None: "", 0.5: b"\xff" * 300}
    (tmp_path / "info").write_bytes(pickle.dumps(info, protocol))
    assert io.load_info(tmp_path / "info") == info


OTHERS: list[Any] = [
    {1, ("a", 2), None, b"b"},
    frozenset({1, "a"}),
    {frozenset({1}): 2},
    Counter("aab"),
    OrderedDict(a=1),
    defaultdict(int, {1: 2}),
    {np.int64(3): 1},
    torch.float32,
    torch.Size([2, 3]),
    np.dtype("float32"),
    np.float32(2),
]


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("info", OTHERS)
def test_sets_dtypes_sizes_and_kinds_of_dicts_are_read(
    info: Any, protocol: int, tmp_path: Path
) -> None:
    (tmp_path / "info").write_bytes(pickle.dumps({"a": info}, protocol))
    actual = io.load_info(tmp_path / "info")["a"]
    assert actual == info
    assert type(actual) is (dict if isinstance(info, dict) else type(info))


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (np.array([None]), "of 'O8', which are not numbers"),
        (np.array(["a"]), "of 'U1', which are not numbers"),
        (np.dtype("O"), "of 'O8', which are not numbers"),
        (torch.device("cpu"), r"asks for torch\.device, which is not read"),
        ({(("a",),)}, "a key of type tuple"),
        (range(3), "Open the file with the library that wrote it"),
    ],
    ids=str,
)
def test_other_values_of_a_pickle_are_not_called_damaged(
    value: Any, match: str, tmp_path: Path
) -> None:
    (tmp_path / "info").write_bytes(pickle.dumps(value, 4))
    with pytest.raises(gm.GraphValueError, match=match) as caught:
        io.load_info(tmp_path / "info")
    assert not re.search("damaged|download|any code|attribute", str(caught.value).lower())


class Attack:
    """An object whose pickle runs code."""

    def __reduce__(self) -> Any:
        return print, ("code",)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_never_runs(
    protocol: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "info").write_bytes(pickle.dumps({"a": Attack()}, protocol))
    with pytest.raises(gm.GraphValueError, match=r"print, which is not read"):
        io.load_info(tmp_path / "info")
    assert capsys.readouterr().out == ""


def test_a_pickle_is_not_larger_in_memory_than_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "info").write_bytes(pickle.dumps([Shared() for _ in range(100)], 4))
    with pytest.raises(gm.GraphValueError, match="as large as its arrays"):
        io.load_info(tmp_path / "info")


def test_a_pickle_that_contains_itself_is_an_error(tmp_path: Path) -> None:
    info: list[Any] = []
    info.append(info)
    (tmp_path / "info").write_bytes(pickle.dumps(info, 4))
    with pytest.raises(gm.GraphValueError, match="not to contain itself"):
        io.load_info(tmp_path / "info")


def test_an_object_of_dgl_says_how_to_save_it(tmp_path: Path) -> None:
    (tmp_path / "info").write_bytes(b"cdgl.heterograph\nDGLGraph\n.")
    with pytest.raises(gm.GraphValueError, match=r"Load it with DGL, save its graphs by dgl.save"):
        gm.io.load_info(tmp_path / "info")
