from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.laws import assert_close, assert_same_bits, assert_same_with_gradients
from torch import Tensor, nn

import graphmp as gm
from graphmp.nn import functional as F
from graphmp.ops import edge_softmax

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
BATCH = gm.batch([gm.graph(([0, 1, 2], [1, 2, 0])), gm.graph(([0, 1], [1, 0]))])
LONELY = gm.graph(([0], [1]))  # no edge enters node 0
GENERATOR = torch.Generator().manual_seed(0)
X, NODES = torch.randn(3, 4, generator=GENERATOR), torch.randn(5, 4, generator=GENERATOR)
W = torch.rand(4, generator=GENERATOR) + 0.5
IDS = torch.tensor([2, 0, 1, 2, 0])
LAYERS = [X, X + 1]


def learnt(layer: nn.Module) -> dict[str, Tensor]:
    """The parameters of a layer, after they are drawn."""
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -1, 1, generator=GENERATOR)
    return {name: parameter.detach() for name, parameter in layer.named_parameters()}


# For each function: a layer, its arguments, and the function of these and the layer's parameters.
Twin = tuple[nn.Module, tuple[Any, ...], Callable[..., Any]]
TWINS: dict[str, Twin] = {
    "agnn_conv": (
        gm.nn.AGNNConv(),
        (RING, X),
        lambda p, g, x: F.agnn_conv(g, x, p["beta"]),
    ),
    "appnp_conv": (
        gm.nn.APPNPConv(3, 0.2),
        (RING, X, W),
        lambda p, g, x, w: F.appnp_conv(g, x, 3, 0.2, w),
    ),
    "avg_pooling": (gm.nn.AvgPooling(), (BATCH, NODES), lambda p, g, x: F.avg_pooling(g, x)),
    "cheb_conv": (
        gm.nn.ChebConv(4, 2, 3, None),
        (RING, X, 1.5),
        lambda p, g, x, e: F.cheb_conv(g, x, p["linear.weight"], 3, p["linear.bias"], e),
    ),
    "dropout": (
        gm.nn.Dropout(0.5).eval(),
        (NODES,),
        lambda p, x: F.dropout(x, 0.5, training=False),
    ),
    "edge_predictor": (
        gm.nn.EdgePredictor("cos"),
        (X, X.flip(0)),
        lambda p, u, v: F.edge_predictor(u, v, "cos"),
    ),
    "edge_weight_norm": (
        gm.nn.EdgeWeightNorm("left", 0.5),
        (RING, W),
        lambda p, g, w: F.edge_weight_norm(g, w, "left", 0.5),
    ),
    "gcn2_conv": (
        gm.nn.GCN2Conv(4, 1, alpha=0.3, project_initial_features=False),
        (RING, X, X + 1, W),
        lambda p, g, x, y, w: F.gcn2_conv(
            *(g, x, y, p["weight1"], p["weight2"], p["bias"]),
            alpha=0.3,
            beta=gm.nn.GCN2Conv(4, 1).beta,
            edge_weight=w,
        ),
    ),
    "gin_conv": (
        gm.nn.GINConv(None, "mean", learn_eps=True),
        (RING, X, W),
        lambda p, g, x, w: F.gin_conv(g, x, p["eps"], "mean", w),
    ),
    "gine_conv": (
        gm.nn.GINEConv(learn_eps=True),
        (RING, X, torch.cat([X, X[:1]])),
        lambda p, g, x, e: F.gine_conv(g, x, e, p["eps"]),
    ),
    "global_attention_pooling": (
        gm.nn.GlobalAttentionPooling(nn.Linear(4, 1)),
        (BATCH, NODES),
        lambda p, g, x: F.global_attention_pooling(
            g, x, x @ p["gate_nn.weight"].t() + p["gate_nn.bias"]
        ),
    ),
    "graph_conv": (
        gm.nn.GraphConv(4, 2, "left"),
        (RING, X),
        lambda p, g, x: F.graph_conv(g, x, p["weight"], p["bias"], "left"),
    ),
    "jumping_knowledge": (
        gm.nn.JumpingKnowledge("max"),
        (LAYERS,),
        lambda p, x: F.jumping_knowledge(x, "max"),
    ),
    "label_propagation": (
        gm.nn.LabelPropagation(2, 0.5, "row", False, True, True),
        (RING, torch.tensor([0, 2, 1]), [0, 2]),
        lambda p, g, y, m: F.label_propagation(g, y, 2, 0.5, m, "row", False, True, True),
    ),
    "lightgcn_conv": (
        gm.nn.LightGCNConv(),
        (RING, X, W),
        lambda p, g, x, w: F.lightgcn_conv(g, x, w),
    ),
    "lrgccf_conv": (
        gm.nn.LRGCCFConv(4, 2),
        (RING, X),
        lambda p, g, x: F.lrgccf_conv(g, x, p["lin.weight"], p["lin.bias"]),
    ),
    "max_pooling": (gm.nn.MaxPooling(), (BATCH, NODES), lambda p, g, x: F.max_pooling(g, x)),
    "sag_pooling": (
        gm.nn.SAGPooling(4, 0.7, min_score=0.3),
        (BATCH, NODES),
        lambda p, g, x: F.sag_pooling(
            g, x, F.graph_conv(g, x, p["conv.weight"], p["conv.bias"]), min_score=0.3
        ),
    ),
    "sort_pooling": (gm.nn.SortPooling(2), (BATCH, NODES), lambda p, g, x: F.sort_pooling(g, x, 2)),
    "sum_pooling": (gm.nn.SumPooling(), (BATCH, NODES), lambda p, g, x: F.sum_pooling(g, x)),
    "tag_conv": (
        gm.nn.TAGConv(4, 2, 3),
        (RING, X, W),
        lambda p, g, x, w: F.tag_conv(g, x, p["lin.weight"], 3, p["lin.bias"], w),
    ),
    "topk_pooling": (
        gm.nn.TopKPooling(4, 0.6, multiplier=2.0, nonlinearity=None),
        (BATCH, NODES),
        lambda p, g, x: F.topk_pooling(g, x, p["weight"], 0.6, None, 2.0, None),
    ),
    "trans_e": (
        gm.nn.TransE(3, 4, 2),
        (NODES, NODES.flip(0), IDS),
        lambda p, h, t, r: F.trans_e(h, t, r, p["rel_emb.weight"], 2),
    ),
    "trans_r": (
        gm.nn.TransR(3, 2, 4),
        (NODES, NODES.flip(0), IDS),
        lambda p, h, t, r: F.trans_r(
            h, t, r, p["rel_emb.weight"], p["rel_project.weight"].view(3, 4, 2)
        ),
    ),
    "typed_linear": (
        gm.nn.TypedLinear(4, 2, 3),
        (NODES, IDS),
        lambda p, x, t: F.typed_linear(x, t, p["W"]),
    ),
    "weight_and_sum": (
        gm.nn.WeightAndSum(4),
        (BATCH, NODES),
        lambda p, g, x: F.weight_and_sum(
            g,
            x,
            torch.sigmoid(x @ p["atom_weighting.0.weight"].t() + p["atom_weighting.0.bias"]),
        ),
    ),
}


def test_every_function_has_a_layer() -> None:
    functions = {name for name in F.__all__ if inspect.isfunction(getattr(F, name))}
    assert functions == {*TWINS, "edge_softmax"}


@pytest.mark.parametrize("name", TWINS)
def test_a_function_gives_what_its_layer_gives(name: str) -> None:
    layer, given, function = TWINS[name]
    out, expected = function(learnt(layer), *given), layer(*given)
    if isinstance(out, F.Pooled):
        assert torch.equal(out.nodes, expected.nodes)
        assert torch.equal(out.graph.batch_num_nodes(), expected.graph.batch_num_nodes())
        out, expected = out.feat, expected.feat
    assert out.numel() > 0
    assert_close(out, expected)


@pytest.mark.parametrize("name", sorted({*F.__all__} - {"Pooled", "edge_softmax"}))
def test_a_function_explains_every_argument_and_shows_an_example(name: str) -> None:
    function = getattr(F, name)
    text = inspect.getdoc(function) or ""
    for parameter in inspect.signature(function).parameters:
        assert f"{parameter}: " in text, parameter
    assert ">>> " in text
    assert "Raises:" in text


def test_edge_softmax_is_where_users_of_dgl_look_for_it() -> None:
    g = gm.graph(([0, 1], [2, 2]))
    assert F.edge_softmax is edge_softmax
    assert F.edge_softmax(g, torch.zeros(2)).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("norm", ["both", "none", "left", "right"])
@pytest.mark.parametrize("size", [2, 6])
def test_graph_conv_is_a_product_of_dense_matrices(norm: str, size: int) -> None:
    adjacency = torch.zeros(3, 3).double()
    adjacency[[1, 2, 0, 2], [0, 1, 2, 0]] = W.double()
    ends = {"both": (-0.5, -0.5), "left": (0.0, -1.0), "right": (-1.0, 0.0)}.get(norm, (0.0, 0.0))
    into, out_of = RING.in_degrees().double() ** ends[0], RING.out_degrees().double() ** ends[1]
    scaled = into.view(-1, 1) * adjacency * out_of
    assert_same_with_gradients(
        lambda x, weight, bias: F.graph_conv(RING, x, weight, bias, norm, W.double()),
        lambda x, weight, bias: scaled @ x @ weight + bias,
        *(X.double(), torch.randn(4, size).double(), torch.randn(size).double()),
    )


def test_graph_conv_needs_neither_weight_nor_bias() -> None:
    assert F.graph_conv(RING, X[:, 0], norm="none").tolist() == pytest.approx(
        [float(X[2, 0]), float(X[0, 0]), float(X[1, 0] + X[0, 0])]
    )
    shifted = F.graph_conv(RING, X, bias=torch.ones(4))
    assert_close(shifted, F.graph_conv(RING, X) + 1)


def test_functions_allow_nodes_that_no_edge_enters() -> None:
    x = torch.ones(2, 4)
    assert F.graph_conv(LONELY, x).tolist() == [[0.0] * 4, [1.0] * 4]
    assert F.agnn_conv(LONELY, x).tolist() == [[0.0] * 4, [1.0] * 4]
    assert F.gcn2_conv(LONELY, x, x, torch.eye(4), alpha=0.0).tolist()[0] == [0.0] * 4


def test_a_number_may_be_a_tensor_and_changes_no_dtype() -> None:
    half = X.bfloat16()
    for function in (F.gin_conv, F.agnn_conv):
        assert function(RING, half, torch.tensor([0.5])).dtype == torch.bfloat16
        assert_same_bits(function(RING, X, torch.tensor([0.5])), function(RING, X, 0.5))


def test_the_chance_to_return_may_be_learnt() -> None:
    alpha = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    x = X.double()
    assert_close(F.appnp_conv(RING, x, 3, alpha), F.appnp_conv(RING, x, 3, 0.2))
    assert torch.autograd.gradcheck(lambda a: F.appnp_conv(RING, x, 3, a), alpha)


def test_integer_features_become_floats() -> None:
    numbers = torch.arange(12).view(3, 4)
    for eps in (0.5, torch.tensor([0.5])):
        assert_close(F.gin_conv(RING, numbers, eps), F.gin_conv(RING, numbers.float(), eps))


def test_edges_are_dropped_in_training_only() -> None:
    torch.manual_seed(0)
    plain = F.appnp_conv(RING, X, 2, 0.5)
    assert_close(F.appnp_conv(RING, X, 2, 0.5, edge_drop=0.5, training=False), plain)
    assert not torch.equal(F.appnp_conv(RING, X, 2, 0.5, edge_drop=0.5), plain)


def test_jumping_knowledge_weighs_layers_by_scores() -> None:
    out = F.jumping_knowledge(LAYERS, "lstm", lambda layers: torch.zeros(3, 2, 1))
    assert_close(out, X + 0.5)
    assert F.jumping_knowledge(LAYERS).shape == (3, 8)


def test_attention_is_given_when_it_is_wanted() -> None:
    out, attention = F.global_attention_pooling(BATCH, NODES, NODES[:, :1], get_attention=True)
    assert_close(F.weight_and_sum(BATCH, NODES, attention), out)


def test_typed_linear_takes_blocks_of_diagonals() -> None:
    blocks = torch.randn(3, 2, 2, 1)
    whole = torch.zeros(3, 4, 2)
    whole[:, :2, :1], whole[:, 2:, 1:] = blocks[:, 0], blocks[:, 1]
    assert_close(F.typed_linear(NODES, IDS, blocks), F.typed_linear(NODES, IDS, whole))


SQUARE = torch.eye(4)
BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.graph_conv(RING, X, [1.0]), gm.GraphTypeError, "weight: expected a tensor"),  # type: ignore[arg-type]
    (lambda: F.graph_conv(RING, X, SQUARE[0]), gm.GraphValueError, r"shape \(any, any\)"),
    (lambda: F.graph_conv(RING, X, SQUARE[:3]), gm.GraphValueError, "3 as the last dimension"),
    (lambda: F.graph_conv(RING, X, SQUARE, X[0, :2]), gm.GraphValueError, r"bias: .* \(4\), got"),
    (lambda: F.graph_conv(RING, X, norm="mean"), gm.GraphValueError, "norm: expected one of"),
    (lambda: F.graph_conv(RING, X[:2]), gm.GraphValueError, "expected 3 rows"),
    (lambda: F.edge_weight_norm(RING, W, "mean"), gm.GraphValueError, "norm: expected one of"),
    (lambda: F.lightgcn_conv(RING, [1.0]), gm.GraphTypeError, "expected a tensor"),
    (
        lambda: F.lrgccf_conv(RING, X, SQUARE, X[0, :2]),
        gm.GraphValueError,
        "bias: expected shape",
    ),
    (lambda: F.agnn_conv(RING, X, X[0]), gm.GraphValueError, "beta: expected one number"),
    (lambda: F.gin_conv(RING, X, X[0]), gm.GraphValueError, "eps: expected one number"),
    (
        lambda: F.gin_conv(RING, X, 0.0, "min"),
        gm.GraphValueError,
        "aggregator_type: expected one of",
    ),
    (lambda: F.gine_conv(RING, X, W), gm.GraphValueError, "the size of node_feat"),
    (lambda: F.appnp_conv(RING, X, -1, 0.1), gm.GraphValueError, "k: expected a non-negative int"),
    (lambda: F.tag_conv(RING, X, SQUARE, 1), gm.GraphValueError, "2 as the last dimension"),
    (lambda: F.tag_conv(RING, X, SQUARE, 2), gm.GraphValueError, "3 parts of equal size"),
    (lambda: F.cheb_conv(RING, X, SQUARE, 0), gm.GraphValueError, "at least one"),
    (lambda: F.gcn2_conv(RING, X, X, SQUARE[:, :2]), gm.GraphValueError, r"weight1: .*\(4, 4\)"),
    (
        lambda: F.label_propagation(RING, IDS[:3], 1, 0.5, norm_type="both"),
        gm.GraphValueError,
        "one of sym, row",
    ),
    (lambda: F.sum_pooling(BATCH, X), gm.GraphValueError, "expected 5 rows"),
    (lambda: F.max_pooling(X, X), gm.GraphTypeError, "graph"),  # type: ignore[arg-type]
    (lambda: F.sort_pooling(BATCH, NODES, -1), gm.GraphValueError, "k: expected a non-negative"),
    (lambda: F.weight_and_sum(BATCH, NODES, NODES), gm.GraphValueError, r"shape \(N, 1\)"),
    (
        lambda: F.global_attention_pooling(BATCH, NODES, NODES[:2, :1]),
        gm.GraphValueError,
        "expected 5 rows",
    ),
    (lambda: F.topk_pooling(BATCH, NODES, SQUARE), gm.GraphValueError, r"shape \(1, any\)"),
    (
        lambda: F.topk_pooling(BATCH, NODES, SQUARE[:1], ratio=1.5),
        gm.GraphValueError,
        "ratio: expected a number above 0",
    ),
    (lambda: F.sag_pooling(BATCH, NODES, NODES), gm.GraphValueError, r"score.* shape \(N, 1\)"),
    (lambda: F.trans_e(NODES, NODES, IDS, SQUARE[:2]), gm.GraphIndexError, "from 0 to 1"),
    (lambda: F.trans_e(NODES, NODES, IDS, SQUARE[0]), gm.GraphValueError, r"\(any, any\)"),
    (
        lambda: F.trans_r(NODES, NODES, IDS, SQUARE, torch.ones(2, 4, 4)),
        gm.GraphValueError,
        r"rel_project: expected shape \(4, any, 4\)",
    ),
    (lambda: F.typed_linear(NODES, IDS, SQUARE), gm.GraphValueError, "weight: expected shape"),
    (lambda: F.typed_linear(NODES, IDS, [1.0]), gm.GraphTypeError, "weight: expected a tensor"),  # type: ignore[arg-type]
    (lambda: F.jumping_knowledge([]), gm.GraphValueError, "got an empty list"),
    (lambda: F.jumping_knowledge([X, X[:2]]), gm.GraphValueError, "matching shapes for mode='cat'"),
    (lambda: F.jumping_knowledge([X, X[:, :2]], "max"), gm.GraphValueError, "mode='max'"),
    (
        lambda: F.jumping_knowledge([X, None]),  # type: ignore[list-item]
        gm.GraphTypeError,
        r"feat_list\[1\]: expected a tensor, got None",
    ),
    (
        lambda: F.jumping_knowledge(LAYERS, "lstm"),
        gm.GraphValueError,
        "score: expected a function",
    ),
    (lambda: F.jumping_knowledge(LAYERS, "sum"), gm.GraphValueError, "mode: expected one of"),
    (lambda: F.edge_predictor(X, X, "sum"), gm.GraphValueError, "op: expected one of"),
    (lambda: F.edge_predictor(X, X[:, :2]), gm.GraphValueError, "matching shapes for op='dot'"),
    (lambda: F.edge_predictor(X, X[:2], "cat"), gm.GraphValueError, "matching shapes for op='cat'"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_is_told(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
