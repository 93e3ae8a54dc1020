"""Attention as it is launched: every kind with every dtype, and with heads of many sizes."""

from __future__ import annotations

import torch
from torch import Tensor

from graphmp.kernels.contract import SCORES, Attention, accumulator
from graphmp.kernels.cuda import attention, attention_gradient, score_gradient

DTYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
# Heads, and the elements of a head in the operands of scores and in the values.
SIZES = ((1, 7, 7), (1, 256, 256), (3, 40, 8))


def calls() -> None:
    """Call everything that launches a program."""
    for dtype in DTYPES:
        for kind in SCORES:
            call(kind, dtype, 8, 16, 16)
        call("leaky", dtype, 8, 16, 16, is_shared=True)
    for sizes in SIZES:
        call("leaky", torch.float32, *sizes)
    call("add", torch.float32, 6, 1, 40)


def call(
    kind: str, dtype: torch.dtype, heads: int, k: int, d: int, is_shared: bool = False
) -> None:
    """Attention and its gradients on a graph of two edges; values may be the left operand."""

    def rows(count: int, width: int) -> Tensor:
        return torch.zeros(count, width, dtype=dtype)

    ids = torch.arange(3, dtype=torch.int32)
    form, k = (ids, ids[:2], ids[:2]), 1 if kind == "add" else k
    left, right, value = rows(2, heads * k), rows(2, heads * k), rows(2, heads * d)
    slant, value = rows(1, heads * k) if kind == "leaky" else None, left if is_shared else value
    given = Attention(kind, heads, left, right, value, None, None, slant, 0.2, 0.1, 1)
    attention(form, given, True)
    stats = torch.zeros(2, 3 * heads, dtype=accumulator(dtype))
    _, _, scores, _ = attention_gradient(form, given, stats, value, None)
    score_gradient(form, given, scores)
