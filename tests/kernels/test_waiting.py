"""Sampling on a device waits for it where a size depends on data, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.corner_graphs import MIXED
from torch import Tensor
from torch.overrides import TorchFunctionMode

pytest.importorskip("triton", reason="needs Triton: pip install triton")

from graphmp.kernels import cuda
from graphmp.kernels.cuda.launch import recording
from graphmp.kernels.cuda.sampling import FEW
from graphmp.kernels.sampling_spec import BatchDependency, SampleSpec, WalkSpec

READS = ("tolist", "item", "__int__", "__float__", "__bool__", "__index__", "numpy", "cpu")
SHAPES = ("nonzero", "unique", "masked_select", "argwhere", "unique_consecutive")


class Waits(TorchFunctionMode):
    """Counts the calls for which a device would be waited for."""

    count = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        name = getattr(func, "__name__", "")
        by_mask = name == "__getitem__" and isinstance(args[1], Tensor)
        by_mask = by_mask and args[1].dtype == torch.bool
        repeats = name == "repeat_interleave" and given.get("output_size") is None
        self.count += name in (*READS, *SHAPES) or by_mask or repeats
        return func(*args, **given)


def waits(work: Callable[[], Any]) -> int:
    """How often the device is waited for by work whose kernels are not run."""
    mode = Waits()
    with recording(), mode:
        work()
    return int(mode.count)


def test_waits_are_counted() -> None:
    mask = torch.tensor([True, False])
    assert waits(lambda: (mask[mask], mask.tolist(), bool(mask[0]), mask.nonzero())) == 4
    assert waits(lambda: mask[:1] & mask[1:]) == 0


@pytest.mark.parametrize("fanout", [-1, 3, 2 * FEW])
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shared", [None, BatchDependency(2, 0.5)])
def test_choosing_waits_once(
    fanout: int, replace: bool, weighted: bool, shared: BatchDependency | None
) -> None:
    form, rows = MIXED.graph().adjacency.csc, torch.arange(6)
    weights = torch.ones(len(MIXED.src)) if weighted else None
    how = SampleSpec(fanout, replace, 1, weights, torch.tensor([1, 4]), shared)
    assert waits(lambda: cuda.sample(form, rows, how)) == 1


def test_numbering_waits_once_and_walking_never() -> None:
    form, nodes = MIXED.graph().adjacency.csr, torch.arange(6)
    stops = torch.zeros(3, dtype=torch.float64)
    assert waits(lambda: cuda.relabel(nodes[:2], nodes, 6)) == 1
    assert waits(lambda: cuda.walk(form, nodes, WalkSpec(0, stops, 1, None, None, 1.0, 1.0))) == 0
