"""LABOR: neighbour sampling in which nodes share neighbours, so that a batch has fewer sources."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from .. import _checks, random
from ..graph import Graph
from ..kernels.sampling_spec import BatchDependency
from ..sampling.labor import labor_block
from ..sampling.neighbors import edge_choice
from .neighbor_sampler import Nodes, check_direction, checked_fanouts, layered
from .sampler import BlockSampler

_LABOR = 1 << 62  # not the number of any batch, so that its random numbers are used nowhere else


class LaborSampler(BlockSampler):
    """Samples incoming edges of each node such that nodes share sources.

    From `Layer-Neighbor Sampling -- Defusing Neighborhood Explosion in GNNs
    <https://arxiv.org/abs/2210.13339>`__ (Balin and Catalyurek, NeurIPS 2023). Each source, not
    each edge, draws a random number, and every node samples the edges whose sources have the
    largest numbers. A node has as many edges as with :class:`NeighborSampler`, each with the same
    probability, but a batch has fewer sources. This is LABOR-0 with a fixed number of edges.

    With ``prob`` or ``importance_sampling``, each edge is sampled independently, with its own
    probability; the number of edges of a node is close to the fanout, but may be larger, smaller or
    0. The mean over the sampled edges must then multiply messages by
    ``block.edata["edge_weights"]``, (E,) of float32, as :class:`~graphmp.nn.SAGEConv` does with its
    ``edge_weight``: it estimates the mean over all edges, weighted by ``prob``, with the variance
    of a sample of ``fanout`` edges. The weights of a node's edges sum to their number.

    Args:
        fanouts: see :class:`NeighborSampler`.
        edge_dir: ``"in"``.
        prob: an edge field, (E,) of float or bool: the weights of edges in the mean.
        importance_sampling: the number of optimisation steps of the probabilities. Each step
            reduces the number of sources of a batch, but adds edges and takes time. A negative
            number iterates until convergence, which is ``LABOR-*``.
        layer_dependency: whether all layers use the same random numbers, so that they share
            sources.
        batch_dependency: the number of batches after which the random numbers are independent.
            Above 1 they change in small steps, so that consecutive batches share sources; 0 or
            below, they never change. Each epoch of a loader starts with new numbers.
        prefetch_node_feats: see :class:`BlockSampler`.
        prefetch_labels: see :class:`BlockSampler`.
        prefetch_edge_feats: see :class:`BlockSampler`.
        output_device: see :class:`BlockSampler`.

    Raises:
        GraphTypeError: fanouts that are not a list of ints or dicts, or a number that is not an
            int.
        GraphValueError: an unsupported argument.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 0, 1, 2], [3, 3, 3, 4, 4, 4]))
        >>> input_nodes, _, blocks = gm.dataloading.LaborSampler([1]).sample(g, [3, 4])
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
        """Use the same random numbers for every batch from now on.

        Args:
            random_seed: the seed; None restores the initial behaviour.
        """
        self._is_fixed = random_seed is not None or self.batch_dependency < 1
        self._key = 0  # not used if the numbers of every batch are independent
        if random_seed is not None:
            self._key = _checks.count(random_seed, "random_seed")
        elif self.batch_dependency != 1:
            self._key = random.key()

    def sample_blocks(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        """Sample the blocks of some seeds; see :meth:`NeighborSampler.sample_blocks`."""
        first, second, fraction = self._keys()
        layers = itertools.repeat(0) if self.layer_dependency else itertools.count()
        steps = max(self.importance_sampling, -1)
        choice = edge_choice(g, self.prob, False, exclude_eids)

        def sample_block(nodes: Nodes, fanout: Any) -> Graph:
            layer = next(layers)
            dependency = BatchDependency(random.mixed(second, layer), fraction)
            seed = random.mixed(first, layer)
            return labor_block(g, nodes, fanout, choice, steps, seed=seed, dependency=dependency)

        return layered(g, self.fanouts, seed_nodes, sample_block)

    def _keys(self) -> tuple[int, int, float]:
        """Two keys of random numbers, and the fraction of the way between them."""
        if self._is_fixed:
            return self._key, self._key, 0.0
        if self.batch_dependency == 1:
            return random.key(), 0, 0.0
        key, number = random.turn() or (self._key, next(self._batches))
        turn, step = divmod(number, self.batch_dependency)
        key = random.mixed(key, _LABOR)
        fraction = step / self.batch_dependency
        return random.mixed(key, turn), random.mixed(key, turn + 1), fraction
