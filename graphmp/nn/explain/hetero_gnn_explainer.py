"""HeteroGNNExplainer: the same on a graph of several types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ... import _checks
from ..._graph.neighbourhood import khop_in_subgraph
from ..._storage.frame import NID
from ...errors import GraphKeyError, GraphValueError
from ...graph import Graph
from .masks import ByType, MaskExplainer
from .model_calls import check_typed, checked_classes, evaluating


class HeteroGNNExplainer(MaskExplainer):
    r"""Explains a prediction by masks of features and edges, on a graph of several types.

    As :class:`GNNExplainer`, with a mask for the features of each node type and one for the edges
    of each edge type:

    .. math:: -\log p(\hat y) + \sum_e \big(\alpha_1 \sum M_e + \alpha_2 H(M_e)\big)
        + \sum_n \big(\beta_1 \bar F_n + \beta_2 H(F_n)\big)

    Args:
        model: called as ``model(graph=…, feat=…, eweight=…)`` with dicts by node type and by
            canonical edge type; gives a dict of logits (N, classes) by node type, or for a graph
            logits (1, classes). It may be called without ``eweight``.
        num_hops: how many steps from a node the model sees.
        lr: the learning rate.
        num_epochs: the number of steps of Adam.
        alpha1: weight of the sum of a mask of edges.
        alpha2: weight of its entropy.
        beta1: weight of the mean of a mask of features.
        beta2: weight of its entropy.
        log: show a progress bar, with tqdm.

    Raises:
        GraphTypeError: numbers that are no ints.
        GraphValueError: negative numbers.

    Example:
        >>> import torch, graphmp as gm
        >>> class Model(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.conv = gm.nn.GraphConv(5, 2, allow_zero_in_degree=True)
        ...     def forward(self, graph, feat, eweight=None):
        ...         weight = None if eweight is None else eweight["user", "plays", "game"]
        ...         return {"game": self.conv(graph["plays"], feat["user"], edge_weight=weight)}
        >>> g = gm.heterograph({("user", "plays", "game"): ([0, 1, 2], [0, 0, 1])})
        >>> explainer = gm.nn.HeteroGNNExplainer(Model(), num_hops=1, log=False)
        >>> feat = {"user": torch.ones(3, 5), "game": torch.ones(2, 4)}
        >>> center, sg, feat_mask, edge_mask = explainer.explain_node("game", 0, g, feat)
        >>> center, sg.num_nodes("user"), feat_mask["user"].shape
        (tensor([0]), 2, torch.Size([5]))
    """

    def explain_node(
        self, ntype: str, node_id: Any, graph: Graph, feat: Mapping[str, Tensor], **kwargs: Any
    ) -> tuple[Tensor, Graph, dict[str, Tensor], ByType]:
        """Explain the class of a node.

        Args:
            ntype: the node's type.
            node_id: the node.
            graph: a graph that is not a block.
            feat: for each node type features, (N, D).
            kwargs: passed on to the model.

        Returns:
            ``(new_node_id, sg, feat_mask, edge_mask)``: the nodes that the model sees and the edges
            between them, as :func:`graphmp.khop_in_subgraph` gives them, the node's id there, (1,),
            masks (D,) of features by node type, and masks (E',) of the edges of ``sg`` by canonical
            edge type.

        Raises:
            GraphIndexError: an unknown node.
            GraphKeyError: a node type that is not there, or that features or logits lack.
            GraphRuntimeError: a progress bar without tqdm.
            GraphTypeError: features that are no dict of tensors of floating point numbers.
            GraphValueError: a block, features of a wrong shape, not one node, or a model that gives
                no logits.
        """
        check_typed(graph, feat)
        sg, new_ids = khop_in_subgraph(graph, {ntype: node_id}, self.num_hops)
        new = new_ids[ntype]
        if new.numel() != 1:
            raise GraphValueError(f"node_id: expected one node, got {new.numel()}.")
        sg_feat = {t: feat[t][sg.nodes[t].data[NID].long()] for t in sg.ntypes}

        def predict(feats: ByType, weights: ByType | None) -> Tensor:
            arguments = kwargs if weights is None else {**kwargs, "eweight": weights}
            logits = self.model(graph=sg, feat=feats, **arguments)
            if not isinstance(logits, _checks.AnyMapping) or ntype not in logits:
                raise GraphKeyError(f"The model must give a dict of logits with {ntype!r}.")
            return checked_classes(logits[ntype], sg.num_nodes(ntype))[int(new)]

        with evaluating(self.model, graph):
            title = f"Explain node {node_id} of type {ntype}"
            return new, sg, *self.learn(sg, sg_feat, predict, title)

    def explain_graph(
        self, graph: Graph, feat: Mapping[str, Tensor], **kwargs: Any
    ) -> tuple[dict[str, Tensor], ByType]:
        """Explain the class of a graph.

        Args:
            graph: a graph that is not a block.
            feat: for each node type features, (N, D).
            kwargs: passed on to the model.

        Returns:
            ``(feat_mask, edge_mask)``: masks (D,) of features by node type, and masks (E,) of edges
            by canonical edge type.

        Raises:
            GraphKeyError: a node type that features lack.
            GraphRuntimeError: a progress bar without tqdm.
            GraphTypeError: features that are no dict of tensors of floating point numbers.
            GraphValueError: a block, features of a wrong shape, or a model that gives no logits.
        """
        check_typed(graph, feat)

        def predict(feats: ByType, weights: ByType | None) -> Tensor:
            arguments = kwargs if weights is None else {**kwargs, "eweight": weights}
            return checked_classes(self.model(graph=graph, feat=feats, **arguments), None)[0]

        with evaluating(self.model, graph):
            return self.learn(graph, {t: feat[t] for t in graph.ntypes}, predict, "Explain graph")
