"""Samplers: what makes a batch of some seeds; users write their own by overriding one method."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch

from .. import _checks
from .._graph.subgraph import nodes_by_type
from .._storage.frame import NID
from ..errors import GraphRuntimeError, GraphTypeError
from ..graph import Graph
from .features import set_dst_lazy_features, set_edge_lazy_features, set_src_lazy_features


class Sampler:
    """Base of all samplers; a subclass overrides :meth:`sample`.

    Draw from :mod:`graphmp.sampling`, or from ``graphmp.random.generator()``: a loader keys both by
    the number of the batch, so that batches do not depend on the number of workers.

    Example:
        >>> import torch, graphmp as gm
        >>> class Around(Sampler):
        ...     def sample(self, g, indices):
        ...         return indices, gm.in_subgraph(g, indices)
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> [part.num_edges() for _, part in gm.dataloading.DataLoader(g, [0, 2], Around())]
        [1, 1]
    """

    def sample(self, g: Graph, indices: Any) -> Any:  # noqa: ARG002
        """Make a batch.

        Args:
            g: the graph.
            indices: some of the seeds that the loader was given: a tensor, or a dict of tensors.

        Returns:
            What the loader yields.
        """
        raise GraphRuntimeError(f"{type(self).__name__} must override sample(g, indices).")

    def check_seeds(self, g: Graph, indices: Any) -> Any:  # noqa: ARG002
        """Check all seeds when a loader is made; here any tensors, lists or arrays will do.

        Args:
            g: the graph.
            indices: what the loader was given.

        Returns:
            A tensor of seeds, or a dict of tensors.

        Raises:
            GraphError: they do not fit.
        """
        if isinstance(indices, Mapping):
            return {key: _tensor(value) for key, value in indices.items()}
        return _tensor(indices)


class BlockSampler(Sampler):
    """Base of the samplers that yield blocks; a subclass overrides :meth:`sample_blocks`.

    Args:
        prefetch_node_feats: names of the features of the first block's sources that are read while
            the batch is made; with several node types a dict of them by type, or names for all.
        prefetch_labels: likewise of the last block's destinations.
        prefetch_edge_feats: likewise of all blocks' edges, by edge type.
        output_device: where the blocks go; the graph's device unless given.

    Example:
        >>> import graphmp as gm
        >>> class All(BlockSampler):
        ...     def sample_blocks(self, g, seed_nodes, exclude_eids=None):
        ...         block = gm.to_block(gm.in_subgraph(g, seed_nodes), seed_nodes)
        ...         return block.srcdata["_ID"], seed_nodes, [block]
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> input_nodes, output_nodes, blocks = All().sample(g, [1])
        >>> input_nodes
        tensor([1, 0])
    """

    prefetch_node_feats: Any = None
    prefetch_labels: Any = None
    prefetch_edge_feats: Any = None
    output_device: Any = None

    def __init__(
        self,
        prefetch_node_feats: Any = None,
        prefetch_labels: Any = None,
        prefetch_edge_feats: Any = None,
        output_device: Any = None,
    ) -> None:
        self.prefetch_node_feats = prefetch_node_feats
        self.prefetch_labels = prefetch_labels
        self.prefetch_edge_feats = prefetch_edge_feats
        self.output_device = output_device

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check how a subclass samples blocks.

        Raises:
            GraphTypeError: it takes no edges to exclude.
        """
        super().__init_subclass__(**kwargs)
        if not takes(cls.sample_blocks, 4):
            raise GraphTypeError(
                f"{cls.__name__}.sample_blocks must take (self, g, seed_nodes, exclude_eids): add "
                "exclude_eids=None, the ids of edges that must not be in the blocks."
            )

    def sample_blocks(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:  # noqa: ARG002
        """Make the blocks of some seeds.

        Args:
            g: the graph.
            seed_nodes: ids; with several node types a dict by type.
            exclude_eids: ids of edges that must not be in the blocks, or None.

        Returns:
            ``(input_nodes, output_nodes, blocks)``, the block farthest from the seeds first.
        """
        raise GraphRuntimeError(
            f"{type(self).__name__} must override sample_blocks(g, seed_nodes, exclude_eids)."
        )

    def sample(self, g: Graph, indices: Any, exclude_eids: Any = None) -> Any:
        """Make the blocks of some seeds and read the features that they are to bring along.

        Args:
            g: the graph.
            indices: ids; with several node types a dict by type.
            exclude_eids: ids of edges that must not be in the blocks, or None.

        Returns:
            ``(input_nodes, output_nodes, blocks)``, the block farthest from the seeds first.
        """
        found = self.sample_blocks(g, indices, exclude_eids)
        check_triple(found, f"{type(self).__name__}.sample_blocks")
        _check_blocks(found[2], f"{type(self).__name__}.sample_blocks")
        result = self.assign_lazy_features(found)
        if self.output_device is None:
            return result
        inputs, outputs, blocks = result
        return inputs, outputs, [block.to(self.output_device) for block in blocks]

    def assign_lazy_features(self, result: Any) -> Any:
        """Read the features that the blocks are to bring along.

        Args:
            result: what :meth:`sample_blocks` gave.

        Returns:
            The same.
        """
        blocks = result[-1]
        set_src_lazy_features(blocks[0], self.prefetch_node_feats)
        set_dst_lazy_features(blocks[-1], self.prefetch_labels)
        for block in blocks if self.prefetch_edge_feats else ():
            set_edge_lazy_features(block, self.prefetch_edge_feats)
        return result

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that seeds are nodes; see :func:`node_seeds`."""
        return node_seeds(g, indices)


def check_sampler(sampler: Any) -> None:
    """Check what a loader, or a sampler of edges, is to sample with.

    Raises:
        GraphTypeError: it is a class, or has no ``sample`` of a graph and seeds.
    """
    if isinstance(sampler, type) or not callable(getattr(sampler, "sample", None)):
        hint = f": make one, {sampler.__name__}(...)" if isinstance(sampler, type) else ""
        raise GraphTypeError(
            f"A sampler such as NeighborSampler is wanted, but {_checks.kind(sampler)} came{hint}."
        )
    if not takes(sampler.sample, 2):
        raise GraphTypeError(
            f"{type(sampler).__name__}.sample must take (g, indices), a graph and seeds, but it is "
            f"sample{inspect.signature(sampler.sample)}."
        )


def check_triple(batch: Any, giver: str) -> None:
    """Check what a sampler of seed nodes gave.

    Raises:
        GraphTypeError: not ``(input_nodes, output_nodes, blocks)``.
    """
    is_some = isinstance(batch, (tuple, list))
    if not is_some or len(batch) != 3:
        came = f"{type(batch).__name__} of {len(batch)}" if is_some else _checks.kind(batch)
        raise GraphTypeError(
            f"{giver} must give (input_nodes, output_nodes, blocks), but {came} came."
        )


def _check_blocks(blocks: Any, giver: str) -> None:
    is_list = isinstance(blocks, (tuple, list)) and len(blocks) > 0
    if not is_list or not all(isinstance(block, Graph) for block in blocks):
        raise GraphTypeError(
            f"{giver} must give (input_nodes, output_nodes, blocks) with a list of a block for "
            f"each layer, but {_checks.kind(blocks)} came in its place."
        )


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with so many arguments by place."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # it does not say
        return True
    return True


def node_seeds(g: Graph, indices: Any) -> Any:
    """Check seeds that are nodes.

    Args:
        g: the graph.
        indices: ids or a bool mask; with several node types a dict by type.

    Returns:
        A tensor of ids, or a dict of tensors by type.

    Raises:
        GraphIndexError: a node that is not there.
        GraphKeyError: an unknown node type.
        GraphTypeError: not ids, or another id type than the graph's.
        GraphValueError: several node types and no dict.
    """
    found = nodes_by_type(g, on_device(g, indices))
    if isinstance(indices, Mapping):
        return {ntype: found[ntype] for ntype in indices}
    return next(iter(found.values()))


def output_nodes(block: Graph, seeds: Any) -> Any:
    """The destinations of the last block, in the form in which the seeds were given."""
    if isinstance(seeds, Mapping):
        return {ntype: block.dstnodes[ntype].data[NID] for ntype in seeds}
    return block.dstdata[NID]


def on_device(g: Graph, indices: Any) -> Any:
    """Seeds where the graph is; what is no tensor, or a dict of them, stays as it is."""
    if isinstance(indices, Mapping):
        return {key: on_device(g, value) for key, value in indices.items()}
    return indices.to(g.device) if isinstance(indices, torch.Tensor) else indices


def _tensor(value: Any) -> torch.Tensor:
    """Whatever holds seeds as a tensor; of a mask the places that are set."""
    try:
        made = torch.as_tensor(list(value) if isinstance(value, range) else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise GraphTypeError(
            f"indices must be a tensor, a list or an array, but {_checks.kind(value)} came."
        ) from error
    made = made.reshape(-1) if made.ndim == 0 else made
    return made.nonzero().view(-1) if made.dtype == torch.bool else made
