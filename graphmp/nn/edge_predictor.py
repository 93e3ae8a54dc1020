"""EdgePredictor: scores of node pairs."""

from __future__ import annotations

from torch import Tensor, nn

from ._shared.inputs import in_dtype_of
from .functional import edge_predictor
from .functional.merging import check_operator


class EdgePredictor(nn.Module):
    r"""Predict from the features of two nodes whether, or what, edge joins them.

    - ``"dot"``: :math:`h_u^T h_v`;
    - ``"cos"``: the cosine of :math:`h_u` and :math:`h_v`;
    - ``"ele"``: :math:`h_u \odot h_v`;
    - ``"cat"``: :math:`h_u \,\|\, h_v`;

    and then a linear map, if both sizes are passed.

    Args:
        op: ``"dot"``, ``"cos"``, ``"ele"`` or ``"cat"``.
        in_feats: size of a node's input; only for the linear map.
        out_feats: size of the result; only for the linear map.
        bias: give the linear map a bias.

    Attributes:
        linear: the linear map; or None.

    Shapes:
        - h_src: (E, in_feats).
        - h_dst: (E, in_feats).
        - output: (E, out_feats); without the linear map (E, 1) for ``"dot"`` and ``"cos"``,
          (E, in_feats) for ``"ele"``, (E, 2 * in_feats) for ``"cat"``.

    Raises:
        GraphValueError: an unknown operator.

    Example:
        >>> import torch, graphmp as gm
        >>> g, h = gm.graph(([0, 1], [1, 2])), torch.ones(3, 5)
        >>> u, v = g.edges()
        >>> gm.nn.EdgePredictor("cat", in_feats=5, out_feats=2)(h[u], h[v]).shape
        torch.Size([2, 2])
    """

    def __init__(
        self,
        op: str,
        in_feats: int | None = None,
        out_feats: int | None = None,
        bias: bool = False,
    ) -> None:
        super().__init__()
        check_operator(op)
        self.op = op
        self.linear: nn.Linear | None = None
        if in_feats is not None and out_feats is not None:
            sizes = {"dot": 1, "cos": 1, "ele": in_feats, "cat": 2 * in_feats}
            self.linear = nn.Linear(sizes[op], out_feats, bias=bias)

    def reset_parameters(self) -> None:
        """Reset the linear map."""
        if self.linear is not None:
            self.linear.reset_parameters()

    def forward(self, h_src: Tensor, h_dst: Tensor) -> Tensor:
        """Score.

        Args:
            h_src: (E, in_feats), the features of the sources.
            h_dst: (E, in_feats), the features of the destinations.

        Returns:
            (E, out_feats); without the linear map (E, 1) for ``"dot"`` and ``"cos"``,
            (E, in_feats) for ``"ele"``, (E, 2 * in_feats) for ``"cat"``.

        Raises:
            GraphTypeError: features that are not tensors.
            GraphValueError: features of shapes that do not fit.
        """
        h = edge_predictor(h_src, h_dst, self.op)
        if self.linear is None:
            return h
        h = in_dtype_of(self.linear.weight, h, f"op={self.op!r} of h_src and h_dst")
        return self.linear(h)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Show the operator in ``repr``."""
        return f"op={self.op}"
