"""Attention and its gradients, of every kind and with heads of many sizes."""

from __future__ import annotations

from random import Random

import torch
from torch import Tensor

from graphmp.kernels.contract import SCORES, Attention, accumulator
from graphmp.kernels.cuda import attention, attention_gradient, score_gradient
from support.corner_graphs import FLOATS, ID_DTYPES
from support.launches import HEADS, WIDTHS, form_of


def call(random: Random) -> None:
    """Attention and its gradients; values may be the left operand, and others may be absent."""
    dtype, heads = random.choice(FLOATS), random.choice(HEADS)
    csr, kind = form_of(random.choice(ID_DTYPES), 2), random.choice(list(SCORES))
    k, d = 1 if kind == "add" else random.choice(WIDTHS), random.choice(WIDTHS)
    is_shared = kind != "add" and random.random() < 0.3

    def rows(count: int, width: int) -> Tensor:
        return torch.empty(count, width, dtype=dtype)

    def terms() -> Tensor | None:
        return rows(6, heads) if random.random() < 0.3 else None

    left = rows(3, heads * k)
    value = left if is_shared else rows(3, heads * d)
    attn_vector = rows(1, heads * k) if kind == "leaky" else None
    right = rows(3, heads * k)
    spec = Attention(kind, heads, left, right, value, terms(), terms(), attn_vector, 0.2, 0.1, 1)
    attention(csr, spec, True)
    stats = torch.empty(3, 3 * heads, dtype=accumulator(dtype))
    _, _, scores, _ = attention_gradient(csr, spec, stats, value, None)
    score_gradient(csr, spec, scores)
