"""Linear maps of layers with heads and of residuals, their reset, and what follows attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...ops.broadcast import autocast
from .degrees import ChecksInDegrees
from .inputs import Sizes, sizes_at_ends


class LinearHeads(ChecksInDegrees):
    """A layer of several heads that maps the input of both ends linearly.

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations, which
            then have maps of their own.
        out_feats: size of a node's output for each head.
        num_heads: the number of heads.
        allow_zero_in_degree: accept nodes of in-degree 0.

    Attributes:
        fc: linear map of both ends, without a bias; or ``fc_src`` and ``fc_dst`` for a pair.
    """

    fc: nn.Linear
    fc_src: nn.Linear
    fc_dst: nn.Linear

    def __init__(
        self, in_feats: Sizes, out_feats: int, num_heads: int, allow_zero_in_degree: bool
    ) -> None:
        super().__init__(allow_zero_in_degree)
        self._num_heads, self._out_feats = num_heads, out_feats
        self._in_src_feats, self._in_dst_feats = sizes_at_ends(in_feats)
        width = num_heads * out_feats
        if isinstance(in_feats, tuple):
            self.fc_src = nn.Linear(in_feats[0], width, bias=False)
            self.fc_dst = nn.Linear(in_feats[1], width, bias=False)
        else:
            self.fc = nn.Linear(in_feats, width, bias=False)

    def linear_maps(self) -> tuple[nn.Linear, nn.Linear]:
        """The maps of sources and destinations: ``fc`` for both, or ``fc_src`` and ``fc_dst``."""
        both = getattr(self, "fc", None)
        return (both, both) if both is not None else (self.fc_src, self.fc_dst)

    def extra_repr(self) -> str:
        """Show the sizes in ``repr``."""
        return f"in={self._in_src_feats}, out={self._out_feats}, heads={self._num_heads}"


def residual_map(size: int, width: int, bias: bool) -> nn.Module:
    """Make the map of a residual: the identity if the sizes are equal, else a linear map.

    Args:
        size: size of a node's input.
        width: size of the layer's output.
        bias: whether a linear map has a bias.

    Example:
        >>> residual_map(3, 3, True), residual_map(3, 2, False)
        (Identity(), Linear(in_features=3, out_features=2, bias=False))
    """
    return nn.Identity() if size == width else nn.Linear(size, width, bias=bias)


def reset_by_glorot(*weights: nn.Module | Tensor | None, bias: Tensor | None = None) -> None:
    """Reset weights by Glorot's normal rule with the gain of ReLU, and biases to zero.

    Args:
        weights: parameters, and linear maps; None and the identity are passed over.
        bias: a layer's own bias, if it has one.
    """
    gain = nn.init.calculate_gain("relu")
    for weight in weights:
        if isinstance(weight, nn.Linear):
            nn.init.xavier_normal_(weight.weight, gain=gain)
            if weight.bias is not None:
                nn.init.zeros_(weight.bias)
        elif isinstance(weight, Tensor):
            nn.init.xavier_normal_(weight, gain=gain)
    if bias is not None:
        nn.init.zeros_(bias)


def add_bias(out: Tensor, bias: Tensor | None, in_place: bool = False) -> Tensor:
    """Add a bias; under autocast in its dtype, as ``torch.nn.Linear`` does.

    A bias of float32 would make the sum, and all that is computed from it, float32.

    Args:
        out: (N, …, *feature).
        bias: (*feature,), or None.
        in_place: add in place: ``out`` is not used afterwards, and no gradient reads it.

    Returns:
        (N, …, *feature).

    Example:
        >>> import torch
        >>> add_bias(torch.zeros(1, 2), torch.tensor([1.0, 2.0]))
        tensor([[1., 2.]])
    """
    if bias is None:
        return out
    if torch.is_autocast_enabled("cpu" if out.is_cpu else out.device.type):
        bias = autocast(bias)
    return out.add_(bias) if in_place and out.dtype == bias.dtype else out + bias
