"""Set2Set: an LSTM that attends to the nodes repeatedly."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from ...errors import GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from .._shared.cached_by_tensor import cached_by_tensor
from .._shared.heads import attend_by_dots
from .._shared.inputs import checked_nodes, in_dtype_of
from .._shared.lstm import run_lstm

_MEMBERS: Any = WeakTensorKeyDictionary()  # by the sizes of a batch


class Set2Set(nn.Module):
    r"""Set2Set.

    From `Order Matters: Sequence to sequence for sets <https://arxiv.org/abs/1511.06391>`__
    (Vinyals, Bengio and Kudlur, ICLR 2016). For each graph, from :math:`q^*_0 = 0` on,

    .. math::
        q_t &= \mathrm{LSTM}(q^*_{t-1})

        \alpha_{v,t} &= \mathrm{softmax}_v(x_v \cdot q_t)

        r_t &= \sum_v \alpha_{v,t} x_v

        q^*_t &= q_t \,\|\, r_t

    A graph without nodes has :math:`r_t = 0`. One pass of attention stores nothing for a node and
    a feature.

    Args:
        input_dim: size of a node's features, D.
        n_iters: the number of iterations.
        n_layers: the number of the LSTM's layers.

    Attributes:
        lstm: the LSTM.

    Shapes:
        - feat: (N, D).
        - output: (batch size, 2 D).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.Set2Set(5, n_iters=2, n_layers=1)(g, torch.ones(3, 5)).shape
        torch.Size([2, 10])
    """

    def __init__(self, input_dim: int, n_iters: int, n_layers: int) -> None:
        super().__init__()
        self.input_dim = input_dim
        self.output_dim = 2 * input_dim
        self.n_iters = n_iters
        self.n_layers = n_layers
        self.lstm = nn.LSTM(self.output_dim, input_dim, n_layers)

    def reset_parameters(self) -> None:
        """Reset the LSTM."""
        self.lstm.reset_parameters()

    def forward(self, graph: Graph, feat: Tensor) -> Tensor:
        """Pool.

        Args:
            graph: a graph or a batch of graphs, of one node type.
            feat: (N, D).

        Returns:
            (batch size, 2 D).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        sizes = checked_nodes(graph, feat, self.input_dim)
        if feat.ndim != 2:
            raise GraphValueError(
                f"feat: expected shape (N, {self.input_dim}), got {tuple(feat.shape)}."
            )
        members = cached_by_tensor(_MEMBERS, sizes, lambda: _members(sizes, feat.shape[0]))
        like: Any = self.lstm.weight_ih_l0
        feat = in_dtype_of(like, feat, "feat")
        nodes, graphs = feat.unsqueeze(1), members.num_dst
        state = (feat.new_zeros(self.n_layers, graphs, self.input_dim),) * 2
        out = feat.new_zeros(graphs, self.output_dim)
        for _ in range(self.n_iters):
            query, state = run_lstm(self.lstm, out.unsqueeze(0), state)
            read = attend_by_dots(members, query.transpose(0, 1), nodes, nodes)
            out = torch.cat([query.squeeze(0), read.squeeze(1)], 1)
        return out

    def extra_repr(self) -> str:
        """Show the number of iterations in ``repr``."""
        return f"n_iters={self.n_iters}"


def _members(sizes: Tensor, rows: int) -> Adjacency:
    """Edges from the nodes of a batch to its graphs."""
    graphs = torch.arange(sizes.numel(), dtype=sizes.dtype, device=sizes.device)
    owner = graphs.repeat_interleave(sizes, output_size=rows)
    nodes = torch.arange(rows, dtype=sizes.dtype, device=sizes.device)
    return Adjacency.from_coo(nodes, owner, rows, sizes.numel())
