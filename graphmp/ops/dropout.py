"""The differentiable dropout operation, alone or after a ReLU; :mod:`graphmp.nn` checks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import kernels, random
from ..kernels.philox import scale_of
from .formulas import Maybe
from .operation import Operation


class Drop(NamedTuple):
    """The constants of a call.

    Attributes:
        probability: that an element is dropped, 0 to 1.
        relu: whether a ReLU comes first.
    """

    probability: float
    relu: bool


def dropout(x: Tensor, probability: float, relu: bool) -> Tensor:
    """Set elements to 0 at random and scale the others, by a key from torch's CPU generator.

    Args:
        x: of any shape, floating point.
        probability: that an element is dropped, 0 to 1.
        relu: whether to apply a ReLU first.

    Returns:
        Like ``x``.
    """
    return _DROPOUT(Drop(probability, relu), x, random.key_tensor())  # type: ignore[no-any-return]


def rectified(x: Tensor) -> Tensor:
    """Apply a ReLU, whose result lies in memory that is reused.

    Args:
        x: of any shape, floating point.

    Returns:
        Like ``x``.
    """
    return _DROPOUT(Drop(0.0, True), x, torch.zeros((), dtype=torch.long, device="cpu"))  # type: ignore[no-any-return]


class _Dropout(Operation):
    """Dropout. Its gradient draws the same numbers; after a ReLU it reads the result instead."""

    name, record, num_saved = "dropout", Drop, 1
    operands = ("x", "seed")

    def run(self, call: Drop, trains: bool, *operands: Any) -> tuple[Tensor, ...]:
        """Run the kernel."""
        x, seed = operands
        return (kernels.dropout(x, call.probability, int(seed), call.relu),)

    def fake(self, call: Drop, trains: bool, *operands: Any) -> tuple[Tensor, ...]:
        """An empty result."""
        return (operands[0].new_empty(operands[0].shape),)

    def saved_tensors(
        self, call: Drop, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Tensor, ...]:
        """The key, or the result of a ReLU."""
        return (results[0] if call.relu else operands[1],)

    def gradients(
        self, call: Drop, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Dropout of the gradient."""
        ((tensor,), (grad,)) = saved, grads
        if not call.relu:
            return self(call, grad, tensor), None
        if torch.is_grad_enabled():
            return torch.where(tensor <= 0, 0, grad * scale_of(call.probability)), None
        return kernels.dropout_gradient(tensor, grad, call.probability), None


_DROPOUT = _Dropout()
