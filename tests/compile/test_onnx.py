"""Layers and operations are exported to ONNX, and onnxruntime agrees with them at other sizes."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from support.compiled import block
from support.layers import IN, LAYERS, call, edge_input, made
from support.readouts import BATCHES, READOUTS, batch
from torch import Tensor, nn
from torch.export import Dim
from torch.utils._pytree import tree_leaves

import graphmp as gm

NEEDED = "pip install 'graphmp[onnx]' onnxruntime"
pytestmark = [
    pytest.mark.compiler,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch's own
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

NOT_EXPORTED = {"SAGEConv lstm"}  # calls a formula for each degree
SIZES = ((7, 20), (11, 40), (30, 20), (1, 1), (5, 0))  # numbers of nodes and edges


class Called(nn.Module):
    """A layer, called as its row says."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.layer = name, made(name)

    def forward(self, graph: gm.Graph, feat: Tensor, edge: Any = None) -> Tensor:
        return call(self.name, self.layer, graph, feat, edge)


def dynamic(value: Any) -> Any:
    """The first dimension of every tensor is dynamic; a graph has a list of tensors."""
    if isinstance(value, Tensor):
        return {0: Dim.AUTO}
    if isinstance(value, gm.Graph):
        return [{0: Dim.AUTO} for _ in tree_leaves(value)]
    return type(value)(map(dynamic, value))


def exported(module: nn.Module, arguments: tuple[Any, ...]) -> Any:
    """A session of onnxruntime, with dynamic numbers of nodes and edges."""
    pytest.importorskip("onnxscript", reason=NEEDED)
    onnxruntime = pytest.importorskip("onnxruntime", reason=NEEDED)
    program = torch.onnx.export(
        module,
        arguments,
        dynamo=True,
        dynamic_shapes=dynamic(arguments),
        custom_translation_table=gm.ops.onnx_translations(),
        verbose=False,
    )
    assert program is not None
    return onnxruntime.InferenceSession(program.model_proto.SerializeToString())


def assert_agrees(session: Any, module: nn.Module, arguments: tuple[Any, ...]) -> None:
    """The results of onnxruntime are those of the module."""
    names = [each.name for each in session.get_inputs()]
    feeds = {n: t.numpy() for n, t in zip(names, tree_leaves(arguments), strict=True)}
    results = [torch.from_numpy(result) for result in session.run(None, feeds)]
    with torch.no_grad():
        wanted = module(*arguments)
    wanted = [wanted] if isinstance(wanted, Tensor) else list(wanted)
    torch.testing.assert_close(results, wanted, rtol=1e-4, atol=2e-5, equal_nan=True)


def random_graph(nodes: int, edges: int, idtype: torch.dtype = torch.int64) -> gm.Graph:
    ends = torch.randint(nodes, (2, edges))
    graph = gm.graph((ends[0], ends[1]), num_nodes=nodes, idtype=idtype)
    graph.create_formats_()
    return graph


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in NOT_EXPORTED])
def test_every_layer_runs_on_graphs_of_other_sizes(name: str) -> None:
    torch.manual_seed(0)
    module = Called(name).eval()

    def arguments(nodes: int, edges: int) -> tuple[Any, ...]:
        graph, feat = random_graph(nodes, edges), torch.randn(nodes, IN)
        return (graph, feat, edge_input(name, graph)) if LAYERS[name].edge else (graph, feat)

    with torch.no_grad():
        session = exported(module, arguments(7, 20))
    for size in SIZES:
        assert_agrees(session, module, arguments(*size))


@pytest.mark.parametrize("name", ["RelGraphConv", "RelGraphConv bdd", "HGTConv", "SAGEConv mean"])
def test_layers_run_on_int32_ids(name: str) -> None:
    torch.manual_seed(0)
    module = Called(name).eval()

    def arguments(nodes: int, edges: int) -> tuple[Any, ...]:
        graph, feat = random_graph(nodes, edges, torch.int32), torch.randn(nodes, IN)
        return (graph, feat, edge_input(name, graph)) if LAYERS[name].edge else (graph, feat)

    with torch.no_grad():
        session = exported(module, arguments(7, 20))
    for size in SIZES:
        assert_agrees(session, module, arguments(*size))


class IndexAdd(nn.Module):
    """torch's own operation, in a model beside layers."""

    def forward(self, x: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        base = torch.ones_like(x)
        return base.index_add(-1, index, x, alpha=2), base.index_add(0, index, x)


def test_index_add_in_a_model_runs_along_every_dimension() -> None:
    arguments = (torch.randn(5, 5), torch.tensor([0, 3, 3, 1, 0], dtype=torch.int32))
    module = IndexAdd().eval()
    assert_agrees(exported(module, arguments), module, arguments)


class Two(nn.Module):
    """Two layers on two blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = gm.nn.GraphConv(4, 6), gm.nn.GATConv(6, 3, 2)

    def forward(self, blocks: list[gm.Graph], feat: Tensor) -> Tensor:
        out: Tensor = self.second(blocks[1], self.first(blocks[0], feat).relu())
        return out


def test_blocks_and_a_program_with_gradients() -> None:
    torch.manual_seed(0)

    def arguments(nodes: int) -> tuple[Any, ...]:
        return [block(2 * nodes), block(nodes)], torch.randn(4 * nodes, 4)

    module = Two().eval()
    session = exported(module, arguments(5))
    for nodes in (5, 8, 20):
        assert_agrees(session, module, arguments(nodes))


@pytest.mark.filterwarnings("ignore:The tensor attributes:UserWarning")  # of torch's own LSTM
@pytest.mark.parametrize("name", READOUTS)
def test_every_readout_runs_on_batches_of_other_sizes(name: str) -> None:
    torch.manual_seed(0)
    module = READOUTS[name]().eval()
    with torch.no_grad():
        session = exported(module, batch(BATCHES[0]))
    for nodes in (*BATCHES, (1,), (1, 1)):
        assert_agrees(session, module, batch(nodes))


class Operations(nn.Module):
    """Messages and reducers of every kind, on features of several shapes and dtypes."""

    def forward(self, graph: gm.Graph, x: Tensor, w: Tensor, number: Tensor) -> list[Tensor]:
        u, v = x[: graph.num_src_nodes()], 2 * x[: graph.num_dst_nodes()]
        ops, wide, whole = gm.ops, w.unsqueeze(1), number.long()
        return [
            ops.u_mul_e_sum(graph, u, w),
            ops.u_sub_v_max(graph, u, v),
            ops.u_add_e_min(graph, u.unsqueeze(1), wide.unsqueeze(2)),
            ops.u_dot_v(graph, u, v),
            ops.u_dot_e_mean(graph, u, wide.expand(-1, u.shape[1])),
            ops.copy_e_max(graph, whole),
            ops.copy_e_sum(graph, whole),
            ops.copy_e_mean(graph, whole),
            ops.copy_e_min(graph, number > 0),
            ops.copy_u_sum(graph.reverse(), u.double()),
            ops.copy_e_sum(graph, w.half()),
            ops.edge_softmax(graph, wide.expand(-1, 2), norm_by="src"),
        ]


@pytest.mark.parametrize("idtype", [torch.int32, torch.int64])
def test_messages_of_every_kind(idtype: torch.dtype) -> None:
    torch.manual_seed(0)

    def arguments(nodes: int, edges: int) -> tuple[Any, ...]:
        graph = random_graph(nodes, edges, idtype)
        return graph, torch.randn(nodes, 3), torch.rand(edges), torch.randint(-3, 3, (edges,))

    module = Operations().eval()
    with torch.no_grad():
        session = exported(module, arguments(7, 20))
    for size in SIZES[:3]:
        assert_agrees(session, module, arguments(*size))


def test_dropout_in_evaluation_is_nothing() -> None:
    module, x = nn.Sequential(gm.nn.Dropout(0.5), nn.Linear(3, 2)).eval(), torch.randn(4, 3)
    with torch.no_grad():
        assert_agrees(exported(module, (x,)), module, (torch.randn(9, 3),))


@pytest.mark.filterwarnings("ignore:Exporting a model while it is in training:UserWarning")
def test_dropout_and_formulas_are_refused() -> None:
    graph, feat = random_graph(5, 9), torch.randn(5, IN)
    with pytest.raises(Exception, match="export") as raised:
        exported(gm.nn.GATConv(IN, 2, 2, attn_drop=0.5, allow_zero_in_degree=True), (graph, feat))
    assert "call model.eval() before the export" in _reasons(raised.value)
    with pytest.raises(Exception, match="export") as raised:
        exported(gm.nn.SAGEConv(IN, 2, "lstm"), (graph, feat))
    assert "called once for each degree" in _reasons(raised.value)


def _reasons(error: BaseException | None) -> str:
    """The messages of an error and of its causes."""
    return "" if error is None else f"{error} {_reasons(error.__cause__)}"


def test_without_onnxscript_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(gm.GraphImportError, match=r"pip install 'graphmp\[onnx\]'"):
        gm.ops.onnx_translations()
