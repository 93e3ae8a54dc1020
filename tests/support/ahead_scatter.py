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
    """Into sources and into edges; several columns may lead to one."""
    degree, width, repeats = random.choice(DEGREES), random.choice(WIDTHS), random.choice((1, 2))
    form = form_of(random.choice(ID_DTYPES), degree)
    values = torch.empty(3, width * repeats, dtype=random.choice(FLOATS))
    arg = torch.empty(values.shape, dtype=form[0].dtype)
    places = torch.arange(width * repeats) % width
    scatter(form, OTHER, values, arg, places, (3, width))
    scatter(form, EDGE, values, arg, places, (3 * degree, width))
