"""LabelPropagation."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ...graph import Graph
from ..functional import label_propagation
from ..functional.propagation import check_label_norm


class LabelPropagation(nn.Module):
    r"""Label propagation.

    From `Learning from Labeled and Unlabeled Data with Label Propagation
    <http://mlg.eng.cam.ac.uk/zoubin/papers/CMU-CALD-02-107.pdf>`__ (Zhu and Ghahramani, 2002).

    .. math:: Y^{t+1} = \alpha \tilde A Y^t + (1 - \alpha) Y^0

    where :math:`Y^0` has the known labels, zeros elsewhere, and :math:`\tilde A` is
    :math:`D_{in}^{-1/2} A D_{out}^{-1/2}` or :math:`D_{in}^{-1} A`. :math:`Y^k` is the result.
    There is nothing to learn.

    Args:
        k: the number of steps.
        alpha: the part that comes from neighbours.
        norm_type: ``"sym"`` or ``"row"``.
        clamp: keep values from 0 to 1 after each step.
        normalize: let the values of a node add up to 1 after each step.
        reset: restore the known labels after each step.

    Shapes:
        - labels: (N,) integers, or (N, C) numbers.
        - mask: (N,) bools, or ids.
        - output: (N, C), float.

    Raises:
        GraphValueError: an unknown norm.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1, 2], [1, 0, 2, 1]))
        >>> labels, known = torch.tensor([0, 0, 1]), torch.tensor([True, False, True])
        >>> gm.nn.LabelPropagation(k=1, alpha=0.5, norm_type="row")(g, labels, known)
        tensor([[0.5000, 0.0000],
                [0.2500, 0.2500],
                [0.0000, 0.5000]])
    """

    def __init__(
        self,
        k: int,
        alpha: float,
        norm_type: str = "sym",
        clamp: bool = True,
        normalize: bool = False,
        reset: bool = False,
    ) -> None:
        super().__init__()
        check_label_norm(norm_type)
        self.k, self.alpha, self.norm_type = k, alpha, norm_type
        self.clamp, self.normalize, self.reset = clamp, normalize, reset

    def forward(self, g: Graph, labels: Tensor, mask: Any = None) -> Tensor:
        """Propagate.

        Args:
            g: a graph whose destinations are its sources.
            labels: (N,) integers, a class each, below 0 perhaps where it is not known; or (N, C)
                numbers.
            mask: (N,) bools or ids, which labels are known; all by default.

        Returns:
            (N, C); differentiable in labels that are numbers.

        Raises:
            GraphTypeError: labels that are not a tensor, or a mask of floats.
            GraphValueError: not a label for each node, a known label below 0, labels on another
                device, or destinations that are not the sources.
        """
        options = (self.norm_type, self.clamp, self.normalize, self.reset)
        return label_propagation(g, labels, self.k, self.alpha, mask, *options)

    def extra_repr(self) -> str:
        """Show the steps and the norm in ``repr``."""
        return f"k={self.k}, alpha={self.alpha}, norm_type={self.norm_type}"
