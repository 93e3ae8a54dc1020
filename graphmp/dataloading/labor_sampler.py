"""LABOR: neighbour sampling whose nodes agree on their neighbours, so that there are fewer."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from .. import _checks, random, sampling
from ..errors import GraphValueError
from ..graph import Graph
from .neighbor_sampler import check_direction, checked_fanouts, layered
from .sampler import BlockSampler


class LaborSampler(BlockSampler):
    """Some of the edges into each node, chosen so that nodes have neighbours in common.

    From `Layer-Neighbor Sampling -- Defusing Neighborhood Explosion in GNNs
    <https://arxiv.org/abs/2210.13339>`__ (Balin and Catalyurek, NeurIPS 2023). One random number
    is drawn for each source, not for each edge: every node keeps the edges whose sources drew the
    smallest. A node gets as many edges as from :class:`NeighborSampler` and each with the same
    chance, but a batch has fewer sources. This is LABOR-0 with a fixed number of edges.

    Args:
        fanouts: see :class:`NeighborSampler`.
        edge_dir: ``"in"``.
        prob: see :class:`NeighborSampler`.
        importance_sampling: 0; other numbers, which make the chances unequal, are not there.
        layer_dependency: use the same random numbers in all layers, so that these have sources in
            common.
        batch_dependency: 1; numbers above, which let batches have sources in common, are not there.
        prefetch_node_feats: see :class:`BlockSampler`.
        prefetch_labels: see :class:`BlockSampler`.
        prefetch_edge_feats: see :class:`BlockSampler`.
        output_device: see :class:`BlockSampler`.

    Raises:
        GraphTypeError: fanouts that are not a list of ints or dicts.
        GraphValueError: an argument that is not supported.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 0, 1, 2], [3, 3, 3, 4, 4, 4]))
        >>> input_nodes, _, blocks = LaborSampler([1]).sample(g, [3, 4])
        >>> len(input_nodes), blocks[0].in_degrees()
        (3, tensor([1, 1]))
    """

    def __init__(
        self,
        fanouts: Iterable[Any],
        edge_dir: str = "in",
        prob: str | None = None,
        importance_sampling: int = 0,
        layer_dependency: bool = False,
        batch_dependency: int = 1,
        prefetch_node_feats: Any = None,
        prefetch_labels: Any = None,
        prefetch_edge_feats: Any = None,
        output_device: Any = None,
    ) -> None:
        check_direction(edge_dir)
        _only(importance_sampling, 0, "importance_sampling")
        _only(batch_dependency, 1, "batch_dependency")
        super().__init__(prefetch_node_feats, prefetch_labels, prefetch_edge_feats, output_device)
        self.fanouts, self.edge_dir, self.prob = checked_fanouts(fanouts), edge_dir, prob
        self.importance_sampling, self.batch_dependency = importance_sampling, batch_dependency
        self.layer_dependency = layer_dependency
        self._seed: int | None = None

    def set_seed(self, random_seed: int | None = None) -> None:
        """Draw the same numbers for every batch from now on.

        Args:
            random_seed: what they depend on; None for other numbers in each batch, as at first.
        """
        self._seed = None if random_seed is None else _checks.count(random_seed, "random_seed")

    def sample_blocks(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        """Make the blocks of some seeds; see :meth:`NeighborSampler.sample_blocks`."""
        key = random.key() if self._seed is None else self._seed
        layers = itertools.repeat(0) if self.layer_dependency else itertools.count()

        def block(nodes: Any, fanout: Any) -> Graph:
            with random.stream(key, next(layers)):
                return sampling.sample_block(
                    g, nodes, fanout, self.prob, False, exclude_eids, by_source=True
                )

        return layered(self.fanouts, seed_nodes, block)


def _only(value: int, supported: int, name: str) -> None:
    if value != supported:
        raise GraphValueError(
            f"{name} must be {supported}, which is what is supported, but {value} came."
        )
