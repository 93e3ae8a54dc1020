"""Packages that import DGL compute the same with graphmp in its place.

``python -m benchmarks.packages --dgl /path/to/python``

Each package is installed from PyPI into a folder, for this interpreter and for DGL's, without its
dependencies besides the few that its models need: the interpreters have torch, NumPy, SciPy,
networkx, tqdm, PyYAML, requests and packaging. Then each library runs the programs of
``package_programs`` with the same weights and inputs. The table has the largest difference of the
outputs, and of all gradients relative to the largest of them. Without ``--dgl`` the programs only
run here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
TOLERANCE = 1e-5

_PLOTS = [
    "matplotlib",
    "packaging",
    "contourpy",
    "cycler",
    "fonttools",
    "kiwisolver",
    "pillow",
    "pyparsing",
]
_TABLES = ["pandas==2.3.3", "python-dateutil", "six", "tzdata", "pytz"]
_LEARN = ["scikit-learn", "joblib", "threadpoolctl", "cloudpickle", "narwhals"]
_OGB = ["ogb==1.3.6", "outdated", "littleutils", *_TABLES, *_LEARN]
_PYDANTIC = ["pydantic==2.12.5", "pydantic-core==2.41.5", "annotated-types", "typing-inspection"]
_LIGHTNING = ["lightning-utilities", "torchmetrics==1.3.2"]


class Package(NamedTuple):
    """A package: its name among the programs, and all that pip installs for it."""

    name: str
    requirements: Sequence[str]


PACKAGES = [
    Package("alignn", ["alignn==2024.8.30", *_PYDANTIC, "pydantic-settings", "python-dotenv",
                       "jarvis-tools", "xmltodict", "toolz", "spglib", "lmdb", *_PLOTS, *_TABLES,
                       *_LEARN]),
    Package("deepchem", ["deepchem==2.8.0", "rdkit", "sympy", "mpmath", "dgllife==0.3.2",
                         "hyperopt", "future", "pillow", *_TABLES, *_LEARN]),
    Package("dgld", ["DGLD==0.3.0", "wget", "colorama", "texttable", "tensorboard", "protobuf",
                     "absl-py", *_OGB, *_PLOTS]),
    Package("dglgo", ["dglgo==0.0.2", "pydantic==1.10.26", "numpydoc", *_OGB]),
    Package("dgllife", ["dgllife==0.3.2", "rdkit", "pillow", "hyperopt", "future", *_TABLES,
                        *_LEARN]),
    Package("matgl", ["matgl==1.1.3", "ase", "monty", "ruamel.yaml", *_PLOTS, *_LIGHTNING]),
    Package("mgnn", ["mgnn==0.1.0.dev0", *_LIGHTNING]),
    Package("ogb", _OGB),
    Package("openhgnn", ["openhgnn==0.4.2", "networkx==2.8.8", "optuna", "colorlog", "alembic",
                         "sqlalchemy", "greenlet", "Mako", "nltk", "regex", "click", "colorama",
                         "igraph", "texttable", "ordered-set", "tensorboard", "protobuf",
                         "absl-py", "lmdb", *_OGB, *_PLOTS]),
    Package("torch_geometric", ["torch_geometric==2.6.1", "psutil", "xxhash"]),
]  # fmt: skip


class Row(NamedTuple):
    """A line of the table."""

    package: str
    program: str
    outputs: str
    gradients: str


def install(python: str, package: Package, folder: Path) -> None:
    """Install a package for an interpreter, unless its folder is there."""
    if folder.exists():
        return
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, *package.requirements], check=True)


def run(
    python: str, package: Package, folder: Path, *options: str
) -> dict[str, tuple[Tensor, ...]]:
    """Run the programs of a package in a process of their own; outputs and gradients by program."""
    library = "graphmp" if options else "dgl"
    site = folder / f"site-{library}"
    install(python, package, site)
    paths = os.pathsep.join([str(ROOT), str(site)] if options else [str(site)])
    command = [python, "-W", "ignore", "-m", "benchmarks.package_programs"]
    subprocess.run(
        [*command, package.name, str(folder), *options],
        cwd=ROOT if options else _elsewhere(folder),
        env={**os.environ, "PYTHONPATH": paths, "MPLBACKEND": "Agg"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    results: dict[str, tuple[Tensor, ...]] = torch.load(folder / f"{library}.pt")
    return results


def _elsewhere(folder: Path) -> Path:
    """A folder that has the programs, but not graphmp."""
    link = folder / "benchmarks"
    if not link.exists():
        link.symlink_to(ROOT / "benchmarks")
    return folder


def rows_of(package: Package, folder: Path, dgl: str | None) -> Iterable[Row]:
    """Compare the programs of one package."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = run(sys.executable, package, folder, "--as-dgl")
    theirs = run(dgl, package, folder) if dgl else {}
    name = package.requirements[0]
    for program, (output, gradient) in ours.items():
        if program not in theirs:
            yield Row(name, program, "runs", "runs")
            continue
        other, steepest = theirs[program]
        scale = max(float(steepest.abs().max()), 1e-30)
        differences = _difference(output, other), _difference(gradient, steepest) / scale
        yield Row(name, program, *(f"{value:.0e}" for value in differences))


def _difference(ours: Tensor, theirs: Tensor) -> float:
    same = ours.shape == theirs.shape
    return float((ours - theirs).abs().max()) if same else float("inf")


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    head = "| package | program | outputs | gradients |\n|---|---|---:|---:|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> None:
    """Run the packages, and fail if a value differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dgl", help="an interpreter with DGL 2.1")
    parser.add_argument(
        "--only", action="append", help="a package, by its name in package_programs"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "benchmarks" / "results" / "packages")
    settings = parser.parse_args()
    rows: list[Row] = []
    for package in PACKAGES:
        if not settings.only or package.name in settings.only:
            rows += rows_of(package, settings.folder.resolve() / package.name, settings.dgl)
    text = table(rows)
    (settings.folder / "packages.md").write_text(text, encoding="utf-8")
    print(text)
    wrong = [row for row in rows if "runs" not in row and max(map(float, row[2:])) > TOLERANCE]
    if wrong:
        raise SystemExit(f"Expected differences of at most {TOLERANCE}, got {wrong}.")


if __name__ == "__main__":
    main()
