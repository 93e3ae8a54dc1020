"""Results may be changed in place while gradients are recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from support.corner_graphs import MIXED, NO_EDGES, NO_NODES, feature
from support.layers import IN, LAYERS, edge_input, made
from torch import Tensor, nn

import graphmp as gm
import graphmp.function as fn
from graphmp import ops

Results = Callable[[gm.Graph, Tensor, Tensor], Any]
SHAPES = ((), (2, 4))
MESSAGES = ("copy_u", "copy_e", "u_mul_e", "e_div_v")
REDUCERS = ("", "_sum", "_mean", "_max", "_std", "_logsumexp")
VERBS = (fn.copy_u("h", "m"), fn.u_mul_e("h", "w", "m"), lambda edges: {"m": edges.src["h"]})


def _first_row_to_zero(result: Tensor) -> None:
    result[0] = 0


CHANGES: tuple[Callable[[Tensor], Any], ...] = (
    _first_row_to_zero,
    torch.relu_,
    lambda result: nn.functional.dropout(result.add_(1), 0.5, inplace=True),
)


def tensors(results: Any) -> list[Tensor]:
    parts = results if isinstance(results, (tuple, list)) else [results]
    return [t for t in parts if isinstance(t, Tensor) and t.requires_grad]


def assert_changeable(compute: Callable[[], Any], leaves: Sequence[Tensor]) -> None:
    """Every result may be changed in each way; the gradient is that of a changed copy."""
    for change in CHANGES:
        gradients = []
        for own in (lambda result: result, torch.clone):
            torch.manual_seed(0)
            results = [own(result) for result in tensors(compute())]
            assert results
            torch.manual_seed(1)
            for result in results:
                change(result)
            loss = sum(result.square().sum() for result in results)
            assert isinstance(loss, Tensor)
            gradients.append(torch.autograd.grad(loss, leaves, allow_unused=True))
        torch.testing.assert_close(*gradients)
    for result in tensors(compute()):
        assert not result.detach_().requires_grad


def check(compute: Results, shape: tuple[int, ...] = (2, 4)) -> None:
    graph = MIXED.graph()
    h, w = (feature(rows, shape).abs().requires_grad_() for rows in (6, 9))
    assert_changeable(lambda: compute(graph, h, w), [h, w])


def named(name: str, message: str) -> Results:
    operation = getattr(ops, name)
    ends = [end for end in message.split("_") if end in ("u", "v", "e")]
    return lambda graph, h, w: operation(graph, *(w if end == "e" else h for end in ends))


@pytest.mark.parametrize("message", MESSAGES)
def test_results_of_operations_may_be_changed_in_place(message: str) -> None:
    for reducer in REDUCERS:
        for shape in SHAPES:
            check(named(message + reducer, message), shape)


def test_results_of_other_operations_may_be_changed_in_place() -> None:
    lengths = [2, 0, 7]
    check(lambda _, h, w: ops.gather(h, torch.tensor([0, 0, 2])))
    check(lambda g, h, w: ops.normalized_sum(g, h))
    check(lambda _, h, w: ops.segment_reduce(lengths, w, "mean", w))
    check(lambda _, h, w: ops.segment_broadcast([3, 0, 1, 0, 0, 1], h))


def test_a_softmax_may_be_changed_in_place() -> None:
    for shape in SHAPES:
        check(lambda g, h, w: ops.edge_softmax(g, w), shape)
        check(lambda g, h, w: ops.edge_softmax(g, w, norm_by="src"), shape)
        check(lambda _, h, w: ops.segment_softmax([2, 0, 7], w), shape)


@pytest.mark.parametrize("with_attention", [False, True])
def test_an_attention_may_be_changed_in_place(with_attention: bool) -> None:
    options: dict[str, Any] = {"return_attention": with_attention, "dropout": 0.5}
    check(lambda g, h, w: ops.dot_attention(g, h, h, h, **options))
    check(lambda g, h, w: ops.gat_attention(g, h, h[..., 0], h[..., 1], **options))
    check(lambda g, h, w: ops.gatv2_attention(g, h, h, w[0], **options))


def with_fields(graph: gm.Graph, h: Tensor, w: Tensor) -> gm.Graph:
    graph = graph.local_var()
    graph.ndata["h"], graph.edata["w"] = h, w
    return graph


@pytest.mark.parametrize("message", VERBS)
def test_fields_that_a_verb_wrote_may_be_changed_in_place(message: Any) -> None:
    def verbs(graph: gm.Graph, h: Tensor, w: Tensor) -> list[Tensor]:
        graph = with_fields(graph, h, w)
        graph.update_all(message, fn.sum("m", "a"))
        graph.update_all(message, lambda nodes: {"b": nodes.mailbox["m"].sum(1)})
        graph.pull([1, 2], message, fn.max("m", "c"))
        graph.send_and_recv([0, 1], message, fn.mean("m", "d"))
        graph.apply_edges(message, [0, 1])
        return [*(graph.ndata[name] for name in "abcd"), graph.edata["m"]]

    for shape in SHAPES:
        check(verbs, shape)


def test_copied_edge_features_are_memory_of_their_own() -> None:
    graph = with_fields(MIXED.graph(), torch.ones(6), torch.ones(9))
    graph.apply_edges(fn.copy_e("w", "m"))
    graph.edata["m"] += 1
    assert graph.edata["w"].tolist() == [1] * 9


def test_a_mailbox_may_be_changed_in_place() -> None:
    def changed(nodes: Any) -> dict[str, Tensor]:
        return {"o": nodes.mailbox["m"].mul_(2).sum(1)}

    for message in VERBS:
        graph = with_fields(MIXED.graph(), torch.ones(6, 2).requires_grad_(), torch.ones(9, 1))
        graph.update_all(message, changed)
        (gradient,) = torch.autograd.grad(graph.ndata["o"].sum(), graph.ndata["h"])
        expected = 2 * graph.out_degrees().float().view(-1, 1).expand(6, 2)
        torch.testing.assert_close(gradient, expected)


def test_fields_of_several_types_may_be_changed_in_place() -> None:
    edges = {("a", "x", "b"): ([0, 1], [0, 0]), ("b", "y", "b"): ([0, 1], [0, 1])}
    graph = gm.heterograph(edges)
    a, b = (torch.rand(2, 2, 3, requires_grad=True) for _ in range(2))

    def results(cross: str) -> list[Tensor]:
        g = graph.local_var()
        g.ndata["h"] = {"a": a, "b": b}
        call = (fn.copy_u("h", "m"), fn.mean("m", "o"))
        g.update_all(*call)
        g.multi_update_all(dict.fromkeys(g.canonical_etypes, (call[0], fn.max("m", "p"))), cross)
        weights = ops.edge_softmax(g, {("a", "x", "b"): a, ("b", "y", "b"): b})
        return [g.nodes["b"].data["o"], g.nodes["b"].data["p"], *weights.values()]

    for cross in ("sum", "mean", "max", "min", "stack"):
        assert_changeable(lambda cross=cross: results(cross), [a, b])  # type: ignore[misc]


def test_readouts_may_be_changed_in_place() -> None:
    def readouts(graph: gm.Graph, h: Tensor, w: Tensor) -> list[Tensor]:
        batch = gm.batch([with_fields(graph, h, w), NO_NODES.graph()])
        reduced = [gm.readout_nodes(batch, "h", "h", op=op) for op in ("sum", "mean", "max")]
        rows = [gm.softmax_edges(batch, "w"), gm.broadcast_nodes(batch, reduced[0])]
        return [*reduced, *rows, gm.topk_nodes(batch, "h", 7)[0]]

    for shape in SHAPES:
        check(readouts, shape)


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "GroupRevRes"])
def test_the_result_of_a_layer_may_be_changed_in_place(name: str) -> None:
    graph, row = MIXED.graph(), LAYERS[name]
    layer, x = made(name), feature(6, (IN,)).requires_grad_()
    options = {row.edge: edge_input(name, graph)} if row.edge else {}
    assert_changeable(lambda: layer(graph, x, **options), [x, *layer.parameters()])


def test_what_a_layer_returns_beside_its_result_may_be_changed_in_place() -> None:
    graph = MIXED.graph()
    options: dict[str, Any] = {"allow_zero_in_degree": True}
    x, e = feature(6, (3,)).requires_grad_(), feature(9, (4,)).requires_grad_()
    layers: tuple[tuple[nn.Module, bool], ...] = (
        (gm.nn.GATConv(3, 2, 2, bias=False, **options), False),
        (gm.nn.GATv2Conv(3, 2, 2, **options), False),
        (gm.nn.DotGatConv(3, 2, 2, **options), False),
        (gm.nn.TransformerConv(3, 2, 2, beta=True), False),
        (gm.nn.TransformerConv(3, 2, 2, 4), True),
        (gm.nn.EGATConv(3, 4, 2, 5, 2, **options), True),
        (gm.nn.EdgeGATConv(3, 4, 2, 2, **options), True),
    )
    for layer, has_edges in layers:
        inputs = (x, e) if has_edges else (x,)
        assert_changeable(lambda: layer(graph, *inputs, get_attention=True), inputs)  # noqa: B023


def test_results_of_poolings_and_containers_may_be_changed_in_place() -> None:
    batch = gm.batch([MIXED.graph(), NO_EDGES.graph()])
    x, gate = feature(9, (3,)).requires_grad_(), nn.Linear(3, 1)
    assert_changeable(lambda: gm.nn.SortPooling(2)(batch, x), [x])
    attended = gm.nn.GlobalAttentionPooling(gate)
    assert_changeable(lambda: attended(batch, x, get_attention=True), [x, *gate.parameters()])
    assert_changeable(lambda: gm.nn.JumpingKnowledge("max")([x, x * 2]), [x])
    assert_changeable(lambda: gm.nn.EdgePredictor("cos")(x, x * 2 + 1), [x])
    for aggregate in ("sum", "mean", "max", "min", "stack"):
        convolution = gm.nn.GraphConv(3, 2, allow_zero_in_degree=True)
        layer = gm.nn.HeteroGraphConv({"_E": convolution}, aggregate)
        assert_changeable(lambda: layer(batch, {"_N": x})["_N"], [x])  # noqa: B023


def test_a_layer_that_changes_nothing_returns_a_copy() -> None:
    graph, x, w = MIXED.graph(), torch.ones(6, 2), torch.ones(9)
    assert gm.nn.APPNPConv(0, 0.5)(graph, x).data_ptr() != x.data_ptr()
    assert gm.nn.EdgeWeightNorm("none")(graph, w).data_ptr() != w.data_ptr()
