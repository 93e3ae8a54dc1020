"""compact_graphs leaves out the nodes that no edge touches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.samples import contents, edges, path, shop

import graphmp as gm


def two(idtype: torch.dtype = torch.int64) -> list[gm.Graph]:
    return [
        gm.graph(([3, 1], [1, 4]), num_nodes=9).astype(idtype),
        gm.graph(([8, 1], [1, 3]), num_nodes=9).astype(idtype),
    ]


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_several_graphs_keep_the_same_nodes(idtype: torch.dtype) -> None:
    made = gm.compact_graphs(two(idtype))
    assert [g.ndata[gm.NID].tolist() for g in made] == [[3, 1, 4, 8]] * 2
    assert [edges(g) for g in made] == [[(0, 1), (1, 2)], [(3, 1), (1, 0)]]
    assert {t.dtype for g in made for t in (*g.edges(), g.ndata[gm.NID])} == {idtype}


def test_nodes_that_are_preserved_come_first() -> None:
    made = gm.compact_graphs(two(), always_preserve=[7, 1])
    assert made[0].ndata[gm.NID].tolist() == [7, 1, 3, 4, 8]
    assert edges(made[0]) == [(2, 1), (1, 3)]
    one = gm.compact_graphs(shop(), always_preserve={"user": [2]})
    assert one.nodes["user"].data[gm.NID].tolist() == [2, 0, 1]


def test_one_graph_gives_one_graph() -> None:
    made = gm.compact_graphs(two()[0])
    assert isinstance(made, gm.Graph)
    assert made.ndata[gm.NID].tolist() == [3, 1, 4]


def test_several_types_are_compacted_each() -> None:
    g = gm.heterograph({("u", "f", "u"): ([2], [1]), ("u", "b", "i"): ([0, 5], [0, 3])})
    made = gm.compact_graphs(g)
    assert made.nodes["u"].data[gm.NID].tolist() == [0, 5, 2, 1]
    assert made.nodes["i"].data[gm.NID].tolist() == [0, 3]
    assert edges(made, "b") == [(0, 0), (1, 1)]
    assert edges(made, "f") == [(2, 3)]


def test_features_are_copied_unless_they_are_not_wanted() -> None:
    g = gm.graph(([2], [1]))
    g.ndata["x"], g.edata["w"] = torch.arange(3.0), torch.ones(1)
    made = gm.compact_graphs(g)
    assert (made.ndata["x"].tolist(), made.edata["w"].tolist()) == ([2, 1], [1])
    bare = gm.compact_graphs(g, copy_ndata=False, copy_edata=False)
    assert (list(bare.ndata), list(bare.edata)) == ([gm.NID], [])
    assert list(g.ndata) == ["x"]


def test_nothing_to_leave_out_and_nothing_left() -> None:
    whole = gm.compact_graphs(path())
    del whole.ndata[gm.NID]
    assert contents(whole) == contents(path())
    assert gm.compact_graphs(gm.graph(([], []), num_nodes=3)).num_nodes() == 0


BAD: dict[str, tuple[Any, type[gm.GraphError], str]] = {
    "none": (lambda: gm.compact_graphs([]), gm.GraphValueError, "at least one graph"),
    "no graph": (lambda: gm.compact_graphs([3]), gm.GraphTypeError, "got int 3"),
    "block": (
        lambda: gm.compact_graphs(gm.create_block(([0], [0]))),
        gm.GraphValueError,
        "block",
    ),
    "id types": (
        lambda: gm.compact_graphs([two()[0], two()[1].int()]),
        gm.GraphTypeError,
        "one id type",
    ),
    "nodes": (
        lambda: gm.compact_graphs([path(), gm.graph(([0], [1]))]),
        gm.GraphValueError,
        "the same nodes",
    ),
    "types": (lambda: gm.compact_graphs([shop(), path()]), gm.GraphValueError, "the same nodes"),
    "preserved": (
        lambda: gm.compact_graphs(path(), [3]),
        gm.GraphIndexError,
        "from 0 to 2, got 3",
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_graphs_that_do_not_belong_together_are_refused(bad: Any) -> None:
    call, error, message = bad
    with pytest.raises(error, match=message):
        call()
