"""Random numbers: one seed for all that the library draws."""

from __future__ import annotations

import torch


def seed(value: int) -> None:
    """Make what is drawn from now on the same in every run.

    Everything random in the library draws from torch's generators, so ``torch.manual_seed`` does
    the same.

    Args:
        value: any integer.

    Example:
        >>> import graphmp as gm
        >>> gm.seed(0)
        >>> first = gm.rand_graph(9, 5).edges()
        >>> gm.seed(0)
        >>> bool((gm.rand_graph(9, 5).edges()[0] == first[0]).all())
        True
    """
    torch.manual_seed(value)
