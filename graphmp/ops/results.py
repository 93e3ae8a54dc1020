"""Results that the caller may change in place while gradients are recorded.

Torch refuses to detach a view in place, and to compute a gradient that reads a tensor which has
been changed since.
"""

from __future__ import annotations

import torch
from torch import Tensor


def reshaped(result: Tensor, *shape: int) -> Tensor:
    """A result in another shape, not a view; differentiable.

    Args:
        result: a contiguous tensor that is not used afterwards, and that no gradient reads.
        shape: of as many elements.

    Example:
        >>> reshaped(torch.zeros(6), 2, 3).shape
        torch.Size([2, 3])
    """
    return torch.ops.aten._unsafe_view(result, shape)  # type: ignore[no-any-return]


def unsaved(result: Tensor) -> Tensor:
    """A result that the gradient reads: a copy of it if a gradient is recorded.

    Example:
        >>> weights = torch.zeros(2)
        >>> unsaved(weights) is weights
        True
    """
    return result.clone() if result.requires_grad else result
