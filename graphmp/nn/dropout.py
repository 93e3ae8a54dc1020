"""Dropout at the speed of memory."""

from __future__ import annotations

from torch import Tensor, nn

from .. import _checks
from ._shared.options import check_option
from .functional.dropout import dropout


class Dropout(nn.Dropout):
    r"""``torch.nn.Dropout`` at the speed of memory, by :func:`.functional.dropout`.

    In training mode, each element is 0 with probability ``p``, and the others are scaled by
    :math:`1 / (1 - p)`. In evaluation mode the output is the input.

    Args:
        p: the probability that an element is dropped.
        inplace: write the result into the input.
        activation: ``"relu"`` to apply a ReLU first, in the same pass over the memory. In
            evaluation mode the output is then the ReLU of the input.

    Shapes:
        - input: any.
        - output: that of the input.

    Raises:
        GraphOptionError: another activation.
        GraphTypeError: ``p`` is not a number.
        GraphValueError: ``p`` is not between 0 and 1.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.nn.Dropout(0.3)
        Dropout(p=0.3, inplace=False)
        >>> gm.nn.Dropout(0.3, activation="relu").eval()(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
        >>> gm.nn.Dropout(0.3).eval()(torch.ones(2))
        tensor([1., 1.])
    """

    def __init__(
        self, p: float = 0.5, inplace: bool = False, activation: str | None = None
    ) -> None:
        super().__init__(_checks.probability(p, "p"), inplace)
        if activation is not None:
            check_option(activation, ("relu",), "activation")
        self.activation = activation

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Drop elements, in training mode.

        Args:
            input: of any shape, floating point.

        Returns:
            Like ``input``.

        Raises:
            GraphTypeError: ``input`` is not a tensor of floating point.
        """
        return dropout(input, self.p, self.training, self.inplace, self.activation)

    def extra_repr(self) -> str:
        """Show the arguments in ``repr``."""
        shown: str = super().extra_repr()
        return shown if self.activation is None else f"{shown}, activation={self.activation!r}"
