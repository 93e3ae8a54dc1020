"""SumPooling, AvgPooling and MaxPooling."""

from __future__ import annotations

from torch import Tensor, nn

from ...graph import Graph
from ..functional import avg_pooling, max_pooling, sum_pooling


class SumPooling(nn.Module):
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
        return sum_pooling(graph, feat)


class AvgPooling(nn.Module):
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
        return avg_pooling(graph, feat)


class MaxPooling(nn.Module):
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
        return max_pooling(graph, feat)
