"""Random walks along edge types, with a memory of one step, and packed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.chances import DRAWS, assert_drawn
from support.corner_graphs import ID_DTYPES, NO_NODES, Corner, each_small_corner
from support.shops import FOLLOWS, VIEWED, VIEWS, shop
from torch import Tensor

import graphmp as gm
from graphmp import GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError
from graphmp.sampling import node2vec_random_walk, pack_traces, random_walk

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


def town(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Every node has a way on but the last, which has no edges."""
    g = gm.graph(([0, 1, 1, 2, 3, 1], [1, 2, 3, 0, 0, 2]), num_nodes=5, idtype=idtype)
    g.edata["p"] = torch.tensor([1.0, 0.0, 3.0, 1.0, 1.0, 2.0])
    g.edata["mask"] = g.edata["p"] > 0
    return g


def assert_walked(g: gm.Graph, found: tuple[Tensor, ...], path: list[Any]) -> None:
    """Each step is an edge of its type, and what comes after an end is -1."""
    traces, eids, types = found
    assert traces.shape == (len(eids), len(path) + 1)
    assert traces.dtype == eids.dtype == types.dtype == g.idtype
    ntypes = [g.ntypes[i] for i in types.tolist()]
    assert ntypes == [path[0][0], *(etype[2] for etype in path)]
    went = eids >= 0
    assert torch.equal(went, traces[:, 1:] >= 0)
    assert not bool((went[:, 1:] & ~went[:, :-1]).any())
    for s, etype in enumerate(path):
        src, dst = g.find_edges(eids[went[:, s], s], etype=etype)
        assert torch.equal(src, traces[went[:, s], s])
        assert torch.equal(dst, traces[went[:, s], s + 1])


@each_idtype
@each_small_corner
def test_walks_follow_edges(corner: Corner, idtype: torch.dtype) -> None:
    g = corner.graph(idtype)
    path = g.canonical_etypes * (1 if corner.bipartite else 4)
    for restart in (None, 0.3):
        nodes = g.nodes(g.srctypes[0]).repeat(3)
        found = random_walk(g, nodes, metapath=path, restart_prob=restart, return_eids=True)
        assert_walked(g, found, path)
        assert torch.equal(found[0][:, 0], nodes)
        if restart is None:  # a walk ends only where there is no way on
            has_way = torch.cat([g.out_degrees() > 0, torch.tensor([False])])
            went_on = found[1] >= 0
            assert torch.equal(went_on, has_way[found[0][:, :-1].long()])


@each_idtype
def test_walks_follow_a_path_of_types(idtype: torch.dtype) -> None:
    g, path = shop(idtype), [FOLLOWS, FOLLOWS, VIEWS, VIEWED, VIEWS]
    named = ["follows", FOLLOWS, "views", "viewed-by", VIEWS]
    users = g.nodes("user")
    found = random_walk(g, users, metapath=named, return_eids=True)
    assert_walked(g, found, path)
    assert bool((found[0][:4] >= 0).all())
    assert found[0][4].tolist() == [4, -1, -1, -1, -1, -1]
    assert found[2].tolist() == [1, 1, 1, 0, 1, 0]


def test_a_length_is_a_path_of_the_only_type() -> None:
    gm.seed(2)
    by_length = random_walk(town(), [0, 1, 4], length=6)
    gm.seed(2)
    by_path = random_walk(town(), [0, 1, 4], metapath=["_E"] * 6)
    assert all(map(torch.equal, by_length, by_path))
    assert by_length[1].tolist() == [0] * 7


@each_idtype
def test_no_walks_and_no_steps(idtype: torch.dtype) -> None:
    g = town(idtype)
    traces, eids, types = random_walk(g, [], length=3, return_eids=True)
    assert (traces.shape, eids.shape, types.shape) == ((0, 4), (0, 3), (4,))
    traces, eids, types = random_walk(g, [3, 1], length=0, return_eids=True)
    assert (traces.tolist(), eids.shape, types.tolist()) == ([[3], [1]], (2, 0), [0])
    assert traces.dtype == eids.dtype == types.dtype == idtype
    assert random_walk(NO_NODES.graph(idtype), [], length=3)[0].shape == (0, 4)
    assert node2vec_random_walk(g, [], 1, 1, 3).shape == (0, 4)
    assert node2vec_random_walk(g, [3], 1, 1, 0).tolist() == [[3]]


def test_nodes_are_an_int_a_list_an_array_or_a_mask() -> None:
    for nodes in (2, [2], np.array([2]), torch.tensor([2]), torch.arange(5) == 2):
        assert random_walk(town(), nodes, length=1)[0].tolist() == [[2, 0]]


@pytest.mark.parametrize("field", ["p", "mask"])
def test_an_edge_without_a_chance_is_never_chosen(field: str) -> None:
    gm.seed(3)
    nodes = torch.ones(DRAWS, dtype=torch.int64)
    _, eids, _ = random_walk(town(), nodes, length=1, prob=field, return_eids=True)
    assert_drawn(eids.view(-1), [0, 0, 3, 0, 0, 2] if field == "p" else [0, 0, 1, 0, 0, 1])


def test_a_walk_ends_where_all_edges_have_no_chance() -> None:
    g = town()
    g.edata["p"] = torch.tensor([1.0, 0, 0, 1, 1, 0])
    assert random_walk(g, [0], length=3, prob="p")[0].tolist() == [[0, 1, -1, -1]]
    assert node2vec_random_walk(g, [0], 2, 1, 3, prob="p").tolist() == [[0, 1, -1, -1]]


def test_types_without_the_field_choose_evenly() -> None:
    g, path = shop(), ["follows", "views"]
    g.edges["follows"].data["q"] = torch.tensor([1.0, 0, 1, 1, 1])
    gm.seed(5)
    traces, _ = random_walk(g, [1] * DRAWS, metapath=path, prob="q")
    assert set(traces[:, 1].tolist()) == {3}
    assert_drawn(traces[:, 2], [0, 1, 1])


@pytest.mark.parametrize(
    ("restart", "lengths"),
    [
        (0.0, [0, 0, 0, 1]),
        (1.0, [1, 0, 0, 0]),
        (0.5, [0.5, 0.25, 0.125, 0.125]),
        ([0.0, 1.0, 0.0], [0, 1, 0, 0]),
        (np.array([0.1, 0.0, 0.4]), [0.1, 0, 0.9 * 0.4, 0.9 * 0.6]),
        (torch.tensor([0.25, 0.5, 0.0]), [0.25, 0.375, 0, 0.375]),
    ],
)
def test_walks_end_before_steps_as_often_as_asked(restart: Any, lengths: list[float]) -> None:
    gm.seed(6)
    traces, _ = random_walk(town(), [0] * DRAWS, length=3, restart_prob=restart)
    assert_drawn((traces >= 0).sum(1) - 1, lengths)


def test_the_seed_decides_whatever_the_threads() -> None:
    g, before, found = gm.rand_graph(500, 9000), torch.get_num_threads(), []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        torch.manual_seed(9)
        walks = [random_walk(g, g.nodes(), length=9)[0] for _ in range(2)]
        found.append([*walks, node2vec_random_walk(g, g.nodes(), 0.5, 2, 9)])
    torch.set_num_threads(before)
    assert all(map(torch.equal, *found))
    assert not torch.equal(found[0][0], found[0][1])


@pytest.mark.parametrize("prob", [None, "mask"])
@each_idtype
def test_node2vec_returns_stays_and_leaves_as_asked(idtype: torch.dtype, prob: str | None) -> None:
    # From 0 to 1; from there back to 0, or to 2, from which an edge leads to 0, or to 3 or 4.
    g = gm.graph(([0, 1, 1, 1, 1, 2], [1, 0, 2, 3, 4, 0]), idtype=idtype)
    g.edata["mask"] = torch.tensor([1, 1, 1, 1, 0, 1]).bool()
    gm.seed(11)
    traces, eids = node2vec_random_walk(g, [0] * DRAWS, 0.5, 4.0, 2, prob, return_eids=True)
    assert traces.dtype == eids.dtype == idtype
    assert traces[:, 1].tolist() == [1] * DRAWS
    chances = [2, 0, 1, 0.25, 0 if prob else 0.25]
    assert_drawn(traces[:, 2].long(), chances)
    assert torch.equal(eids[:, 1], torch.tensor([1, -1, 2, 3, 4])[traces[:, 2].long()].to(idtype))


def test_node2vec_with_extreme_numbers_ends() -> None:
    g = gm.rand_graph(50, 2000)
    for p, q in ((1e-300, 1.0), (1.0, 1e-300), (1e300, 1e300), (1e-12, 1e12)):
        assert bool((node2vec_random_walk(g, g.nodes(), p, q, 20) >= 0).all())


# ---- packing


@each_idtype
def test_packed_walks_have_no_padding(idtype: torch.dtype) -> None:
    traces = torch.tensor([[0, 1, -1], [2, -1, -1], [0, 1, 2]], dtype=idtype)
    nodes, types, lengths, offsets = pack_traces(traces, torch.tensor([4, 5, 6], dtype=idtype))
    assert nodes.tolist() == [0, 1, 2, 0, 1, 2]
    assert types.tolist() == [4, 5, 4, 4, 5, 6]
    assert nodes.dtype == types.dtype == idtype
    assert (lengths.tolist(), offsets.tolist()) == ([2, 1, 3], [0, 2, 3])
    assert lengths.dtype == offsets.dtype == torch.int64


def test_no_walks_can_be_packed() -> None:
    packed = pack_traces(torch.empty(0, 3, dtype=torch.int64), torch.tensor([0, 1, 0]))
    assert [len(part) for part in packed] == [0, 0, 0, 0]


def test_packing_needs_ids_of_walks() -> None:
    ids = torch.zeros(2, 3, dtype=torch.int64)
    for traces, types in ((ids.float(), ids[0]), (ids, [0, 0, 0]), (None, ids[0])):
        with pytest.raises(GraphTypeError, match="to be a tensor of int32 or int64, got"):
            pack_traces(traces, types)  # type: ignore[arg-type]
    for traces, types in ((ids, ids[0, :2]), (ids[0], ids[0]), (ids, ids[0].to("meta"))):
        with pytest.raises(GraphValueError, match=r"traces \(n, steps \+ 1\) and types"):
            pack_traces(traces, types)


# ---- bad input

BAD: dict[str, tuple[dict[str, Any], type[gm.GraphError], str]] = {
    "node": ({"nodes": [5]}, GraphIndexError, "from 0 to 4, got 5"),
    "negative": ({"nodes": [-1]}, GraphIndexError, "from 0 to 4, got -1"),
    "dict": ({"nodes": {"_N": [0]}}, GraphTypeError, "expected an int, a list"),
    "length": ({"length": -1}, GraphValueError, "expected a non-negative int"),
    "float": ({"length": 2.0}, GraphTypeError, "number of steps: expected an int"),
    "neither": ({"length": None}, GraphValueError, "their number, got neither"),
    "both": ({"metapath": ["_E"]}, GraphValueError, "their number, got both"),
    "empty": ({"metapath": [], "length": None}, GraphValueError, "at least"),
    "name": ({"metapath": "_E", "length": None}, GraphTypeError, "list of edge types, got str"),
    "type": ({"metapath": ["x"], "length": None}, GraphKeyError, "no edge type 'x'"),
    "field": ({"prob": "w"}, GraphKeyError, "with a field 'w'"),
    "integers": ({"prob": "n"}, GraphTypeError, "floating point or bool"),
    "wide": ({"prob": "wide"}, GraphValueError, "one number for each edge"),
    "minus": ({"prob": "minus"}, GraphValueError, "edge 2 has -3.0"),
    "nan": ({"prob": "nan"}, GraphValueError, "edge 2 has nan"),
    "restart": ({"restart_prob": 1.5}, GraphValueError, "from 0 to 1, got 1.5"),
    "restart nan": ({"restart_prob": torch.nan}, GraphValueError, "from 0 to 1, got nan"),
    "restarts": ({"restart_prob": [0.5]}, GraphValueError, "each of the 3 steps"),
    "restart name": ({"restart_prob": "often"}, GraphTypeError, "a number or a tensor"),
}


def with_bad_fields() -> gm.Graph:
    g = town()
    g.edata["n"], g.edata["wide"] = torch.arange(6), torch.ones(6, 2)
    g.edata["minus"], g.edata["nan"] = torch.ones(6), torch.ones(6)
    g.edata["minus"][2], g.edata["nan"][2] = -3.0, torch.nan
    return g


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_errors_that_say_so(case: str) -> None:
    given, error, message = BAD[case]
    call: dict[str, Any] = {"nodes": [0, 1], "length": 3, **given}
    with pytest.raises(error, match=message):
        random_walk(with_bad_fields(), **call)


BAD_MEMORY: dict[str, tuple[dict[str, Any], type[gm.GraphError], str]] = {
    "zero": ({"p": 0}, GraphValueError, "p to be positive and finite, got 0"),
    "minus": ({"q": -1}, GraphValueError, "q to be positive and finite, got -1"),
    "infinite": ({"p": torch.inf}, GraphValueError, "p to be positive and finite, got inf"),
    "nan": ({"q": torch.nan}, GraphValueError, "q to be positive and finite, got"),
    "tiny": ({"q": 1e-320}, GraphValueError, "q to be positive and finite, got"),
    "name": ({"p": "much"}, GraphTypeError, "p to be a number, got str"),
    "length": ({"walk_length": -2}, GraphValueError, "expected a non-negative int"),
    "node": ({"nodes": [7]}, GraphIndexError, "from 0 to 4, got 7"),
    "field": ({"prob": "w"}, GraphKeyError, "with a field 'w'"),
    "prob": ({"prob": "nan"}, GraphValueError, "edge 2 has nan"),
}


@pytest.mark.parametrize("case", BAD_MEMORY)
def test_bad_arguments_of_node2vec_are_errors_that_say_so(case: str) -> None:
    given, error, message = BAD_MEMORY[case]
    call: dict[str, Any] = {"nodes": [0, 1], "p": 1, "q": 1, "walk_length": 3, **given}
    with pytest.raises(error, match=message):
        node2vec_random_walk(with_bad_fields(), **call)


def test_types_that_do_not_fit_are_errors() -> None:
    g = shop()
    with pytest.raises(GraphValueError, match=r"\('user', 'follows', 'user'\) follows \('user', "):
        random_walk(g, [0], metapath=["views", "follows"])
    with pytest.raises(GraphValueError, match="name those of the steps in metapath"):
        random_walk(g, [0], length=2)
    with pytest.raises(GraphValueError, match="a graph of one node and one edge type"):
        node2vec_random_walk(g, [0], 1, 1, 2)
    with pytest.raises(GraphIndexError, match="'item': expected ids from 0 to 2, got 4"):
        random_walk(g, [4], metapath=["viewed-by"])


def test_a_block_is_an_error() -> None:
    block = gm.to_block(town())
    with pytest.raises(GraphValueError, match="block"):
        random_walk(block, [0], length=1)
    with pytest.raises(GraphValueError, match="block"):
        node2vec_random_walk(block, [0], 1, 1, 1)
