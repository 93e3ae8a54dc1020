from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense, laws
from support.agreement import assert_agrees, drawn, features
from support.corner_graphs import BIPARTITE, CORNERS, MIXED, PARALLEL, Corner, each_corner
from support.laws import assert_close, assert_same_with_gradients
from support.memory import LargestTensor
from torch import Tensor, nn

import graphmp as gm
import graphmp.function as fn
from graphmp.nn import MessagePassing

SIZE, EDGE, OUT = 3, 4, 2
each_reducer = pytest.mark.parametrize("aggr", ["sum", "mean", "max", "min", "std"])


class Weighted(MessagePassing):
    """A builtin."""

    def message(self) -> Any:
        return fn.u_mul_e("x", "edge_attr", "m")


class WeightedByHand(MessagePassing):
    """The same with tensors."""

    def message(self, x_j: Tensor, edge_attr: Tensor) -> Tensor:
        return x_j * edge_attr


class Met(MessagePassing):
    """A function of both ends and the edge, and an update."""

    def __init__(self, aggr: str = "sum") -> None:
        super().__init__(aggr)
        self.lin = nn.Linear(2 * SIZE + EDGE, OUT)
        self.own = nn.Linear(SIZE, OUT)

    def message(self, x_i: Tensor, x_j: Tensor, edge_attr: Tensor) -> Tensor:
        made: Tensor = self.lin(torch.cat([x_i, x_j, edge_attr], 1))
        return made

    def update(self, aggregated: Tensor, x: Tensor) -> Tensor:
        made: Tensor = aggregated + self.own(x).tanh()
        return made


class Scattered(Weighted):
    """An aggregation of its own."""

    def aggregate(self, messages: Tensor, index: Tensor, num_nodes: int) -> Tensor:
        return messages.new_zeros(num_nodes, SIZE).index_add(0, index, 2 * messages)


def met(graph: gm.Graph) -> Tensor:
    """Met on the features of a graph."""
    torch.manual_seed(0)
    edge = graph.edata["w"].unsqueeze(1).expand(-1, EDGE)
    made: Tensor = Met("max")(graph, graph.srcdata["x"], edge)
    return made


def with_features(corner: Corner) -> gm.Graph:
    graph = corner.graph()
    graph.ndata["x"], graph.edata["w"] = corner.feature("u", (SIZE,)), corner.feature("e")
    return graph


# ---- what is computed


@each_corner
@each_reducer
def test_by_default_the_sources_features_are_reduced(corner: Corner, aggr: str) -> None:
    x = corner.feature("u", (SIZE,))
    assert_same_with_gradients(
        lambda x: MessagePassing(aggr)(corner.graph(), x),
        lambda x: dense.update_all("copy_u", aggr, corner.src, corner.dst, corner.num_dst, x),
        x,
    )


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        *(("copy_" + end, (end,)) for end in "uve"),
        *((f"{a}_{op}_{b}", (a, b)) for op in ("add", "mul", "dot") for a, b in ("ue", "uv", "ev")),
    ],
)
@pytest.mark.parametrize("aggr", ["sum", "max"])
@pytest.mark.parametrize("corner", [MIXED, BIPARTITE], ids=str)
def test_a_builtin_is_its_formula(
    corner: Corner, name: str, fields: tuple[str, ...], aggr: str
) -> None:
    class Builtin(MessagePassing):
        def message(self) -> Any:
            return getattr(fn, name)(*fields, "m")

    def actual(*operands: Tensor) -> Any:
        given: dict[str, Any] = dict(zip(fields, operands, strict=True))
        if "v" in given and corner.bipartite:
            given["v"] = (torch.ones(corner.num_src), given["v"])
        return Builtin(aggr).propagate(corner.graph(), **given)

    def expected(*operands: Tensor) -> Tensor:
        return dense.update_all(name, aggr, corner.src, corner.dst, corner.num_dst, *operands)

    operands = [corner.feature(field, (SIZE,)) for field in fields]
    assert_same_with_gradients(actual, expected, *operands)


@each_corner
@each_reducer
def test_a_function_is_the_builtin(corner: Corner, aggr: str) -> None:
    operands = corner.feature("u", (SIZE,)), corner.feature("e", (1,))
    assert_same_with_gradients(
        lambda x, w: WeightedByHand(aggr)(corner.graph(), x, w),
        lambda x, w: Weighted(aggr)(corner.graph(), x, w),
        *operands,
    )


@each_corner
@each_reducer
def test_a_function_of_both_ends_agrees_with_the_dense_formula(corner: Corner, aggr: str) -> None:
    def formula(p: Any, source: Tensor, own: Tensor, _: Any, edge_attr: Tensor) -> Tensor:
        ends = source[list(corner.src)], own[list(corner.dst)]
        inbox = torch.cat([ends[1], ends[0], edge_attr], 1) @ p["lin.weight"].T + p["lin.bias"]
        reduced = dense.reduce(aggr, inbox, corner.dst, corner.num_dst)
        made: Tensor = reduced + (own @ p["own.weight"].T + p["own.bias"]).tanh()
        return made

    edges = corner.feature("e", (EDGE,), torch.float64)
    inputs = features(corner, (SIZE, SIZE))
    assert_agrees(drawn(Met(aggr)), formula, corner.graph(), inputs, edge_attr=edges)


@each_corner
def test_an_aggregation_of_ones_own_gets_the_messages_of_a_builtin(corner: Corner) -> None:
    x, w = corner.feature("u", (SIZE,)), corner.feature("e")
    assert_close(Scattered()(corner.graph(), x, w), 2 * Weighted()(corner.graph(), x, w))


@each_corner
@each_reducer
@pytest.mark.parametrize("idtype", [torch.int32, torch.int64], ids=str)
def test_the_default_aggregation_can_be_called(
    corner: Corner, aggr: str, idtype: torch.dtype
) -> None:
    class Doubled(MessagePassing):
        def aggregate(self, messages: Tensor, index: Tensor, num_nodes: int) -> Any:
            return super().aggregate(messages, index, num_nodes)

    x, g = corner.feature("u", (SIZE,)), corner.graph(idtype)
    assert_close(Doubled(aggr)(g, x), MessagePassing(aggr)(g, x))


def test_attention_over_the_edges_of_a_node_can_be_written() -> None:
    class Attention(MessagePassing):
        def forward(self, graph: Any, h: Tensor, left: Tensor, right: Tensor) -> Any:  # type: ignore[override]
            return self.propagate(graph, h=h, left=left, right=right)

        def message(self, h_j: Tensor, left_j: Tensor, right_i: Tensor, graph: gm.Graph) -> Any:
            return gm.ops.edge_softmax(graph, (left_j + right_i).tanh()).unsqueeze(-1) * h_j

    g = MIXED.graph()
    h, left, right = (MIXED.feature("u", shape) for shape in ((2, SIZE), (2,), (2,)))
    logits = (left[list(MIXED.src)] + right[list(MIXED.dst)]).tanh()
    expected, _ = dense.attend(logits, h, MIXED.src, MIXED.dst, 6)
    assert_close(Attention()(g, h, left, right), expected)


# ---- laws


@pytest.mark.parametrize("corner", [MIXED, PARALLEL], ids=str)
def test_permuting_nodes_permutes_what_a_function_makes(corner: Corner) -> None:
    laws.permuting_nodes_permutes_outputs(met, with_features(corner))


def test_a_function_sees_one_type_as_homogeneous() -> None:
    laws.one_type_is_homogeneous(met, with_features(MIXED))


@pytest.mark.parametrize("corner", [c for c in CORNERS if not c.bipartite], ids=str)
def test_a_function_sees_a_block_over_all_nodes_as_the_full_graph(corner: Corner) -> None:
    laws.a_block_over_all_nodes_is_the_full_graph(met, with_features(corner))


def test_a_function_sees_a_batch_as_its_graphs() -> None:
    laws.a_batch_is_its_graphs(met, [with_features(c) for c in CORNERS if not c.bipartite])


def test_on_a_block_one_tensor_gives_the_destinations_its_first_rows() -> None:
    block = gm.create_block(([4, 2, 0, 5], [0, 0, 1, 1]), num_src_nodes=6, num_dst_nodes=3)
    layer, x, e = Met(), torch.randn(6, SIZE), torch.randn(4, EDGE)
    assert layer(block, x, e).shape == (3, OUT)
    assert_close(layer(block, x, e), layer(block, (x, x[:3]), e))


@pytest.mark.parametrize("layer", [MessagePassing("max"), Weighted()], ids=["default", "builtin"])
@pytest.mark.parametrize("with_gradient", [False, True])
def test_builtins_make_nothing_for_every_edge_and_feature(
    layer: MessagePassing, with_gradient: bool
) -> None:
    pytest.importorskip("numba", reason="the CPU kernels need Numba: pip install numba")
    torch.manual_seed(0)
    g = gm.graph((torch.randint(40, (8000,)), torch.randint(40, (8000,))), num_nodes=40)
    g.create_formats_()
    x, w = torch.randn(40, 64, requires_grad=with_gradient), torch.rand(8000)
    with LargestTensor() as largest:
        out = layer(g, x, w)
        if with_gradient:
            out.sum().backward()
    assert 0 < largest.bytes < 8000 * 64 * 4 / 2


def test_only_what_is_named_is_gathered() -> None:
    class Sources(MessagePassing):
        def message(self, x_j: Tensor) -> Tensor:
            return x_j

    x = torch.ones(5, SIZE)
    assert Sources()(BIPARTITE.graph(), x).shape == (3, SIZE)  # nothing at the destinations is read
    assert Sources()(BIPARTITE.graph(), (x, None)).shape == (3, SIZE)


# ---- what is passed


def test_an_edge_index_with_the_nodes_of_x_is_the_graph() -> None:
    layer, x, e = Met(), MIXED.feature("u", (SIZE,)), MIXED.feature("e", (EDGE,))
    edge_index = torch.tensor([MIXED.src, MIXED.dst])
    assert_close(layer(edge_index, x, e), layer(MIXED.graph(), x, e))
    pair = BIPARTITE.feature("u", (SIZE,)), BIPARTITE.feature("v", (SIZE,))
    edges, e = torch.tensor([BIPARTITE.src, BIPARTITE.dst]), BIPARTITE.feature("e", (EDGE,))
    assert_close(layer(edges, pair, e), layer(BIPARTITE.graph(), pair, e))


def test_what_was_not_given_is_its_default_and_none_is_none() -> None:
    class Optional(MessagePassing):
        def message(self, x_j: Tensor, edge_attr: Any, weight: Any = 3.0) -> Tensor:
            assert edge_attr is None
            return x_j if weight is None else x_j * weight

    g, x = MIXED.graph(), MIXED.feature("u", (SIZE,))
    plain = MessagePassing()(g, x)
    assert_close(Optional()(g, x), 3 * plain)
    assert_close(Optional().propagate(g, x=x, edge_attr=None, weight=None), plain)


def test_the_graph_the_index_and_the_number_of_nodes_can_be_read_everywhere() -> None:
    seen: list[Any] = []

    class Looks(MessagePassing):
        def message(self, x_j: Tensor, index: Tensor, num_nodes: int, graph: Any) -> Tensor:
            seen.append((index, num_nodes, graph))
            return x_j

        def aggregate(self, messages: Tensor, index: Tensor, num_nodes: int) -> Any:
            seen.append((index, num_nodes, None))
            return super().aggregate(messages, index, num_nodes)

        def update(self, aggregated: Tensor, graph: Any, num_nodes: int) -> Tensor:
            seen.append((None, num_nodes, graph))
            return aggregated

    g = BIPARTITE.graph(torch.int32)
    Looks()(g, BIPARTITE.feature("u", (SIZE,)))
    assert len(seen) == 3
    for index, num_nodes, graph in seen:
        assert index is None or (index.dtype, index.tolist()) == (torch.int64, [*BIPARTITE.dst])
        assert num_nodes == 3
        assert graph is None or graph is g


def test_it_is_a_module_of_a_heterograph() -> None:
    edges = {("a", "x", "b"): ([0, 1], [0, 0]), ("b", "y", "a"): ([0], [1])}
    g = gm.heterograph(edges, {"a": 2, "b": 1})
    convs = gm.nn.HeteroGraphConv({"x": MessagePassing(), "y": MessagePassing("max")})
    out = convs(g, {"a": torch.tensor([[1.0], [2.0]]), "b": torch.tensor([[5.0]])})
    assert {name: h.tolist() for name, h in out.items()} == {"b": [[3.0]], "a": [[0.0], [5.0]]}


def test_repr_tells_the_reducer() -> None:
    assert repr(MessagePassing("max")) == "MessagePassing(aggr=max)"


# ---- bad input


def reading(parameters: str) -> MessagePassing:
    """A layer whose message has the parameters."""
    message = eval(f"lambda self, {parameters}: x_j")
    layer = type("Reading", (MessagePassing,), {"message": message})()
    assert isinstance(layer, MessagePassing)
    return layer


def test_an_unknown_reducer_is_refused() -> None:
    with pytest.raises(gm.GraphValueError, match=r"aggr: expected one of sum, mean.* got 'add'"):
        MessagePassing("add")
    with pytest.raises(gm.GraphValueError, match=r"got \['mean', 'max'\]; .* in aggregate\(\)"):
        MessagePassing(["mean", "max"])  # type: ignore[arg-type]


@pytest.mark.parametrize("parameters", ["x_j, weight", "x_j, alpha_i"])
def test_a_feature_that_was_not_given_is_named(parameters: str) -> None:
    missing = parameters.rsplit(" ", 1)[-1]
    message = rf"reads '{missing}', got x; pass {missing.removesuffix('_i')}=… to propagate"
    with pytest.raises(gm.GraphKeyError, match=message):
        reading(parameters)(MIXED.graph(), torch.ones(6, SIZE))


def test_a_feature_that_a_builtin_lacks_is_named() -> None:
    with pytest.raises(gm.GraphKeyError, match=r"u_mul_e reads 'edge_attr', got x;"):
        Weighted()(MIXED.graph(), torch.ones(6, SIZE))
    with pytest.raises(gm.GraphKeyError, match=r"copy_u reads 'x', got none; pass x=…"):
        MessagePassing().propagate(MIXED.graph())


@pytest.mark.parametrize("name", ["x_i", "x_j", "index", "num_nodes"])
def test_names_with_a_meaning_of_their_own_are_refused(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match=f"another name than '{name}' for a feature"):
        MessagePassing().propagate(MIXED.graph(), **{name: torch.ones(6)})


def test_an_update_does_not_read_what_edges_carry() -> None:
    class Wrong(MessagePassing):
        def update(self, aggregated: Tensor, x_j: Tensor) -> Tensor:
            return aggregated

    with pytest.raises(gm.GraphValueError, match=r"update\(\) to read 'x', .* got 'x_i' or 'x_j'"):
        Wrong()(MIXED.graph(), torch.ones(6, SIZE))


@pytest.mark.parametrize("graph", [torch.ones(6, SIZE), torch.ones(9), [[0], [1]], None], ids=str)
def test_something_else_than_edges_is_refused(graph: Any) -> None:
    with pytest.raises(gm.GraphTypeError, match=r"Expected a graph, or an edge_index .*, got"):
        MessagePassing()(graph, torch.ones(6, SIZE))


def test_a_wrong_edge_index_is_refused() -> None:
    layer, x = MessagePassing(), torch.ones(6, SIZE)
    with pytest.raises(gm.GraphValueError, match=r"edge_index: expected shape \(2, E\)"):
        layer(torch.zeros(3, 2, dtype=torch.int64), x)
    with pytest.raises(gm.GraphValueError, match=r"edge_index: expected shape \(2, E\)"):
        layer(torch.zeros(3, 2, dtype=torch.int64), (x, x))
    with pytest.raises(gm.GraphError, match="6"):
        layer(torch.tensor([[0], [6]]), x)
    with pytest.raises(gm.GraphError, match="-1"):
        layer(torch.tensor([[0], [-1]]), x)
    for wrong in (None, [1.0], torch.tensor(1.0), (x, None)):
        with pytest.raises(
            gm.GraphValueError, match=r"x: expected a tensor .* whose rows are the nodes"
        ):
            layer(torch.tensor([[0], [1]]), wrong)


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (
            torch.ones(8, 1),
            gm.GraphValueError,
            "'message': expected 9 rows, one for each of the edges",
        ),
        (torch.tensor(1.0), gm.GraphValueError, "'message': expected 9 rows"),
        (None, gm.GraphTypeError, "'message' of the edges: expected a tensor, got None"),
        ({"m": torch.ones(9)}, gm.GraphTypeError, "expected one tensor, got a dict"),
    ],
    ids=["rows", "number", "None", "dict"],
)
def test_wrong_messages_are_refused(made: Any, error: Any, message: str) -> None:
    layer = type("Wrong", (MessagePassing,), {"message": lambda self: made})()
    with pytest.raises(error, match=message):
        layer(MIXED.graph(), torch.ones(6, SIZE))


@pytest.mark.parametrize(
    ("x", "edge_attr", "error", "message"),
    [
        (torch.ones(5, SIZE), torch.ones(9, EDGE), gm.GraphValueError, "'x': expected 6 rows"),
        (
            torch.ones(6, SIZE),
            torch.ones(8, EDGE),
            gm.GraphValueError,
            "'edge_attr': expected 9 rows",
        ),
        (3.0, torch.ones(9, EDGE), gm.GraphTypeError, "'x' .* expected a tensor, got float"),
        (torch.ones(6, SIZE), 3.0, gm.GraphTypeError, "'edge_attr' .* expected a tensor"),
        ((torch.ones(6, SIZE),) * 3, torch.ones(9, EDGE), gm.GraphValueError, "got a tuple of 3"),
    ],
    ids=["rows of nodes", "rows of edges", "number", "number at edges", "three"],
)
def test_wrong_features_are_refused(x: Any, edge_attr: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Met()(MIXED.graph(), x, edge_attr)


def test_one_tensor_does_not_serve_a_bipartite_graph_if_destinations_are_read() -> None:
    with pytest.raises(gm.GraphValueError, match=r"expected a pair .*, got one tensor"):
        Met()(BIPARTITE.graph(), torch.ones(5, SIZE), torch.ones(5, EDGE))
