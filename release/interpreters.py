"""The Pythons of this machine, and fresh environments of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")


def runs(python: str, version: str) -> bool:
    """Whether a program is a Python of a version; a shim may exist and not run.

    Args:
        python: the program.
        version: for example ``"3.12"``.
    """
    if shutil.which(python) is None:
        return False
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    result = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return result.returncode == 0 and result.stdout.strip() == version


def interpreter(version: str) -> str | None:
    """The Python of a version on PATH or in pyenv's folder, or None if this machine has none.

    Args:
        version: for example ``"3.12"``.
    """
    folders = sorted(Path.home().glob(f".pyenv/versions/{version}.*"))
    candidates = [f"python{version}", *(str(folder / "bin" / "python") for folder in folders)]
    return next((one for one in candidates if runs(one, version)), None)


def choose(versions: list[str]) -> list[str]:
    """The Pythons to test with.

    Args:
        versions: their versions; ``["all"]`` for every supported one that this machine has, and
            none for the Python that runs this program.

    Raises:
        SystemExit: this machine lacks one.
    """
    wanted = SUPPORTED if versions == ["all"] else versions
    pythons = {version: interpreter(version) for version in wanted}
    missing = [version for version, python in pythons.items() if python is None]
    if missing:
        reason = f"release check: no Python {', '.join(missing)} on PATH or in ~/.pyenv"
        if wanted is not SUPPORTED:
            raise SystemExit(f"{reason}; install it")
        print(f"{reason}: not tested with it", file=sys.stderr)
    return [python for python in pythons.values() if python] or [sys.executable]


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Show and run a command; end the program if it fails.

    Args:
        *command: the program and its arguments.
        cwd: the folder to run it in; this one by default.

    Raises:
        SystemExit: it failed.
    """
    words = [str(word) for word in command]
    print("+", *words, flush=True)
    code = subprocess.run(words, cwd=cwd, check=False).returncode
    if code:
        raise SystemExit(code)


class Environment:
    """A fresh virtual environment.

    Args:
        folder: where it is created.
        python: the Python that it is of.
    """

    def __init__(self, folder: Path, python: str) -> None:
        run(python, "-m", "venv", folder)
        self.python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"

    def install(self, constraints: Path, *requirements: str | Path) -> None:
        """Install packages from the index.

        Args:
            constraints: a file of versions.
            *requirements: the packages, or wheels.
        """
        self.run("-m", "pip", "install", "-q", "-c", constraints, *requirements)

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> None:
        """Run its Python.

        Args:
            *arguments: what Python gets.
            cwd: the folder to run in; this one by default.
        """
        run(self.python, *arguments, cwd=cwd)
