"""The memory that kernels get in these tests shows what they do not write."""

from __future__ import annotations

import pytest
import torch


def test_new_memory_is_junk() -> None:
    like = torch.zeros(2)
    for made in (torch.empty(2), torch.empty_like(like), like.new_empty(2)):
        assert made.isnan().all()
    assert torch.empty(2, dtype=torch.int8).tolist() == [127, 127]


def test_new_results_are_junk() -> None:
    messages = pytest.importorskip("graphmp.kernels.cpu.messages", exc_type=ImportError)
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.int64):
        tensor, array = messages.result(2, 3, dtype)
        assert tensor.dtype == dtype
        assert tensor.shape == array.shape == (2, 3)
        array[:] = 1
        assert tensor.view(-1).tolist() == [tensor[0, 0].item()] * 6
    assert messages.result(2, 3, torch.float32)[0].isnan().all()
