"""Masks of features and edges that explain a prediction."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ... import _checks
from ...errors import GraphRuntimeError, GraphTypeError, GraphValueError
from ...graph import Graph

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
        _check_call(model)
        self.model = model
        self.num_hops = _checks.count(num_hops, "num_hops")
        self.lr, self.num_epochs = lr, _checks.count(num_epochs, "num_epochs")
        self.alpha1, self.alpha2, self.beta1, self.beta2 = alpha1, alpha2, beta1, beta2
        self.log = log

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
        for _ in self._epochs(title):
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

    def _epochs(self, title: str) -> Any:
        """The numbers of the steps, perhaps with a progress bar."""
        if not self.log:
            return range(self.num_epochs)
        try:
            from tqdm.auto import tqdm
        except ImportError as error:
            raise GraphRuntimeError(
                "A progress bar needs tqdm, which is not installed: pip install tqdm, or choose "
                "log=False."
            ) from error
        return tqdm(range(self.num_epochs), desc=title)


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


def _check_call(model: Any) -> None:
    """Check that a model can be called as explainers do."""
    if not callable(model):
        raise GraphTypeError(f"model: expected a callable, got {_checks.kind(model)}.")
    try:
        called = inspect.signature(model.forward if isinstance(model, nn.Module) else model)
    except (TypeError, ValueError):
        return  # compiled code does not tell
    named = called.parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in named):
        return
    missing = [name for name in ("graph", "feat", "eweight") if name not in called.parameters]
    if missing:
        raise GraphTypeError(
            "The model is called as model(graph=…, feat=…, eweight=…), where eweight is a factor "
            f"for each edge, but {type(model).__name__} takes {called} and so lacks "
            f"{', '.join(missing)}: put it into a module whose forward takes all three."
        )


def _entropy(mask: Tensor) -> Tensor:
    """The mean entropy of sigmoids of a mask; 0 without elements."""
    total = binary_cross_entropy_with_logits(mask, mask.sigmoid(), reduction="sum")
    return total / max(mask.numel(), 1)


@contextmanager
def evaluating(model: nn.Module, graph: Graph) -> Iterator[None]:
    """Move a model to the graph's device, and set it to evaluation in the context."""
    model.to(graph.device)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def check_features(feat: Any, rows: int, device: torch.device, owner: str) -> None:
    """Check features to be masked.

    Raises:
        GraphTypeError: not a tensor of floating point numbers.
        GraphValueError: another shape than (rows, D), or another device.
    """
    _checks.feature(feat, rows, device, "feat", owner)
    if not feat.is_floating_point():
        raise GraphTypeError(f"feat: expected floating point, got {_checks.kind(feat)}.")
    if feat.ndim != 2:
        raise GraphValueError(f"feat: expected shape (N, D), got a shape of {tuple(feat.shape)}.")


def checked_classes(logits: Any, rows: int | None) -> Tensor:
    """Check the logits of a model, (n, classes).

    Args:
        logits: the output of the model.
        rows: the number of nodes, if they have classes; None if the graph has one.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another shape.
    """
    if not isinstance(logits, Tensor):
        raise GraphTypeError(
            f"logits: expected a tensor from the model, got {_checks.kind(logits)}."
        )
    if logits.ndim != 2 or 0 in logits.shape or len(logits) != (rows or 1):
        shape = "(1, classes), one row for the graph"
        if rows is not None:
            shape = f"(n, classes), one row for each of {rows} nodes"
        raise GraphValueError(
            f"logits: expected {shape}, from the model, got a shape of {tuple(logits.shape)}; use "
            "explain_node for classes of nodes, explain_graph for those of graphs."
        )
    return logits
