"""Layers that make one row of all nodes of each graph in a batch."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from support import dense
from support.corner_graphs import HUB, NO_NODES, SMALL_CORNERS, TINY, feature
from support.laws import assert_close, assert_same_bits, assert_same_with_gradients
from support.samples import shop
from torch import Tensor, nn
from torch.func import functional_call

import graphmp as gm
from graphmp import Graph
from graphmp.nn import (
    AvgPooling,
    GlobalAttentionPooling,
    MaxPooling,
    Set2Set,
    SortPooling,
    SumPooling,
    WeightAndSum,
)

IN = 3
LAYERS: dict[str, Callable[[], nn.Module]] = {
    "SumPooling": SumPooling,
    "AvgPooling": AvgPooling,
    "MaxPooling": MaxPooling,
    "SortPooling": lambda: SortPooling(3),
    "GlobalAttentionPooling": lambda: GlobalAttentionPooling(nn.Linear(IN, 1)),
    "GlobalAttentionPooling mapped": lambda: GlobalAttentionPooling(
        nn.Sequential(nn.Linear(IN, 4), nn.Tanh(), nn.Linear(4, 1)), nn.Linear(IN, 2)
    ),
    "WeightAndSum": lambda: WeightAndSum(IN),
    "Set2Set": lambda: Set2Set(IN, 3, 1),
    "Set2Set of two layers": lambda: Set2Set(IN, 2, 2),
}
SIZED = [name for name in LAYERS if name.startswith(("WeightAndSum", "Set2Set"))]

each_layer = pytest.mark.parametrize("name", LAYERS)


def made(name: str) -> Any:
    torch.manual_seed(0)
    return LAYERS[name]()


def batched(idtype: torch.dtype = torch.int64) -> Graph:
    """Graphs of which two have no nodes."""
    corners = [c for c in SMALL_CORNERS if not c.bipartite]
    return gm.batch([c.graph(idtype) for c in (*corners, NO_NODES, TINY)])


def parts(g: Graph, x: Tensor) -> list[Tensor]:
    return list(torch.split(x, g.batch_num_nodes().tolist()))


# ---- formulas


def sort_pooling(x: Tensor) -> Tensor:
    rows = x.sort(1).values
    chosen = rows[sorted(range(len(x)), key=lambda v: -float(rows[v, -1].detach()))][:3]
    return torch.cat([chosen.flatten(), x.new_zeros(9 - chosen.numel())])


def attention(gate: Callable[[Tensor], Tensor], change: Callable[[Tensor], Tensor]) -> Any:
    def pool(x: Tensor) -> Tensor:
        weights = gate(x).exp()
        return (weights / weights.sum() * change(x)).sum(0)

    return pool


def set2set(layer: Set2Set) -> Callable[[Tensor], Tensor]:
    def pool(x: Tensor) -> Tensor:
        out, state = x.new_zeros(2 * IN), None
        for _ in range(layer.n_iters):
            query, state = layer.lstm(out.view(1, 1, -1), state)
            query = query.flatten()
            weights = (x @ query).exp()
            out = torch.cat([query, (weights / weights.sum()) @ x if len(x) else 0 * query])
        return out

    return pool


FORMULAS: dict[str, Callable[[Any], Callable[[Tensor], Tensor]]] = {
    "SumPooling": lambda layer: lambda x: x.sum(0),
    "AvgPooling": lambda layer: lambda x: x.sum(0) / max(len(x), 1),
    "MaxPooling": lambda layer: lambda x: dense.REDUCERS["max"](x) if len(x) else x.sum(0),
    "SortPooling": lambda layer: sort_pooling,
    "GlobalAttentionPooling": lambda layer: attention(layer.gate_nn, lambda x: x),
    "GlobalAttentionPooling mapped": lambda layer: attention(layer.gate_nn, layer.feat_nn),
    "WeightAndSum": lambda layer: lambda x: (layer.atom_weighting[0](x).sigmoid() * x).sum(0),
    "Set2Set": set2set,
    "Set2Set of two layers": set2set,
}


@each_layer
@pytest.mark.usefixtures("backend")
def test_each_graph_is_pooled_by_the_formula_with_every_gradient(name: str) -> None:
    layer, exact, g = made(name), made(name).double(), batched()
    names = [key for key, _ in layer.named_parameters()]

    def actual(x: Tensor, *values: Tensor) -> Tensor:
        out: Tensor = functional_call(layer, dict(zip(names, values, strict=True)), (g, x))
        return out

    def formula(x: Tensor, *values: Tensor) -> Tensor:
        for module in exact.modules():
            for key in list(module._parameters):
                del module._parameters[key]
        for key, value in zip(names, values, strict=True):
            owner, _, leaf = key.rpartition(".")
            setattr(exact.get_submodule(owner), leaf, value)
        return torch.stack([FORMULAS[name](exact)(part) for part in parts(g, x)])

    parameters: Sequence[Tensor] = [p.detach() for p in layer.parameters()]
    assert_same_with_gradients(actual, formula, feature(g.num_nodes(), (IN,)), *parameters)


def test_attention_is_given_when_it_is_wanted() -> None:
    layer, g = made("GlobalAttentionPooling"), batched()
    x = feature(g.num_nodes(), (IN,))
    out, weights = layer(g, x, get_attention=True)
    assert_same_bits(out, layer(g, x))
    assert weights.shape == (g.num_nodes(), 1)
    for part, values in zip(parts(g, weights), parts(g, layer.gate_nn(x)), strict=True):
        assert_close(part, values.double().softmax(0))


@pytest.mark.parametrize("name", ["SumPooling", "AvgPooling", "MaxPooling"])
@pytest.mark.parametrize("shape", [(), (2, 3), (0,)], ids=str)
def test_features_may_have_any_shape(name: str, shape: tuple[int, ...]) -> None:
    g = batched()
    x = feature(g.num_nodes(), shape)
    out = made(name)(g, x)
    flat = made(name)(g, x.reshape(len(x), x[0].numel()))
    assert out.shape == (g.batch_size, *shape)
    assert torch.equal(out.view(flat.shape), flat)


# ---- laws


@each_layer
def test_a_batch_is_its_graphs(name: str) -> None:
    layer, g = made(name), batched()
    x = feature(g.num_nodes(), (IN,))
    alone = [layer(one, part) for one, part in zip(gm.unbatch(g), parts(g, x), strict=True)]
    assert_close(layer(g, x), torch.cat(alone))


@each_layer
def test_the_order_of_nodes_does_not_count(name: str) -> None:
    layer, g = made(name), gm.batch([HUB.graph(), TINY.graph()])
    x = feature(g.num_nodes(), (IN,))
    order = torch.cat([part[torch.randperm(len(part))] for part in parts(g, torch.arange(len(x)))])
    assert_close(layer(g, x[order]), layer(g, x))


@each_layer
@pytest.mark.loops
def test_int32_ids_and_a_second_call_give_the_same_bits(name: str) -> None:
    layer, x = made(name), feature(batched().num_nodes(), (IN,))
    expected = layer(batched(), x)
    assert_same_bits(layer(batched(torch.int32), x), expected)
    assert_same_bits(layer(batched(), x), expected)


@each_layer
def test_edges_of_several_types_do_not_matter(name: str) -> None:
    g = gm.heterograph({("n", "x", "n"): ([0], [1]), ("n", "y", "n"): ([2, 1], [0, 0])})
    layer, x = made(name), feature(3, (IN,))
    assert_same_bits(layer(g, x), layer(gm.graph(([], []), num_nodes=3), x))


@each_layer
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_other_float_dtypes_stay(name: str, dtype: torch.dtype) -> None:
    layer, g = made(name), batched()
    x = feature(g.num_nodes(), (IN,))
    out = layer.to(dtype)(g, x.to(dtype))
    assert out.dtype == dtype
    torch.testing.assert_close(out.float(), made(name)(g, x), rtol=0.05, atol=0.05)


@each_layer
def test_autocast_gives_about_the_same(name: str) -> None:
    layer, g = made(name), batched()
    x = feature(g.num_nodes(), (IN,))
    expected = layer(g, x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(g, x)
    torch.testing.assert_close(out.float(), expected, rtol=0.05, atol=0.05)


# ---- bad input


@each_layer
def test_the_callers_features_stay_as_they_are(name: str) -> None:
    g = batched()
    fields = ("h", "w", "e", "r", "gate")
    for field in fields:
        g.ndata[field] = torch.ones(g.num_nodes())
    before = dict(g.ndata)
    made(name)(g, feature(g.num_nodes(), (IN,)))
    assert {k: id(v) for k, v in g.ndata.items()} == {k: id(v) for k, v in before.items()}


@each_layer
@pytest.mark.parametrize(
    ("graph", "feat", "error", "message"),
    [
        (
            TINY.graph(),
            torch.ones(3, IN),
            gm.GraphValueError,
            "expected 4 rows, one for each of",
        ),
        (TINY.graph(), [[1.0] * IN] * 4, gm.GraphTypeError, "expected a tensor, got list"),
        (
            TINY.graph(),
            torch.ones(4, IN, device="meta"),
            gm.GraphValueError,
            "expected a tensor on cpu",
        ),
        (torch.ones(4, IN), TINY.graph(), gm.GraphTypeError, "Expected a graph, got"),
        (shop(), torch.ones(5, IN), gm.GraphValueError, "2 node types, so name one"),
        (gm.create_block(([0], [0])), torch.ones(1, IN), gm.GraphValueError, "got a block"),
    ],
    ids=["rows", "list", "device", "order", "types", "block"],
)
def test_wrong_input_is_refused(name: str, graph: Any, feat: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        made(name)(graph, feat)


@pytest.mark.parametrize("name", SIZED)
def test_features_of_another_size_are_refused(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match=r"nodes: expected 3 as .* \(4, 5\)"):
        made(name)(TINY.graph(), torch.ones(4, 5))


def test_a_gate_gives_one_number() -> None:
    for gate in (nn.Linear(IN, 2), lambda x: x.sum(1)):
        with pytest.raises(gm.GraphValueError, match=r"output of gate_nn, of shape \(N, 1\).* \(4"):
            GlobalAttentionPooling(gate)(TINY.graph(), torch.ones(4, IN))


def test_sort_pooling_needs_a_number_and_columns() -> None:
    with pytest.raises(gm.GraphValueError, match="k: expected a non-negative int"):
        SortPooling(-1)
    with pytest.raises(gm.GraphTypeError, match="k: expected an int"):
        SortPooling(0.5)  # type: ignore[arg-type]
    with pytest.raises(gm.GraphValueError, match=r"shape \(N, D\), got a shape of \(4,\)"):
        SortPooling(2)(TINY.graph(), torch.ones(4))


# ---- as modules


@each_layer
def test_layers_can_be_copied_and_pickled(name: str) -> None:
    layer, g = made(name), batched()
    x = feature(g.num_nodes(), (IN,))
    for same in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert_same_bits(same(g, x), layer(g, x))


def test_names_of_parameters_are_those_of_dgl() -> None:
    def shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
        return {name: tuple(p.shape) for name, p in layer.state_dict().items()}

    assert shapes(GlobalAttentionPooling(nn.Linear(5, 1), nn.Linear(5, 2))) == {
        "gate_nn.weight": (1, 5),
        "gate_nn.bias": (1,),
        "feat_nn.weight": (2, 5),
        "feat_nn.bias": (2,),
    }
    assert shapes(WeightAndSum(5)) == {
        "atom_weighting.0.weight": (1, 5),
        "atom_weighting.0.bias": (1,),
    }
    assert shapes(Set2Set(5, 3, 1)) == {
        "lstm.weight_ih_l0": (20, 10),
        "lstm.weight_hh_l0": (20, 5),
        "lstm.bias_ih_l0": (20,),
        "lstm.bias_hh_l0": (20,),
    }


def test_set2set_is_drawn_anew() -> None:
    layer = made("Set2Set")
    before = [p.clone() for p in layer.parameters()]
    layer.reset_parameters()
    assert not any(torch.equal(a, b) for a, b in zip(before, layer.parameters(), strict=True))


def test_what_counts_is_shown() -> None:
    assert repr(SortPooling(3)) == "SortPooling(k=3)"
    assert "n_iters=3" in repr(made("Set2Set"))
