"""Masks of features and edges that explain a prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ... import _checks
from ...graph import Graph
from .model_calls import check_call, progress

ByType: TypeAlias = dict[Any, Tensor]
# Logits (classes,) of the explained node or graph, from features and factors of edges by type.
Predict: TypeAlias = Callable[[ByType, ByType | None], Tensor]


class MaskExplainer(nn.Module):
    """Learns masks of features and edges under which a model keeps its prediction.

    The base of :class:`GNNExplainer`, which has the formula and describes the arguments, and of
    :class:`HeteroGNNExplainer`.

    Raises:
        GraphTypeError: a model that cannot be called so, or a number of things that is not an int.
        GraphValueError: a negative number of things.
    """

    def __init__(
        self,
        model: nn.Module,
        num_hops: int,
        lr: float = 0.01,
        num_epochs: int = 100,
        *,
        alpha1: float = 0.005,
        alpha2: float = 1.0,
        beta1: float = 1.0,
        beta2: float = 0.1,
        log: bool = True,
    ) -> None:
        super().__init__()
        call = "model(graph=…, feat=…, eweight=…)"
        check_call(model, ("graph", "feat", "eweight"), call)
        self.model = model
        self.num_hops = _checks.count(num_hops, "num_hops")
        self.lr, self.num_epochs = lr, _checks.count(num_epochs, "num_epochs")
        self.alpha1, self.alpha2, self.beta1, self.beta2 = alpha1, alpha2, beta1, beta2
        self.log = log

    def extra_repr(self) -> str:
        """Show the number of steps in ``repr``."""
        return f"num_hops={self.num_hops}, num_epochs={self.num_epochs}"

    def learn(
        self, graph: Graph, feat: Mapping[str, Tensor], predict: Predict, title: str
    ) -> tuple[ByType, ByType]:
        """Learn the masks.

        Args:
            graph: the input of the model.
            feat: for each node type its features, (N, D).
            predict: calls the model.
            title: of the progress bar.

        Returns:
            Masks of features by node type, (D,) each, and masks of edges by edge type, (E,) each.
        """
        feats, edges = _first_masks(graph, feat)
        masks = [*feats.values(), *edges.values()]
        optimizer = torch.optim.Adam(masks, lr=self.lr)
        with torch.no_grad():
            predicted = predict(dict(feat), None).argmax(-1)
        for _ in progress(self.num_epochs, title, self.log):
            seen = {t: feat[t] * mask.sigmoid() for t, mask in feats.items()}
            logits = predict(seen, {t: mask.sigmoid() for t, mask in edges.items()})
            loss = -logits.log_softmax(-1)[predicted] + self._penalty(feats, edges)
            grads = torch.autograd.grad(loss, masks, allow_unused=True, materialize_grads=True)
            for mask, grad in zip(masks, grads, strict=True):
                mask.grad = grad
            optimizer.step()
        return (
            {t: mask.detach().sigmoid().squeeze(0) for t, mask in feats.items()},
            {t: mask.detach().sigmoid() for t, mask in edges.items()},
        )

    def _penalty(self, feats: ByType, edges: ByType) -> Tensor:
        """The penalty of large and undecided masks."""
        penalties = []
        for mask in edges.values():
            penalties.append(self.alpha1 * mask.sigmoid().sum() + self.alpha2 * _entropy(mask))
        for mask in feats.values():
            mean = mask.sigmoid().sum() / max(mask.numel(), 1)
            penalties.append(self.beta1 * mean + self.beta2 * _entropy(mask))
        return torch.stack(penalties).sum()


def _first_masks(graph: Graph, feat: Mapping[str, Tensor]) -> tuple[ByType, ByType]:
    """Masks before the sigmoid, drawn from normal distributions: (1, D) and (E,) by type."""
    feats = {t: 0.1 * torch.randn_like(h[:1]) for t, h in feat.items()}
    like = next(iter(feat.values()))
    edges = {}
    for source, name, target in graph.canonical_etypes:
        etype = (source, name, target)
        nodes = max(graph.num_nodes(source) + graph.num_nodes(target), 1)
        edges[etype] = 2 / nodes**0.5 * like.new_empty(graph.num_edges(etype)).normal_()
    for mask in (*feats.values(), *edges.values()):
        mask.requires_grad_()
    return feats, edges


def _entropy(mask: Tensor) -> Tensor:
    """The mean entropy of sigmoids of a mask; 0 without elements."""
    total = binary_cross_entropy_with_logits(mask, mask.sigmoid(), reduction="sum")
    return total / max(mask.numel(), 1)
