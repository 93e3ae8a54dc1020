"""`as_dgl` answers DGL's modules with graphmp's objects, and says what it does not have."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pickle
import pkgutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import graphmp as gm
from graphmp.compat import as_dgl
from graphmp.compat.table import advice, modules

MODULES = [name for name, module in modules().items() if name[:3] == "dgl"]
PRESENT = [name for name in MODULES if not modules()[name].is_absent]
WHOLE = [module for module in modules().values() if module.whole == module.name]
ABSENT = [module.name for module in WHOLE if module.is_absent]
pytestmark = pytest.mark.usefixtures("answered")
NOTHING = "dgl.nothing", "dgl.data.nothing", "dgl.nn.pytorch.conv.nothing"


def loaded() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "dgl"}


def resolved(name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


@pytest.mark.parametrize(
    ("name", "value"),
    {
        "dgl.graph": gm.graph,
        "dgl.batch": gm.batch,
        "dgl.batch.batch": gm.batch,
        "dgl.merge": gm.merge,
        "dgl.DGLError": gm.GraphError,
        "dgl.convert.heterograph": gm.heterograph,
        "dgl.heterograph.DGLGraph": gm.DGLGraph,
        "dgl.nn.GATConv": gm.nn.GATConv,
        "dgl.nn.pytorch.conv.gatconv.GATConv": gm.nn.GATConv,
        "dgl.nn.pytorch.softmax.edge_softmax": gm.nn.functional.edge_softmax,
        "dgl.nn.pytorch.glob.SumPooling": gm.nn.SumPooling,
        "dgl.function.message.u_mul_e": gm.function.u_mul_e,
        "dgl.ops.edge_softmax": gm.ops.edge_softmax,
        "dgl.ops.spmm.u_mul_e_sum": gm.ops.u_mul_e_sum,
        "dgl.dataloading.neighbor_sampler.NeighborSampler": gm.dataloading.NeighborSampler,
        "dgl.dataloading.negative_sampler.Uniform": gm.dataloading.negative_sampler.Uniform,
        "dgl.dataloading.base.NID": gm.NID,
        "dgl.data.utils.download": gm.data.download,
        "dgl.data.citegrh.load_cora": gm.data.load_cora,
        "dgl.data.dgl_dataset.DGLDataset": gm.data.DGLDataset,
        "dgl.transforms.functional.add_self_loop": gm.add_self_loop,
        "dgl.transforms.to_block": gm.to_block,
        "dgl.optim.SparseAdam": gm.nn.optim.SparseAdam,
        "dgl.random.seed": gm.seed,
    }.items(),
)
def test_a_name_is_graphmps_own_object(name: str, value: Any) -> None:
    assert resolved(name) is value
    assert resolved(name) is value  # from the alias itself, the second time


@pytest.mark.parametrize("name", PRESENT)
def test_every_module_is_imported_with_its_public_names(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__name__ == name
    assert module.__all__ == modules()[name].available
    assert set(module.__all__) <= set(dir(module))
    assert [each for each in module.__all__ if not hasattr(module, each)] == []


def test_modules_are_attributes_of_the_modules_around_them() -> None:
    import dgl

    assert dgl.nn.pytorch.conv.gatconv is sys.modules["dgl.nn.pytorch.conv.gatconv"]
    assert dgl.data.utils is sys.modules["dgl.data.utils"]
    assert dgl.random is sys.modules["dgl.random"]
    assert dgl.nn.conv is dgl.nn.pytorch.conv
    assert {"nn", "data", "graph"} <= set(dir(dgl))


def test_importing_a_module_leaves_a_function_of_its_name() -> None:
    import dgl.batch
    import dgl.transforms.to_block

    assert dgl.batch is gm.batch
    assert dgl.transforms.to_block is gm.to_block


def test_a_star_imports_the_public_names() -> None:
    names: dict[str, Any] = {}
    exec("from dgl.dataloading import *", names)
    assert names["NeighborSampler"] is gm.dataloading.NeighborSampler
    assert "GPUCache" not in names


@pytest.mark.parametrize("name", [*ABSENT, *NOTHING])
def test_importing_a_missing_module_says_where_to_look(name: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"got {name}; see dgl.* in https.*docs/dgl\.md"):
        importlib.import_module(name)
    with pytest.raises(ImportError) as caught:
        importlib.import_module(name)
    assert caught.value.name == name
    assert isinstance(caught.value, ModuleNotFoundError)


@pytest.mark.parametrize("name", [*ABSENT, *NOTHING[:2]])
def test_asking_for_a_missing_module_says_that_it_is_missing(name: str) -> None:
    assert importlib.util.find_spec(name) is None


def test_what_is_missing_in_a_from_list_raises_for_the_statement_alone() -> None:
    assert __import__("dgl.nn", fromlist=["", "nothing"]) is sys.modules["dgl.nn"]
    with pytest.raises(gm.GraphImportError, match=r"got dgl\.nn\.nothing") as caught:
        from dgl.nn import nothing  # noqa: F401
    assert not isinstance(caught.value, ModuleNotFoundError)
    assert len(caught.traceback) == 2  # the statement, and the module


def test_a_missing_name_says_what_to_use_instead() -> None:
    import dgl

    message = r"got dgl.dataloading.GPUCache; see dgl.dataloading in .*docs/dgl.md. Instead: for a"
    with pytest.raises(gm.GraphImportError, match=message):
        from dgl.dataloading import GPUCache  # noqa: F401
    with pytest.raises(gm.GraphAttributeError, match=message):
        _ = dgl.dataloading.GPUCache
    with pytest.raises(NotImplementedError, match=r"got dgl.distributed; .*torch.distributed"):
        dgl.distributed.initialize("ip_config.txt")
    with pytest.raises(NotImplementedError, match=r"got dgl.frame.Columns; see dgl in https"):
        from dgl.frame import Columns  # noqa: F401


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("dgl.function.copy_src", "Instead: `copy_u`"),
        ("dgl.function.message.copy_src", "Instead: `copy_u`"),
        ("dgl.batch_hetero", "Instead: `gm.batch`"),
        ("dgl.contrib.sampling", "Instead: `gm.sampling`"),
        ("dgl.BatchedDGLHeteroGraph", "Instead: `gm.batch`"),
        ("dgl.batched_graph.BatchedDGLGraph", "Instead: `gm.batch`"),
        ("dgl.sparse.DiagMatrix", "Instead: `diag`"),
        ("dgl.data.rdf.AIFB", "Instead: `AIFBDataset`"),
        ("dgl.nn.GATConvv", "Did you mean GATConv[?]"),
        ("dgl._ffi.object._new_object", "Instead: load the pickle with DGL, save its graph"),
    ],
)
def test_an_older_or_misspelt_name_says_what_to_use_instead(name: str, hint: str) -> None:
    with pytest.raises(NotImplementedError, match=hint):
        resolved(name)


def test_a_name_unlike_any_other_has_no_hint() -> None:
    assert advice("dgl.nn.nothing").endswith("/docs/dgl.md.")


def test_what_is_missing_is_no_attribute() -> None:
    import dgl

    assert not hasattr(dgl, "graphbolt")
    assert not hasattr(dgl.dataloading, "GPUCache")
    assert not hasattr(dgl, "nothing")
    assert not hasattr(dgl, "__nothing__")


def test_programs_find_the_version() -> None:
    import dgl

    assert dgl.__version__ == importlib.metadata.version("dgl") == "2.1.0"
    assert importlib.metadata.version("DGL") == "2.1.0"
    assert importlib.util.find_spec("dgl") is not None
    assert importlib.util.find_spec("dgl.nn.pytorch") is not None
    assert "pytest" in {each.metadata["Name"] for each in importlib.metadata.distributions()}


def test_modules_have_a_file() -> None:
    import dgl.data

    assert Path(dgl.__file__).is_file()
    assert Path(dgl.data.__file__).parent.name == "dgl"


def test_modules_are_listed_by_pkgutil() -> None:
    import dgl.nn

    assert [each.name for each in pkgutil.iter_modules(dgl.nn.__path__, "dgl.nn.")] == [
        name for name in sorted(PRESENT) if name.rpartition(".")[0] == "dgl.nn"
    ]
    walked = {each.name for each in pkgutil.walk_packages(dgl.__path__, "dgl.")}
    assert {"dgl.nn.pytorch.conv.gatconv", "dgl.data.utils"} <= walked


def test_doing_so_again_changes_nothing() -> None:
    before, finders, path = loaded(), list(sys.meta_path), list(sys.path)
    as_dgl()
    assert (loaded(), sys.meta_path, sys.path) == (before, finders, path)
    assert importlib.reload(sys.modules["dgl"]) is before["dgl"]


def test_dgl_itself_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dgl", ModuleType("dgl"))
    with pytest.raises(gm.GraphRuntimeError, match="before the first import of dgl"):
        as_dgl()


def test_pickles_that_name_dgls_modules_are_read() -> None:
    text = b"cdgl.nn.pytorch.conv.gatconv\nGATConv\n."
    assert pickle.loads(text) is gm.nn.GATConv
