"""float16 on CPUs that have no instructions for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import graphmp as gm
from graphmp.kernels.contract import Call

half: Any = pytest.importorskip(
    "graphmp.kernels.cpu.runtime.half",
    reason="needs Numba: pip install numba",
    exc_type=ImportError,
)
jit: Any = pytest.importorskip("graphmp.kernels.cpu.runtime.jit", exc_type=ImportError)

REPOSITORY = Path(__file__).resolve().parents[4]
SCRIPT = """
import torch, graphmp as gm
ids = torch.tensor([0, 1, 2])
g = gm.graph(("csc", (torch.tensor([0, 1, 2, 3]), ids, ids)), num_nodes=3)
h = torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float16, requires_grad=True)
out = gm.ops.copy_u_sum(g, h) * gm.ops.edge_softmax(g, h)
out.sum().backward()
print(out.flatten().tolist(), h.grad.flatten().tolist())
"""


@pytest.mark.parametrize(("cpu", "converts"), [("nehalem", False), ("haswell", True)])
def test_conversions_are_instructions_or_functions_that_are_missing(
    cpu: str, converts: bool
) -> None:
    from llvmlite import binding

    if not binding.get_default_triple().startswith("x86_64"):
        pytest.skip("LLVM may know no other CPUs than this machine's kind")
    assert half.converts("x86_64-unknown-linux-gnu", cpu, "") is converts


@pytest.mark.parametrize("primitive", ["spmm", "sddmm", "softmax", "attention", "scatter", "take"])
def test_float16_is_declined_without_such_instructions(
    primitive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not jit.IS_COMPILED:
        pytest.skip("without its compiler Numba runs nothing that could be missing")
    monkeypatch.setattr(half, "is_converted", lambda: False)
    reasons = {
        dtype: gm.kernels.why_not("cpu", Call(primitive, "cpu", dtype))
        for dtype in (torch.float16, torch.bfloat16, torch.float32)
    }
    assert "F16C" in str(reasons.pop(torch.float16))
    assert set(reasons.values()) == {None}


@pytest.mark.program
def test_float16_runs_on_a_cpu_without_such_instructions(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        pytest.skip("names a CPU of x86")
    settings = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": ""}
    environment = {**os.environ, **settings, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[1.0, 2.0, 3.0] [1.0, 1.0, 1.0]\n"
