"""LABOR: neighbour sampling whose nodes agree on their neighbours, so that there are fewer."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from .. import _checks, random
from ..graph import Graph
from ..kernels.sampling_spec import BatchDependency
from ..sampling.labor import labor_block
from .neighbor_sampler import check_direction, checked_fanouts, layered
from .sampler import BlockSampler

_LABOR = 1 << 62  # no batch has this number, so what is drawn here is drawn nowhere else


class LaborSampler(BlockSampler):
    """Some of the edges into each node, chosen so that nodes have neighbours in common.

    From `Layer-Neighbor Sampling -- Defusing Neighborhood Explosion in GNNs
    <https://arxiv.org/abs/2210.13339>`__ (Balin and Catalyurek, NeurIPS 2023). One random number
    is drawn for each source, not for each edge: every node keeps the edges whose sources drew the
    largest. A node gets as many edges as from :class:`NeighborSampler` and each with the same
    chance, but a batch has fewer sources. This is LABOR-0 with a fixed number of edges.

    With ``prob`` or ``importance_sampling`` each edge is taken by itself, with a chance of its own;
    a node gets about as many as the fanout says, but may get more, fewer or none. The mean over
    these edges is then of messages times ``block.edata["edge_weights"]``, (E,) of float32, as
    :class:`~graphmp.nn.SAGEConv` takes them: it estimates the mean over all edges, weighted by
    ``prob``, with the variance of as many edges as the fanout says. The weights of a node's edges
    sum to their number.

    Args:
        fanouts: see :class:`NeighborSampler`.
        edge_dir: ``"in"``.
        prob: an edge field, (E,) of float or bool: what edges weigh in the mean.
        importance_sampling: how often the chances are made better, so that a batch has fewer
            sources; each time it has more edges and takes longer. Below 0 until nothing is gained,
            which is LABOR-*.
        layer_dependency: use the same random numbers in all layers, so that these have sources in
            common.
        batch_dependency: after how many batches the random numbers are new ones. Above 1 they
            go there by small steps, so that batches which follow each other have sources in common;
            0 or below, never. An epoch of a loader starts anew.
        prefetch_node_feats: see :class:`BlockSampler`.
        prefetch_labels: see :class:`BlockSampler`.
        prefetch_edge_feats: see :class:`BlockSampler`.
        output_device: see :class:`BlockSampler`.

    Raises:
        GraphTypeError: fanouts that are not a list of ints or dicts, or a number that is no int.
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
        super().__init__(prefetch_node_feats, prefetch_labels, prefetch_edge_feats, output_device)
        self.fanouts, self.edge_dir, self.prob = checked_fanouts(fanouts), edge_dir, prob
        self.importance_sampling = _checks.integer(importance_sampling, "importance_sampling")
        self.batch_dependency = _checks.integer(batch_dependency, "batch_dependency")
        self.layer_dependency = layer_dependency
        self._batches = itertools.count()
        self.set_seed()

    def set_seed(self, random_seed: int | None = None) -> None:
        """Draw the same numbers for every batch from now on.

        Args:
            random_seed: what they depend on; None for numbers as at first.
        """
        self._is_fixed = random_seed is not None or self.batch_dependency < 1
        self._key = 0  # a sampler whose numbers are new in each batch needs none of its own
        if random_seed is not None:
            self._key = _checks.count(random_seed, "random_seed")
        elif self.batch_dependency != 1:
            self._key = random.key()

    def sample_blocks(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        """Make the blocks of some seeds; see :meth:`NeighborSampler.sample_blocks`."""
        first, second, share = self._numbers()
        layers = itertools.repeat(0) if self.layer_dependency else itertools.count()
        steps = max(self.importance_sampling, -1)

        def block(nodes: Any, fanout: Any) -> Graph:
            layer = next(layers)
            dependency = BatchDependency(random.mixed(second, layer), share)
            seed = random.mixed(first, layer)
            return labor_block(
                g, nodes, fanout, self.prob, steps, exclude_eids, seed=seed, dependency=dependency
            )

        return layered(self.fanouts, seed_nodes, block)

    def _numbers(self) -> tuple[int, int, float]:
        """Two keys of random numbers, and how far a batch is on the way between them."""
        if self._is_fixed:
            return self._key, self._key, 0.0
        if self.batch_dependency == 1:
            return random.key(), 0, 0.0
        key, number = random.turn() or (self._key, next(self._batches))
        turn, step = divmod(number, self.batch_dependency)
        key = random.mixed(key, _LABOR)
        share = step / self.batch_dependency
        return random.mixed(key, turn), random.mixed(key, turn + 1), share
