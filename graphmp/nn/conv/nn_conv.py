"""NNConv: edge-conditioned convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...errors import GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from .._shared.inputs import (
    Sizes,
    read_edges,
    read_ends,
    sizes_at_ends,
    split_ends,
)
from .._shared.maps import add_bias, reset_by_glorot, residual_map
from .._shared.options import check_option

AGGREGATORS = ("sum", "mean", "max")


class NNConv(nn.Module):
    r"""Edge-conditioned convolution.

    From `Neural Message Passing for Quantum Chemistry <https://arxiv.org/abs/1704.01212>`__ (Gilmer
    et al., ICML 2017).

    .. math::
        h_v' = b + \mathrm{aggregate}_{u \in N(v)}\, h_u\, f(e_{uv}) \;[\, + W_{res} h_v]

    where :math:`f(e_{uv})` is a matrix. It has in_feats times out_feats numbers for every edge,
    which are stored. The maximum is that of each of the products in
    :math:`h_u f(e_{uv})`, before they are added.

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations.
        out_feats: size of a node's output.
        edge_func: the function :math:`f`, from the edges' features to (E, in_feats * out_feats).
        aggregator_type: ``"sum"``, ``"mean"`` or ``"max"``.
        residual: add the destinations' input, through a linear map unless it has the right size.
        bias: add a bias.

    Attributes:
        edge_func: the function.
        res_fc: linear map of the residual, without a bias; or the identity; or None.
        bias: (out_feats,), zeros at first; or None.

    Shapes:
        - feat: (num_src, in_feats); or
          a pair of that and (num_dst, in_feats).
        - efeat: (E, \*) as ``edge_func`` takes it.
        - output: (num_dst, out_feats).

    Raises:
        GraphOptionError: an unknown aggregator.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> conv = gm.nn.NNConv(5, 2, torch.nn.Linear(4, 10))
        >>> conv(g, torch.ones(3, 5), torch.ones(2, 4)).shape
        torch.Size([3, 2])
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_feats: Sizes,
        out_feats: int,
        edge_func: Callable[[Tensor], Tensor],
        aggregator_type: str = "mean",
        residual: bool = False,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_option(aggregator_type, AGGREGATORS, "aggregator_type")
        self._in_src_feats, self._in_dst_feats = sizes_at_ends(in_feats)
        self._out_feats, self._aggre_type = out_feats, aggregator_type
        self.edge_func = edge_func
        self.res_fc = residual_map(self._in_dst_feats, out_feats, False) if residual else None
        self.register_parameter("bias", nn.Parameter(torch.empty(out_feats)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the residual's weight by Glorot's normal rule, and set the bias to zero."""
        reset_by_glorot(self.res_fc, bias=self.bias)

    def forward(self, graph: Graph, feat: Any, efeat: Tensor) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, in_feats) features; or a pair of that and (num_dst, in_feats), which
                only ``residual`` reads.
            efeat: (E, \*) as ``edge_func`` takes it.

        Returns:
            (num_dst, out_feats).

        Raises:
            GraphValueError: with ``residual``, one tensor where the destinations are not among the
                sources; or a function that makes no matrices.
        """
        sizes, like = (self._in_src_feats, self._in_dst_feats), next(self.parameters(), None)
        ends = read_ends(graph, feat, sizes, like, reads_dst=self.res_fc is not None)
        (src, dst), adjacency = split_ends(ends, ends.feat), ends.adjacency
        read_edges(adjacency, efeat, "efeat")
        out = self._reduce(adjacency, src, self._matrices(efeat))
        if self.res_fc is not None:
            out = out + self.res_fc(dst)
        return add_bias(out, self.bias)

    def _reduce(self, adjacency: Adjacency, src: Tensor, matrices: Tensor) -> Tensor:
        """(num_dst, out_feats): the reduced messages."""
        if self._aggre_type == "max":
            products = ops.gspmm(adjacency, "mul", "max", src.unsqueeze(-1), matrices)
            return products.sum(1)
        rows = ops.gsddmm(adjacency, "copy_lhs", src, None).unsqueeze(1)
        messages = torch.bmm(rows, matrices).squeeze(1)
        return ops.gspmm(adjacency, "copy_rhs", self._aggre_type, None, messages)

    def _matrices(self, efeat: Tensor) -> Tensor:
        """(E, in_feats, out_feats): the matrix of each edge."""
        shape = (efeat.shape[0], self._in_src_feats, self._out_feats)
        matrices = self.edge_func(efeat)
        if matrices.numel() != shape[0] * shape[1] * shape[2]:
            raise GraphValueError(
                f"edge_func: expected a function that returns {shape[1] * shape[2]} numbers per "
                f"edge, got a shape of {tuple(matrices.shape)}."
            )
        return matrices.view(shape)

    def extra_repr(self) -> str:
        """Show the sizes and the aggregator in ``repr``."""
        sizes = f"in={self._in_src_feats}, out={self._out_feats}"
        return f"{sizes}, aggregator={self._aggre_type}"
