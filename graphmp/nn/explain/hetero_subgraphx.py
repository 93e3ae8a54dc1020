"""HeteroSubgraphX: the same on a graph of several types."""

from __future__ import annotations

from typing import Any

from ...graph import Graph
from .masks import ByType
from .model_calls import check_typed
from .subgraphx import SubgraphX


class HeteroSubgraphX(SubgraphX):
    r"""Explains the class of a graph of several types by its most important connected part.

    As :class:`SubgraphX`, with features and nodes by node type. A part is connected by edges of any
    type, and its size is the number of its nodes of all types.

    Args:
        model: called as ``model(graph, feat)`` with a dict; returns logits, (1, classes).
        num_hops: how many steps the model sees.
        coef: as in :class:`SubgraphX`.
        high2low: likewise.
        num_child: likewise.
        num_rollouts: likewise.
        node_min: likewise.
        shapley_steps: likewise.
        log: likewise.

    Raises:
        GraphTypeError: a model that is not callable, or numbers that are not ints.
        GraphValueError: numbers below 1.

    Example:
        >>> import torch, graphmp as gm
        >>> class Model(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.conv = gm.nn.SAGEConv((5, 3), 2, "mean")
        ...     def forward(self, graph, feat):
        ...         games = self.conv(graph["plays"], (feat["user"], feat["game"]))
        ...         return games.mean(0, keepdim=True)
        >>> g = gm.heterograph({("user", "plays", "game"): ([0, 1, 2], [0, 0, 1])})
        >>> feat = {"user": torch.rand(3, 5), "game": torch.rand(2, 3)}
        >>> explainer = gm.nn.HeteroSubgraphX(Model(), 1, num_rollouts=2, shapley_steps=4)
        >>> sorted(explainer.explain_graph(g, feat, target_class=1))
        ['game', 'user']
    """

    def explain_graph(self, graph: Graph, feat: Any, target_class: int, **kwargs: Any) -> ByType:
        """Find the part of a graph on which the probability of a class rests most.

        Args:
            graph: a graph of more than ``node_min`` nodes, not a block.
            feat: for each node type features, (N, D).
            target_class: the class.
            kwargs: passed on to the model.

        Returns:
            For each node type the nodes of the part, ascending; together at most ``node_min``.

        Raises:
            GraphIndexError: an unknown class.
            GraphKeyError: a node type that features lack.
            GraphTypeError: features that are no dict of tensors of floating point numbers.
            GraphValueError: a block, a graph of too few nodes, features or logits of a wrong shape.
        """
        check_typed(graph, feat)
        return self._search(graph, feat, target_class, kwargs)

    def _call(self, graph: Graph, feats: ByType, kwargs: dict[str, Any]) -> Any:
        return self.model(graph, feats, **kwargs)
