"""The gradient of a sum of products with a number for each edge and head."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import Csr, accumulator
from .attention import add_long_rows, tile_of_heads
from .launch import launch
from .layout import narrow, pieces
from .programs.products import gradient_of_products


def product_gradient(csr: Csr, own: Tensor, weight: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Both gradients in one pass; see the contract."""
    csr = narrow(csr)
    cut, heads, dtype = pieces(csr), weight.shape[1], accumulator(own.dtype)
    size, vector = own.shape[1] // max(heads, 1), 16 // own.itemsize
    fit = tile_of_heads(heads, size, dtype)
    of_own, of_weight = torch.empty_like(own), torch.empty_like(weight)
    partial = own.new_empty(cut.num_slots, own.shape[1], dtype=dtype)
    launch(
        gradient_of_products,
        (len(cut.rows), -(-heads // fit.heads)),
        *(*cut[:4], *csr[1:], own, weight, grad, partial, of_own, of_weight, heads, size),
        **fit.constants(ALIGN=vector if size % vector == 0 else 1, SIZE=fit.size),
    )
    add_long_rows(cut, partial, of_own)
    return of_own, of_weight
