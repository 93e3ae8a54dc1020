"""Transforms as objects, and several of them one after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence

from torch import Tensor

from .._graph.shown import Shown, briefly
from ..errors import GraphKeyError
from ..graph import Graph


class BaseTransform(Shown, ABC):
    """Base of transforms that are objects: they are called with a graph and give a graph.

    They show the arguments that they store under their own names.

    Example:
        >>> import graphmp as gm
        >>> class Turned(gm.BaseTransform):
        ...     def __call__(self, g):
        ...         return gm.reverse(g)
        >>> Turned()
        Turned()
    """

    @abstractmethod
    def __call__(self, g: Graph) -> Graph:
        """Make a graph of a graph."""


class Compose(BaseTransform):
    """Transforms one after the other.

    Args:
        transforms: what each calls with the graph that the one before gave.

    Example:
        >>> import graphmp as gm
        >>> both = gm.Compose([gm.transforms.add_self_loop, gm.DropEdge(0.0)])
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
        lines = ",\n".join(f"  {briefly(transform)}" for transform in self.transforms)
        return f"{type(self).__name__}([\n{lines}\n])"


def with_changed_features(
    g: Graph,
    node_feat_names: Iterable[str],
    edge_feat_names: Iterable[str],
    change: Callable[[Tensor], Tensor],
) -> Graph:
    """A copy of a graph with changed features, of each type that has them.

    Args:
        g: the graph, which stays as it is.
        node_feat_names: the node features.
        edge_feat_names: the edge features.
        change: is called with a column and returns the new one.

    Raises:
        GraphKeyError: a feature that no type has.
    """
    new = g.clone()
    for data, names in ((new.ndata, node_feat_names), (new.edata, edge_feat_names)):
        for name in names:
            column = data[name]
            if isinstance(column, Mapping):
                if not column:
                    raise GraphKeyError(f"Expected a feature that some type has, got {name!r}.")
                data[name] = {kind: change(each) for kind, each in column.items()}
            else:
                data[name] = change(column)
    return new
