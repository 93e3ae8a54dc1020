"""Features in files: only what is needed is read, and a file that shrinks does no harm."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.loaders import people
from torch import Tensor
from torch.utils.dlpack import from_dlpack

import graphmp as gm
from graphmp import dataloading as dl


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """60 rows of 4 numbers of float32."""
    path = tmp_path / "features.bin"
    path.write_bytes(np.arange(240, dtype=np.float32).tobytes())
    return path


@pytest.mark.parametrize("number", [0, 2])
def test_a_loader_reads_rows_from_the_file(file: Path, number: int) -> None:
    g = people()
    g.ndata["far"] = dl.map_features(file, (60, 4))
    sampler = dl.NeighborSampler([3], prefetch_node_feats=["far"])
    expected = torch.arange(240.0).view(60, 4)
    for inputs, _, (block,) in dl.DataLoader(
        g, range(60), sampler, batch_size=9, num_workers=number
    ):
        assert type(block.srcdata["far"]) is Tensor
        assert torch.equal(block.srcdata["far"], expected[inputs])


@pytest.mark.parametrize("rows", [3, 400_000])
def test_few_and_many_rows_are_read(file: Path, rows: int) -> None:
    g = gm.graph(([0], [1]), num_nodes=60)
    g.ndata["far"] = dl.map_features(file, (60, 4))
    ids = torch.arange(rows) % 60
    assert torch.equal(g.nodes[ids].data["far"], torch.arange(240.0).view(60, 4)[ids])


def test_values_of_any_dtype_come_after_an_offset(tmp_path: Path) -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8):
        expected = torch.arange(12).to(dtype).view(4, 3)
        path = tmp_path / str(dtype)
        path.write_bytes(b"\x07" * 16 + bytes(expected.flatten().view(torch.uint8).tolist()))
        found = dl.map_features(path, [4, 3], dtype, offset=16)
        assert found.dtype == dtype
        assert torch.equal(found.clone(), expected)
    path.write_bytes(b"")
    assert dl.map_features(path, (0, 3)).shape == (0, 3)


def test_what_is_read_is_plain_and_views_are_mapped(file: Path) -> None:
    far = dl.map_features(file, (60, 4))
    assert (far.shape, far.dtype, far.device.type, len(far)) == ((60, 4), torch.float32, "cpu", 60)
    for read in (far[[1, 2]], far + 1, far.sum(), far.clone(), torch.cat([far, far])):
        assert type(read) is Tensor
    for view in (far[2:9], far[3], far.view(-1), far.T, far.detach(), *torch.split(far, 20)):
        assert type(view) is dl.MappedFeatures
    assert far[5].tolist() == [20, 21, 22, 23]


WRITES: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda far: far.__setitem__(0, 1.0),
    "add_": lambda far: far.add_(1),
    "+=": lambda far: far.__iadd__(1),
    "zero_ of a view": lambda far: far[3].zero_(),
    "out": lambda far: torch.add(torch.ones(60, 4), 1, out=far),
    "out of several": lambda far: torch.max(
        far.clone(), 1, out=(far[:, 0], torch.zeros(60).long())
    ),
    "relu in place": lambda far: torch.nn.functional.relu(far, inplace=True),
    "foreach": lambda far: torch._foreach_add_([far], 1),
    "index_copy_": lambda far: far.index_copy_(0, torch.tensor([0]), torch.ones(1, 4)),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_nothing_can_be_written(file: Path, write: Callable[[Tensor], Any]) -> None:
    before = file.read_bytes()
    with pytest.raises(gm.GraphRuntimeError, match=r"cannot be written.*\.clone\(\)"):
        write(dl.map_features(file, (60, 4)))
    assert file.read_bytes() == before


UNSEEN: dict[str, Callable[[Tensor], Any]] = {
    "NumPy": lambda far: far.numpy().fill(7),
    "a view of NumPy": lambda far: np.asarray(far[3:])[0].fill(7),
    "DLPack": lambda far: from_dlpack(far.numpy()).fill_(7),
    "embedding": lambda far: torch.nn.functional.embedding(torch.tensor([9]), far, max_norm=1.0),
}


@pytest.mark.parametrize("write", UNSEEN.values(), ids=UNSEEN)
def test_a_write_that_torch_does_not_see_never_reaches_the_file(
    file: Path, write: Callable[[Tensor], Any]
) -> None:
    before = file.read_bytes()
    write(dl.map_features(file, (60, 4)))
    assert file.read_bytes() == before
    assert float(dl.map_features(file, (60, 4))[59, 3]) == 239


def test_npy_files_are_read_after_their_header(tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    for dtype in (np.float32, np.float64, np.int64, np.float16, np.bool_):
        values = (np.arange(12) % 5).astype(dtype).reshape(4, 3)
        np.save(path, values)
        expected = torch.from_numpy(values)
        assert torch.equal(dl.map_features(path, (4, 3), expected.dtype).clone(), expected)
    np.save(path, np.zeros((0, 3), np.float32))
    assert dl.map_features(path, (0, 3)).shape == (0, 3)


NPY: dict[str, tuple[Any, str]] = {
    "shape": (np.zeros((3, 4), np.float32), r"shape \(4, 3\).*says \(3, 4\) of float32 in row"),
    "dtype": (np.zeros((4, 3), np.int32), r"torch.float32 in row.*of int32"),
    "bytes": (np.zeros((4, 3), ">f4"), r"of >f4"),
    "columns": (np.zeros((4, 3), np.float32, "F"), r"of float32 in column-major order"),
}


@pytest.mark.parametrize(("values", "message"), NPY.values(), ids=NPY)
def test_a_npy_file_of_something_else_is_refused(tmp_path: Path, values: Any, message: str) -> None:
    np.save(tmp_path / "features.npy", values)
    with pytest.raises(gm.GraphValueError, match=message):
        dl.map_features(tmp_path / "features.npy", (4, 3))


COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_mapped_features_are_pickled_and_copied_without_their_values(
    file: Path, copied: Callable[[Any], Any]
) -> None:
    far = dl.map_features(file, (60, 4))
    for view in (far, far[2:9], far[3, 1:], far.T, far[::7], far.view(torch.int32), far.view(-1)):
        again = copied(view)
        assert type(again) is dl.MappedFeatures
        assert (again.dtype, again.stride()) == (view.dtype, view.stride())
        assert torch.equal(again.clone(), view.clone())
        assert len(pickle.dumps(view)) < 600


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_graphs_with_mapped_features_are_pickled_and_copied(
    file: Path, copied: Callable[[Any], Any]
) -> None:
    g = gm.graph(([0], [1]), num_nodes=60)
    g.ndata["far"] = dl.map_features(file, (60, 4))
    again = copied(g)
    assert type(again.ndata["far"]) is dl.MappedFeatures
    assert float(again.ndata["far"][59, 3]) == 239


@pytest.mark.parametrize("content", [None, b"", bytes(961)])
def test_a_pickle_whose_file_has_changed_is_refused(file: Path, content: bytes | None) -> None:
    pickled = pickle.dumps(dl.map_features(file, (60, 4)))
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(gm.GraphValueError, match="to have 960 bytes as when"):
        pickle.loads(pickled)


def test_copying_from_the_file_is_no_writing(file: Path) -> None:
    target = torch.zeros(60, 4)
    target.copy_(dl.map_features(file, (60, 4)))
    assert float(target[59, 3]) == 239


BAD: dict[str, tuple[dict[str, Any], type[gm.GraphError], str]] = {
    "short": (
        {"shape": (61, 4)},
        gm.GraphValueError,
        r"to have 976 bytes for \(61, 4\).*it has 960",
    ),
    "longer": ({"shape": (59, 4)}, gm.GraphValueError, "to have 944 bytes.*it has 960"),
    "shifted": ({"shape": (60, 4), "offset": 4}, gm.GraphValueError, "to have 964 bytes"),
    "missing": ({"shape": (1,), "path": "nowhere"}, gm.GraphValueError, "there is no such file"),
    "folder": ({"shape": (1,), "path": "."}, gm.GraphValueError, "there is no such file"),
    "offset": ({"shape": (1,), "offset": 3}, gm.GraphValueError, "to be a multiple of 4"),
    "dtype": ({"shape": (1,), "dtype": np.float32}, gm.GraphTypeError, "such as torch.float32"),
    "size": ({"shape": (1.5,)}, gm.GraphTypeError, "expected an int"),
    "negative": ({"shape": (-1, 4)}, gm.GraphValueError, "expected a non-negative int"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_file_that_does_not_fit_is_refused_when_it_is_opened(file: Path, bad: Any) -> None:
    kwargs, error, message = bad
    with pytest.raises(error, match=message):
        dl.map_features(**{"path": file, **kwargs})


@pytest.mark.parametrize("number", [0, 2])
def test_a_file_that_has_shrunk_is_an_error(file: Path, number: int) -> None:
    g = people()
    g.ndata["far"] = dl.map_features(file, (60, 4))
    sampler = dl.NeighborSampler([3], prefetch_node_feats=["far"])
    loader = dl.DataLoader(g, range(60), sampler, batch_size=9, num_workers=number)
    os.truncate(file, 100)
    with pytest.raises(gm.GraphRuntimeError, match="has shrunk from 960 to 100 bytes"):
        list(loader)


LIMITED = """
    import resource, sys
    import numpy as np, torch
    import graphmp as gm

    torch.set_num_threads(1)
    path, rows = sys.argv[1], int(sys.argv[2])
    g = gm.graph((torch.arange(4000) * 7 % 999, torch.arange(4000) % 999), num_nodes=rows)
    features = {
        "mapped": lambda: gm.dataloading.map_features(path, (rows, 2048)),
        "torch": lambda: torch.from_file(path, True, rows * 2048).view(rows, 2048),
    }
    sampler = gm.dataloading.NeighborSampler([3, 3], prefetch_node_feats=["x"])
    in_use = {
        line.split()[0]: int(line.split()[1]) << 10
        for line in open("/proc/self/status") if line.startswith("VmData")
    }
    limit = in_use["VmData:"] + (256 << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    assert limit < rows * 8192, limit
    for make in features.values():
        g.ndata["x"] = make()
        seeds = torch.arange(0, 300)
        loader = gm.dataloading.DataLoader(g, seeds, sampler, batch_size=30, num_workers=2)
        total = 0
        for inputs, seeds, blocks in loader:
            assert blocks[0].srcdata["x"].shape == (len(inputs), 2048)
            total += len(seeds)
        assert total == 300
    try:
        torch.zeros(rows, 2048)
        print("the limit does not hold")
    except RuntimeError:
        print("done")
"""


@pytest.mark.program
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_features_larger_than_memory_are_sampled(tmp_path: Path) -> None:
    path, rows = tmp_path / "large.bin", 1 << 20
    with path.open("wb") as opened:
        opened.truncate(rows * 8192)  # 8 GiB of holes
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LIMITED), str(path), str(rows)],
        cwd=Path(gm.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr


@pytest.mark.parametrize("header", [b"\x93NUMPY", b"\x93NUMPY\x01\x00\x02\x00{(", b"\x93NUMPY\x01"])
def test_a_damaged_header_is_an_error_that_names_the_file(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(header)
    with pytest.raises(gm.GraphValueError, match=r"x\.npy' to begin as a \.npy file does"):
        dl.map_features(tmp_path / "x.npy", (1, 2))


def test_other_paths_and_shapes_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(gm.GraphTypeError, match="a path, got int 7"):
        dl.map_features(7, (1,))  # type: ignore[arg-type]
    with pytest.raises(gm.GraphTypeError, match=r"a shape such as .* got int 7"):
        dl.map_features(tmp_path, 7)  # type: ignore[arg-type]
    with pytest.raises(gm.GraphValueError, match="a shape that a file can have"):
        dl.map_features(tmp_path, (0, 2**63))
