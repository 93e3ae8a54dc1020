"""The gradient of a maximum."""

from __future__ import annotations

from random import Random

import torch

from graphmp.kernels.contract import EDGE, OTHER
from graphmp.kernels.cuda import scatter
from support.corner_graphs import FLOATS, ID_DTYPES
from support.launches import WIDTHS, form_of

DEGREES = (1, 4, 16, 64, 256, 1024)


def call(random: Random) -> None:
    """To sources and to edges; several columns may lead to one."""
    degree, width, repeats = random.choice(DEGREES), random.choice(WIDTHS), random.choice((1, 2))
    csr = form_of(random.choice(ID_DTYPES), degree)
    values = torch.empty(3, width * repeats, dtype=random.choice(FLOATS))
    arg = torch.empty(values.shape, dtype=csr[0].dtype)
    columns = torch.arange(width * repeats) % width
    scatter(csr, OTHER, values, arg, columns, (3, width))
    scatter(csr, EDGE, values, arg, columns, (3 * degree, width))
