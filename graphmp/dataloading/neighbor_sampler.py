"""Neighbour sampling: blocks of sampled incoming edges, one for each layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.subgraph import nodes_by_type
from .._storage.frame import NID
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from ..sampling.block import from_sampled
from ..sampling.neighbors import edge_choice, sample_edges
from .sampler import BlockSampler

Nodes = dict[str, Tensor]
SampleBlock = Callable[[Nodes, Any], Graph]


class NeighborSampler(BlockSampler):
    """Samples incoming edges of each node, for each layer of a model.

    From `Inductive Representation Learning on Large Graphs <https://arxiv.org/abs/1706.02216>`__
    (Hamilton, Ying and Leskovec, NeurIPS 2017). ``MultiLayerNeighborSampler`` is another name.

    Args:
        fanouts: for each layer, from the input to the output, the maximum number of edges of each
            type for each node; -1 for all. A dict gives a number for each edge type.
        edge_dir: ``"in"``; to sample outgoing edges, pass ``graphmp.reverse(g)``.
        prob: an edge field, (E,) of float or bool: unnormalised probabilities.
        mask: an edge field, (E,) of bool: only edges with True are sampled.
        replace: whether an edge may be sampled more than once.
        prefetch_node_feats: see :class:`BlockSampler`.
        prefetch_labels: see :class:`BlockSampler`.
        prefetch_edge_feats: see :class:`BlockSampler`.
        output_device: see :class:`BlockSampler`.
        fused: ignored; sampling and the conversion to blocks are always one step.

    Raises:
        GraphTypeError: fanouts that are not a list of ints or dicts.
        GraphValueError: no fanout or one out of range, ``edge_dir="out"``, or both prob and mask.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> sampler = gm.dataloading.NeighborSampler([2, -1])
        >>> input_nodes, output_nodes, blocks = sampler.sample(g, [4])
        >>> blocks[1].num_edges(), blocks[0].num_dst_nodes(), output_nodes
        (3, 4, tensor([4]))
    """

    def __init__(
        self,
        fanouts: Iterable[Any],
        edge_dir: str = "in",
        prob: str | None = None,
        mask: str | None = None,
        replace: bool = False,
        prefetch_node_feats: Any = None,
        prefetch_labels: Any = None,
        prefetch_edge_feats: Any = None,
        output_device: Any = None,
        fused: bool = True,
    ) -> None:
        super().__init__(prefetch_node_feats, prefetch_labels, prefetch_edge_feats, output_device)
        self.fanouts = checked_fanouts(fanouts)
        check_direction(edge_dir)
        if prob is not None and mask is not None:
            raise GraphValueError(
                "Expected prob or mask, got both; set the probabilities to 0 where the mask is "
                "False."
            )
        self.edge_dir, self.prob, self.mask = edge_dir, prob, mask
        self.replace, self.fused = replace, fused

    def sample_blocks(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        """Sample the blocks of some seeds.

        Args:
            g: the graph.
            seed_nodes: ids or a bool mask; with several node types a dict by type.
            exclude_eids: ids of edges that are excluded from the blocks, or None.

        Returns:
            ``(input_nodes, output_nodes, blocks)``, the block of the input layer first.

        Raises:
            GraphError: invalid ids, fanouts or probabilities; see
                :func:`~graphmp.sampling.sample_block`.
        """
        if self.mask is not None:
            _check_mask(g, self.mask)
        prob = self.mask if self.prob is None else self.prob
        choice = edge_choice(g, prob, self.replace, exclude_eids)

        def sample_block(nodes: Nodes, fanout: Any) -> Graph:
            return from_sampled(g, nodes, sample_edges(g, nodes, fanout, choice))

        return layered(g, self.fanouts, seed_nodes, sample_block)


MultiLayerNeighborSampler = NeighborSampler


class MultiLayerFullNeighborSampler(NeighborSampler):
    """Selects all incoming edges of each node, for each layer of a model.

    Args:
        num_layers: the number of layers.
        **kwargs: the other arguments of :class:`NeighborSampler`.

    Raises:
        GraphTypeError: not an int.
        GraphValueError: no layer.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> gm.dataloading.MultiLayerFullNeighborSampler(2).sample(g, [4])[0]
        tensor([4, 0, 1, 2, 3])
    """

    def __init__(self, num_layers: int, **kwargs: Any) -> None:
        super().__init__([-1] * _checks.count(num_layers, "num_layers"), **kwargs)


def layered(g: Graph, fanouts: list[Any], seeds: Any, sample_block: SampleBlock) -> Any:
    """Sample a block for each layer; its sources are the destinations of the layer before.

    Args:
        g: the graph.
        fanouts: the fanout of each layer, from the input to the output.
        seeds: the destinations of the last block.
        sample_block: samples the block of checked destinations with a fanout.

    Returns:
        ``(input_nodes, output_nodes, blocks)``.
    """
    targets = nodes = nodes_by_type(g, seeds)
    blocks: list[Graph] = []
    for fanout in reversed(fanouts):
        block = sample_block(nodes, fanout)
        blocks.insert(0, block)
        nodes = {ntype: frame[NID] for ntype, frame in block._frames.src.items()}
    return _like_seeds(g, nodes), _like_seeds(g, targets, seeds), blocks


def _like_seeds(g: Graph, nodes: Nodes, seeds: Any = None) -> Any:
    """Nodes as users see them: a dict of the types of ``seeds``, or one tensor."""
    if isinstance(seeds, _checks.AnyMapping):
        return {ntype: nodes[g._meta.ntype(ntype)] for ntype in seeds}
    return nodes if len(nodes) > 1 else next(iter(nodes.values()))


def checked_fanouts(fanouts: Any) -> list[Any]:
    """Check the fanouts of all layers.

    Raises:
        GraphTypeError: not a list of ints or dicts.
        GraphValueError: none, or one out of range.
    """
    if isinstance(fanouts, (str, _checks.AnyMapping)) or not isinstance(fanouts, Iterable):
        raise GraphTypeError(
            "Expected fanouts to be a list with one for each layer, such as [10, 10], got "
            f"{_checks.kind(fanouts)}."
        )
    layers = fanouts.tolist() if isinstance(fanouts, Tensor) else list(fanouts)
    if not layers:
        raise GraphValueError("Expected at least one fanout, got none; pass one for each layer.")
    for fanout in layers:
        for number in fanout.values() if isinstance(fanout, _checks.AnyMapping) else (fanout,):
            _checks.fanout(number, "fanout")
    return layers


def check_direction(edge_dir: str) -> None:
    """Check that incoming edges are sampled, as message passing needs them.

    Raises:
        GraphValueError: another direction.
    """
    if edge_dir != "in":
        raise GraphValueError(
            f"Expected edge_dir to be 'in', as the edges of a block enter its seeds, got "
            f"{edge_dir!r}; to sample outgoing edges, pass graphmp.reverse(g)."
        )


def _check_mask(g: Graph, mask: str) -> None:
    for etype in g.canonical_etypes:
        scheme = g.edge_attr_schemes(etype).get(mask)
        if scheme is not None and scheme.dtype != torch.bool:
            raise GraphTypeError(
                f"Expected mask to be a field of torch.bool, got {scheme.dtype} for {mask!r} of "
                f"{g.edges[etype].data.owner}; call .bool() on it, or pass it as prob."
            )
