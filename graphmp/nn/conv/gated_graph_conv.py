"""GatedGraphConv: gated graph neural network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ...errors import GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from ...ops.gather import gather_rows
from ...ops.grouped_op import segment_products
from .._shared.aggregation import aggregate
from .._shared.inputs import checked_types, read_edges, read_steps
from .._shared.typed_sources import typed_sources


class GatedGraphConv(nn.Module):
    r"""Gated graph convolution.

    From `Gated Graph Sequence Neural Networks <https://arxiv.org/abs/1511.05493>`__ (Li et al.,
    ICLR 2016).

    .. math::
        h_v^0 &= [h_v \,\|\, 0]

        a_v^t &= \sum_{u \in N(v)} W_{r(uv)} h_u^t + b_{r(uv)}

        h_v^{t+1} &= \mathrm{GRU}(a_v^t, h_v^t)

    where :math:`r(uv)` is the type of an edge. Features are mapped once for each source and type
    of the edges that leave it.

    Args:
        in_feats: size of a node's input.
        out_feats: size of a node's output, not below ``in_feats``.
        n_steps: the number of steps.
        n_etypes: the number of types of edges.
        bias: add biases in the recurrent unit; the linear maps always have one.

    Attributes:
        linears: a linear map for each type of edges.
        gru: the recurrent unit.

    Shapes:
        - feat: (N, in_feats).
        - etypes: (E,) integers; not needed for one type.
        - output: (N, out_feats).

    Raises:
        GraphValueError: an output smaller than the input.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 2]))
        >>> conv = gm.nn.GatedGraphConv(5, 7, n_steps=2, n_etypes=3)
        >>> conv(g, torch.ones(3, 5), torch.tensor([0, 2, 1])).shape
        torch.Size([3, 7])
    """

    def __init__(
        self, in_feats: int, out_feats: int, n_steps: int, n_etypes: int, bias: bool = True
    ) -> None:
        super().__init__()
        if in_feats > out_feats:
            raise GraphValueError(
                f"out_feats: expected at least in_feats, got {out_feats} < {in_feats}."
            )
        self._in_feats, self._out_feats = in_feats, out_feats
        self._n_steps, self._n_etypes = n_steps, n_etypes
        self.linears = nn.ModuleList([nn.Linear(out_feats, out_feats) for _ in range(n_etypes)])
        self.gru = nn.GRUCell(out_feats, out_feats, bias=bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the maps by Glorot's normal rule, their biases zero, and the recurrent unit."""
        self.gru.reset_parameters()
        for name, parameter in self.linears.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                nn.init.xavier_normal_(parameter, gain=nn.init.calculate_gain("relu"))

    def set_allow_zero_in_degree(self, set_value: bool) -> None:
        """Do nothing, since nodes of in-degree 0 are always allowed; for compatibility with DGL.

        Args:
            set_value: ignored.
        """

    def forward(self, graph: Graph, feat: Tensor, etypes: Any = None) -> Tensor:
        """Convolve.

        Args:
            graph: a graph whose destinations are its sources.
            feat: (N, in_feats).
            etypes: (E,) integers, the type of each edge; not needed for one type.

        Returns:
            (N, out_feats).

        Raises:
            GraphTypeError: features that are not a tensor, or types that are not integers.
            GraphIndexError: an unknown type.
            GraphValueError: no types where there are several.
        """
        adjacency, feat = read_steps(graph, feat, self._in_feats, self.gru.weight_ih)
        messages = self._messages(adjacency, etypes)
        h = pad(feat, (0, self._out_feats - self._in_feats))
        for _ in range(self._n_steps):
            total = messages(h)
            h = self.gru(total, h.to(total.dtype))
        return h

    def _messages(self, adjacency: Adjacency, etypes: Any) -> Callable[[Tensor], Tensor]:
        """The function of a step: from (N, out_feats) to the sums of the messages."""
        if etypes is None and self._n_etypes > 1:
            raise GraphValueError(
                f"etypes: expected types, as the layer has {self._n_etypes} edge types, got None."
            )
        if etypes is not None:
            types = checked_types(etypes, self._n_etypes, "etypes")
            read_edges(adjacency, types, "etypes")
        if self._n_etypes == 1:
            return lambda h: aggregate(adjacency, self.linears[0](h))
        return self._messages_by_type(adjacency, types)

    def _messages_by_type(self, adjacency: Adjacency, types: Tensor) -> Callable[[Tensor], Tensor]:
        """As :meth:`_messages`, for several types. The biases are summed once."""
        nodes, lengths, edges = typed_sources(adjacency, types, self._n_etypes)
        weights, biases = (
            torch.stack([getattr(linear, name) for linear in self.linears])
            for name in ("weight", "bias")
        )
        starts, ends = types.to(adjacency.idtype), adjacency.dst
        by_type = Adjacency.from_coo(starts, ends, self._n_etypes, adjacency.num_dst)
        bias = aggregate(by_type, biases)

        def sums(h: Tensor) -> Tensor:
            messages = segment_products(gather_rows(h, nodes), lengths, weights.mT)
            return aggregate(edges, messages) + bias

        return sums
