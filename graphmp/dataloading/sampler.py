"""Sampler base classes; users write a sampler by overriding one method."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

from .. import _checks
from .._graph.shown import Shown
from .._graph.subgraph import nodes_by_type
from ..errors import GraphNotImplementedError, GraphTypeError
from ..graph import Graph
from .features import set_dst_lazy_features, set_edge_lazy_features, set_src_lazy_features


class Sampler(Shown):
    """Base of all samplers; a subclass overrides ``sample``.

    Use the functions of :mod:`graphmp.sampling`, or :func:`graphmp.random.generator`, for random
    numbers: a loader seeds both by the number of the batch, so that batches do not depend on the
    number of workers.

    Example:
        >>> import torch, graphmp as gm
        >>> class Around(gm.dataloading.Sampler):
        ...     def sample(self, g, indices):
        ...         return indices, gm.in_subgraph(g, indices)
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> [part.num_edges() for _, part in gm.dataloading.DataLoader(g, [0, 2], Around())]
        [1, 1]
    """

    def sample(self, g: Graph, indices: Any) -> Any:  # noqa: ARG002
        """Sample a batch.

        Args:
            g: the graph.
            indices: some of the loader's seeds: a tensor, or a dict of tensors.

        Returns:
            The batch that the loader yields.
        """
        raise GraphNotImplementedError(
            f"Expected a sampler with its own sample, got {type(self).__name__} without; it must "
            "override sample(g, indices)."
        )

    def check_seeds(self, g: Graph, indices: Any) -> Any:  # noqa: ARG002
        """Check all seeds when a loader is created; by default any tensors, lists or arrays.

        Args:
            g: the graph.
            indices: the loader's ``indices``.

        Returns:
            A tensor of seeds, or a dict of tensors.

        Raises:
            GraphError: invalid seeds.
        """
        if isinstance(indices, _checks.AnyMapping):
            return {key: _tensor(value) for key, value in indices.items()}
        return _tensor(indices)


class BlockSampler(Sampler):
    """Base of the samplers that yield blocks; a subclass overrides ``sample_blocks``.

    Args:
        prefetch_node_feats: names of source features of the first block to gather with the batch;
            with several node types a dict of lists by type, or a list for all types.
        prefetch_labels: likewise of destination features of the last block.
        prefetch_edge_feats: likewise of edge features of all blocks, by edge type.
        output_device: the device of the blocks; the graph's device by default.

    Example:
        >>> import graphmp as gm
        >>> class All(gm.dataloading.BlockSampler):
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
        """Check the signature of ``sample_blocks`` of a subclass.

        Raises:
            GraphTypeError: it has no parameter for excluded edges.
        """
        super().__init_subclass__(**kwargs)
        if not accepts(cls.sample_blocks, 4):
            raise GraphTypeError(
                f"{cls.__name__}.sample_blocks must take (self, g, seed_nodes, exclude_eids); add "
                "exclude_eids=None, the ids of edges that are excluded from the blocks."
            )

    def sample_blocks(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:  # noqa: ARG002
        """Sample the blocks of some seeds.

        Args:
            g: the graph.
            seed_nodes: ids; with several node types a dict by type.
            exclude_eids: ids of edges that are excluded from the blocks, or None.

        Returns:
            ``(input_nodes, output_nodes, blocks)``, the block of the input layer first.
        """
        raise GraphNotImplementedError(
            f"Expected a sampler with its own sample_blocks, got {type(self).__name__} without; it "
            "must override sample_blocks(g, seed_nodes, exclude_eids)."
        )

    def sample(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        """Sample the blocks of some seeds and gather their prefetched features.

        Args:
            g: the graph.
            seed_nodes: ids; with several node types a dict by type.
            exclude_eids: ids of edges that are excluded from the blocks, or None.

        Returns:
            ``(input_nodes, output_nodes, blocks)``, the block of the input layer first.
        """
        batch = self.sample_blocks(g, seed_nodes, exclude_eids)
        check_triple(batch, f"{type(self).__name__}.sample_blocks")
        _check_blocks(batch[2], f"{type(self).__name__}.sample_blocks")
        result = self.assign_lazy_features(batch)
        if self.output_device is None:
            return result
        inputs, outputs, blocks = result
        return inputs, outputs, [block.to(self.output_device) for block in blocks]

    def assign_lazy_features(self, result: Any) -> Any:
        """Gather the prefetched features of a batch.

        Args:
            result: the result of :meth:`sample_blocks`.

        Returns:
            The same.
        """
        blocks = result[-1]
        if self.prefetch_node_feats:
            set_src_lazy_features(blocks[0], self.prefetch_node_feats)
        if self.prefetch_labels:
            set_dst_lazy_features(blocks[-1], self.prefetch_labels)
        for block in blocks if self.prefetch_edge_feats else ():
            set_edge_lazy_features(block, self.prefetch_edge_feats)
        return result

    def check_seeds(self, g: Graph, indices: Any) -> Any:
        """Check that seeds are nodes of the graph."""
        return node_seeds(g, indices)


def check_sampler(sampler: Any) -> None:
    """Check the sampler of a loader.

    Raises:
        GraphTypeError: a class, or an object without a ``sample`` of a graph and seeds.
    """
    if isinstance(sampler, type) or not callable(getattr(sampler, "sample", None)):
        hint = f"; create an instance, {sampler.__name__}(...)" if isinstance(sampler, type) else ""
        raise GraphTypeError(
            f"Expected a sampler such as NeighborSampler, got {_checks.kind(sampler)}{hint}."
        )
    if not accepts(sampler.sample, 2):
        raise GraphTypeError(
            f"Expected {type(sampler).__name__}.sample to take (g, indices), a graph and seeds, "
            f"got sample{inspect.signature(sampler.sample)}."
        )


def check_triple(batch: Any, function: str) -> None:
    """Check the result of a sampler of seed nodes.

    Raises:
        GraphTypeError: not ``(input_nodes, output_nodes, blocks)``.
    """
    is_sequence = isinstance(batch, (tuple, list))
    if not is_sequence or len(batch) != 3:
        kind = f"{type(batch).__name__} of {len(batch)}" if is_sequence else _checks.kind(batch)
        raise GraphTypeError(
            f"Expected {function} to return (input_nodes, output_nodes, blocks), got {kind}."
        )


def _check_blocks(blocks: Any, function: str) -> None:
    is_list = isinstance(blocks, (tuple, list)) and len(blocks) > 0
    if not is_list or [block for block in blocks if not isinstance(block, Graph)]:
        raise GraphTypeError(
            f"Expected {function} to return (input_nodes, output_nodes, blocks) with a block for "
            f"each layer, got {_checks.kind(blocks)} in its place."
        )


def accepts(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with ``count`` positional arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature
        return True
    return True


def node_seeds(g: Graph, indices: Any) -> Any:
    """Check seed nodes.

    Args:
        g: the graph.
        indices: ids or a bool mask; with several node types a dict by type.

    Returns:
        A tensor of ids, or a dict of tensors by type.

    Raises:
        GraphIndexError: a node id out of range.
        GraphKeyError: an unknown node type.
        GraphTypeError: not ids, or another id type than the graph's.
        GraphValueError: several node types and no dict.
    """
    seeds = nodes_by_type(g, on_device(g, indices))
    if isinstance(indices, _checks.AnyMapping):
        return {ntype: seeds[ntype] for ntype in indices}
    return next(iter(seeds.values()))


def on_device(g: Graph, indices: Any) -> Any:
    """Seeds on the graph's device, if they are a tensor or a dict of tensors."""
    if isinstance(indices, _checks.AnyMapping):
        return {key: on_device(g, value) for key, value in indices.items()}
    return indices.to(g.device) if isinstance(indices, torch.Tensor) else indices


def _tensor(value: Any) -> torch.Tensor:
    """Seeds as a tensor; of a mask the indices of its True elements."""
    try:
        where = value.device if isinstance(value, torch.Tensor) else "cpu"
        seeds = torch.as_tensor(list(value) if isinstance(value, range) else value, device=where)
    except (TypeError, ValueError, RuntimeError) as error:
        raise GraphTypeError(
            f"Expected indices to be a tensor, a list or an array, got {_checks.kind(value)}."
        ) from error
    seeds = seeds.reshape(-1) if seeds.ndim == 0 else seeds
    return seeds.nonzero().view(-1) if seeds.dtype == torch.bool else seeds
