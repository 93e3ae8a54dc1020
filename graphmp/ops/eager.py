"""Whether operations run one by one, so that the sizes of their operands may be compared.

A size that is compared while a program is traced becomes a condition of the program: it would
reject graphs for which the comparison has another result.
"""

from __future__ import annotations

from torch._C import _are_functorch_transforms_active
from torch.compiler import is_compiling

_MANY = 1 << 16  # elements from which on a pass over memory costs more than a call


def is_eager() -> bool:
    """Whether operations run one by one: in no traced program and no transform of ``torch.func``.

    Example:
        >>> import torch
        >>> is_eager(), torch.func.vmap(lambda x: x + is_eager())(torch.zeros(2))
        (True, tensor([0., 0.]))
    """
    return not (is_compiling() or _are_functorch_transforms_active())


def is_large(count: int) -> bool:
    """Whether operations run one by one, and a pass over memory costs more than a call of one.

    Args:
        count: the number of elements that they read or write.

    Example:
        >>> is_large(1000), is_large(1_000_000)
        (False, True)
    """
    return is_eager() and count >= _MANY
