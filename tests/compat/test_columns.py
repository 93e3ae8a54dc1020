"""The names of ``dgl.frame``."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp._storage.frame import Scheme
from graphmp.compat.columns import Column, Frame, infer_scheme
from graphmp.compat.frames import set_new_frames

X = torch.arange(8.0).view(4, 2)


def ids(*values: int) -> torch.Tensor:
    return torch.tensor(values)


def frame() -> Frame:
    return Frame({"x": X, "n": torch.arange(4)})


def test_a_column_has_a_scheme_and_rows() -> None:
    column = Column(X)
    assert (len(column), column.shape, column.dtype) == (4, (2,), torch.float32)
    assert column.scheme == infer_scheme(X) == Scheme((2,), torch.float32)
    assert torch.equal(column[ids(2, 0)], X[[2, 0]])
    assert torch.equal(column.fetch(ids(1), "cpu"), X[[1]])
    assert repr(column) == repr(X)


def test_changes_of_a_column_leave_its_tensor_and_its_clones() -> None:
    column = Column(X)
    clone, deep = copy.copy(column), column.deepclone()
    column[ids(1)] = torch.zeros(1, 2)
    column.extend(torch.ones(1, 2))
    assert column.data.tolist() == [[0, 1], [0, 0], [4, 5], [6, 7], [1, 1]]
    assert clone.data is X
    assert deep.data is not X
    assert torch.equal(deep.data, X)


def test_a_subcolumn_is_gathered_when_it_is_read() -> None:
    part = Column(X).subcolumn(ids(3, 1, 1)).subcolumn(ids(2, 0))
    assert part.storage is X
    assert len(part) == 2
    assert torch.equal(part.to("cpu").astype(torch.float64).data, X[[1, 3]].double())
    assert torch.equal(part.data, X[[1, 3]])
    assert part.index is None


def test_a_pickled_column_holds_its_own_rows() -> None:
    part = pickle.loads(pickle.dumps(Column(X).subcolumn(ids(3)).astype(torch.float16)))
    assert (part.storage.tolist(), part.dtype) == ([[6.0, 7.0]], torch.float16)


def test_gradients_flow_through_a_column() -> None:
    x = X.clone().requires_grad_()
    column = Column(x)
    column.update(ids(0), torch.ones(1, 2))
    torch.autograd.backward(column[ids(0, 1, 1)].sum())
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 0], [2, 2], [0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda c: c.update(ids(0), X[:1, :1]), gm.GraphTypeError, r"shape \(2,\).*got .*\(1,\)"),
        (lambda c: c.update(ids(0, 1), X[:1]), gm.GraphValueError, "2 rows, got 1"),
        (lambda c: c.extend(X.double()), gm.GraphTypeError, "float32, got .*float64"),
        (lambda c: c[ids(4)], gm.GraphIndexError, "from 0 to 3, got 4"),
        (lambda c: c.subcolumn(ids(-1)), gm.GraphIndexError, "got -1"),
        (lambda c: c.subcolumn([True]), gm.GraphTypeError, "integers, got"),
    ],
)
def test_wrong_rows_of_a_column_are_errors(change: Any, kind: type, message: str) -> None:
    column = Column(X)
    with pytest.raises(kind, match=message):
        change(column)
    assert column.data is X


def test_a_frame_is_a_mapping_of_columns() -> None:
    one = frame()
    assert (list(one), one.num_rows, one.num_columns, len(one)) == (["x", "n"], 4, 2, 2)
    assert one.schemes["n"] == Scheme((), torch.int64)
    assert [column.data is one[name] for name, column in zip(one, one.values(), strict=True)]
    one["y"] = gm.LazyFeature("x")
    assert one["y"] == gm.LazyFeature("x")
    del one["x"]
    assert "x" not in one
    with pytest.raises(gm.GraphKeyError, match=r"\['n', 'y'\], got 'x'"):
        del one["x"]
    with pytest.raises(gm.GraphValueError, match="'x': expected 4 rows, got 3"):
        one["x"] = X[:3]
    with pytest.raises(gm.GraphValueError, match="'b': expected 1 rows, got 2"):
        Frame({"a": X[:1], "b": X[:2]})
    one.clear()
    assert (one.num_rows, dict(one)) == (0, {})
    assert Frame(num_rows=3).num_rows == 3


def test_rows_that_were_never_written_are_the_initializers() -> None:
    one = frame()
    one.set_initializer(lambda shape, dtype, ctx, rows: torch.full(shape, rows.start, dtype=dtype))
    one.set_initializer(lambda shape, dtype, ctx, rows: torch.ones(shape, dtype=dtype), "n")
    one.add_rows(1)
    one.update_row(ids(1), {"y": torch.tensor([7.0])})
    one.append({"x": X[:1], "z": torch.tensor([5])})
    assert one["x"].tolist()[4:] == [[4, 4], [0, 1]]
    assert one["n"].tolist() == [0, 1, 2, 3, 1, 1]
    assert one["y"].tolist() == [0, 7, 0, 0, 0, 5]
    assert one["z"].tolist() == [0, 0, 0, 0, 0, 5]
    assert frame().get_initializer() is None


def test_frames_made_of_a_frame() -> None:
    one = frame()
    clone, deep, part = one.clone(), one.deepclone(), one.subframe(ids(3, 0))
    clone["new"] = X
    part.update_row(ids(0), {"n": ids(9)})
    assert list(one) == list(deep) == ["x", "n"]
    assert (clone["x"] is one["x"], deep["x"] is one["x"]) == (True, False)
    assert (part["n"].tolist(), one["n"].tolist()) == ([9, 0], [0, 1, 2, 3])
    casts = [one.half(), one.bfloat16(), one.float(), one.double(), one.to("cpu")]
    dtypes = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float32]
    assert [cast["x"].dtype for cast in casts] == dtypes
    assert all(cast["n"].dtype == torch.int64 for cast in casts)


def test_a_graph_takes_the_features_of_a_frame() -> None:
    g = gm.graph(([0, 1], [1, 3]))
    set_new_frames(g, node_frames=[frame()])
    assert torch.equal(g.ndata["x"], X)
