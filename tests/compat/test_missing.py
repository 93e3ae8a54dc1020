"""A graph and the package answer a wrong guess with what takes its place."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp.compat.table import modules, older, others

G = gm.graph(([0, 1], [1, 2]))


def answer(owner: Any, name: str) -> str:
    with pytest.raises(gm.GraphAttributeError) as caught:
        getattr(owner, name)
    assert caught.value.name == name
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("x", 'Instead: `g.ndata["x"]`'),
        ("edge_index", "Instead: `gm.to_edge_index(g)`"),
        ("num_nodes_dict", "Instead: `{t: g.num_nodes(t) for t in g.ntypes}`"),
        ("neighbors", "Instead: `g.successors(v)`"),
        ("nodes_iter", "Instead: `g.nodes()`"),
        ("number_of_selfloops", "Instead: `g.has_edges_between"),
        ("cuda", 'Instead: `g.to("cuda")`'),
        ("adjacency_matrix_scipy", 'Instead: `g.adj_external(scipy_fmt="csr")`'),
        ("from_networkx", "Instead: `gm.from_networkx`"),
        ("to_bidirected", "Instead: `gm.to_bidirected`"),
        ("in_degres", "Did you mean in_degrees?"),
        ("nothing_like_it", "Features are in g.ndata and g.edata."),
    ],
)
def test_a_graph_says_what_to_use_instead(name: str, hint: str) -> None:
    assert answer(G, name).startswith(f"Expected an attribute of a graph, got {name}. {hint}")
    assert not hasattr(G, name)
    assert getattr(G, name, None) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Data", " Instead: `gm.graph`"),
        ("DGLGrph", " Did you mean DGLGraph?"),
        ("GATConv", " Instead: `gm.nn.GATConv`."),
        ("u_mul_e", " Instead: `gm.function.u_mul_e`."),
        ("optim", " Instead: `gm.nn.optim`."),
        ("distributed", " Instead: `torch.distributed`"),
        ("backend_name", " Instead: `dgl.backend_name`, after `gm.compat.as_dgl()`."),
        ("utils", " Instead: `dgl.utils`, after `gm.compat.as_dgl()`."),
        ("batch_hetero", " Instead: `gm.batch`"),
        ("nothing_like_it", ""),
        ("_private", ""),
    ],
)
def test_the_package_says_what_to_use_instead(name: str, hint: str) -> None:
    assert answer(gm, name).startswith(f"Expected a name of graphmp, got {name}.{hint}")
    assert not hasattr(gm, name)


@pytest.mark.parametrize(
    ("package", "name", "hint"),
    [
        (gm.nn, "GCNConv", "Instead: `GraphConv`."),
        (gm.nn, "GATConvv", "Did you mean GATConv?"),
        (gm.data, "Planetoid", "Instead: `CoraGraphDataset`"),
        (gm.data, "GraphConv", "Instead: `gm.nn.GraphConv`."),
        (gm.dataloading, "NeighborLoader", "Instead: `DataLoader` with a `NeighborSampler`"),
        (gm.sampling, "random_walks", "Did you mean random_walk?"),
        (gm.sparse, "eye", "Instead: `identity`."),
        (gm.transforms, "ToUndirected", "Instead: `AddReverse`"),
    ],
)
def test_its_packages_do_so(package: Any, name: str, hint: str) -> None:
    start = f"Expected a name of {package.__name__}, got {name}. {hint}"
    assert answer(package, name).startswith(start)


def test_an_import_of_a_missing_name_says_it_too() -> None:
    with pytest.raises(gm.GraphImportError, match=r"got GCNConv\. Instead: `GraphConv`"):
        from graphmp.nn import GCNConv  # type: ignore[attr-defined] # noqa: F401
    with pytest.raises(gm.GraphImportError, match=r"got Data\. Instead: `gm\.graph`"):
        from graphmp import Data  # type: ignore[attr-defined] # noqa: F401


OWNERS = {
    "DGLGraph": G,
    "dgl": gm,
    "dgl.data": gm.data,
    "dgl.dataloading": gm.dataloading,
    "dgl.nn": gm.nn,
    "dgl.sparse": gm.sparse,
    "dgl.transforms": gm.transforms,
}


@pytest.mark.parametrize("table", [older, others])
def test_every_name_of_the_table_is_answered(table: Any) -> None:
    for name, text in table().items():
        place, _, last = name.rpartition(".")
        if place in OWNERS:
            assert f"got {last}. Instead: {text}." in answer(OWNERS[place], last), name


def test_what_the_table_advises_exists() -> None:
    for name, text in others().items():
        owner = OWNERS[name.rpartition(".")[0]]
        for word in re.findall(r"`(\w+)`", text):
            assert hasattr(owner, word) or word == "Dataset", name
        for method in re.findall(r"`g\.(\w+)", text):
            assert hasattr(G, method), name


def test_names_of_other_libraries_are_none_of_dgls() -> None:
    for name in others():
        place, _, last = name.rpartition(".")
        assert last not in modules()[place].names


def test_graphs_are_copied_and_pickled_as_before() -> None:
    for new in (copy.copy(G), copy.deepcopy(G), pickle.loads(pickle.dumps(G))):
        assert [ends.tolist() for ends in new.edges()] == [[0, 1], [1, 2]]
    empty = gm.Graph.__new__(gm.Graph)
    assert not hasattr(empty, "_meta")
    assert not hasattr(empty, "__deepcopy__")


def test_a_property_that_fails_says_its_own_error() -> None:
    class Own(gm.DGLGraph):
        @property
        def total(self) -> Any:
            return self.edata.nothing

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = Own(([0], [1])).total


@pytest.mark.compiler
def test_a_compiled_program_asks_for_names() -> None:
    def double(g: gm.Graph, x: torch.Tensor) -> torch.Tensor:
        return x * (3 if hasattr(g, "x") else 2)

    compiled = torch.compile(double, backend="eager", fullgraph=True)
    assert compiled(G, torch.ones(1)).tolist() == [2]


PACKAGES = [gm, gm.compat, gm.data, gm.dataloading, gm.init, gm.io, gm.nn, gm.nn.functional]
PACKAGES += [gm.nn.optim, gm.sampling, gm.sparse, gm.transforms, gm.tune]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_completion_offers_public_names_alone(package: Any) -> None:
    assert dir(package) == sorted(package.__all__)


@pytest.mark.program
def test_type_checkers_report_names_that_do_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("import graphmp as gm\ngm.DGLGrph\ngm.graph(([0], [1])).edge_index\n")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=Path(gm.__file__).parents[1], check=False
    )
    assert 'Module has no attribute "DGLGrph"' in done.stdout
    assert '"Graph" has no attribute "edge_index"' in done.stdout
