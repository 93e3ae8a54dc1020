"""HeteroPGExplainer: the same on a graph of several types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ... import _checks
from ...errors import GraphKeyError, GraphTypeError
from ...graph import Graph
from .model_calls import check_typed
from .pg_explainer import PGExplainer


class HeteroPGExplainer(PGExplainer):
    r"""Explains predictions by a network that tells which edges they rest on, of several types.

    As :class:`PGExplainer`, with dicts in place of tensors: features, embeddings, nodes to explain,
    and logits and probabilities of nodes by node type, masks by canonical edge type. Logits and
    probabilities of graphs are tensors. The embeddings of all types have one size.

    Args:
        model: as in :class:`PGExplainer`.
        num_features: size of the embeddings.
        num_hops: how many steps from a node the model sees; needed for nodes.
        explain_graph: explain classes of graphs; else those of nodes.
        coff_budget: as in :class:`PGExplainer`.
        coff_connect: likewise.
        sample_bias: likewise.

    Raises:
        GraphTypeError: a model that cannot be called so.

    Example:
        >>> import torch, graphmp as gm
        >>> class Model(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.conv = gm.nn.SAGEConv((5, 3), 4, "mean")
        ...         self.users, self.linear = torch.nn.Linear(5, 4), torch.nn.Linear(4, 2)
        ...     def forward(self, graph, feat, embed=False, edge_weight=None):
        ...         weight = None if edge_weight is None else edge_weight["user", "plays", "game"]
        ...         games = self.conv(graph["plays"], (feat["user"], feat["game"]), weight)
        ...         embeds = {"user": self.users(feat["user"]), "game": games}
        ...         return embeds if embed else self.linear(games.mean(0, keepdim=True))
        >>> g = gm.heterograph({("user", "plays", "game"): ([0, 1, 2], [0, 0, 1])})
        >>> feat = {"user": torch.ones(3, 5), "game": torch.ones(2, 3)}
        >>> explainer = gm.nn.HeteroPGExplainer(Model(), num_features=4)
        >>> loss = explainer.train_step(g, feat, temperature=5.0)
        >>> probs, edge_mask = explainer.explain_graph(g, feat)
        >>> probs.shape, edge_mask["user", "plays", "game"].shape
        (torch.Size([1, 2]), torch.Size([3]))
    """

    def _check(self, graph: Graph, feat: Any, explain_graph: bool) -> None:
        self._check_kind(explain_graph)
        check_typed(graph, feat)

    def _by_type(self, value: Any, graph: Graph) -> dict[str, Any]:
        if not isinstance(value, _checks.AnyMapping):
            raise GraphTypeError(
                f"Expected a dict by node type, of nodes and from the model, got "
                f"{_checks.kind(value)}."
            )
        for ntype in value:
            if ntype not in graph.ntypes:
                raise GraphKeyError(
                    f"Expected one of the node types {graph.ntypes}, got {ntype!r}."
                )
        return dict(value)

    def _result(self, by_type: Mapping[Any, Tensor]) -> Any:
        return dict(by_type)
