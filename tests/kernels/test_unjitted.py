"""The kernels run as plain Python too, where an index out of bounds is an error.

So their loops can be stepped through, and a compiled kernel that differs is a fault of Numba.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="needs Numba: pip install numba")

pytestmark = pytest.mark.program

FOLDER = Path(__file__).resolve().parent
PRIMITIVES = (
    "check_edge_ids",
    "copy_ids",
    "group",
    "spmm",
    "sddmm",
    "softmax",
    "scatter",
    "sample",
    "greatest",
    "walk",
    "levels",
    "communities",
)
UNJITTED = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
UNJITTED.pop("TRITON_INTERPRET", None)  # it would take the place of plain torch


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python without compilation."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=FOLDER.parents[1], env=UNJITTED, capture_output=True, text=True, check=False
    )


def test_nothing_is_compiled_when_compilation_is_off() -> None:
    loop = "from graphmp.kernels.cpu.loops.spmm_plain import sddmm"
    done = run("-c", f"{loop}; print(type(sddmm).__name__)")
    assert done.stdout.strip() == "function", done.stderr


def test_the_loops_pass_their_tests_as_plain_python() -> None:
    modules = [str(FOLDER / f"test_{name}.py") for name in PRIMITIVES]
    # NumPy warns where compiled code does not: of infinities, and of integers that wrap around.
    ignored = ("-W", "ignore::RuntimeWarning")
    done = run("-m", "pytest", "-q", "-k", "cpu and not hub and not threads", *ignored, *modules)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert " skipped" not in done.stdout


ATTEND = """
import torch, graphmp as gm
from graphmp import kernels
from graphmp.kernels.contract import SCORES, Call

for kind in SCORES:
    call = Call("attention", "cpu", torch.float32, kind)
    print(kernels.why_not("cpu", call), kernels.select(call).name, sep=": ")
graph, h = gm.graph(([0, 1], [2, 2])), torch.tensor([1.0, 3.0, 0.0], requires_grad=True)
h = h.view(3, 1, 1)
gm.ops.dot_attention(graph, h, h, h, dropout=0.5).sum().backward()
print(gm.ops.dot_attention(graph, h, h, h).flatten().tolist())
"""


def test_attention_is_left_to_plain_torch() -> None:
    done = run("-W", "error", "-c", ATTEND)
    declined = "attention is for floating point, and needs Numba's compiler: reference\n"
    assert done.stdout == 3 * declined + "[0.0, 0.0, 2.0]\n", done.stderr
