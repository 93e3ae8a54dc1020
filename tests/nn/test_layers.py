"""What every layer does. A new layer is a row of ``LAYERS`` and of ``STATES``."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import laws
import pytest
import torch
from corner_graphs import BIPARTITE, CORNERS, MIXED, PARALLEL, Corner, each_corner
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import GATConv, GraphConv, SAGEConv

IN, OUT = 3, 2
LAYERS: dict[str, Callable[[], nn.Module]] = {
    **{
        f"GraphConv {norm}": lambda norm=norm: GraphConv(  # type: ignore[misc]
            IN, OUT, norm=norm, allow_zero_in_degree=True
        )
        for norm in ("both", "none", "left", "right")
    },
    "GraphConv growing": lambda: GraphConv(IN, 5, allow_zero_in_degree=True),
    **{
        f"SAGEConv {kind}": lambda kind=kind: SAGEConv(IN, OUT, kind)  # type: ignore[misc]
        for kind in ("mean", "gcn", "pool", "lstm")
    },
    "GATConv": lambda: GATConv(IN, OUT, 2, allow_zero_in_degree=True),
    "GATConv residual": lambda: GATConv(IN, OUT, 2, residual=True, allow_zero_in_degree=True),
}
each_layer = pytest.mark.parametrize("name", LAYERS)


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    return LAYERS[name]()


def law(name: str) -> laws.Layer:
    layer = made(name)

    def run(graph: gm.Graph) -> Tensor:
        out: Tensor = layer(graph, graph.srcdata["x"], edge_weight=graph.edata["w"])
        return out

    return run


def with_features(corner: Corner) -> gm.Graph:
    graph = corner.graph()
    graph.srcdata["x"] = corner.feature("u", (IN,))
    graph.edata["w"] = corner.feature("e")
    return graph


def inputs(corner: Corner) -> Any:
    x = corner.feature("u", (IN,))
    return (x, corner.feature("v", (IN,))) if corner.bipartite else x


# ---- laws


@each_layer
@pytest.mark.parametrize("corner", [MIXED, PARALLEL], ids=str)
def test_permuting_nodes_permutes_outputs(name: str, corner: Corner) -> None:
    laws.permuting_nodes_permutes_outputs(law(name), with_features(corner))


@each_layer
def test_one_type_is_homogeneous(name: str) -> None:
    laws.one_type_is_homogeneous(law(name), with_features(MIXED))


@each_layer
@pytest.mark.parametrize("corner", [c for c in CORNERS if not c.bipartite], ids=str)
def test_a_block_over_all_nodes_is_the_full_graph(name: str, corner: Corner) -> None:
    laws.a_block_over_all_nodes_is_the_full_graph(law(name), with_features(corner))


@each_layer
def test_a_batch_is_its_graphs(name: str) -> None:
    graphs = [with_features(c) for c in CORNERS if not c.bipartite and c.name != "hub"]
    laws.a_batch_is_its_graphs(law(name), graphs)


# ---- corner graphs


@each_layer
@each_corner
def test_every_corner_graph_gives_finite_rows_and_gradients(name: str, corner: Corner) -> None:
    layer = made(name)
    out = layer(corner.graph(), inputs(corner))
    assert out.shape[0] == corner.num_dst
    assert bool(out.isfinite().all())
    if corner.num_dst:
        out.sum().backward()
        assert all(bool(p.grad.isfinite().all()) for p in layer.parameters() if p.grad is not None)


@each_layer
@pytest.mark.parametrize(("num_src", "num_dst"), [(3, 0), (0, 0), (0, 2), (3, 2)])
def test_a_block_may_lack_edges_sources_and_destinations(
    name: str, num_src: int, num_dst: int
) -> None:
    block = gm.create_block(([], []), num_src_nodes=num_src, num_dst_nodes=num_dst)
    out = made(name)(block, (torch.ones(num_src, IN), torch.ones(num_dst, IN)))
    assert out.shape[0] == num_dst
    assert bool(out.isfinite().all())


# ---- both ends


@each_layer
def test_a_pair_of_the_same_tensor_is_that_tensor(name: str) -> None:
    layer, g, x = made(name), MIXED.graph(), MIXED.feature("u", (IN,))
    laws.assert_close(layer(g, (x, x)), layer(g, x))


@each_layer
def test_int32_ids_give_the_same_bits(name: str) -> None:
    layer, x = made(name), inputs(MIXED)
    laws.assert_same_bits(layer(MIXED.graph(torch.int32), x), layer(MIXED.graph(), x))


@each_layer
def test_one_relation_of_a_heterograph_will_do(name: str) -> None:
    edges = {
        ("source", "to", "target"): BIPARTITE.graph().edges(),
        ("target", "of", "source"): ([0], [0]),
    }
    g = gm.heterograph(edges, {"source": 5, "target": 3})
    layer, x = made(name), inputs(BIPARTITE)
    laws.assert_close(layer(g["to"], x), layer(BIPARTITE.graph(), x))


@each_layer
def test_several_edge_types_are_refused(name: str) -> None:
    g = gm.heterograph({("a", "x", "a"): ([0], [0]), ("a", "y", "a"): ([0], [0])})
    with pytest.raises(gm.GraphValueError, match="2 edge types"):
        made(name)(g, torch.ones(1, IN))


# ---- features


@each_layer
def test_the_callers_features_stay_as_they_are(name: str) -> None:
    g = with_features(MIXED)
    fields = ("h", "m", "w", "x", "ft", "el", "er", "neigh")
    for field in fields:
        g.ndata[field], g.edata[field] = torch.ones(6), torch.ones(9)
    before = dict(g.ndata), dict(g.edata)
    made(name)(g, inputs(MIXED), edge_weight=MIXED.feature("e"))
    assert {k: id(v) for k, v in g.ndata.items()} == {k: id(v) for k, v in before[0].items()}
    assert {k: id(v) for k, v in g.edata.items()} == {k: id(v) for k, v in before[1].items()}


@each_layer
def test_the_same_input_gives_the_same_bits(name: str) -> None:
    layer, g, x = made(name), CORNERS[-1].graph(), inputs(CORNERS[-1])
    laws.assert_same_bits(layer(g, x), layer(g, x))


@each_layer
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_other_float_dtypes_stay(name: str, dtype: torch.dtype) -> None:
    layer, g, x = made(name), MIXED.graph(), inputs(MIXED)
    expected = layer(g, x)
    out = layer.to(dtype)(g, x.to(dtype))
    assert out.dtype == dtype
    torch.testing.assert_close(out.float(), expected, rtol=0.05, atol=0.05)


@each_layer
@pytest.mark.parametrize(
    ("feat", "error", "message"),
    [
        (torch.ones(5, IN), gm.GraphValueError, "needs 6 rows, one for each of the source nodes"),
        (torch.ones(6, 4), gm.GraphValueError, r"3 as their last dimension.*\(6, 4\) came"),
        (torch.ones(6), gm.GraphValueError, r"3 as their last dimension.*\(6,\) came"),
        ([[1.0] * IN] * 6, gm.GraphTypeError, "must be a tensor, but list"),
        ({"_N": torch.ones(6, IN)}, gm.GraphTypeError, "one tensor, but a dict came"),
        ((), (gm.GraphTypeError, gm.GraphValueError), "tuple"),
        ((torch.ones(6, 4), torch.ones(6, IN)), gm.GraphValueError, "source nodes must have 3"),
    ],
    ids=["rows", "size", "scalars", "list", "dict", "empty tuple", "pair"],
)
def test_wrong_features_are_refused(name: str, feat: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        made(name)(MIXED.graph(), feat)


READS_BOTH_ENDS = [name for name in LAYERS if not name.startswith("GraphConv")]


@pytest.mark.parametrize("name", READS_BOTH_ENDS)
@pytest.mark.parametrize(
    ("feat", "message"),
    [
        ((torch.ones(6, IN),) * 3, "a pair .* a tuple of 3 came"),
        ((torch.ones(6, IN), torch.ones(5, IN)), "one for each of the destination nodes"),
        ((torch.ones(6, IN), torch.ones(6, 4)), "destination nodes must have 3"),
    ],
    ids=["three", "rows", "size"],
)
def test_wrong_pairs_are_refused(name: str, feat: Any, message: str) -> None:
    with pytest.raises(gm.GraphValueError, match=message):
        made(name)(MIXED.graph(), feat)


@pytest.mark.parametrize("name", READS_BOTH_ENDS)
def test_one_tensor_does_not_serve_a_bipartite_graph(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match=r"a pair .* is needed, but one tensor came"):
        made(name)(BIPARTITE.graph(), torch.ones(5, IN))
    block = gm.create_block(([0], [2]), num_src_nodes=2, num_dst_nodes=3)
    with pytest.raises(gm.GraphValueError, match=r"a pair .* is needed, but one tensor came"):
        made(name)(block, torch.ones(2, IN))


@each_layer
@pytest.mark.parametrize("corner", [MIXED, PARALLEL], ids=str)
def test_wrong_edge_weights_are_refused(name: str, corner: Corner) -> None:
    layer, g, x = made(name), corner.graph(), inputs(corner)
    rows = len(corner.src)
    with pytest.raises(gm.GraphValueError, match=f"'edge_weight' needs {rows} rows"):
        layer(g, x, edge_weight=torch.ones(rows + 1))
    with pytest.raises(gm.GraphTypeError, match=r"'edge_weight' .*must be a tensor"):
        layer(g, x, edge_weight=[1.0] * rows)


# ---- as modules


@each_layer
def test_layers_can_be_copied_and_pickled(name: str) -> None:
    layer, g, x = made(name), MIXED.graph(), inputs(MIXED)
    expected = layer(g, x)
    laws.assert_same_bits(copy.deepcopy(layer)(g, x), expected)
    laws.assert_same_bits(pickle.loads(pickle.dumps(layer))(g, x), expected)


STATES: list[tuple[nn.Module, dict[str, tuple[int, ...]]]] = [
    (GraphConv(3, 2), {"weight": (3, 2), "bias": (2,)}),
    (GraphConv(3, 2, bias=False), {"weight": (3, 2)}),
    (GraphConv(3, 2, weight=False), {"bias": (2,)}),
    (GraphConv(3, 2, weight=False, bias=False), {}),
    (
        SAGEConv(3, 2, "mean"),
        {"fc_neigh.weight": (2, 3), "fc_self.weight": (2, 3), "fc_self.bias": (2,)},
    ),
    (
        SAGEConv((3, 4), 2, "mean", bias=False),
        {"fc_neigh.weight": (2, 3), "fc_self.weight": (2, 4)},
    ),
    (SAGEConv(3, 2, "gcn"), {"bias": (2,), "fc_neigh.weight": (2, 3)}),
    (SAGEConv(3, 2, "gcn", bias=False), {"fc_neigh.weight": (2, 3)}),
    (
        SAGEConv((3, 4), 2, "pool"),
        {
            "fc_pool.weight": (3, 3),
            "fc_pool.bias": (3,),
            "fc_neigh.weight": (2, 3),
            "fc_self.weight": (2, 4),
            "fc_self.bias": (2,),
        },
    ),
    (
        SAGEConv(3, 2, "lstm"),
        {
            "lstm.weight_ih_l0": (12, 3),
            "lstm.weight_hh_l0": (12, 3),
            "lstm.bias_ih_l0": (12,),
            "lstm.bias_hh_l0": (12,),
            "fc_neigh.weight": (2, 3),
            "fc_self.weight": (2, 3),
            "fc_self.bias": (2,),
        },
    ),
    (
        GATConv(3, 2, 4),
        {"attn_l": (1, 4, 2), "attn_r": (1, 4, 2), "bias": (8,), "fc.weight": (8, 3)},
    ),
    (
        GATConv((3, 5), 2, 4, bias=False),
        {
            "attn_l": (1, 4, 2),
            "attn_r": (1, 4, 2),
            "fc_src.weight": (8, 3),
            "fc_dst.weight": (8, 5),
        },
    ),
    (
        GATConv(3, 2, 4, residual=True),
        {
            "attn_l": (1, 4, 2),
            "attn_r": (1, 4, 2),
            "fc.weight": (8, 3),
            "res_fc.weight": (8, 3),
            "res_fc.bias": (8,),
        },
    ),
    (
        GATConv(3, 2, 4, residual=True, bias=False),
        {
            "attn_l": (1, 4, 2),
            "attn_r": (1, 4, 2),
            "fc.weight": (8, 3),
            "res_fc.weight": (8, 3),
        },
    ),
    (
        GATConv(8, 2, 4, residual=True),
        {"attn_l": (1, 4, 2), "attn_r": (1, 4, 2), "bias": (8,), "fc.weight": (8, 8)},
    ),
]


@pytest.mark.parametrize(("layer", "shapes"), STATES, ids=range(len(STATES)))
def test_state_dicts_have_the_names_and_shapes_of_dgl(
    layer: nn.Module, shapes: dict[str, tuple[int, ...]]
) -> None:
    assert {name: tuple(value.shape) for name, value in layer.state_dict().items()} == shapes
    given = {name: torch.full(shape, 0.5) for name, shape in shapes.items()}
    layer.load_state_dict(given)
    assert all(bool((parameter == 0.5).all()) for parameter in layer.parameters())
