"""The gradient of a sum of products."""

from __future__ import annotations

from random import Random

import torch

from graphmp.kernels.cuda import product_gradient
from support.corner_graphs import FLOATS, ID_DTYPES
from support.launches import HEADS, WIDTHS, form_of


def call(random: Random) -> None:
    """Both gradients, for heads of some size."""
    heads, size, dtype = random.choice(HEADS), random.choice(WIDTHS), random.choice(FLOATS)
    own = torch.empty(3, heads * size, dtype=dtype)
    weight = torch.empty(6, heads, dtype=dtype)
    product_gradient(form_of(random.choice(ID_DTYPES), 2), own, weight, own)
