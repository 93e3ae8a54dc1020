"""SumPooling, AvgPooling and MaxPooling."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from ...graph import Graph
from ..functional import avg_pooling, max_pooling, sum_pooling


class _Pooling(nn.Module):
    """The base of layers that reduce the nodes of each graph by a function ``_pool``."""

    _pool: ClassVar[staticmethod[[Graph, Tensor], Tensor]]

    def forward(self, graph: Graph, feat: Tensor) -> Tensor:
        r"""Pool.

        Args:
            graph: a graph or a batch of graphs, of one node type.
            feat: (N, \*).

        Returns:
            (batch size, \*).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        return self._pool(graph, feat)


class SumPooling(_Pooling):
    r"""Sum of the nodes of each graph.

    .. math::
        r_i = \sum_{v \in V_i} x_v

    where :math:`x_v` are the features of the nodes :math:`V_i` of graph :math:`i`. A graph without
    nodes gives 0.

    Shapes:
        - feat: (N, \*).
        - output: (batch size, \*).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.SumPooling()(g, torch.tensor([[1.0], [3.0], [5.0]]))
        tensor([[4.],
                [5.]])
    """

    _pool = staticmethod(sum_pooling)


class AvgPooling(_Pooling):
    r"""Average of the nodes of each graph.

    .. math::
        r_i = \frac{1}{|V_i|} \sum_{v \in V_i} x_v

    where :math:`x_v` are the features of the nodes :math:`V_i` of graph :math:`i`. A graph without
    nodes gives 0.

    Shapes:
        - feat: (N, \*).
        - output: (batch size, \*).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.AvgPooling()(g, torch.tensor([[1.0], [3.0], [5.0]]))
        tensor([[2.],
                [5.]])
    """

    _pool = staticmethod(avg_pooling)


class MaxPooling(_Pooling):
    r"""Maximum of the nodes of each graph.

    .. math::
        r_i = \max_{v \in V_i} x_v

    where :math:`x_v` are the features of the nodes :math:`V_i` of graph :math:`i`. A graph without
    nodes gives 0.

    Shapes:
        - feat: (N, \*).
        - output: (batch size, \*).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.MaxPooling()(g, torch.tensor([[1.0], [3.0], [5.0]]))
        tensor([[3.],
                [5.]])
    """

    _pool = staticmethod(max_pooling)
