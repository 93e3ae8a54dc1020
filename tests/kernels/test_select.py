"""Which backend runs a call, and what is said when none does."""

from __future__ import annotations

import pytest
import torch
from support.backends import NAMES, missing_package
from support.corner_graphs import DTYPES

import graphmp as gm
from graphmp import kernels
from graphmp.kernels.contract import OPS, Call

PRIMITIVES = ("group", "spmm", "sddmm", "softmax", "attention", "dropout")
needs_numba = pytest.mark.skipif(
    missing_package("cpu") is not None, reason="needs Numba: pip install numba"
)
CALLS = [Call(p, "cpu", dtype, op) for p in PRIMITIVES for dtype in DTYPES for op in OPS]


def test_the_last_backend_is_plain_torch_and_runs_everything() -> None:
    assert NAMES[-1] == "reference"
    elsewhere = [call._replace(device="cuda", dtype=torch.complex64) for call in CALLS]
    assert {kernels.why_not("reference", call) for call in (*CALLS, *elsewhere)} == {None}


@needs_numba
def test_the_cpu_backend_declines_booleans_and_other_devices() -> None:
    declined = {call: kernels.why_not("cpu", call) for call in CALLS}
    for call, reason in declined.items():
        if call.dtype == torch.bool:
            assert reason == "it has no loops for torch.bool"
        elif call.primitive in ("attention", "dropout") and not call.dtype.is_floating_point:
            wanted = f"{call.primitive} is for floating point, and needs Numba's compiler"
            assert reason == wanted
        else:
            assert reason is None
    on_gpu = kernels.why_not("cpu", Call("spmm", "cuda", torch.float32))
    assert on_gpu == "it runs on the CPU, not on cuda"


@needs_numba
def test_the_first_backend_without_a_reason_runs_a_call() -> None:
    assert kernels.select(Call("spmm", "cpu", torch.float32)).name == "cpu"
    assert kernels.select(Call("spmm", "cpu", torch.bool)).name == "reference"


def test_a_missing_package_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "find_spec", lambda _: None)
    assert kernels.why_not("cpu", Call("softmax", "cpu", torch.float32)) == "numba is not installed"


@pytest.mark.skipif(missing_package("cuda") is not None, reason="needs Triton")
def test_the_gpu_backend_declines_every_call_with_a_triton_that_is_too_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import graphmp.kernels.cuda as backend

    for call in (
        Call("spmm", "cuda", torch.float32, "copy_lhs"),
        Call("group", "cuda", torch.int32),
    ):
        monkeypatch.setattr(backend, "_IS_OLD", False)
        assert backend.why_not(call) is None
        monkeypatch.setattr(backend, "_IS_OLD", True)
        reason = str(backend.why_not(call))
        assert reason.startswith("it needs Triton 3.4 or newer (torch 2.8), not ")


@needs_numba
def test_no_backend_left_is_one_error_with_every_reason() -> None:
    call = Call("softmax", "cpu", torch.bool)
    with kernels.using("cpu"), pytest.raises(gm.GraphError) as caught:
        kernels.select(call)
    assert isinstance(caught.value, RuntimeError)
    assert str(call) in str(caught.value)
    assert "cpu: it has no loops for torch.bool; cuda: it is switched off" in str(caught.value)


@needs_numba
def test_using_ends_with_the_block_also_by_an_error() -> None:
    call = Call("spmm", "cpu", torch.float32)
    with kernels.using("reference"):
        assert kernels.select(call).name == "reference"
    assert kernels.select(call).name == "cpu"
    with pytest.raises(ZeroDivisionError), kernels.using("reference"):
        _ = 1 / 0
    assert kernels.select(call).name == "cpu"


@pytest.mark.parametrize("names", [(), ("cpu", "gpu")])
def test_using_an_unknown_backend_is_an_error_that_lists_the_known(names: tuple[str, ...]) -> None:
    with pytest.raises(gm.GraphError, match="cpu, cuda, reference"), kernels.using(*names):
        pass
