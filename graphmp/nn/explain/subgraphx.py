"""SubgraphX: explanation of a graph's class by its most important connected part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ... import _checks
from ...errors import GraphIndexError, GraphTypeError, GraphValueError
from ...graph import Graph
from .flat_edges import first_numbers, flat_edges
from .masks import ByType
from .model_calls import check_homogeneous, checked_classes, evaluating, progress
from .tree_search import TreeNode, TreeSearch, Value


class SubgraphX(nn.Module):
    r"""Explains the class of a graph by its most important connected part.

    From `On Explainability of Graph Neural Networks via Subgraph Explorations
    <https://arxiv.org/abs/2102.05152>`__ (Yuan et al., ICML 2021). A Monte Carlo tree search
    removes one node after the other and keeps the largest connected part. It goes to the part

    .. math:: \arg\max_i\; \bar r_i + \lambda r_i \frac{\sqrt{\sum_j c_j}}{1 + c_i}

    with :math:`c` the number of visits, :math:`\bar r` the mean reward at their ends, and :math:`r`
    the importance of the part: its Shapley value among the nodes that the model sees around it,
    estimated from random coalitions. A node outside a coalition has features 0.

    Args:
        model: called as ``model(graph, feat)``; returns logits, (1, classes).
        num_hops: how many steps the model sees.
        coef: the number :math:`\lambda`.
        high2low: try to remove nodes of great degree first; else those of small degree.
        num_child: how many nodes are tried at each part.
        num_rollouts: the number of descents in the tree.
        node_min: parts of at most so many nodes are not divided further.
        shapley_steps: the number of coalitions for each part.
        log: show a progress bar, with tqdm.

    Raises:
        GraphTypeError: a model that is not callable, or numbers that are not ints.
        GraphValueError: numbers below 1.

    Example:
        >>> import torch, graphmp as gm
        >>> class Model(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.conv = gm.nn.GraphConv(5, 2, allow_zero_in_degree=True)
        ...     def forward(self, graph, feat):
        ...         return self.conv(graph, feat).mean(0, keepdim=True)
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> explainer = gm.nn.SubgraphX(Model(), num_hops=1, num_rollouts=2, shapley_steps=4)
        >>> explainer.explain_graph(g, torch.rand(4, 5), target_class=0).shape
        torch.Size([3])
    """

    def __init__(
        self,
        model: nn.Module,
        num_hops: int,
        coef: float = 10.0,
        high2low: bool = True,
        num_child: int = 12,
        num_rollouts: int = 20,
        node_min: int = 3,
        shapley_steps: int = 100,
        log: bool = False,
    ) -> None:
        super().__init__()
        if not callable(model):
            raise GraphTypeError(f"model: expected a callable, got {_checks.kind(model)}.")
        self.model, self.coef, self.high2low, self.log = model, coef, high2low, log
        self.num_hops = _positive(num_hops, "num_hops")
        self.num_child = _positive(num_child, "num_child")
        self.num_rollouts = _positive(num_rollouts, "num_rollouts")
        self.node_min = _positive(node_min, "node_min")
        self.shapley_steps = _positive(shapley_steps, "shapley_steps")

    def extra_repr(self) -> str:
        """Show the sizes of the search in ``repr``."""
        return f"num_hops={self.num_hops}, num_rollouts={self.num_rollouts}"

    def explain_graph(self, graph: Graph, feat: Any, target_class: int, **kwargs: Any) -> Any:
        """Find the part of a graph on which the probability of a class rests most.

        Args:
            graph: a graph of more than ``node_min`` nodes.
            feat: (N, D) features of its nodes.
            target_class: the class.
            kwargs: passed on to the model.

        Returns:
            (n,) the nodes of the part, ascending, n at most ``node_min``.

        Raises:
            GraphIndexError: an unknown class.
            GraphTypeError: features that are not a tensor of floating point numbers.
            GraphValueError: a graph of several types or of too few nodes, features or logits of a
                wrong shape.
        """
        check_homogeneous(graph, feat, "HeteroSubgraphX")
        by_type = self._search(graph, {graph.ntypes[0]: feat}, target_class, kwargs)
        return by_type[graph.ntypes[0]]

    def _search(
        self, graph: Graph, feats: Mapping[str, Tensor], target_class: int, kwargs: dict[str, Any]
    ) -> ByType:
        """The nodes of the most important part, by node type."""
        count = graph.num_nodes()
        if count <= self.node_min:
            raise GraphValueError(
                f"Expected a graph of more than node_min = {self.node_min} nodes, got {count}."
            )
        src, dst = flat_edges(graph)
        search = TreeSearch(
            src.long().cpu(),
            dst.long().cpu(),
            count,
            self._value(graph, feats, target_class, kwargs),
            self.num_hops,
            self.coef,
            self.high2low,
            self.num_child,
            self.node_min,
            self.shapley_steps,
        )
        with evaluating(self.model, graph), torch.no_grad():
            root = TreeNode(torch.arange(count))
            for _ in progress(self.num_rollouts, "Explain graph", self.log):
                search.rollout(root)
        nodes, by_type = search.best(), {}
        for ntype, first in first_numbers(graph).items():
            own = nodes[(nodes >= first) & (nodes < first + graph.num_nodes(ntype))] - first
            by_type[ntype] = own.to(graph.device, graph.idtype)
        return by_type

    def _value(
        self, graph: Graph, feats: Mapping[str, Tensor], target_class: int, kwargs: dict[str, Any]
    ) -> Value:
        """The probability of the class, from a mask of all nodes."""
        sizes = [graph.num_nodes(ntype) for ntype in graph.ntypes]

        def value(mask: Tensor) -> float:
            parts = zip(graph.ntypes, torch.split(mask.to(graph.device), sizes), strict=True)
            masked = {ntype: feats[ntype] * part.unsqueeze(1) for ntype, part in parts}
            logits = checked_classes(self._call(graph, masked, kwargs), None)
            if not 0 <= target_class < logits.shape[1]:
                raise GraphIndexError(
                    f"target_class: expected a class from 0 to {logits.shape[1] - 1}, got "
                    f"{target_class}."
                )
            return float(logits.softmax(-1)[0, target_class])

        return value

    def _call(self, graph: Graph, feats: ByType, kwargs: dict[str, Any]) -> Any:
        """The logits of the model."""
        return self.model(graph, feats[graph.ntypes[0]], **kwargs)


def _positive(value: Any, name: str) -> int:
    """Check an int of at least 1."""
    number = _checks.count(value, name)
    if number < 1:
        raise GraphValueError(f"{name}: expected at least 1, got {number}.")
    return number
