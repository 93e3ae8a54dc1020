"""Changes by chance, as objects: a training step sees another graph each time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks, random
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph


class BaseTransform(ABC):
    """Base of transforms that are objects: they are called with a graph and give a graph.

    Example:
        >>> import graphmp as gm
        >>> class Turned(BaseTransform):
        ...     def __call__(self, g):
        ...         return gm.reverse(g)
        >>> Turned()
        Turned()
    """

    @abstractmethod
    def __call__(self, g: Graph) -> Graph:
        """Make a graph of a graph."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Compose(BaseTransform):
    """Transforms one after the other.

    Args:
        transforms: what each calls with the graph that the one before gave.

    Example:
        >>> import graphmp as gm
        >>> both = Compose([gm.transforms.add_self_loop, DropEdge(0.0)])
        >>> both(gm.graph(([0], [1]))).num_edges()
        3
    """

    def __init__(self, transforms: Sequence[Callable[[Graph], Graph]]) -> None:
        self.transforms = transforms

    def __call__(self, g: Graph) -> Graph:
        """Apply all, from the first to the last."""
        for transform in self.transforms:
            g = transform(g)
        return g

    def __repr__(self) -> str:
        lines = ",\n".join(f"  {transform}" for transform in self.transforms)
        return f"{type(self).__name__}([\n{lines}\n])"


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
    order and features; all nodes stay. Draws follow from ``torch.manual_seed``. A batch becomes one
    graph: change its graphs before they are batched.

    Args:
        p: the probability that an edge is left out.

    Raises:
        GraphTypeError: ``p`` is no number.
        GraphValueError: ``p`` is no probability; when called, a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.rand_graph(100, 1000)
        >>> 0 < DropEdge(0.3)(g).num_edges() < 1000
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
    ``torch.manual_seed``. A batch becomes one graph: change its graphs before they are batched.

    Args:
        p: the probability that a node is left out.

    Raises:
        GraphTypeError: ``p`` is no number.
        GraphValueError: ``p`` is no probability; when called, a block.

    Example:
        >>> import graphmp as gm
        >>> g = gm.rand_graph(1000, 10)
        >>> 0 < DropNode(0.3)(g).num_nodes() < 1000
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
        >>> masked = FeatMask(0.3, node_feat_names=["h"])(g)
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
        new = g.clone()
        for data, names in ((new.ndata, self.node_feat_names), (new.edata, self.edge_feat_names)):
            for name in names:
                self._mask(data, name)
        return new

    def _mask(self, data: MutableMapping[str, Any], name: str) -> None:
        column = data[name]
        if isinstance(column, Mapping):
            data[name] = {kind: self._masked(each) for kind, each in column.items()}
        else:
            data[name] = self._masked(column)

    def _masked(self, column: Tensor) -> Tensor:
        if column.ndim < 2:
            raise GraphValueError(
                f"Expected a feature with columns to mask, got a shape of {tuple(column.shape)}."
            )
        return column.masked_fill(self._chosen(column.shape[-1], column.device), 0)
