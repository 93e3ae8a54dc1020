"""SortPooling: the first nodes of each graph in sorted order."""

from __future__ import annotations

from torch import Tensor, nn

from ... import _checks
from ...graph import Graph
from ..functional import sort_pooling


class SortPooling(nn.Module):
    r"""Sort pooling.

    From `An End-to-End Deep Learning Architecture for Graph Classification
    <https://ojs.aaai.org/index.php/AAAI/article/view/11782>`__ (Zhang, Cui, Neumann and Chen, AAAI
    2018).

    The features of each node are sorted, ascending; then the ``k`` nodes of each graph whose
    largest feature is largest are laid one after the other, the largest first, and 0 where a
    graph has fewer nodes. Of equal nodes the first comes first.

    Args:
        k: number of nodes of each graph in the result.

    Shapes:
        - feat: (N, D).
        - output: (batch size, k * D).

    Raises:
        GraphTypeError: ``k`` is not an int.
        GraphValueError: ``k`` is negative.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 2])), gm.graph(([0], [0]))])
        >>> feat = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [5.0, 4.0]])
        >>> gm.nn.SortPooling(2)(g, feat)
        tensor([[0., 3., 1., 2.],
                [4., 5., 0., 0.]])
    """

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = _checks.count(k, "k")

    def forward(self, graph: Graph, feat: Tensor) -> Tensor:
        """Pool.

        Args:
            graph: a graph or a batch of graphs, of one node type.
            feat: (N, D).

        Returns:
            (batch size, k * D).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        return sort_pooling(graph, feat, self.k)

    def extra_repr(self) -> str:
        """Show ``k`` in ``repr``."""
        return f"k={self.k}"
