"""PGExplainer: a network that explains the predictions of a model for many graphs or nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ... import _checks
from ..._graph.neighbourhood import khop_in_subgraph
from ..._storage.frame import NID
from ...errors import GraphRuntimeError, GraphValueError
from ...graph import Graph
from ...transforms.batch import batch
from .._shared.options import check_parameter
from .flat_edges import embeddings_of_ends, reverse_edges
from .masks import ByType
from .model_calls import check_call, check_homogeneous, checked_classes, frozen


class _Drawn(NamedTuple):
    """Factors of edges: as drawn, (E,) for all edge types; and the mean with the edge back."""

    values: Tensor
    masks: ByType


class _Neighbourhoods(NamedTuple):
    """What the model sees around some nodes, as one batch, and what the network reads of edges."""

    graph: Graph
    feats: ByType
    ends: ByType


class PGExplainer(nn.Module):
    r"""Explains predictions by a network that tells which edges they rest on.

    From `Parameterized Explainer for Graph Neural Network <https://arxiv.org/abs/2011.04573>`__
    (Luo et al., NeurIPS 2020). From the model's embeddings :math:`z` of both ends of an edge, and,
    for a node's class, of this node, a perceptron computes the edge's weight:

    .. math::
        \omega_{uv} = \mathrm{MLP}([z_u, z_v, z_i]), \qquad
        e_{uv} = \sigma\big((\log \epsilon - \log(1 - \epsilon) + \omega_{uv}) / \tau\big)

    with random :math:`\epsilon` from 0 to 1 in training, and :math:`\sigma(\omega_{uv})` otherwise.
    The mask :math:`M` has the mean of both directions. Training minimises

    .. math:: -\log p(\hat y) + \beta\, \mathrm{ReLU}\Big(\sum e - \beta\Big) + \gamma\, H(M)

    where :math:`\hat y` is the class that the model predicts without a mask, :math:`p` what it
    predicts with it, and :math:`H` the mean entropy. The model is evaluated, not trained.

    Args:
        model: called as ``model(graph, feat, embed=True)`` for embeddings, (N, num_features), as
            ``model(graph, feat, embed=False)`` for logits, and with ``edge_weight=``, factors (E,)
            of the messages; logits are (1, classes) for a graph and (N, classes) for nodes.
        num_features: size of the embeddings.
        num_hops: how many steps from a node the model sees; needed for nodes.
        explain_graph: explain classes of graphs; else those of nodes.
        coff_budget: the number :math:`\beta`.
        coff_connect: the number :math:`\gamma`.
        sample_bias: how far the random numbers stay from 0 and 1.

    Attributes:
        elayers: the perceptron. ``parameters()`` has its parameters alone.

    Raises:
        GraphTypeError: a model that cannot be called so.

    Example:
        >>> import torch, graphmp as gm
        >>> class Model(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.conv, self.linear = gm.nn.GraphConv(5, 4), torch.nn.Linear(4, 2)
        ...     def forward(self, graph, feat, embed=False, edge_weight=None):
        ...         h = self.conv(graph, feat, edge_weight=edge_weight).relu()
        ...         return h if embed else self.linear(h.mean(0, keepdim=True))
        >>> g, feat = gm.add_reverse_edges(gm.graph(([0, 1], [1, 2]))), torch.ones(3, 5)
        >>> explainer = gm.nn.PGExplainer(Model(), num_features=4)
        >>> optimizer = torch.optim.Adam(explainer.parameters(), lr=0.01)
        >>> for temperature in (5.0, 4.0):
        ...     loss = explainer.train_step(g, feat, temperature)
        ...     optimizer.zero_grad()
        ...     loss.backward()
        ...     optimizer.step()
        >>> probs, edge_mask = explainer.explain_graph(g, feat)
        >>> probs.shape, edge_mask.shape
        (torch.Size([1, 2]), torch.Size([4]))
    """

    def __init__(
        self,
        model: nn.Module,
        num_features: int,
        num_hops: int | None = None,
        explain_graph: bool = True,
        coff_budget: float = 0.01,
        coff_connect: float = 5e-4,
        sample_bias: float = 0.0,
    ) -> None:
        super().__init__()
        check_call(model, ("embed", "edge_weight"), "model(graph, feat, embed=…, edge_weight=…)")
        self.model, self.graph_explanation = model, explain_graph
        self.embedding_size = num_features
        self.num_features = num_features * (2 if explain_graph else 3)
        self.num_hops = num_hops
        self.coff_budget, self.coff_connect = coff_budget, coff_connect
        self.sample_bias = sample_bias
        self.elayers = nn.Sequential(nn.Linear(self.num_features, 64), nn.ReLU(), nn.Linear(64, 1))

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """The parameters of the perceptron, without those of the model."""
        return self.elayers.parameters(recurse)

    def train_step(self, graph: Graph, feat: Any, temperature: float, **kwargs: Any) -> Tensor:
        r"""Compute the loss for a graph or a batch of graphs.

        Args:
            graph: the graph.
            feat: (N, D) features of its nodes.
            temperature: the number :math:`\tau`, usually from 5 in the first epoch down to 1.
            kwargs: passed on to the model.

        Returns:
            The loss, a number.

        Raises:
            GraphRuntimeError: an explainer of nodes.
            GraphTypeError: features that are not a tensor of floating point numbers.
            GraphValueError: a graph of several types, features or results of a wrong shape.
        """
        self._check(graph, feat, explain_graph=True)
        with frozen(self.model, graph):
            drawn = self._draw_for_graph(graph, feat, temperature, True, kwargs)
            with torch.no_grad():
                predicted = self._classes(self.model(graph, feat, embed=False, **kwargs), graph)
            logits = self._masked_logits(graph, feat, drawn, kwargs)
            return self._loss(self._classes(logits, graph), predicted, drawn)

    def explain_graph(
        self,
        graph: Graph,
        feat: Any,
        temperature: float = 1.0,
        training: bool = False,
        **kwargs: Any,
    ) -> tuple[Tensor, Any]:
        """Explain the class of a graph.

        Args:
            graph: the graph, or a batch.
            feat: (N, D) features of its nodes.
            temperature: read with ``training``.
            training: draw the mask at random, as in training.
            kwargs: passed on to the model.

        Returns:
            ``(probs, edge_mask)``: the probabilities of the classes with the mask, (1, classes),
            and the mask, (E,). The greater a number, the more the prediction rests on the edge.

        Raises:
            GraphRuntimeError: an explainer of nodes.
            GraphTypeError: features that are not a tensor of floating point numbers.
            GraphValueError: a graph of several types, features or results of a wrong shape.
        """
        self._check(graph, feat, explain_graph=True)
        with frozen(self.model, graph), torch.no_grad():
            drawn = self._draw_for_graph(graph, feat, temperature, training, kwargs)
            logits = self._masked_logits(graph, feat, drawn, kwargs)
            return self._classes(logits, graph).softmax(-1), self._result(drawn.masks)

    def train_step_node(
        self, nodes: Any, graph: Graph, feat: Any, temperature: float, **kwargs: Any
    ) -> Tensor:
        r"""Compute the loss for some nodes.

        Args:
            nodes: a node, or several.
            graph: the graph.
            feat: (N, D) features of its nodes.
            temperature: the number :math:`\tau`, usually from 5 in the first epoch down to 1.
            kwargs: passed on to the model.

        Returns:
            The loss, a number.

        Raises:
            GraphIndexError: an unknown node.
            GraphRuntimeError: an explainer of graphs, or without ``num_hops``.
            GraphTypeError: features that are not a tensor of floating point numbers.
            GraphValueError: no node, a graph of several types, features or results of a wrong
                shape.
        """
        self._check(graph, feat, explain_graph=False)
        with frozen(self.model, graph):
            seen = self._neighbourhoods(nodes, graph, feat, kwargs)
            drawn = self._draw(seen.graph, seen.ends, temperature, True)
            feats = self._result(seen.feats)
            with torch.no_grad():
                plain = self.model(seen.graph, feats, embed=False, **kwargs)
            logits = self._masked_logits(seen.graph, feats, drawn, kwargs)
            plain = self._of_centers(plain, seen.graph)
            return self._loss(self._of_centers(logits, seen.graph), plain, drawn)

    def explain_node(
        self,
        nodes: Any,
        graph: Graph,
        feat: Any,
        temperature: float = 1.0,
        training: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, Any, Graph, Any]:
        """Explain the classes of nodes.

        Args:
            nodes: a node, or several.
            graph: the graph.
            feat: (N, D) features of its nodes.
            temperature: read with ``training``.
            training: draw the mask at random, as in training.
            kwargs: passed on to the model.

        Returns:
            ``(probs, edge_mask, batched_graph, inverse_indices)``: the batch of what the model sees
            of each node, with the features as ``"feat"``; the probabilities of the classes with the
            mask, (N', classes), the mask, (E',), and the ids there of the nodes that are explained.

        Raises:
            GraphIndexError: an unknown node.
            GraphRuntimeError: an explainer of graphs, or without ``num_hops``.
            GraphTypeError: features that are not a tensor of floating point numbers.
            GraphValueError: no node, a graph of several types, features or results of a wrong
                shape.
        """
        self._check(graph, feat, explain_graph=False)
        with frozen(self.model, graph), torch.no_grad():
            seen = self._neighbourhoods(nodes, graph, feat, kwargs)
            drawn = self._draw(seen.graph, seen.ends, temperature, training)
            logits = self._masked_logits(seen.graph, self._result(seen.feats), drawn, kwargs)
            probs = {t: x.softmax(-1) for t, x in self._by_type(logits, seen.graph).items()}
            masks = self._result(drawn.masks)
            return self._result(probs), masks, seen.graph, self._result(_centers(seen.graph))

    # ---- a graph of one type as one of several, which HeteroPGExplainer undoes

    def _check(self, graph: Graph, feat: Any, explain_graph: bool) -> None:
        """Check the arguments of a call."""
        self._check_kind(explain_graph)
        check_homogeneous(graph, feat, "HeteroPGExplainer")

    def _by_type(self, value: Any, graph: Graph) -> dict[str, Any]:
        """A value of the nodes, by node type."""
        return {graph.ntypes[0]: value}

    def _result(self, by_type: Mapping[Any, Tensor]) -> Any:
        """The value for the user or the model, without the type."""
        return next(iter(by_type.values()))

    # ---- the computation, by type

    def _check_kind(self, explain_graph: bool) -> None:
        if explain_graph != self.graph_explanation:
            raise GraphRuntimeError(
                f"Expected an explainer of {'graphs' if explain_graph else 'nodes'}; construct it "
                f"with explain_graph={explain_graph}."
            )
        if not explain_graph and self.num_hops is None:
            raise GraphRuntimeError(
                "num_hops: expected a number in the constructor, to explain nodes, got None."
            )

    def _classes(self, logits: Any, graph: Graph) -> Tensor:
        """(batch size, classes): the checked logits of graphs."""
        return checked_classes(logits, graph.batch_size if graph.batch_size > 1 else None)

    def _of_centers(self, logits: Any, batched: Graph) -> Tensor:
        """(n, classes): the logits of the nodes that are explained."""
        by_type, rows = self._by_type(logits, batched), []
        for ntype, centers in _centers(batched).items():
            if len(centers):
                rows.append(checked_classes(by_type[ntype], batched.num_nodes(ntype))[centers])
        return torch.cat(rows)

    def _embeddings(self, graph: Graph, feat: Any, kwargs: dict[str, Any]) -> ByType:
        """The model's embeddings of the nodes of each type."""
        with torch.no_grad():
            embeds = self._by_type(self.model(graph, feat, embed=True, **kwargs), graph)
        for ntype in graph.ntypes:
            shape = (graph.num_nodes(ntype), self.embedding_size)
            check_parameter(embeds.get(ntype), shape, f"the model's embeddings of {ntype!r}")
        return embeds

    def _draw_for_graph(
        self, graph: Graph, feat: Any, temperature: float, training: bool, kwargs: dict[str, Any]
    ) -> _Drawn:
        ends = embeddings_of_ends(graph, self._embeddings(graph, feat, kwargs))
        return self._draw(graph, ends, temperature, training)

    def _neighbourhoods(
        self, nodes: Any, graph: Graph, feat: Any, kwargs: dict[str, Any]
    ) -> _Neighbourhoods:
        """What the model sees of some nodes."""
        feats, graphs = self._by_type(feat, graph), []
        ends: dict[Any, list[Tensor]] = {etype: [] for etype in graph.canonical_etypes}
        for ntype, ids in self._by_type(nodes, graph).items():
            what = f"nodes of type {ntype!r}"
            limit = graph.num_nodes(ntype)
            for node in _checks.ids(ids, graph.idtype, graph.device, limit, what):
                sg, new = khop_in_subgraph(graph, {ntype: node.view(1)}, self.num_hops or 0)
                own_feats = {t: feats[t][sg.nodes[t].data[NID].long()] for t in sg.ntypes}
                embeds = self._embeddings(sg, self._result(own_feats), kwargs)
                own = embeds[ntype][new[ntype].long()]
                for etype, x in embeddings_of_ends(sg, embeds).items():
                    ends[etype].append(torch.cat([x, own.expand(len(x), -1)], 1))
                for t in sg.ntypes:
                    is_center = torch.zeros(sg.num_nodes(t), dtype=torch.bool, device=sg.device)
                    if t == ntype:
                        is_center[new[t].long()] = True
                    sg.nodes[t].data["feat"], sg.nodes[t].data["train"] = own_feats[t], is_center
                graphs.append(sg)
        if not graphs:
            raise GraphValueError("nodes: expected at least one node to explain, got none.")
        batched = batch(graphs)
        feats = {t: batched.nodes[t].data["feat"] for t in batched.ntypes}
        return _Neighbourhoods(batched, feats, {t: torch.cat(xs) for t, xs in ends.items()})

    def _draw(self, graph: Graph, ends: ByType, temperature: float, training: bool) -> _Drawn:
        """Factors of the edges."""
        self.elayers.to(graph.device)
        values = self.elayers(torch.cat([*ends.values()])).squeeze(-1)
        if training:
            noise = torch.rand_like(values) * (1 - 2 * self.sample_bias) + self.sample_bias
            values = (noise.logit() + values) / temperature
        values = values.sigmoid()
        means = (values + values[reverse_edges(graph)]) / 2
        parts = means.split([graph.num_edges(etype) for etype in graph.canonical_etypes])
        return _Drawn(values, dict(zip(graph.canonical_etypes, parts, strict=True)))

    def _masked_logits(self, graph: Graph, feat: Any, drawn: _Drawn, kwargs: dict[str, Any]) -> Any:
        return self.model(graph, feat, edge_weight=self._result(drawn.masks), **kwargs)

    def _loss(self, logits: Tensor, plain: Tensor, drawn: _Drawn) -> Tensor:
        """The loss, from logits with and without the mask."""
        predicted = plain.argmax(-1, keepdim=True)
        fit = -(logits.softmax(-1).gather(-1, predicted) + 1e-6).log().mean()
        excess = drawn.values.sum() - self.coff_budget
        size = excess.relu() if self.coff_budget > 0 else drawn.values.sum()
        mask = 0.98 * torch.cat([*drawn.masks.values()]) + 0.01  # so that its logarithm is finite
        entropy = -mask * mask.log() - (1 - mask) * (1 - mask).log()
        mean = entropy.sum() / max(entropy.numel(), 1)
        return fit + self.coff_budget * size + self.coff_connect * mean


def _centers(batched: Graph) -> ByType:
    """For each node type the ids of the nodes that are explained."""
    return {t: batched.nodes[t].data["train"].nonzero().view(-1) for t in batched.ntypes}
