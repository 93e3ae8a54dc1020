"""The softmax and its gradient."""

from __future__ import annotations

from random import Random

import torch

from graphmp.kernels.cuda.softmax import softmax, softmax_gradient
from support.corner_graphs import FLOATS, ID_DTYPES
from support.launches import WIDTHS, form_of

DEGREES = (1, 4, 16, 64, 256, 1024, 3000)


def call(random: Random) -> None:
    """Both, of rows of one length."""
    csr = form_of(random.choice(ID_DTYPES), random.choice(DEGREES))
    values = torch.empty(len(csr[1]), random.choice(WIDTHS), dtype=random.choice(FLOATS))
    softmax(csr, values, False)
    softmax_gradient(csr, values, values)
