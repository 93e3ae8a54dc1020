"""TypedLinear: linear maps chosen by type."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import GraphValueError
from .functional import typed_linear

REGULARIZERS = (None, "basis", "bdd")


class TypedLinear(nn.Module):
    r"""A linear map for each type, applied to rows of several types at once.

    The regularisers are those of `Modeling Relational Data with Graph Convolutional Networks
    <https://arxiv.org/abs/1703.06103>`__ (Schlichtkrull et al., ESWC 2018).

    .. math:: y_i = x_i W_{t_i}

    - ``None``: every type has a matrix of its own;
    - ``"basis"``: :math:`W_t = \sum_b a_{tb} V_b`, weighted sums of ``num_bases`` matrices;
    - ``"bdd"``: :math:`W_t` has ``num_bases`` blocks on its diagonal, and is 0 elsewhere.

    Rows are sorted by type, so that there is one matrix product for each type.

    Args:
        in_size: size of a row's input.
        out_size: size of a row's output.
        num_types: the number of types.
        regularizer: None, ``"basis"`` or ``"bdd"``.
        num_bases: the number of matrices, or of blocks; needed with a regulariser.

    Attributes:
        W: (num_types, in_size, out_size); with ``"basis"`` (num_bases, in_size, out_size); with
            ``"bdd"`` (num_types, in_size * out_size / num_bases), the blocks one after the other.
        coeff: (num_types, num_bases), only with ``"basis"``.

    Shapes:
        - x: (N, in_size).
        - x_type: (N,) integers.
        - output: (N, out_size).

    Raises:
        GraphValueError: an unknown regulariser, none or too many bases, or sizes that blocks do
            not divide.

    Example:
        >>> import torch, graphmp as gm
        >>> linear = gm.nn.TypedLinear(5, 2, num_types=3)
        >>> linear(torch.ones(4, 5), torch.tensor([0, 2, 1, 0])).shape
        torch.Size([4, 2])
    """

    def __init__(
        self,
        in_size: int,
        out_size: int,
        num_types: int,
        regularizer: str | None = None,
        num_bases: int | None = None,
    ) -> None:
        super().__init__()
        self.in_size, self.out_size, self.num_types = in_size, out_size, num_types
        self.regularizer = regularizer
        self.num_bases = self._checked_bases(num_bases)
        self.W = nn.Parameter(torch.empty(self._weight_shape()))
        if regularizer == "basis":
            self.coeff = nn.Parameter(torch.empty(num_types, self.num_bases))
        self.reset_parameters()

    def _checked_bases(self, num_bases: int | None) -> int:
        """The number of bases; 0 without a regulariser."""
        kind, sizes = self.regularizer, (self.in_size, self.out_size)
        if kind not in REGULARIZERS:
            raise GraphValueError(f"regularizer: expected None, 'basis' or 'bdd', got {kind!r}.")
        if kind is None:
            return 0
        if num_bases is None or num_bases < 1:
            raise GraphValueError(
                f"num_bases: expected at least 1 for regularizer={kind!r}, got {num_bases}."
            )
        if kind == "bdd" and any(size % num_bases for size in sizes):
            raise GraphValueError(
                f"num_bases: expected a divisor of both sizes, got {num_bases}, which does not "
                f"divide {sizes}."
            )
        return num_bases

    def _weight_shape(self) -> tuple[int, ...]:
        rows, columns = self.in_size, self.out_size
        if self.regularizer == "basis":
            return self.num_bases, rows, columns
        if self.regularizer == "bdd":
            return self.num_types, rows * columns // self.num_bases
        return self.num_types, rows, columns

    def reset_parameters(self) -> None:
        """Reset the matrices from uniform numbers up to the root of 1 / in_size.

        The coefficients of bases are drawn by Glorot's uniform rule, with the gain of ReLU.
        """
        size = self.in_size // self.num_bases if self.regularizer == "bdd" else self.in_size
        limit = max(size, 1) ** -0.5
        nn.init.uniform_(self.W, -limit, limit)
        if self.regularizer == "basis":
            nn.init.xavier_uniform_(self.coeff, gain=nn.init.calculate_gain("relu"))

    def get_weight(self) -> Tensor:
        """The matrix of each type: (num_types, in_size, out_size); with ``"bdd"`` the blocks.

        Returns:
            For ``"bdd"`` (num_types, num_bases, in_size / num_bases, out_size / num_bases).
        """
        if self.regularizer == "basis":
            return (self.coeff @ self.W.flatten(1)).view(-1, self.in_size, self.out_size)
        if self.regularizer == "bdd":
            bases = self.num_bases
            return self.W.view(-1, bases, self.in_size // bases, self.out_size // bases)
        return self.W

    def forward(self, x: Tensor, x_type: Any, sorted_by_type: bool = False) -> Tensor:
        """Map.

        Args:
            x: (N, in_size).
            x_type: (N,) integers from 0 to ``num_types - 1``.
            sorted_by_type: the rows are in the order of their types, so that none is moved.

        Returns:
            (N, out_size).

        Raises:
            GraphTypeError: rows that are not a tensor, or types that are not integers.
            GraphIndexError: an unknown type.
            GraphValueError: a wrong size, or not a type for each row.
        """
        return typed_linear(x, x_type, self.get_weight(), sorted_by_type)

    def extra_repr(self) -> str:
        """Show the sizes and the regulariser in ``repr``."""
        shown = f"in_size={self.in_size}, out_size={self.out_size}, num_types={self.num_types}"
        if self.regularizer is None:
            return shown
        return f"{shown}, regularizer={self.regularizer}, num_bases={self.num_bases}"
