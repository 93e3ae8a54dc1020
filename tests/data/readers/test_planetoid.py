from __future__ import annotations

import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import graphmp as gm
from graphmp.data.readers.planetoid import read


def write(folder: Path, **changes: Any) -> Path:
    """Five nodes: 0 to train on, 1 and 2, and 4 to test on; 3 is not described."""
    rows = sp.csr_matrix(np.eye(3, 2, dtype=np.float32))
    parts: dict[str, Any] = {
        "x": rows[:1],
        "y": np.eye(1, 2),
        "allx": rows,
        "ally": np.eye(3, 2),
        "tx": rows[:1],
        "ty": np.eye(1, 2),
        "graph": defaultdict(list, {0: [1, 1], 1: [0], 2: [2], 3: [4], 4: []}),
        **changes,
    }
    for name, value in parts.items():
        (folder / f"ind.cora.{name}").write_bytes(pickle.dumps(value, 2))
    (folder / "ind.cora.test.index").write_text("4\n")
    return folder


def test_a_small_set_is_read(tmp_path: Path) -> None:
    raw = read(write(tmp_path), "cora")
    assert [raw.src.tolist(), raw.dst.tolist()] == [[0, 1, 2, 3, 4], [1, 0, 2, 4, 3]]
    assert raw.features.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0], [1, 0]]
    assert (raw.labels.tolist(), raw.num_classes, raw.num_train) == ([0, 1, 0, 0, 0], 2, 1)


def test_destinations_are_in_the_order_of_their_first_mention(tmp_path: Path) -> None:
    raw = read(write(tmp_path, graph={0: [3, 1], 1: [4, 0], 2: [], 3: [2, 1], 4: [3, 4]}), "cora")
    assert raw.src.tolist() == [0, 0, 1, 1, 1, 2, 3, 3, 3, 3, 4, 4, 4]
    assert raw.dst.tolist() == [3, 1, 0, 4, 3, 3, 0, 2, 1, 4, 1, 3, 4]


WIDE = sp.csr_matrix(np.eye(3, 2, dtype=np.float32))
WIDE._shape = (3, 1 << 33)
NEGATIVE = sp.csr_matrix(np.eye(3, 2, dtype=np.float32))
NEGATIVE.indices[0] = -1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"graph": {0: [2**70]}}, "is not one of the 1 nodes"),
        ({"graph": {0: [-1]}}, "-1 is not one of the 1 nodes"),
        ({"graph": {0: [0.5]}}, r"0\.5 is not one of the 1 nodes"),
        ({"graph": {0: ["a"]}}, "'a' is not one of the 1 nodes"),
        ({"graph": {5: [0]}}, "5 is not one of the 1 nodes"),
        ({"graph": {0: 7}}, "has no len"),
        ({"graph": [1]}, "'list' object"),
        ({"allx": WIDE}, "two sizes of allx"),
        ({"allx": NEGATIVE}, "each column of allx to be from 0 to 1, got -1"),
        ({"allx": np.eye(3)}, "Expected allx as a sparse matrix"),
        ({"ally": WIDE}, "Expected ally as an array"),
        ({"y": np.eye(4, 2), "x": sp.csr_matrix(np.eye(4, 2))}, "y has more rows than ally"),
        ({"ty": np.eye(2, 2)}, "tx and its labels differ in length"),
    ],
)
def test_a_wrong_part_is_an_error_that_says_which(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(gm.GraphError, match=f"'cora' in .* do not fit together: .*{message}"):
        read(write(tmp_path, **changes), "cora")
