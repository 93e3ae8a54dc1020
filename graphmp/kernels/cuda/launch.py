"""The one place that launches Triton kernels, where tests can record launches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

# Triton reads this when a kernel is decorated: its interpreter then runs kernels on CPU tensors.
IS_INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"


class Launch(NamedTuple):
    """One specialisation of a kernel: equal launches share one compiled program.

    Attributes:
        kernel: the Triton function.
        types: the dtype of each tensor, or the type of each number, in the order of arguments;
            a tuple for a tuple.
        constants: the names and values of its compile-time constants.
        warps: the number of warps of a program.
    """

    kernel: Any
    types: tuple[Any, ...]
    constants: tuple[tuple[str, Any], ...]
    warps: int


_recorded: set[Launch] | None = None


def launch(
    kernel: Any,
    grid: tuple[int, ...],
    *args: Tensor | float | tuple[Tensor, ...],
    warps: int = 4,
    **constants: Any,
) -> None:
    """Run a kernel on the device of its first tensor.

    Args:
        kernel: a function decorated with ``triton.jit``.
        grid: the number of programs on each axis; none are run if one is 0. The first axis takes
            2³¹ - 1 programs, each other one 65,535.
        *args: tensors, numbers and tuples of tensors, in the kernel's order.
        warps: the number of warps of a program.
        **constants: compile-time constants of the kernel.
    """
    if _recorded is not None:
        types = tuple(map(_type_of, args))
        _recorded.add(Launch(kernel, types, tuple(sorted(constants.items())), warps))
        return
    if 0 in grid:
        return
    device = next(a.device for a in args if isinstance(a, Tensor))
    interpreted = np.errstate(all="ignore")  # no GPU warns of infinities and NaN
    with torch.cuda.device(device) if device.type == "cuda" else interpreted:
        kernel[grid](*args, num_warps=warps, enable_fp_fusion=True, **constants)


def _type_of(argument: Any) -> Any:
    if isinstance(argument, tuple):
        return tuple(map(_type_of, argument))
    return argument.dtype if isinstance(argument, Tensor) else type(argument)


@contextmanager
def recording() -> Iterator[set[Launch]]:
    """Record launches inside the ``with`` instead of running them.

    Example:
        >>> with recording() as launches:
        ...     pass
        >>> launches
        set()
    """
    global _recorded
    _recorded = set()
    try:
        yield _recorded
    finally:
        _recorded = None
