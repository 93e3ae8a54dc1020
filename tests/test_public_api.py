"""What users may import: complete, documented, and there with torch and NumPy alone."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
import typing
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import graphmp as gm
import graphmp.function as fn
from graphmp import ops

TESTS = Path(__file__).resolve().parent
OPTIONAL = (
    *("numba", "scipy", "networkx", "triton", "pooch", "tqdm", "matplotlib", "pandas"),
    "safetensors",
)


def modules() -> Iterator[ModuleType]:
    """The package and every module in it."""
    yield gm
    for found in pkgutil.walk_packages(gm.__path__, "graphmp."):
        yield importlib.import_module(found.name)


def own(module: ModuleType) -> dict[str, Any]:
    """The public functions and classes that a module defines itself."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    }


def methods(owner: type) -> dict[str, Any]:
    """The public methods and properties that a class defines itself."""
    kinds = (property, classmethod, staticmethod)
    return {
        name: getattr(value, "__func__", getattr(value, "fget", value))
        for name, value in vars(owner).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, kinds))
    }


def test_all_lists_what_the_top_of_the_package_binds() -> None:
    bound = {n for n, v in vars(gm).items() if n[0] != "_" and not inspect.ismodule(v)}
    packages = {
        "__version__",
        "compat",
        "data",
        "dataloading",
        "function",
        "init",
        "io",
        "kernels",
        "nn",
        "ops",
        "sampling",
        "sparse",
        "transforms",
        "tune",
    }
    assert set(gm.__all__) == bound | packages


def test_every_name_in_any_all_exists_once() -> None:
    for module in modules():
        names = getattr(module, "__all__", [])
        assert len(names) == len(set(names)), module.__name__
        assert [name for name in names if not hasattr(module, name)] == [], module.__name__


def test_all_of_the_builtins_is_the_table() -> None:
    assert {*fn.message_names(), *fn.reducer_names()} < set(fn.__all__) <= set(dir(fn))
    assert set(ops.__all__) <= set(dir(ops))


def test_every_public_function_class_method_and_module_is_documented() -> None:
    bare = [module.__name__ for module in modules() if not module.__doc__]
    for module in modules():
        for name, value in own(module).items():
            parts = {name: value}
            if inspect.isclass(value):
                parts |= {f"{name}.{each}": part for each, part in methods(value).items()}
            bare += [
                f"{module.__name__}.{each}" for each, part in parts.items() if not part.__doc__
            ]
    assert bare == []


@pytest.mark.parametrize(
    "name", [name for name in gm.__all__ if inspect.isfunction(getattr(gm, name))]
)
def test_a_function_at_the_top_explains_every_argument_and_shows_an_example(name: str) -> None:
    function = getattr(gm, name)
    text = inspect.getdoc(function) or ""
    for parameter in inspect.signature(function).parameters:
        assert f"{parameter}: " in text, parameter
    assert ">>> " in text


def test_every_public_function_is_typed() -> None:
    for module in modules():
        for name, value in own(module).items():
            functions = methods(value) if inspect.isclass(value) else {name: value}
            for each, function in functions.items():
                signature = inspect.signature(function)
                assert signature.return_annotation is not inspect.Signature.empty, (name, each)
                untyped = [
                    parameter.name
                    for parameter in signature.parameters.values()
                    if parameter.annotation is inspect.Parameter.empty
                    and parameter.name not in ("self", "cls")
                ]
                assert untyped == [], (name, each)
    assert (Path(gm.__file__).parent / "py.typed").is_file()


def test_the_types_of_every_public_name_can_be_resolved() -> None:
    for module in (
        gm,
        gm.data,
        gm.dataloading,
        fn,
        gm.nn,
        ops,
        gm.sampling,
        gm.transforms,
        gm.tune,
    ):
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value):
                typing.get_type_hints(value.__init__ if inspect.isclass(value) else value)


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a new interpreter that takes every warning for an error."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(
        command, cwd=TESTS.parent, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.program
def test_import_is_silent_and_imports_no_optional_package() -> None:
    done = run(
        f"import sys, torch\nbefore = set(sys.modules)\nimport graphmp\n"
        f"print(sorted((set(sys.modules) - before) & set({OPTIONAL})))"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


WITHOUT = f"""
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    '''Finds nothing of the optional packages, as where they are not installed.'''

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        missing = name.partition(".")[0] in {OPTIONAL}
        return None if missing else super().find_spec(name, path, target)

sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]
sys.path.insert(0, {str(TESTS)!r})
"""


@pytest.mark.program
def test_without_optional_packages_they_are_really_missing() -> None:
    for package in OPTIONAL:
        done = run(f"{WITHOUT}\nimport {package}")
        assert f"ModuleNotFoundError: No module named '{package}'" in done.stderr


@pytest.mark.program
def test_without_optional_packages_update_all_is_correct() -> None:
    done = run(
        WITHOUT
        + """
import torch
from support import dense
import graphmp as gm, graphmp.function as fn

assert gm.kernels.select(gm.kernels.Call("spmm", "cpu", torch.float32)).name == "reference"
src, dst = [0, 1, 2, 2, 3, 0, 4], [1, 1, 2, 1, 0, 1, 2]
features = {"u": torch.rand(5, 3).double() + 1, "e": torch.rand(7, 3).double() + 1}
leaves = [tensor.requires_grad_() for tensor in features.values()]
for message in fn.message_names():
    for reducer in fn.reducer_names():
        ends = message[-1] if "copy" in message else message[0] + message[-1]
        operands = [features["e" if end == "e" else "u"] for end in ends]
        g = gm.graph((src, dst))
        g.ndata["x"], g.edata["x"] = leaves
        g.update_all(getattr(fn, message)(*["x"] * len(ends), "m"), getattr(fn, reducer)("m", "y"))
        expected = dense.update_all(message, reducer, src, dst, 5, *operands)
        torch.testing.assert_close(g.ndata["y"], expected)
        grads = [torch.autograd.grad(y.sum(), operands) for y in (g.ndata["y"], expected)]
        torch.testing.assert_close(*grads)
print("correct")
"""
    )
    assert done.stdout == "correct\n", done.stderr


@pytest.mark.program
def test_it_runs_from_a_zip_archive(tmp_path: Path) -> None:
    archive, package = tmp_path / "graphmp.zip", Path(gm.__file__).parent
    with zipfile.ZipFile(archive, "w") as file:
        for path in package.rglob("*.py"):
            file.write(path, path.relative_to(package.parent))
    code = f"""
import sys
sys.path.insert(0, {str(archive)!r})
import graphmp as gm
assert gm.__file__.startswith({str(archive)!r}), gm.__file__
print(gm.ops.copy_u_sum(gm.graph(([0, 1], [1, 1])), __import__("torch").ones(2, 1)).tolist())
"""
    done = run(code)
    assert done.stdout == "[[0.0], [2.0]]\n", done.stderr
