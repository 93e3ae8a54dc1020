"""A tree search finds the part of a graph that a class rests on."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import networkx as nx
import pytest
import torch
from support.corner_graphs import CORNERS, Corner
from support.laws import assert_same_bits
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import HeteroSubgraphX, SubgraphX
from graphmp.nn.explain.tree_search import TreeNode, TreeSearch, Value


def search(src: Any, dst: Any, num_nodes: int, value: Value, **options: Any) -> TreeSearch:
    settings = {
        "num_hops": 2,
        "coef": 10.0,
        "high2low": True,
        "num_child": 12,
        "node_min": 2,
        "shapley_steps": 5,
    }
    ends = torch.tensor(src, dtype=torch.int64), torch.tensor(dst, dtype=torch.int64)
    return TreeSearch(*ends, num_nodes, value, **(settings | options))


PATH = ([0, 1, 2, 3, 4], [1, 2, 3, 4, 5])


def test_of_a_sum_each_part_has_its_own_share() -> None:
    share = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    tree = search(*PATH, 6, lambda mask: float(share[mask].sum()))
    assert tree.importance(torch.tensor([1, 2])) == 6.0
    assert tree.importance(torch.arange(6)) == 63.0


def test_importance_is_the_shapley_value_among_nodes_nearby() -> None:
    """The part is {2}; with two hops its neighbours 1 and 3 join or not, the others always do."""

    def value(mask: Tensor) -> float:
        return float(mask[2] and (mask[1] or mask[3]) and mask[0] and mask[5])

    exact = 0.0
    for size in range(3):
        for chosen in combinations([1, 3], size):
            mask = torch.tensor([True, False, False, False, True, True])
            mask[list(chosen)] = True
            without = value(mask)
            mask[2] = True
            exact += (value(mask) - without) / comb(2, size) / 3
    torch.manual_seed(0)
    tree = search(*PATH, 6, value, shapley_steps=4000)
    assert tree.importance(torch.tensor([2])) == pytest.approx(exact, abs=0.03)


def test_more_hops_reach_more_nodes() -> None:
    seen: list[Tensor] = []

    def value(mask: Tensor) -> float:
        seen.append(mask)
        return 0.0

    for hops, near in ((1, {2}), (2, {1, 2, 3}), (3, {0, 1, 2, 3, 4})):
        seen.clear()
        search(*PATH, 6, value, num_hops=hops, shapley_steps=50).importance(torch.tensor([2]))
        hidden = {node for mask in seen for node in (~mask).nonzero().view(-1).tolist()}
        assert hidden == near


@pytest.mark.parametrize("corner", [corner for corner in CORNERS if not corner.bipartite], ids=str)
def test_components_are_those_of_networkx(corner: Corner) -> None:
    if corner.num_src == 0:
        return
    tree = search(corner.src, corner.dst, corner.num_src, lambda _: 0.0)
    nodes = torch.arange(corner.num_src)
    for part in (nodes, nodes[1:], nodes[::2]):
        if len(part):
            graph = nx.Graph([*zip(corner.src, corner.dst, strict=True)])
            graph.add_nodes_from(nodes.tolist())
            sizes = [len(c) for c in nx.connected_components(graph.subgraph(part.tolist()))]
            found = tree._largest_component(part)
            assert len(found) == max(sizes)
            assert nx.is_connected(graph.subgraph(found.tolist()))


def test_a_long_path_is_one_component() -> None:
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0)).tolist()
    tree = search(order[:-1], order[1:], 200, lambda _: 0.0)
    assert len(tree._largest_component(torch.arange(200))) == 200


@pytest.mark.parametrize(("high2low", "order"), [(True, [0, 1, 2, 3]), (False, [2, 3, 1, 0])])
def test_nodes_are_tried_by_their_degree(high2low: bool, order: list[int]) -> None:
    tree = search([0, 0, 0, 1], [1, 2, 3, 0], 4, lambda _: 0.0, high2low=high2low)
    assert tree._by_degree(torch.arange(4)).tolist() == order
    tree.num_child = 2
    assert len(tree._children(TreeNode(torch.arange(4)))) <= 2


class Motif(nn.Module):
    """The more of the nodes 2, 3 and 4 have their features, the likelier is class 1."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, graph: gm.Graph, feat: Tensor, shift: float = 0.0) -> Tensor:
        total = self.scale * feat[2:5, 0].sum() - 3 + shift
        return torch.stack([torch.zeros(()), total]).view(1, 2)


def path(idtype: torch.dtype = torch.int64) -> gm.Graph:
    return gm.graph((torch.arange(7, dtype=idtype), torch.arange(1, 8, dtype=idtype)))


def explain(kind: Any = SubgraphX, model: Any = None, **options: Any) -> Any:
    settings = {"num_hops": 2, "num_rollouts": 10, "shapley_steps": 10} | options
    return kind(model or Motif(), **settings)


def test_the_part_that_a_class_rests_on_is_found() -> None:
    torch.manual_seed(0)
    nodes = explain().explain_graph(path(), torch.ones(8, 3), target_class=1)
    assert nodes.tolist() == [2, 3, 4]


def test_the_nodes_have_the_graphs_id_type() -> None:
    nodes = explain(num_rollouts=1).explain_graph(path(torch.int32), torch.ones(8, 3), 1)
    assert nodes.dtype == torch.int32
    assert len(nodes) <= 3


def test_the_same_seed_gives_the_same_part() -> None:
    parts = []
    for _ in range(2):
        torch.manual_seed(3)
        explainer = explain(num_rollouts=2, shapley_steps=3, num_child=3)
        parts.append(explainer.explain_graph(path(), torch.rand(8, 3), 0))
    assert_same_bits(*parts)


def test_the_model_stays_as_it_is_and_gets_other_arguments() -> None:
    seen: list[float] = []

    class Noting(Motif):
        def forward(self, graph: gm.Graph, feat: Tensor, shift: float = 0.0) -> Tensor:
            seen.append(shift)
            assert not self.training
            return super().forward(graph, feat, shift)

    model = Noting().train()
    explain(model=model, num_rollouts=1).explain_graph(path(), torch.ones(8, 3), 1, shift=0.5)
    assert set(seen) == {0.5}
    assert model.training
    assert model.scale.grad is None


class Pair(nn.Module):
    """Class 1 needs user 1 and game 0."""

    def forward(self, graph: gm.Graph, feat: Any) -> Tensor:
        total = 4 * feat["user"][1, 0] * feat["game"][0, 0] - 2
        return torch.stack([torch.zeros(()), total]).view(1, 2)


def shop() -> tuple[gm.Graph, dict[str, Tensor]]:
    u, v = torch.tensor([0, 1, 1, 2, 3]), torch.tensor([1, 0, 1, 1, 2])
    g = gm.heterograph({("user", "plays", "game"): (u, v), ("game", "of", "user"): (v, u)})
    return g, {"user": torch.ones(4, 2), "game": torch.ones(3, 5)}


def test_a_part_has_nodes_of_all_types() -> None:
    torch.manual_seed(0)
    g, x = shop()
    nodes = explain(HeteroSubgraphX, Pair(), node_min=2).explain_graph(g, x, target_class=1)
    assert {ntype: ids.tolist() for ntype, ids in nodes.items()} == {"user": [1], "game": [0]}


def test_one_type_is_homogeneous() -> None:
    class Typed(Motif):
        def forward(self, graph: gm.Graph, feat: Any, shift: float = 0.0) -> Tensor:
            return super().forward(graph, feat["n"], shift)

    g = gm.heterograph({("n", "to", "n"): path().edges()})
    parts = []
    for kind, model, graph, feat in (
        (SubgraphX, Motif(), path(), torch.ones(8, 3)),
        (HeteroSubgraphX, Typed(), g, {"n": torch.ones(8, 3)}),
    ):
        torch.manual_seed(2)
        parts.append(explain(kind, model, num_rollouts=2).explain_graph(graph, feat, 1))
    assert_same_bits(parts[1]["n"], parts[0])


def test_a_graph_without_edges_will_do() -> None:
    g = gm.graph(([], []), num_nodes=5)
    assert len(explain(num_rollouts=2).explain_graph(g, torch.ones(5, 3), 1)) == 1


def test_a_bar_shows_how_far_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm", reason="needs tqdm: pip install tqdm")
    explain(num_rollouts=1, log=True).explain_graph(path(), torch.ones(8, 3), 1)
    assert "Explain graph" in capfd.readouterr().err


def test_wrong_inputs_are_refused() -> None:
    x = torch.ones(8, 3)
    with pytest.raises(gm.GraphValueError, match="more than node_min = 8 nodes, got 8"):
        explain(node_min=8).explain_graph(path(), x, 1)
    with pytest.raises(
        gm.GraphIndexError, match="target_class: expected a class from 0 to 1, got 2"
    ):
        explain().explain_graph(path(), x, 2)
    with pytest.raises(gm.GraphValueError, match="expected 8 rows"):
        explain().explain_graph(path(), x[:7], 1)
    with pytest.raises(gm.GraphValueError, match="use HeteroSubgraphX"):
        explain().explain_graph(shop()[0], x, 1)
    with pytest.raises(gm.GraphKeyError, match="features of node type 'user'"):
        explain(HeteroSubgraphX).explain_graph(shop()[0], {"game": torch.ones(3, 5)}, 1)
    with pytest.raises(gm.GraphTypeError, match="model: expected a callable, got int 3"):
        explain(model=3)
    for name in ("num_hops", "num_child", "num_rollouts", "node_min", "shapley_steps"):
        with pytest.raises(gm.GraphValueError, match=f"{name}: expected at least 1, got 0"):
            explain(**{name: 0})


def test_logits_of_nodes_are_refused() -> None:
    class Nodes(nn.Module):
        def forward(self, graph: gm.Graph, feat: Tensor) -> Tensor:
            return feat

    with pytest.raises(gm.GraphValueError, match="one row for the graph"):
        explain(model=Nodes()).explain_graph(path(), torch.ones(8, 3), 1)
