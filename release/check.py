"""Build the wheel and the sdist into dist/, check them, and test the wheel where it is installed.

``make release-check`` runs it. Nothing but a package index is needed.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import graphmp

from .contents import check, check_sdist, check_wheel
from .interpreters import Environment, choose

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
CONSTRAINTS = ("constraints.txt", "constraints-oldest.txt")
BUILDERS = ("hatch-fancy-pypi-readme", "hatchling")  # [build-system] of pyproject.toml
# What every call does; --full runs all tests but those of the sources' own text.
QUICK = ["tests/semantics"]
FULL = ["tests", "--ignore=tests/test_docs.py", "--ignore=tests/test_words.py"]
INSTALLED = """
import importlib.metadata, pathlib, sys, graphmp
assert pathlib.Path(graphmp.__file__).is_relative_to(sys.prefix), graphmp.__file__
assert importlib.metadata.version("graphmp") == graphmp.__version__
graphmp.rand_graph(3, 5).in_degrees()
"""


def build(folder: Path, python: str) -> tuple[Path, Path]:
    """Build an sdist, and a wheel from it, and check both.

    Args:
        folder: a temporary folder.
        python: the Python to build with.

    Returns:
        The wheel and the sdist, in dist/.

    Raises:
        SystemExit: one of them is wrong, or the sources build another wheel than the sdist.
    """
    shutil.rmtree(DIST, ignore_errors=True)
    tools = Environment(folder / "tools", python)
    tools.install(ROOT / CONSTRAINTS[0], "build", "twine", *BUILDERS)
    command = ("-m", "build", "--no-isolation", "--outdir")
    tools.run(*command, DIST, ROOT)
    tools.run(*command, folder / "direct", "--wheel", ROOT)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    direct = folder / "direct" / wheel.name
    check(direct.read_bytes() == wheel.read_bytes(), "the sdist builds another wheel")
    check_wheel(wheel, graphmp.__version__)
    check_sdist(sdist, graphmp.__version__)
    tools.run("-m", "twine", "check", "--strict", wheel, sdist)
    return wheel, sdist


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist without its package, so that tests can only import the installed one.

    Args:
        sdist: the sdist.
        folder: where to.

    Returns:
        The folder of the tests and of what they read.
    """
    shutil.unpack_archive(sdist, folder)
    root = folder / sdist.name.removesuffix(".tar.gz")
    shutil.rmtree(root / "graphmp")
    return root


def test(environment: Environment, wheel: Path, constraints: Path, tests: list[str]) -> None:
    """Install the wheel alone and import it; then install pytest and run tests.

    Args:
        environment: a fresh environment.
        wheel: the wheel.
        constraints: the versions of what it requires, beside the tests.
        tests: arguments of pytest.
    """
    root = constraints.parent
    environment.install(constraints, wheel)
    environment.run("-c", INSTALLED, cwd=root)
    environment.install(constraints, f"{wheel}[test]")
    environment.run("-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", *tests, cwd=root)


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true", help="run all quick tests, not a part")
    parser.add_argument(
        "--pythons",
        nargs="*",
        default=[],
        metavar="3.X",
        help="test with these Pythons; 'all': those on PATH or in ~/.pyenv",
    )
    parser.add_argument("--markers", default="", help="which tests run, as pytest's -m")
    options = parser.parse_args()
    pythons = choose(options.pythons)
    tests = [*(FULL if options.full else QUICK), "-m", options.markers]
    with TemporaryDirectory() as name:
        folder = Path(name)
        wheel, sdist = build(folder, pythons[0])
        root = unpack(sdist, folder / "sources")
        for python in pythons:
            for constraints in CONSTRAINTS:
                environment = Environment(folder / "environment", python)
                test(environment, wheel, root / constraints, tests)
                shutil.rmtree(folder / "environment")
    print(f"{wheel.name} and {sdist.name} in dist/ are ready")


if __name__ == "__main__":
    main()
