"""Dropout, alone or after a ReLU."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ... import _checks
from ...errors import GraphTypeError
from ...ops.dropout import dropout as drop
from ...ops.dropout import rectified
from ...ops.eager import is_large
from .._shared.options import check_option


def dropout(
    input: Tensor,  # noqa: A002
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    activation: str | None = None,
) -> Tensor:
    r"""Set elements to 0 at random and scale the others, as ``torch.nn.functional.dropout``.

    .. math:: out_i = \begin{cases}
        0 & \text{with probability } p \\ input_i / (1 - p) & \text{else}
        \end{cases}

    Each element's random number is computed from a key and the element's position, by a
    counter-based generator: no mask is stored, and the gradient draws the same numbers again. The
    key comes from torch's CPU generator, on every device. The same seed gives the same bits on any
    number of threads.

    Args:
        input: of any shape; floating point, if something is dropped.
        p: the probability that an element is dropped.
        training: False leaves out the dropout.
        inplace: write the result into ``input``.
        activation: ``"relu"`` to apply a ReLU first, in the same pass over the memory. The gradient
            then reads the result, which must not be changed in place until then.

    Returns:
        Like ``input``; ``input`` itself if nothing is dropped, or in place. A dropped NaN or
        infinity is 0.

    Raises:
        GraphOptionError: another activation.
        GraphTypeError: ``input`` is not a tensor of floating point, or ``p`` is not a number.
        GraphValueError: ``p`` is not between 0 and 1.

    Example:
        >>> import torch, graphmp as gm
        >>> x = torch.tensor([-1.0, 2.0])
        >>> gm.nn.functional.dropout(x, 0.9, training=False, activation="relu")
        tensor([0., 2.])
        >>> gm.nn.functional.dropout(x, 1.0)
        tensor([0., 0.])
    """
    p = _checks.probability(p, "p")
    if activation is not None:
        check_option(activation, ("relu",), "activation")
    if not isinstance(input, Tensor):
        raise GraphTypeError(f"input: expected a tensor, got {_checks.kind(input)}.")
    if not training or p == 0:
        return _activated(input, activation, inplace)
    if not input.dtype.is_floating_point:
        raise GraphTypeError(
            f"input: expected floating point, got {input.dtype}; convert it with .float()."
        )
    out = drop(input, p, activation is not None)
    return input.copy_(out) if inplace else out


def _activated(x: Tensor, activation: Any, inplace: bool) -> Tensor:
    """The input, or its ReLU."""
    if activation is None:
        return x
    if inplace:
        return x.relu_()
    is_many = is_large(x.numel()) and x.is_floating_point()
    return rectified(x) if is_many else x.relu()
