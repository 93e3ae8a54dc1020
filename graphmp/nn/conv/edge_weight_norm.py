"""EdgeWeightNorm: normalisation of edge weights."""

from __future__ import annotations

from torch import Tensor, nn

from ...graph import Graph
from ..functional.edge_weights import edge_weight_norm, exponents


class EdgeWeightNorm(nn.Module):
    r"""Normalise the weights of edges by the sums of weights at their ends.

    From `Semi-Supervised Classification with Graph Convolutional Networks
    <https://arxiv.org/abs/1609.02907>`__ (Kipf and Welling, ICLR 2017), with weights in the place
    of ones.

    .. math:: w_{uv}' = \frac{w_{uv}}{c_{uv}}

    With :math:`d^-_v` the sum of the weights that enter a node and :math:`d^+_u` of those that
    leave it, both plus ``eps``, ``norm`` chooses :math:`c_{uv}`: ``"both"``
    :math:`\sqrt{d^+_u d^-_v}`, ``"right"`` :math:`d^-_v`, ``"left"`` :math:`d^+_u`, ``"none"`` 1.

    Args:
        norm: ``"both"``, ``"none"``, ``"left"`` or ``"right"``.
        eps: added to the sums.

    Shapes:
        - edge_weight: (E,) or (E, 1).
        - output: that of ``edge_weight``.

    Raises:
        GraphValueError: an unknown ``norm``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1], [1, 1, 0]))
        >>> gm.nn.EdgeWeightNorm("right")(g, torch.tensor([1.0, 3.0, 2.0]))
        tensor([0.2500, 0.7500, 1.0000])
    """

    def __init__(self, norm: str = "both", eps: float = 0.0) -> None:
        super().__init__()
        exponents(norm)  # an unknown norm is an error
        self._norm, self._eps = norm, eps

    def forward(self, graph: Graph, edge_weight: Tensor) -> Tensor:
        """Normalise.

        Args:
            graph: a graph or block of one edge type.
            edge_weight: (E,) or (E, 1) weights, above zero for ``"both"``. On a GPU that is not
                checked, and roots of negative sums are NaN.

        Returns:
            The normalised weights, of the same shape.

        Raises:
            GraphValueError: a wrong shape, another device, or weights that are not above zero for
                ``"both"``.
        """
        return edge_weight_norm(graph, edge_weight, self._norm, self._eps)

    def extra_repr(self) -> str:
        """Show the norm in ``repr``."""
        return f"norm={self._norm}, eps={self._eps}"
