"""The operators that torch knows by the name ``graphmp``.

Compiled and exported programs call these; eager mode goes around torch's dispatcher, which would
take longer than many a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_LIBRARY = torch.library.Library("graphmp", "DEF")


def define(
    name: str, signature: str, run: Callable[..., Any], fake: Callable[..., Any]
) -> Callable[..., Any]:
    """Make an operator ``graphmp::<name>`` for every device.

    Args:
        name: the operator's name.
        signature: arguments and results in the language of torch's schemas.
        run: computes the results; none may be, or share memory with, an argument.
        fake: makes tensors like the results, of arguments that have no data.

    Returns:
        The operator.
    """
    _LIBRARY.define(f"{name}{signature}")
    _LIBRARY.impl(name, run, "CompositeExplicitAutograd")
    torch.library.register_fake(f"graphmp::{name}", fake, lib=_LIBRARY)
    found: Callable[..., Any] = getattr(torch.ops.graphmp, name).default
    return found


def differentiate(
    name: str, backward: Callable[..., Any], setup_context: Callable[..., Any]
) -> None:
    """Give an operator its gradient.

    Args:
        name: the operator's name.
        backward: of a context and the results' gradients makes the arguments' gradients.
        setup_context: keeps in a context what ``backward`` reads.
    """
    torch.library.register_autograd(
        f"graphmp::{name}", backward, setup_context=setup_context, lib=_LIBRARY
    )
