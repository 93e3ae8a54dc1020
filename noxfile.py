"""Sessions of nox: the tests with the oldest and the newest supported packages, ONNX, the linters.

``nox --list`` shows the sessions. ``nox -s "tests(oldest)" -- tests/ops`` passes pytest what
follows the dashes, and ``--force-python 3.13`` names the Python.
"""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "tests"]

VERSIONS = [
    nox.param("constraints-oldest.txt", "test", id="oldest"),
    nox.param("constraints.txt", "dev", id="newest"),
]


@nox.session
@nox.parametrize(("constraints", "extra"), VERSIONS)
def tests(session: nox.Session, constraints: str, extra: str) -> None:
    """Run the tests and the examples in docstrings."""
    session.install("-c", constraints, "-e", f".[{extra}]")
    session.env["MPLBACKEND"] = "Agg"
    pytest = ("python", "-m", "pytest", "-n", "auto", "--dist", "worksteal")
    session.run(*pytest, *session.posargs)
    if not session.posargs:
        programs = "graphmp/kernels/cuda/programs"  # need Triton
        session.run(*pytest, "--doctest-modules", "graphmp", "--ignore", programs)


@nox.session
def onnx(session: nox.Session) -> None:
    """Export models to ONNX, and run them with onnxruntime."""
    session.install("-c", "constraints.txt", "-e", ".[test,onnx]", "onnxruntime")
    session.env["MPLBACKEND"] = "Agg"
    guide = "tests/test_guides.py::test_the_blocks_of_a_page_run[exporting]"
    tests = session.posargs or ["tests/compile/test_onnx.py", guide]
    session.run("python", "-m", "pytest", "-n", "auto", "--dist", "worksteal", *tests)


@nox.session
def lint(session: nox.Session) -> None:
    """Run ruff, mypy and codespell."""
    session.install("-c", "constraints.txt", "-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("codespell")
