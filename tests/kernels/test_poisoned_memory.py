"""The memory that kernels get in these tests shows what they do not write."""

from __future__ import annotations

import torch


def test_new_memory_is_junk() -> None:
    like = torch.zeros(2)
    for made in (torch.empty(2), torch.empty_like(like), like.new_empty(2)):
        assert made.isnan().all()
    assert torch.empty(2, dtype=torch.int8).tolist() == [127, 127]
