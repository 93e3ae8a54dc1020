"""SAGEConv: GraphSAGE."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ... import function as fn
from ...errors import GraphValueError
from ...graph import Graph
from ...ops.normalized import divided
from .._shared.activations import activate, map_and_rectify
from .._shared.aggregation import add_own, aggregate, check_edge_weight, maps_first
from .._shared.inputs import (
    Ends,
    Sizes,
    apply_dropout,
    map_features,
    read_ends,
    sizes_at_ends,
    split_ends,
)
from .._shared.lstm import run_lstm
from .._shared.maps import add_bias
from .._shared.options import check_option, checked_function
from .._shared.products import map_both, map_with_bias, sum_of_maps
from ..dropout import Dropout

AGGREGATORS = ("mean", "gcn", "pool", "lstm")


class SAGEConv(nn.Module):
    r"""GraphSAGE.

    From `Inductive Representation Learning on Large Graphs <https://arxiv.org/abs/1706.02216>`__
    (Hamilton, Ying and Leskovec, NeurIPS 2017).

    .. math:: h_v' = \mathrm{norm}\big(\sigma(W_{self} h_v + b + W_{neigh} h_{N(v)})\big)

    The aggregator computes :math:`h_{N(v)}` from the messages of the in-neighbours, their features
    times the edge weights, if any:

    - ``"mean"``: the average;
    - ``"pool"``: the maximum, by elements, of :math:`\mathrm{ReLU}(W_{pool} h_u + b_{pool})`;
    - ``"lstm"``: the last state of an LSTM that reads the messages in the order of edge ids, so
      that the result depends on that order;
    - ``"gcn"``: the sum of the messages and :math:`h_v`, over the in-degree plus 1; there is no
      :math:`W_{self}`, the result is :math:`\sigma(W_{neigh} h_{N(v)} + b)`.

    It is 0 for in-degree 0 (``"gcn"``: :math:`h_v`).

    Args:
        in_feats: size of a node's input; or a pair, of the sources and of the destinations.
        out_feats: size of a node's output.
        aggregator_type: ``"mean"``, ``"gcn"``, ``"pool"`` or ``"lstm"``.
        feat_drop: dropout of the input features.
        bias: add a bias.
        norm: applied last, to the activated result.
        activation: applied to the result.
        cached: for ``"mean"`` and ``"gcn"``, keep the aggregate of constant features, such as the
            input of a model, with the graph, and compute it again when they change. It has no
            effect on features that require a gradient or are dropped out, in a compiled program,
            and with edge weights.

    Attributes:
        fc_self: linear map of the destinations' features, with the bias; not in ``"gcn"``.
        fc_neigh: linear map of the aggregated features, without a bias.
        fc_pool: linear map before pooling; only in ``"pool"``.
        lstm: only in ``"lstm"``.
        bias: (out_feats,); only in ``"gcn"``.

    Shapes:
        - feat: (num_src, \*, in_feats); or a pair of that and (num_dst, \*, in_feats).
          ``"lstm"`` takes no \*.
        - edge_weight: (E,) or (E, 1); or (E, d) with a factor for each feature that is aggregated.
          These are the d = ``in_feats`` features, or for ``"mean"`` and ``"gcn"`` with a smaller
          ``out_feats`` the d = ``out_feats`` mapped ones.
        - output: (num_dst, \*, out_feats).

    Raises:
        GraphValueError: an unknown aggregator, or different sizes at the ends for ``"gcn"``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> conv = gm.nn.SAGEConv(5, 2, "pool")
        >>> conv(g, torch.ones(3, 5)).shape
        torch.Size([3, 2])
        >>> bipartite = gm.heterograph({("user", "buys", "item"): ([0, 1, 1], [0, 0, 1])})
        >>> conv = gm.nn.SAGEConv((5, 4), 2, "mean")
        >>> conv(bipartite, (torch.ones(2, 5), torch.ones(2, 4))).shape
        torch.Size([2, 2])
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        in_feats: Sizes,
        out_feats: int,
        aggregator_type: str,
        feat_drop: float = 0.0,
        bias: bool = True,
        norm: Callable[[Tensor], Tensor] | None = None,
        activation: Callable[[Tensor], Tensor] | None = None,
        cached: bool = False,
    ) -> None:
        super().__init__()
        check_option(aggregator_type, AGGREGATORS, "aggregator_type")
        self._in_src_feats, self._in_dst_feats = sizes_at_ends(in_feats)
        if aggregator_type == "gcn" and self._in_src_feats != self._in_dst_feats:
            raise GraphValueError(
                "in_feats: expected one size at both ends for 'gcn', which adds their features, "
                f"got {in_feats}."
            )
        self._out_feats, self._aggre_type, self._cached = out_feats, aggregator_type, cached
        self.norm = checked_function(norm, "norm")
        self.feat_drop = Dropout(feat_drop)
        self.activation = checked_function(activation, "activation")
        self._make_maps(bias)
        self.reset_parameters()

    def _make_maps(self, bias: bool) -> None:
        """Make the linear maps and the LSTM that the aggregator needs."""
        size, kind = self._in_src_feats, self._aggre_type
        if kind == "pool":
            self.fc_pool = nn.Linear(size, size)
        if kind == "lstm":
            self.lstm = nn.LSTM(size, size, batch_first=True)
        self.fc_neigh = nn.Linear(size, self._out_feats, bias=False)
        if kind != "gcn":
            self.fc_self = nn.Linear(self._in_dst_feats, self._out_feats, bias=bias)
        own = nn.Parameter(torch.zeros(self._out_feats)) if kind == "gcn" and bias else None
        self.register_parameter("bias", own)

    def reset_parameters(self) -> None:
        """Reset the linear maps by Glorot's uniform rule, with the gain of ReLU.

        Biases of linear maps stay as they are; that of ``"gcn"`` becomes zero.
        """
        gain = nn.init.calculate_gain("relu")
        if self._aggre_type == "pool":
            nn.init.xavier_uniform_(self.fc_pool.weight, gain=gain)
        if self._aggre_type == "lstm":
            self.lstm.reset_parameters()
        if self._aggre_type != "gcn":
            nn.init.xavier_uniform_(self.fc_self.weight, gain=gain)
        nn.init.xavier_uniform_(self.fc_neigh.weight, gain=gain)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Show the aggregator in ``repr``."""
        return f"aggregator={self._aggre_type}"

    def forward(self, graph: Graph, feat: Any, edge_weight: Tensor | None = None) -> Tensor:
        r"""Convolve.

        Args:
            graph: a graph or block of one edge type.
            feat: (num_src, \*, in_feats) features; or a pair of that and (num_dst, \*, in_feats).
            edge_weight: (E,) or (E, 1), a factor for each edge; or (E, d), see above.

        Returns:
            (num_dst, \*, out_feats).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        sizes, like = (self._in_src_feats, self._in_dst_feats), self.fc_neigh.weight
        ends = apply_dropout(read_ends(graph, feat, sizes, like), self.feat_drop)
        if self._aggre_type == "gcn":
            out = self._gcn(ends, edge_weight)
        elif self._aggre_type == "mean":
            out = self._mean(ends, edge_weight)
        else:
            reduce = self._pool if self._aggre_type == "pool" else partial(self._lstm, graph)
            _, dst = split_ends(ends, ends.feat)
            out = sum_of_maps(self.fc_self, dst, self.fc_neigh, reduce(ends, edge_weight))
        out = out if self.activation is None else activate(self.activation, out)
        return out if self.norm is None else self.norm(out)

    def _mean(self, ends: Ends, edge_weight: Tensor | None) -> Tensor:
        adjacency, feat = ends.adjacency, ends.feat
        src = feat[0] if isinstance(feat, tuple) else feat
        is_first = maps_first(adjacency, src, self._out_feats, edge_weight, self._cached)
        src, dst = split_ends(ends, feat, only_aggregates=not is_first)
        if is_first:
            own, src = map_both(self.fc_self, dst, self.fc_neigh, src)
            return add_own(aggregate(adjacency, src, edge_weight, "mean"), own)
        mean = aggregate(adjacency, src, edge_weight, "mean", self._cached)
        return sum_of_maps(self.fc_self, dst, self.fc_neigh, mean)

    def _gcn(self, ends: Ends, edge_weight: Tensor | None) -> Tensor:
        adjacency, feat = ends.adjacency, ends.feat
        src = feat[0] if isinstance(feat, tuple) else feat
        is_first = maps_first(adjacency, src, self._out_feats, edge_weight, self._cached)
        feat = map_features(self.fc_neigh, feat) if is_first else feat
        src, dst = split_ends(ends, feat, only_aggregates=True)
        total = aggregate(adjacency, src, edge_weight, "sum", self._cached)
        total = total + dst if self._cached else add_own(total, dst)
        mean = divided(total, adjacency.divisors(total.dtype, more=1))
        return (
            add_bias(mean, self.bias) if is_first else map_with_bias(self.fc_neigh, mean, self.bias)
        )

    def _pool(self, ends: Ends, edge_weight: Tensor | None) -> Tensor:
        src = map_and_rectify(self.fc_pool, split_ends(ends, ends.feat)[0])
        return aggregate(ends.adjacency, src, edge_weight, "max")

    def _lstm(self, graph: Graph, ends: Ends, edge_weight: Tensor | None) -> Tensor:
        message, src = fn.copy_u("h", "m"), split_ends(ends, ends.feat)[0]
        if src.ndim != 2:
            raise GraphValueError(
                f"feat: expected shape (num_src, {src.shape[-1]}) for an LSTM, got "
                f"{tuple(src.shape)}."
            )
        with graph.local_scope():
            graph.srcdata["h"] = src
            if edge_weight is not None:
                graph.edata["w"] = check_edge_weight(ends.adjacency, edge_weight)
                message = fn.u_mul_e("h", "w", "m")
            reducer = fn.Reducer("lstm", formula=self._last_state)
            graph.update_all(message, fn.Reduce(reducer, "m", "h"))
            return graph.dstdata["h"]  # type: ignore[no-any-return]

    def _last_state(self, messages: Tensor) -> Tensor:
        """(n, degree, in_feats) -> (n, in_feats): the last hidden state of the LSTM."""
        last: Tensor = run_lstm(self.lstm, messages)[1][0]
        return last.squeeze(0)
