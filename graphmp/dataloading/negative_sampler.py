"""Negative samplers: pairs of nodes that serve as negative examples of edges."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, random, sampling
from .._graph.shown import Shown
from ..errors import GraphNotImplementedError
from ..graph import Graph

__all__ = ["GlobalUniform", "PerSourceUniform", "Uniform"]

Pairs = tuple[Tensor, Tensor]


class _NegativeSampler(Shown):
    """Base of the negative samplers: calls ``pairs`` for each edge type that has seeds."""

    def __init__(self, k: int) -> None:
        self.k = _checks.positive(k, "k")

    def __call__(self, g: Graph, eids: Any) -> Any:
        """Sample pairs for some edges.

        Args:
            g: the graph.
            eids: ids of edges, or a dict of ids by edge type.

        Returns:
            Sources and destinations, or a dict of such pairs by canonical edge type.
        """
        if not isinstance(eids, _checks.AnyMapping):
            return self.pairs(g, eids, g.canonical_etypes[0])
        named = {g.to_canonical_etype(etype): ids for etype, ids in eids.items()}
        return {etype: self.pairs(g, ids, etype) for etype, ids in named.items()}

    def pairs(self, g: Graph, eids: Tensor, etype: Any) -> Pairs:  # noqa: ARG002
        """Sample pairs for edges of one type."""
        raise GraphNotImplementedError(
            f"{type(self).__name__} must override pairs(g, eids, etype)."
        )


class PerSourceUniform(_NegativeSampler):
    """Samples ``k`` pairs of the source of each edge and a random node, also named ``Uniform``.

    Destinations are uniform, so that some pairs may be edges; :class:`GlobalUniform` avoids edges.

    Args:
        k: the number of pairs for each edge.

    Raises:
        GraphTypeError: ``k`` is not an int.
        GraphValueError: ``k`` is below 1.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> u, v = gm.dataloading.negative_sampler.PerSourceUniform(2)(g, torch.tensor([2, 0]))
        >>> u, v.shape
        (tensor([2, 2, 0, 0]), torch.Size([4]))
    """

    def pairs(self, g: Graph, eids: Tensor, etype: Any) -> Pairs:
        """Sample ``k`` destinations for each edge: (k * n,) sources, grouped, and destinations."""
        u, _ = g.find_edges(eids, etype=etype)
        _checks.held(len(u) * self.k, "Negative pairs", 2 * u.element_size())
        src = u.repeat_interleave(self.k)
        generator = random.generator(g.device)
        dst = torch.randint(
            max(g.num_nodes(etype[2]), 1),
            src.shape,
            generator=generator,
            dtype=g.idtype,
            device=g.device,
        )
        return src, dst


Uniform = PerSourceUniform


class GlobalUniform(_NegativeSampler):
    """Samples pairs of random nodes without an edge, up to ``k`` for each edge.

    Args:
        k: the number of pairs for each edge; there may be fewer, if there are not enough pairs.
        exclude_self_loops: whether to exclude pairs of a node and itself.
        replace: whether a pair may be sampled more than once.

    Raises:
        GraphTypeError: ``k`` is not an int.
        GraphValueError: ``k`` is below 1.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> u, v = gm.dataloading.negative_sampler.GlobalUniform(1)(g, torch.tensor([0]))
        >>> bool(g.has_edges_between(u, v).any())
        False
    """

    def __init__(self, k: int, exclude_self_loops: bool = True, replace: bool = False) -> None:
        super().__init__(k)
        self.exclude_self_loops, self.replace = exclude_self_loops, replace

    def pairs(self, g: Graph, eids: Tensor, etype: Any) -> Pairs:
        """Sample up to ``k`` pairs for each edge: sources and destinations, (m,) each."""
        return sampling.global_uniform_negative_sampling(
            g, len(eids) * self.k, self.exclude_self_loops, self.replace, etype
        )
