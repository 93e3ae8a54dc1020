"""Dropout, alone and after a ReLU, and its gradient."""

from __future__ import annotations

from random import Random

import torch

from graphmp.kernels.cuda.dropout import dropout, dropout_gradient
from support.corner_graphs import FLOATS


def call(random: Random) -> None:
    """Both, of a tensor."""
    x = torch.empty(5000, dtype=random.choice(FLOATS))
    dropout(x, 0.5, 7, random.random() < 0.5)
    dropout_gradient(x, x, 0.5)
