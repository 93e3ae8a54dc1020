"""Changes by chance, as objects: a training step sees another graph each time."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from .. import _checks, random
from .._graph.arguments import refuse_block
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .base import BaseTransform, with_changed_features


class _ByChance(BaseTransform):
    """A transform that does something to each of several things with a probability."""

    def __init__(self, p: float = 0.5) -> None:
        if not isinstance(p, (int, float)):
            raise GraphTypeError(f"Expected p as a probability, got {_checks.kind(p)}.")
        if not 0 <= p <= 1:
            raise GraphValueError(f"Expected p as a probability from 0 to 1, got {p}.")
        self.p = p

    def _chosen(self, count: int, device: torch.device) -> Tensor:
        """(count,) bool: True with probability p."""
        draws = torch.rand(count, generator=random.generator(device), device=device)
        return draws < self.p


class DropEdge(_ByChance):
    """Leave each edge out with a probability.

    From `DropEdge: Towards Deep Graph Convolutional Networks on Node Classification
    <https://arxiv.org/abs/1907.10903>`__ (Rong et al., ICLR 2020). The edges that stay keep their
    order and features; all nodes stay. Draws follow from ``torch.manual_seed``. A batch stays
    a batch.

    Args:
        p: the probability that an edge is left out.

    Raises:
        GraphTypeError: ``p`` is no number.
        GraphValueError: ``p`` is no probability; when called, a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.rand_graph(100, 1000)
        >>> 0 < gm.DropEdge(0.3)(g).num_edges() < 1000
        True
    """

    def __call__(self, g: Graph) -> Graph:
        """Give a graph without some edges; ``g`` stays as it is."""
        new = g.clone()
        for etype in g.canonical_etypes:
            chosen = self._chosen(g.num_edges(etype), g.device)
            new.remove_edges(chosen.nonzero().view(-1).to(g.idtype), etype)
        return new


class DropNode(_ByChance):
    """Leave each node out with a probability, and all edges of the nodes left out.

    From `Graph Contrastive Learning with Augmentations <https://arxiv.org/abs/2010.13902>`__ (You
    et al., NeurIPS 2020). What stays keeps its order and features. Draws follow from
    ``torch.manual_seed``. A batch stays a batch.

    Args:
        p: the probability that a node is left out.

    Raises:
        GraphTypeError: ``p`` is no number.
        GraphValueError: ``p`` is no probability; when called, a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.rand_graph(1000, 10)
        >>> 0 < gm.DropNode(0.3)(g).num_nodes() < 1000
        True
    """

    def __call__(self, g: Graph) -> Graph:
        """Give a graph without some nodes; ``g`` stays as it is."""
        new = g.clone()
        for ntype in g.ntypes:
            chosen = self._chosen(g.num_nodes(ntype), g.device)
            new.remove_nodes(chosen.nonzero().view(-1).to(g.idtype), ntype)
        return new


class FeatMask(_ByChance):
    """Set columns of features to zero, each with a probability, in all rows.

    From `Graph Contrastive Learning with Augmentations <https://arxiv.org/abs/2010.13902>`__ (You
    et al., NeurIPS 2020). Columns are those of the last dimension. Each type draws its own. Draws
    follow from ``torch.manual_seed``.

    Args:
        p: the probability that a column is set to zero.
        node_feat_names: the node features; by default none.
        edge_feat_names: the edge features; by default none.

    Raises:
        GraphTypeError: ``p`` is no number.
        GraphValueError: ``p`` is no probability.
        GraphKeyError: when called, a feature that no type has.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> g.ndata["h"] = torch.ones(2, 100)
        >>> masked = gm.FeatMask(0.3, node_feat_names=["h"])(g)
        >>> 0 < int(masked.ndata["h"][0].sum()) < 100, int(g.ndata["h"].sum())
        (True, 200)
    """

    def __init__(
        self,
        p: float = 0.5,
        node_feat_names: Iterable[str] | None = None,
        edge_feat_names: Iterable[str] | None = None,
    ) -> None:
        super().__init__(p)
        self.node_feat_names = list(node_feat_names or ())
        self.edge_feat_names = list(edge_feat_names or ())

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with masked features; ``g`` stays as it is."""
        return with_changed_features(g, self.node_feat_names, self.edge_feat_names, self._masked)

    def _masked(self, column: Tensor) -> Tensor:
        if column.ndim < 2:
            raise GraphValueError(
                f"Expected a feature with columns to mask, got a shape of {tuple(column.shape)}."
            )
        return column.masked_fill(self._chosen(column.shape[-1], column.device), 0)


class NodeShuffle(BaseTransform):
    """Permute the features of the nodes of each type; edges stay.

    Draws follow from ``torch.manual_seed``. All features of a node move together.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.arange(3)
        >>> gm.NodeShuffle()(g).ndata["x"].sort().values
        tensor([0, 1, 2])
    """

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with shuffled features; ``g`` stays as it is."""
        new = g.clone()
        for ntype in g.ntypes:
            draws = random.generator(g.device)
            order = torch.randperm(g.num_nodes(ntype), generator=draws, device=g.device)
            data = new.nodes[ntype].data
            data.update({name: column[order] for name, column in data.items()})
        return new


class AddEdge(BaseTransform):
    """Append random edges to each relation.

    From `Graph Contrastive Learning with Augmentations <https://arxiv.org/abs/2010.13902>`__ (You
    et al., NeurIPS 2020). Both ends are uniform among all nodes of their types, also where an edge
    is already. Features of the new edges are their initializer's. Draws follow from
    ``torch.manual_seed``.

    Args:
        ratio: the number of new edges of a relation, as a part of the number that it has.

    Raises:
        GraphTypeError: ``ratio`` is no number.
        GraphValueError: ``ratio`` is negative or not finite; when called, a block.

    Example:
        >>> import graphmp as gm
        >>> gm.AddEdge(0.5)(gm.rand_graph(10, 20)).num_edges()
        30
    """

    def __init__(self, ratio: float = 0.2) -> None:
        self.ratio = _checks.number(ratio, "ratio")
        if not 0 <= self.ratio < math.inf:
            raise GraphValueError(f"Expected ratio to be finite and not negative, got {ratio}.")

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with more edges; ``g`` stays as it is."""
        refuse_block(g)
        new = g.clone()
        for etype in g.canonical_etypes:
            count = int(g.num_edges(etype) * self.ratio)
            u, v = (
                torch.randint(
                    max(g.num_nodes(ntype), 1),
                    (count,),
                    generator=random.generator(g.device),
                    dtype=g.idtype,
                    device=g.device,
                )
                for ntype in (etype[0], etype[2])
            )
            new.add_edges(u, v, etype=etype)
        return new
