"""A model of blocks is exported, and the program runs on blocks of other sizes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
import torch
from support.compiled import LARGE, LAYERS, SIZE, block, whole
from support.laws import assert_close
from support.readouts import BATCHES, READOUTS, batch
from support.versions import exports
from torch.export import Dim, export, load, save
from torch.utils import _pytree

import graphmp as gm

pytestmark = pytest.mark.compiler


def exported(name: str, graph: gm.Graph) -> tuple[torch.nn.Module, torch.export.ExportedProgram]:
    torch.manual_seed(0)
    module, feat = LAYERS[name](), torch.randn(graph.num_src_nodes(), SIZE)
    every = [{0: Dim.AUTO} for _ in _pytree.tree_leaves(graph)]
    return module, export(module, (graph, feat), dynamic_shapes=(every, {0: Dim.AUTO}))


@exports
@pytest.mark.parametrize(
    "name", ["GraphConv", "SAGEConv pool", "GATConv", "RelGraphConv bdd", "HGTConv", "u_div_e mean"]
)
def test_a_program_of_one_block_runs_on_others_with_gradients(name: str) -> None:
    module, program = exported(name, block(10))
    for nodes in (11, 17, 30):
        graph, feat = block(nodes), torch.randn(2 * nodes, SIZE, requires_grad=True)
        made, wanted = program.module()(graph, feat), module(graph, feat)
        assert_close(made, wanted)
        upstream = torch.randn_like(wanted)
        found, right = (torch.autograd.grad(out, feat, upstream)[0] for out in (made, wanted))
        assert_close(found, right)


@exports
@pytest.mark.parametrize("sizes", [(10, LARGE), (LARGE, 10)], ids=str)
@pytest.mark.parametrize("make", [whole, block])
@pytest.mark.parametrize("name", [name for name in LAYERS if name != "GatedGraphConv"])
def test_a_program_of_a_small_graph_runs_on_a_large_one_and_the_reverse(
    name: str, make: Callable[[int], gm.Graph], sizes: tuple[int, int]
) -> None:
    (module, program), graph = exported(name, make(sizes[0])), make(sizes[1])
    feat = torch.randn(graph.num_src_nodes(), SIZE)
    assert_close(program.module()(graph, feat), module(graph, feat))


@exports
@pytest.mark.filterwarnings("ignore:The tensor attributes:UserWarning")  # of torch's own LSTM
@pytest.mark.parametrize("name", READOUTS)
def test_a_program_of_one_batch_runs_on_others(name: str) -> None:
    torch.manual_seed(0)
    module, (graph, feat) = READOUTS[name](), batch(BATCHES[0])
    every = [{0: Dim.AUTO} for _ in _pytree.tree_leaves(graph)]
    program = export(module, (graph, feat), dynamic_shapes=(every, {0: Dim.AUTO})).module()
    for nodes in BATCHES:
        graph, feat = batch(nodes)
        assert_close(program(graph, feat), module(graph, feat))


@exports
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own
def test_a_program_is_saved_and_loaded() -> None:
    module, program = exported("GraphConv", block(10))
    program.example_inputs = None  # a graph is no plain data
    file = io.BytesIO()
    save(program, file)
    file.seek(0)
    graph, feat = block(12), torch.randn(24, SIZE)
    assert_close(load(file).module()(graph, feat), module(graph, feat))


@exports
def test_dropout_is_exported_for_training_and_is_nothing_in_evaluation() -> None:
    layer, shapes = gm.nn.Dropout(0.5), ({0: Dim.AUTO},)
    program = export(layer, (torch.ones(10, SIZE),), dynamic_shapes=shapes)
    x, results = torch.randn(300, SIZE), []
    for module in (program.module(), layer):
        torch.manual_seed(3)
        results.append(module(x))
    assert torch.equal(*results)
    nodes = export(layer.eval(), (x,)).graph.nodes
    assert {node.op for node in nodes} == {"placeholder", "output"}


def test_a_graph_is_taken_apart_and_put_together() -> None:
    graph = gm.heterograph(
        {("a", "x", "b"): ([0, 1], [1, 0]), ("b", "y", "b"): ([0], [2])}, {"a": 2, "b": 4, "c": 5}
    )
    graph.nodes["c"].data["h"] = torch.ones(5)
    graph.edges["x"].data["w"] = torch.ones(2)
    tensors, spec = _pytree.tree_flatten(graph)
    again = _pytree.tree_unflatten(tensors, spec)
    assert again.canonical_etypes == graph.canonical_etypes
    assert {t: again.num_nodes(t) for t in "abc"} == {"a": 2, "b": 4, "c": 5}
    assert torch.equal(torch.stack(again.edges(etype="x")), torch.stack(graph.edges(etype="x")))
    assert torch.equal(again.nodes["c"].data["h"], torch.ones(5))
    assert torch.equal(again.edges["x"].data["w"], torch.ones(2))


def test_a_batch_stays_a_batch() -> None:
    ends = ([0, 1, 1], [1, 0, 1])
    graph = gm.heterograph({("b", "x", "a"): ends, ("a", "y", "a"): ends}, {"a": 5, "b": 3})
    graph.set_batch_num_nodes({"b": [1, 2], "a": [4, 1]})
    graph.set_batch_num_edges({"y": [3, 0], "x": [1, 2]})
    again = _pytree.tree_map(lambda tensor: tensor.clone(), graph)
    assert again.batch_size == 2
    assert {t: again.batch_num_nodes(t).tolist() for t in "ab"} == {"a": [4, 1], "b": [1, 2]}
    assert {t: again.batch_num_edges(t).tolist() for t in "xy"} == {"x": [1, 2], "y": [3, 0]}


def test_numbers_that_are_not_those_of_a_batch_are_refused() -> None:
    graph = gm.graph(([0], [1]))
    graph.set_batch_num_nodes([3, 4])
    with pytest.raises(gm.GraphValueError, match="call set_batch_num_nodes"):
        _pytree.tree_flatten(graph)


def test_a_block_stays_a_block() -> None:
    graph = block(3)
    again = _pytree.tree_map(lambda tensor: tensor.clone(), graph)
    assert again.is_block
    assert (again.num_src_nodes(), again.num_dst_nodes()) == (6, 3)


@pytest.mark.skipif(which("g++") is None, reason="needs a C++ compiler: install g++")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", ["GATConv", "SAGEConv mean", "SAGEConv pool"])
def test_a_program_is_compiled_to_a_library(name: str, tmp_path: Path) -> None:
    module, program = exported(name, block(10))
    path = torch._inductor.aoti_compile_and_package(
        program, package_path=str(tmp_path / "model.pt2")
    )
    run = torch._inductor.aoti_load_package(path)
    for nodes in (10, 17):
        graph, feat = block(nodes), torch.randn(2 * nodes, SIZE)
        assert_close(run(graph, feat), module(graph, feat))


def test_no_name_of_a_type_ends_a_raw_literal_of_cpp() -> None:
    ends = ([0, 1], [1, 0])
    graph = gm.heterograph({('a)"', '")', "b)"): ends}, {'a)"': 2, "b)": 3})
    _, spec = _pytree.tree_flatten(graph)
    text = _pytree.treespec_dumps(spec)
    assert ')"' not in text
    assert _pytree.treespec_loads(text) == spec
