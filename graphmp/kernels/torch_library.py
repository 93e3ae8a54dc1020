"""Registration of operators with ``torch.library``, in the namespace ``graphmp``.

Compiled and exported programs call these operators. Eager mode calls the kernels directly, since
torch's dispatcher takes longer than many a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_LIBRARY = torch.library.Library("graphmp", "DEF")


def define(
    name: str, signature: str, run: Callable[..., Any], fake: Callable[..., Any]
) -> Callable[..., Any]:
    """Register an operator ``graphmp::<name>`` for every device.

    Args:
        name: the operator's name.
        signature: arguments and results in the language of torch's schemas.
        run: computes the results; none may be, or share memory with, an argument.
        fake: returns empty tensors of the results' shapes and dtypes, from fake arguments.

    Returns:
        The operator.
    """
    _LIBRARY.define(f"{name}{signature}")
    _LIBRARY.impl(name, run, "CompositeExplicitAutograd")
    torch.library.register_fake(f"graphmp::{name}", fake, lib=_LIBRARY)
    operator: Callable[..., Any] = getattr(torch.ops.graphmp, name).default
    return operator


def differentiate(
    name: str, backward: Callable[..., Any], setup_context: Callable[..., Any]
) -> None:
    """Register the gradient of an operator.

    Args:
        name: the operator's name.
        backward: maps a context and the results' gradients to the arguments' gradients.
        setup_context: saves in a context what ``backward`` reads.
    """
    torch.library.register_autograd(
        f"graphmp::{name}", backward, setup_context=setup_context, lib=_LIBRARY
    )
