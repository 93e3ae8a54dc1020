"""Labels that spread along edges."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize, one_hot

from .. import _checks, ops
from ..errors import GraphValueError
from ..graph import Graph
from .inputs import checked_steps
from .steps import Step, normalized_step

NORMS = ("sym", "row")


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
        reset: set the known labels anew after each step.

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
        if norm_type not in NORMS:
            raise GraphValueError(f"norm_type is 'sym' or 'row', but {norm_type!r} came.")
        self.k, self.alpha, self.norm_type = k, alpha, norm_type
        self.clamp, self.normalize, self.reset = clamp, normalize, reset

    @torch.no_grad()
    def forward(self, g: Graph, labels: Tensor, mask: Any = None) -> Tensor:
        """Propagate.

        Args:
            g: a graph whose destinations are its sources.
            labels: (N,) integers, or (N, C) numbers.
            mask: (N,) bools or ids, which labels are known; all, unless given.

        Returns:
            (N, C), without a gradient.

        Raises:
            GraphTypeError: labels that are not a tensor.
            GraphValueError: not a label for each node, labels on another device, or destinations
                that are not the sources.
        """
        known, first = self._known(checked_steps(g, labels, None), mask)
        y, step = first, self._step(g, first)
        for _ in range(self.k):
            y = self.alpha * step(y) + (1 - self.alpha) * first
            y = y.clamp(0, 1) if self.clamp else y
            y = normalize(y, p=1) if self.normalize else y
            y = torch.where(known, first, y) if self.reset else y
        return y

    def _known(self, labels: Tensor, mask: Any) -> tuple[Tensor, Tensor]:
        """(N, 1) bools and (N, C) numbers: which labels are known, and those labels."""
        y = labels if labels.is_floating_point() else one_hot(labels.long().flatten()).float()
        if mask is None:
            return torch.ones(len(y), 1, dtype=torch.bool, device=y.device), y
        ids = _checks.ids_or_mask(mask, torch.int64, y.device, len(y), "mask")
        known = torch.zeros(len(y), 1, dtype=torch.bool, device=y.device).index_fill(0, ids, True)
        return known, y * known

    def _step(self, g: Graph, like: Tensor) -> Step:
        if self.norm_type == "sym":
            return normalized_step(g, like, leaving="out")
        right = g.adjacency.divisors(like.dtype)
        return lambda y: ops.normalized_sum(g, y, right=right)

    def extra_repr(self) -> str:
        """Show the steps and the norm in ``repr``."""
        return f"k={self.k}, alpha={self.alpha}, norm_type={self.norm_type}"
