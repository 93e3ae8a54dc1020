"""Compiled programs give what eager mode gives, and serve graphs of every size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.compiled import (
    LARGE,
    LAYERS,
    SIZE,
    Passing,
    assert_compiled_like_eager,
    block,
    whole,
)
from support.laws import assert_close
from support.readouts import BATCHES, READOUTS, batch
from support.versions import compiles
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend

import graphmp as gm
import graphmp.function as fn
from graphmp.io import files

pytestmark = [pytest.mark.compiler, compiles]

SIZES = (10, 11, 12, 15, 20, 41)


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    torch.manual_seed(0)


GATED = "GatedGraphConv"  # not on blocks: its destinations are its sources
# Every layer on blocks; on whole graphs those in which a node's own row takes part.
ON_WHOLE_GRAPHS = ("GraphConv", "SAGEConv gcn", "GATConv", "GINConv sum", "u_sub_v min", GATED)
CASES = [(block, name) for name in LAYERS if name != GATED] + [
    (whole, name) for name in ON_WHOLE_GRAPHS
]


@pytest.mark.parametrize(("make", "name"), CASES, ids=lambda of: getattr(of, "__name__", of))
def test_graphs_of_many_sizes_take_two_compilations(
    make: Callable[[int], gm.Graph], name: str
) -> None:
    graphs = [make(nodes) for nodes in SIZES]
    for graph in graphs:
        graph.create_formats_()
    assert assert_compiled_like_eager(LAYERS[name](), graphs) <= 2


@pytest.mark.parametrize("make", [whole, block])
@pytest.mark.parametrize("name", ["SAGEConv mean", "GATConv elu", "GATv2Conv", "GINConv sum"])
def test_large_graphs_run_in_the_program_of_small_ones(
    name: str, make: Callable[[int], gm.Graph]
) -> None:
    graphs = [make(nodes) for nodes in (10, 11, LARGE)]
    assert assert_compiled_like_eager(LAYERS[name](), graphs) <= 2


@pytest.mark.parametrize("name", ["GraphConv", "GATConv", "GINConv max", "u_div_e mean"])
def test_operators_are_traced_with_their_gradients(name: str) -> None:
    graphs = [block(nodes) for nodes in SIZES[:4]]
    assert assert_compiled_like_eager(LAYERS[name](), graphs, "aot_eager") <= 2


@pytest.mark.parametrize("name", READOUTS)
def test_batches_of_many_sizes_take_two_compilations(name: str) -> None:
    torch.compiler.reset()
    counter, module = CompileCounterWithBackend("eager"), READOUTS[name]()
    compiled: Any = torch.compile(module, backend=counter, fullgraph=True)
    for nodes in BATCHES:
        graph, feat = batch(nodes)
        with torch._dynamo.config.patch(allow_rnn=True):  # the LSTM of Set2Set
            made = compiled(graph, feat)
        torch.testing.assert_close(made, module(graph, feat))
    assert counter.frame_count <= 2


def test_sizes_that_are_no_segments_are_refused_when_the_program_runs() -> None:
    torch.compiler.reset()
    compiled: Any = torch.compile(gm.ops.segment_reduce, backend="eager", fullgraph=True)
    with pytest.raises(RuntimeError, match="expected lengths of at least 0 that sum to the rows"):
        compiled(torch.tensor([2, 2]), torch.ones(3))


def test_types_that_do_not_exist_are_refused_when_the_program_runs() -> None:
    torch.compiler.reset()
    layer, graph, feat = gm.nn.RelGraphConv(SIZE, 5, 3), whole(5), torch.ones(5, SIZE)
    compiled: Any = torch.compile(layer, backend="eager", fullgraph=True)
    types = torch.zeros(graph.num_edges(), dtype=torch.int64)
    compiled(graph, feat, types)
    with pytest.raises(RuntimeError, match="etypes: expected ids that exist"):
        compiled(graph, feat, types + 3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own
def test_inductor_makes_programs_for_many_sizes() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = gm.nn.GraphConv(SIZE, 6), gm.nn.GATConv(6, 3, 2)

        def forward(self, graph: gm.Graph, feat: Tensor) -> Tensor:
            out: Tensor = self.second(graph, self.first(graph, feat).relu())
            return out

    graphs = [whole(nodes) for nodes in SIZES[:3]]
    assert assert_compiled_like_eager(Two(), graphs, "inductor") <= 2


@pytest.mark.parametrize("name", ["GraphConv", "GATv2Conv", "u_sub_v min"])
def test_layouts_that_are_not_built_are_built_by_the_program(name: str) -> None:
    graphs = [block(nodes) for nodes in SIZES[:4]]
    assert assert_compiled_like_eager(LAYERS[name](), graphs) <= 2


def test_a_program_keeps_nothing_on_the_graph() -> None:
    graph = block(5)
    before = graph.formats()
    compiled: Any = torch.compile(LAYERS["GraphConv"](), backend="eager", fullgraph=True)
    compiled(graph, torch.ones(10, SIZE))
    assert graph.formats() == before


def test_without_gradients_the_edges_are_not_grouped_by_source() -> None:
    graph = gm.create_block(("csc", ([0, 1, 2], [0, 1], [])), num_src_nodes=2, num_dst_nodes=2)
    names: list[str] = []

    def see(module: Any, _: Any) -> Any:
        names.extend(str(node.target) for node in module.graph.nodes)
        return module

    torch.compiler.reset()
    compiled: Any = torch.compile(LAYERS["SAGEConv pool"](), backend=see, fullgraph=True)
    with torch.no_grad():
        compiled(graph, torch.ones(2, SIZE))
    assert "graphmp.extreme.default" in names
    assert "graphmp.group.default" not in names


def test_edge_ids_that_were_not_read_from_a_file_are_checked_by_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALLEST_MAPPED", 1)
    path, feat, weight = tmp_path / "graphs", torch.rand(5, SIZE), torch.rand(8)
    edge_ids = [2, 5, 0, 3, 7, 1, 4, 6]
    graph = gm.graph(("csc", ([0, 2, 2, 5, 8, 8], [0, 1, 0, 1, 2, 3, 4, 4], edge_ids)))

    def total(graph: gm.Graph, feat: Tensor, weight: Tensor) -> Tensor:
        return gm.ops.u_mul_e_sum(graph, feat, weight.unsqueeze(1))

    torch.compiler.reset()
    compiled: Any = torch.compile(total, backend="aot_eager", fullgraph=True)
    gm.save_graphs(path, graph)
    [loaded], _ = gm.load_graphs(path)
    assert_close(compiled(loaded, feat, weight), total(graph, feat, weight))
    content = path.read_bytes()
    ids = b"".join(number.to_bytes(8, "little") for number in edge_ids)
    path.write_bytes(content.replace(ids, ids[:8] * 2 + ids[16:]))
    [damaged], _ = gm.load_graphs(path)
    with pytest.raises(gm.GraphValueError, match="was not read: expected every edge id once"):
        compiled(damaged, feat, weight)


def test_dropout_draws_the_numbers_of_eager_mode_and_others_at_every_call() -> None:
    torch.compiler.reset()
    layer, graph = gm.nn.GATConv(SIZE, 3, 2, attn_drop=0.5), whole(10)
    feat = torch.randn(10, SIZE)
    compiled: Any = torch.compile(layer, backend="eager", fullgraph=True)

    def two(function: Any) -> tuple[Tensor, Tensor]:
        torch.manual_seed(5)
        return function(graph, feat), function(graph, feat)

    (first, second), wanted = two(compiled), two(layer)
    torch.testing.assert_close((first, second), wanted)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_dropout_is_one_program_for_every_size(backend: str, activation: str | None) -> None:
    torch.compiler.reset()
    counter = CompileCounterWithBackend(backend)

    def layer(x: Tensor) -> Tensor:
        return gm.nn.functional.dropout(2 * x, 0.3, activation=activation).exp()

    compiled: Any = torch.compile(layer, backend=counter, fullgraph=True)
    for rows in (5, 7, 700, 9):
        x, results = torch.randn(rows, SIZE, requires_grad=True), []
        for function in (compiled, layer):
            torch.manual_seed(5)
            first, second = function(x), function(x)
            results.append((first, second, *torch.autograd.grad((first + second).sum(), x)))
            assert not torch.equal(first, second)
        torch.testing.assert_close(*results, rtol=0, atol=0)
    assert counter.frame_count <= 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own
def test_inductor_draws_another_dropout_at_every_call() -> None:
    torch.compiler.reset()
    compiled: Any = torch.compile(gm.nn.Dropout(0.5), fullgraph=True)
    x = torch.ones(1000, requires_grad=True)
    first, second = compiled(x), compiled(x)
    assert not torch.equal(first, second)
    assert torch.equal(torch.autograd.grad(first.sum(), x)[0], first.detach())


def test_nodes_without_edges_are_refused_when_the_program_runs() -> None:
    torch.compiler.reset()
    compiled: Any = torch.compile(LAYERS["GraphConv"](), backend="eager", fullgraph=True)
    compiled(whole(5), torch.ones(5, SIZE))
    with pytest.raises(RuntimeError, match="GraphConv needs an edge into every node"):
        compiled(gm.graph(([0], [1]), num_nodes=5), torch.ones(5, SIZE))


def shop(users: int, items: int) -> gm.Graph:
    """A graph of two node types and three edge types, with its layouts."""
    ends = [torch.randint(n, (3 * users,)) for n in (users, items, users)]
    made = gm.heterograph(
        {
            ("user", "buys", "item"): (ends[0], ends[1]),
            ("item", "sold", "user"): (ends[1], ends[0]),
            ("user", "knows", "user"): (ends[0], ends[2]),
        },
        {"user": users, "item": items},
    )
    made.create_formats_()
    return made


class Shop(nn.Module):
    """Layers for the edge types of a shop, and messages along them that meet."""

    def __init__(self) -> None:
        super().__init__()
        pair = (SIZE, SIZE)
        layers = {name: gm.nn.SAGEConv(pair, SIZE, "mean") for name in ("buys", "sold")}
        knows = gm.nn.GraphConv(SIZE, SIZE, allow_zero_in_degree=True)
        self.layer = gm.nn.HeteroGraphConv({**layers, "knows": knows})

    def forward(self, graph: gm.Graph, feats: dict[str, Tensor]) -> Tensor:
        with graph.local_scope():
            graph.ndata["h"] = self.layer(graph, feats)
            sums = (fn.copy_u("h", "m"), fn.sum("m", "h"))
            maxima = (fn.copy_u("h", "m"), fn.max("m", "h"))
            graph.multi_update_all({"sold": sums, "knows": maxima, "buys": sums}, "sum")
            both: dict[str, Tensor] = graph.ndata["h"]
            return torch.cat([both["user"], both["item"]])


def test_two_programs_serve_graphs_of_several_types_and_any_size() -> None:
    torch.compiler.reset()
    counter, model = CompileCounterWithBackend("eager"), Shop()
    compiled: Any = torch.compile(model, backend=counter, fullgraph=True)
    for users in SIZES[:4]:
        graph = shop(users, users + 3)
        feats = {n: torch.randn(graph.num_nodes(n), SIZE) for n in graph.ntypes}
        torch.testing.assert_close(compiled(graph, feats), model(graph, feats))
    assert counter.frame_count <= 2


def test_several_relations_compile() -> None:
    torch.compiler.reset()
    ends = ([0, 1, 1, 0], [0, 1, 2, 0])
    graph = gm.heterograph({("a", "x", "b"): ends, ("c", "y", "b"): ends})
    graph.create_formats_()
    layer = gm.nn.HeteroGraphConv(
        {name: gm.nn.GraphConv(SIZE, 3, allow_zero_in_degree=True) for name in "xy"}
    )

    def both(feats: dict[str, Tensor]) -> Tensor:
        out: Tensor = layer(graph, feats)["b"]
        with graph.local_scope():
            graph.srcdata["h"] = {ntype: feats[ntype] for ntype in "ac"}
            graph.update_all(fn.copy_u("h", "m"), fn.mean("m", "h"))
            mean: Tensor = graph.dstdata["h"]
            return out.sum() + mean.sum()

    feats = {ntype: torch.randn(n, SIZE) for ntype, n in (("a", 2), ("b", 3), ("c", 2))}
    compiled: Any = torch.compile(both, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(feats), both(feats))


# ---- functions of the user's own


class Own(nn.Module):
    def forward(self, graph: gm.Graph, feat: Tensor) -> Tensor:
        with graph.local_scope():
            graph.srcdata["h"] = feat
            graph.update_all(lambda edges: {"m": edges.src["h"] * 2}, fn.sum("m", "out"))
            out: Tensor = graph.dstdata["out"]
            return out


class Reducing(nn.Module):
    def forward(self, graph: gm.Graph, feat: Tensor) -> Tensor:
        with graph.local_scope():
            graph.srcdata["h"] = feat
            graph.update_all(fn.copy_u("h", "m"), lambda n: {"out": n.mailbox["m"].sum(1)})
            out: Tensor = graph.dstdata["out"]
            return out


def test_a_message_function_of_the_users_compiles() -> None:
    assert assert_compiled_like_eager(Own(), [block(nodes) for nodes in SIZES[:4]]) <= 2


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # which torch itself looks at
@pytest.mark.parametrize(
    "module", [Reducing(), Passing(fn.copy_u("h", "m"), fn.prod("m", "out"))], ids=["own", "prod"]
)
def test_a_reducer_by_degree_is_left_to_eager_mode(module: nn.Module) -> None:
    torch.compiler.reset()
    graph, feat = block(5), torch.randn(10, SIZE)
    with pytest.raises(Exception, match="compiled program does not know the degrees"):
        torch.compile(module, backend="eager", fullgraph=True)(graph, feat)
    torch.compiler.reset()
    made = torch.compile(module, backend="eager")(graph, feat)
    torch.testing.assert_close(made, module(graph, feat))
