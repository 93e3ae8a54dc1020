"""GNNExplainer: explanation of a model's prediction for a node or a graph."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..._graph.neighbourhood import khop_in_subgraph
from ..._storage.frame import EID, NID
from ...errors import GraphValueError
from ...graph import Graph
from .masks import ByType, MaskExplainer
from .model_calls import check_homogeneous, checked_classes, evaluating


class GNNExplainer(MaskExplainer):
    r"""Explains a prediction by masks of features and edges, on a graph of one type.

    From `GNNExplainer: Generating Explanations for Graph Neural Networks
    <https://arxiv.org/abs/1903.03894>`__ (Ying et al., NeurIPS 2019). Masks :math:`M` of edges and
    :math:`F` of features, from 0 to 1, minimise

    .. math:: -\log p(\hat y) + \alpha_1 \sum M + \alpha_2 H(M) + \beta_1 \bar F + \beta_2 H(F)

    where :math:`\hat y` is the class that the model predicts without masks, :math:`p` what it
    predicts with them, and :math:`H` the mean entropy of a mask's numbers. The model is evaluated,
    not trained; its gradients stay as they are.

    Args:
        model: called as ``model(graph=…, feat=…, eweight=…)``; returns logits, (N, classes) for
            nodes or (1, classes) for a graph. It may be called without ``eweight``; with it, it
            multiplies messages by these numbers, (E,).
        num_hops: how many steps from a node the model sees.
        lr: the learning rate.
        num_epochs: the number of steps of Adam.
        alpha1: weight of the sum of the mask of edges.
        alpha2: weight of its entropy.
        beta1: weight of the mean of the mask of features.
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
        ...         return self.conv(graph, feat, edge_weight=eweight)
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> explainer = gm.nn.GNNExplainer(Model(), num_hops=1, log=False)
        >>> center, sg, feat_mask, edge_mask = explainer.explain_node(2, g, torch.ones(4, 5))
        >>> center, sg.ndata["_ID"], feat_mask.shape, edge_mask.shape
        (tensor([1]), tensor([1, 2]), torch.Size([5]), torch.Size([1]))
    """

    def explain_node(
        self, node_id: Any, graph: Graph, feat: Tensor, **kwargs: Any
    ) -> tuple[Tensor, Graph, Tensor, Tensor]:
        """Explain the class of a node.

        Args:
            node_id: the node.
            graph: a graph of one node and one edge type.
            feat: (N, D) features.
            kwargs: passed on to the model. Of a tensor with N rows, or else with E, those of the
                nodes or edges that the model sees.

        Returns:
            ``(new_node_id, sg, feat_mask, edge_mask)``: the nodes that the model sees and the edges
            between them, as :func:`graphmp.khop_in_subgraph` gives them, the node's id there, (1,),
            and masks (D,) of features and (E',) of the edges of ``sg``. The greater a number, the
            more the prediction rests on it.

        Raises:
            GraphIndexError: an unknown node.
            GraphRuntimeError: a progress bar without tqdm.
            GraphTypeError: features that are not a tensor of floating point numbers.
            GraphValueError: a graph of several types, features of a wrong shape, not one node, or a
                model that gives no logits.
        """
        check_homogeneous(graph, feat, "HeteroGNNExplainer")
        sg, new = khop_in_subgraph(graph, node_id, self.num_hops)
        if new.numel() != 1:
            raise GraphValueError(f"node_id: expected one node, got {new.numel()}.")
        nodes, edges = sg.ndata[NID].long(), sg.edata[EID].long()
        for name, value in kwargs.items():
            if isinstance(value, Tensor) and value.ndim > 0:
                if len(value) == graph.num_nodes():
                    kwargs[name] = value[nodes]
                elif len(value) == graph.num_edges():
                    kwargs[name] = value[edges]
        masks = self._masks(sg, feat[nodes], int(new), kwargs, f"Explain node {node_id}")
        return new, sg, *masks

    def explain_graph(self, graph: Graph, feat: Tensor, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Explain the class of a graph.

        Args:
            graph: a graph of one node and one edge type.
            feat: (N, D) features.
            kwargs: passed on to the model.

        Returns:
            ``(feat_mask, edge_mask)``: masks (D,) of features and (E,) of edges. The greater a
            number, the more the prediction rests on it.

        Raises:
            GraphRuntimeError: a progress bar without tqdm.
            GraphTypeError: features that are not a tensor of floating point numbers.
            GraphValueError: a graph of several types, features of a wrong shape, or a model that
                gives no logits.
        """
        check_homogeneous(graph, feat, "HeteroGNNExplainer")
        return self._masks(graph, feat, None, kwargs, "Explain graph")

    def _masks(
        self, graph: Graph, feat: Tensor, row: int | None, options: dict[str, Any], title: str
    ) -> tuple[Tensor, Tensor]:
        """The masks of features and edges for a node's row of the logits, or the graph's."""
        (ntype,), (etype,) = graph.ntypes, graph.canonical_etypes

        def predict(feats: ByType, weights: ByType | None) -> Tensor:
            arguments = options if weights is None else {**options, "eweight": weights[etype]}
            logits = self.model(graph=graph, feat=feats[ntype], **arguments)
            return checked_classes(logits, None if row is None else len(feat))[row or 0]

        with evaluating(self.model, graph):
            feats, edges = self.learn(graph, {ntype: feat}, predict, title)
        return feats[ntype], edges[etype]
