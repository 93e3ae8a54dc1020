"""What every layer does. A new layer is a row of ``layers.LAYERS``."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from support import laws
from support.corner_graphs import BIPARTITE, CORNERS, MIXED, PARALLEL, Corner, each_corner
from support.layers import EDGE, IN, LAYERS, call, edge_input, made
from torch import Tensor

import graphmp as gm

each_layer = pytest.mark.parametrize("name", LAYERS)


def law(name: str) -> laws.Layer:
    layer = made(name)

    def run(graph: gm.Graph) -> Tensor:
        return call(name, layer, graph, graph.srcdata["x"], graph.edata["w"])

    return run


def with_features(name: str, corner: Corner) -> gm.Graph:
    graph = corner.graph()
    graph.srcdata["x"] = corner.feature("u", (IN,))
    graph.edata["w"] = edge_input(name, graph)
    return graph


def inputs(corner: Corner) -> Any:
    x = corner.feature("u", (IN,))
    return (x, corner.feature("v", (IN,))) if corner.bipartite else x


def those(*ends: str, sized: bool = False) -> pytest.MarkDecorator:
    """The layers that read the features of such ends, or only those that know their size."""
    rows = LAYERS.items()
    names = [n for n, row in rows if row.ends in ends and (row.sized or not sized)]
    return pytest.mark.parametrize("name", names)


# ---- laws


@each_layer
@pytest.mark.parametrize("corner", [MIXED, PARALLEL], ids=str)
def test_permuting_nodes_permutes_outputs(name: str, corner: Corner) -> None:
    laws.permuting_nodes_permutes_outputs(law(name), with_features(name, corner))


@each_layer
def test_one_type_is_homogeneous(name: str) -> None:
    laws.one_type_is_homogeneous(law(name), with_features(name, MIXED))


@each_layer
@pytest.mark.parametrize("corner", [c for c in CORNERS if not c.bipartite], ids=str)
def test_a_block_over_all_nodes_is_the_full_graph(name: str, corner: Corner) -> None:
    laws.a_block_over_all_nodes_is_the_full_graph(law(name), with_features(name, corner))


@each_layer
def test_a_batch_is_its_graphs(name: str) -> None:
    graphs = [with_features(name, c) for c in CORNERS if not c.bipartite and c.name != "hub"]
    laws.a_batch_is_its_graphs(law(name), graphs)


# ---- corner graphs


@each_layer
@each_corner
def test_every_corner_graph_gives_finite_rows_and_gradients(name: str, corner: Corner) -> None:
    if LAYERS[name].ends == "same" and corner.bipartite:
        return
    layer = made(name)
    out = call(name, layer, corner.graph(), inputs(corner))
    assert out.shape[0] == corner.num_dst
    assert bool(out.isfinite().all())
    if corner.num_dst and out.requires_grad:
        out.sum().backward()  # type: ignore[no-untyped-call]
        assert all(bool(p.grad.isfinite().all()) for p in layer.parameters() if p.grad is not None)


@those("source", "both")
@pytest.mark.parametrize(("num_src", "num_dst"), [(3, 0), (0, 0), (0, 2), (3, 2)])
def test_a_block_may_lack_edges_sources_and_destinations(
    name: str, num_src: int, num_dst: int
) -> None:
    block = gm.create_block(([], []), num_src_nodes=num_src, num_dst_nodes=num_dst)
    out = call(name, made(name), block, (torch.ones(num_src, IN), torch.ones(num_dst, IN)))
    assert out.shape[0] == num_dst
    assert bool(out.isfinite().all())


# ---- both ends


@those("source", "both")
def test_a_pair_of_the_same_tensor_is_that_tensor(name: str) -> None:
    layer, g, x = made(name), MIXED.graph(), MIXED.feature("u", (IN,))
    laws.assert_close(call(name, layer, g, (x, x)), call(name, layer, g, x))


@those("source", "both")
def test_on_a_block_one_tensor_gives_the_destinations_its_first_rows(name: str) -> None:
    layer, x = made(name), MIXED.feature("u", (IN,))
    block = gm.create_block(([4, 2, 0, 5], [0, 0, 1, 1]), num_src_nodes=6, num_dst_nodes=3)
    out = call(name, layer, block, x)
    assert out.shape[0] == 3
    laws.assert_close(out, call(name, layer, block, (x, x[:3])))


@each_layer
@pytest.mark.loops
def test_int32_ids_give_the_same_bits(name: str) -> None:
    layer, x = made(name), inputs(MIXED)
    expected = call(name, layer, MIXED.graph(), x)
    laws.assert_same_bits(call(name, layer, MIXED.graph(torch.int32), x), expected)


@those("source", "both")
def test_one_relation_of_a_heterograph_will_do(name: str) -> None:
    edges = {
        ("source", "to", "target"): BIPARTITE.graph().edges(),
        ("target", "of", "source"): ([0], [0]),
    }
    g = gm.heterograph(edges, {"source": 5, "target": 3})
    layer, x = made(name), inputs(BIPARTITE)
    laws.assert_close(call(name, layer, g["to"], x), call(name, layer, BIPARTITE.graph(), x))


@each_layer
def test_several_edge_types_are_refused(name: str) -> None:
    g = gm.heterograph({("a", "x", "a"): ([0], [0]), ("a", "y", "a"): ([0], [0])})
    with pytest.raises(gm.GraphValueError, match="2 edge types"):
        call(name, made(name), g, torch.ones(1, IN))


# ---- features


@each_layer
def test_the_callers_features_stay_as_they_are(name: str) -> None:
    g = with_features(name, MIXED)
    fields = ("h", "m", "w", "x", "ft", "el", "er", "neigh")
    for field in fields:
        g.ndata[field], g.edata[field] = torch.ones(6), torch.ones(9)
    before = dict(g.ndata), dict(g.edata)
    call(name, made(name), g, inputs(MIXED), edge_input(name, g))
    assert {k: id(v) for k, v in g.ndata.items()} == {k: id(v) for k, v in before[0].items()}
    assert {k: id(v) for k, v in g.edata.items()} == {k: id(v) for k, v in before[1].items()}


@each_layer
def test_the_same_input_gives_the_same_bits(name: str) -> None:
    layer, g, x = made(name), CORNERS[-1].graph(), inputs(CORNERS[-1])
    laws.assert_same_bits(call(name, layer, g, x), call(name, layer, g, x))


@each_layer
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
@pytest.mark.loops
def test_other_float_dtypes_stay(name: str, dtype: torch.dtype) -> None:
    layer, g, x = made(name), MIXED.graph(), inputs(MIXED)
    expected = call(name, layer, g, x)
    out = call(name, layer.to(dtype), g, x.to(dtype))
    assert out.dtype == dtype
    torch.testing.assert_close(out.float(), expected, rtol=0.05, atol=0.05)


@each_layer
@pytest.mark.loops
def test_autocast_gives_about_the_same(name: str) -> None:
    layer, g, x = made(name), MIXED.graph(), inputs(MIXED)
    expected = call(name, layer, g, x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = call(name, layer, g, x)
    torch.testing.assert_close(out.float(), expected, rtol=0.05, atol=0.05)
    if out.requires_grad:
        out.float().sum().backward()  # type: ignore[no-untyped-call]
        others = ("bn_edge", "coord_mlp")  # they make another result than the first
        learnt = [p for n, p in layer.named_parameters() if not any(o in n for o in others)]
        assert all(p.grad is not None for p in learnt)


@each_layer
@pytest.mark.parametrize(
    ("feat", "error", "message"),
    [
        (
            torch.ones(5, IN),
            gm.GraphValueError,
            "expected 6 rows, one for each of the source nodes",
        ),
        ([[1.0] * IN] * 6, gm.GraphTypeError, "expected a tensor, got list"),
        ({"_N": torch.ones(6, IN)}, gm.GraphTypeError, "one tensor, got a dict"),
        ((), (gm.GraphTypeError, gm.GraphValueError), "tuple"),
    ],
    ids=["rows", "list", "dict", "empty tuple"],
)
def test_wrong_features_are_refused(name: str, feat: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(name, made(name), MIXED.graph(), feat)


@those("source", "both", "same", sized=True)
@pytest.mark.parametrize("feat", [torch.ones(6, 4), torch.ones(6)], ids=["size", "scalars"])
def test_features_of_another_size_are_refused(name: str, feat: Tensor) -> None:
    message = r"3 as the last dimension, got a shape of \(6,( 4)?\)"
    with pytest.raises(gm.GraphValueError, match=message):
        call(name, made(name), MIXED.graph(), feat)


@those("source", "both", "same", sized=True)
def test_integers_are_numbers_of_the_parameters_dtype(name: str) -> None:
    layer, g = made(name), MIXED.graph()
    edge = edge_input(name, g) if LAYERS[name].needed else None
    ones = torch.nn.functional.one_hot(torch.arange(6) % IN)
    expected = call(name, layer, g, ones.float(), edge)
    for feat in (ones, ones.int(), ones.bool()):
        laws.assert_same_bits(call(name, layer, g, feat, edge), expected)
    if LAYERS[name].ends != "same":
        laws.assert_close(call(name, layer, g, (ones, ones), edge), expected)


@those("source", "both", "same", sized=True)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16], ids=str)
def test_another_float_dtype_than_that_of_the_parameters_is_refused(
    name: str, dtype: torch.dtype
) -> None:
    message = rf"\w+: expected the parameters' dtype torch.float32, got {dtype}; call"
    with pytest.raises(gm.GraphTypeError, match=message):
        call(name, made(name), MIXED.graph(), inputs(MIXED).to(dtype))


@pytest.mark.parametrize(
    "name", [name for name, row in LAYERS.items() if row.needed and row.shape == (EDGE,)]
)
def test_edges_of_another_float_dtype_are_refused(name: str) -> None:
    if name.startswith("NNConv"):  # they go into a function of the user's own
        return
    row, layer, g, x = LAYERS[name], made(name), MIXED.graph(), inputs(MIXED)
    edge = edge_input(name, g)
    with pytest.raises(gm.GraphTypeError, match=f"{row.edge}: expected the parameters' dtype"):
        call(name, layer, g, x, edge.double())
    ones = edge > 0
    laws.assert_same_bits(call(name, layer, g, x, ones), call(name, layer, g, x, ones.float()))


@those("source", "both", sized=True)
def test_a_pair_with_sources_of_another_size_is_refused(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match="source nodes: expected 3"):
        call(name, made(name), MIXED.graph(), (torch.ones(6, 4), torch.ones(6, IN)))


@those("both")
@pytest.mark.parametrize(
    ("feat", "message"),
    [
        ((torch.ones(6, IN),) * 3, "a pair .* got a tuple of 3"),
        ((torch.ones(6, IN), torch.ones(5, IN)), "one for each of the destination nodes"),
        (
            (torch.ones(6, IN), torch.ones(6, 4)),
            "destination nodes: expected 3|: expected one size at both ends",
        ),
    ],
    ids=["three", "rows", "size"],
)
def test_wrong_pairs_are_refused(name: str, feat: Any, message: str) -> None:
    with pytest.raises(gm.GraphValueError, match=message):
        call(name, made(name), MIXED.graph(), feat)


@those("both")
def test_one_tensor_does_not_serve_a_bipartite_graph(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match=r"expected a pair .*, got one tensor"):
        call(name, made(name), BIPARTITE.graph(), torch.ones(5, IN))
    block = gm.create_block(([0], [2]), num_src_nodes=2, num_dst_nodes=3)
    with pytest.raises(gm.GraphValueError, match=r"expected a pair .*, got one tensor"):
        call(name, made(name), block, torch.ones(2, IN))


@those("same")
def test_destinations_must_be_the_sources_where_messages_go_on(name: str) -> None:
    for g in (BIPARTITE.graph(), gm.create_block(([0], [0]), num_src_nodes=5, num_dst_nodes=3)):
        with pytest.raises(gm.GraphValueError, match="5 sources and 3 other destinations"):
            call(name, made(name), g, torch.ones(5, IN))


@pytest.mark.parametrize("name", [name for name, row in LAYERS.items() if row.edge])
@pytest.mark.parametrize("corner", [MIXED, PARALLEL], ids=str)
def test_wrong_inputs_of_edges_are_refused(name: str, corner: Corner) -> None:
    row, layer, g, x = LAYERS[name], made(name), corner.graph(), inputs(corner)
    wrong = torch.ones(len(corner.src) + 1, *row.shape, dtype=row.dtype)
    with pytest.raises(gm.GraphValueError, match=f"'{row.edge}': expected {len(corner.src)} rows"):
        call(name, layer, g, x, wrong)
    with pytest.raises(gm.GraphTypeError, match=f"{row.edge}.* expected (a tensor|integers)"):
        call(name, layer, g, x, [1.0] * len(corner.src))


# ---- as modules


@each_layer
def test_layers_can_be_copied_and_pickled(name: str) -> None:
    layer, g, x = made(name), MIXED.graph(), inputs(MIXED)
    expected = call(name, layer, g, x)
    for same in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        laws.assert_same_bits(call(name, same, g, x), expected)
