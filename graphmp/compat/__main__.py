"""``python -m graphmp.compat program.py`` runs a program for DGL as ``python`` would.

Its arguments are those of ``python``: a script, ``-m module`` or ``-c code``, and the program's.
Processes that the program starts find ``dgl``, too.
"""

from __future__ import annotations

import os
import subprocess
import sys

from ..errors import GraphRuntimeError
from .aliases import FOLDER

_NAME = "graphmp.compat"


def command() -> list[str]:
    """The command line without ``-m graphmp.compat``; other options remain."""
    *options, last = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]
    if last == _NAME:
        *options, last = options
    rest = last.removesuffix(_NAME).removesuffix("m")
    return [sys.executable, *options, *([] if rest == "-" else [rest]), *sys.argv[1:]]


def main() -> None:
    """Replace this process by one that finds ``dgl``; without a program, print how to call it.

    Raises:
        GraphRuntimeError: Python's options forbid environment variables, which name the folder.
    """
    if sys.argv[1:] in ([], ["-h"], ["--help"]):
        print(__doc__)
        return
    if sys.flags.ignore_environment:
        raise GraphRuntimeError(
            "Expected Python to read PYTHONPATH, got the option -E or -I; leave it out."
        )
    paths = [str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if os.name == "posix":
        os.execve(sys.executable, command(), environment)
    sys.exit(subprocess.call(command(), env=environment))


if __name__ == "__main__":
    main()
