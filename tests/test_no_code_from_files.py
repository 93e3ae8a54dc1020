"""No file runs code: what could do so is not called, but in the places that are listed here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphmp

PACKAGE = Path(graphmp.__file__).parent

# Calls that run what a file or a text says, or read objects of any class.
FORBIDDEN = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "pickle.load",
    "pickle.loads",
    "pickle.Unpickler",
    "pickle._Unpickler",
    "torch.load",
    "torch.jit.load",
    "torch.package.PackageImporter",
    "np.load",
    "numpy.load",
    "np.lib.format.read_array",
    "joblib.load",
    "shelve.open",
    "dill.load",
    "dill.loads",
    "cloudpickle.load",
    "cloudpickle.loads",
    "marshal.load",
    "marshal.loads",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "pd.read_pickle",
    "pandas.read_pickle",
}
SAFE = {"weights_only": True, "allow_pickle": False}

# Loops that this installation has compiled: who can write there can change the package itself.
EXCEPTIONS = {("kernels/cpu/runtime/disk_cache.py", "pickle.loads")}


def is_safe(call: ast.Call) -> bool:
    """Whether an argument of a call turns objects off."""
    return any(
        keyword.arg in SAFE
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is SAFE[keyword.arg]
        for keyword in call.keywords
    )


def dangerous(source: str) -> Iterator[str]:
    """The calls of forbidden functions, and their imports by name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in FORBIDDEN and not is_safe(node):
            yield ast.unparse(node.func)
        if isinstance(node, ast.ImportFrom):
            yield from {f"{node.module}.{alias.name}" for alias in node.names} & FORBIDDEN


def test_nothing_runs_what_a_file_says() -> None:
    calls = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        for name in dangerous(path.read_text(encoding="utf-8"))
    }
    assert {(path, name) for path, name in calls if "unsafe" not in path} == EXCEPTIONS


@pytest.mark.parametrize(
    "source",
    [
        "import pickle\npickle.load(file)",
        "from pickle import loads",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "np.load(path)",
        "eval(text)",
        "yaml.load(file, Loader)",
    ],
)
def test_a_dangerous_call_is_noticed(source: str) -> None:
    assert list(dangerous(source))


def test_safe_calls_are_not_refused() -> None:
    assert not list(dangerous("model.eval()\nre.compile(p)\ntorch.load(p, weights_only=True)"))


def test_no_page_advises_to_trust_a_pickle() -> None:
    root = PACKAGE.parent
    pages = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("tutorials/*.py")]
    for path in [*pages, *PACKAGE.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        if path.name != "SECURITY.md":
            assert "weights_only=False" not in text, path.name
