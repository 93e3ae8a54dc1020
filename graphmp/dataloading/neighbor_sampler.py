"""Neighbour sampling: some of the edges into each node, layer after layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from .. import _checks, sampling
from .._storage.frame import NID
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .sampler import BlockSampler, output_nodes


class NeighborSampler(BlockSampler):
    """Some of the edges into each node, for each layer of a model.

    From `Inductive Representation Learning on Large Graphs <https://arxiv.org/abs/1706.02216>`__
    (Hamilton, Ying and Leskovec, NeurIPS 2017). ``MultiLayerNeighborSampler`` is another name.

    Args:
        fanouts: for each layer, from the input to the output, how many edges of each type a node
            gets at most; -1 for all. A dict gives a number for each edge type.
        edge_dir: ``"in"``; to go along edges the other way, sample ``graphmp.reverse(g)``.
        prob: an edge field, (E,) of float or bool: the chances, in proportion.
        mask: an edge field, (E,) of bool: only edges with True are chosen.
        replace: whether an edge may be chosen more than once.
        prefetch_node_feats: see :class:`BlockSampler`.
        prefetch_labels: see :class:`BlockSampler`.
        prefetch_edge_feats: see :class:`BlockSampler`.
        output_device: see :class:`BlockSampler`.
        fused: accepted for DGL's sake; sampling and blocks are always one step.

    Raises:
        GraphTypeError: fanouts that are not a list of ints or dicts.
        GraphValueError: no fanout or one below -1, ``edge_dir="out"``, or both prob and mask.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> input_nodes, output_nodes, blocks = NeighborSampler([2, -1]).sample(g, [4])
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
                "Give prob or mask, not both: set the probabilities to 0 where the mask is False."
            )
        self.edge_dir, self.prob, self.mask = edge_dir, prob, mask
        self.replace, self.fused = replace, fused

    def sample_blocks(self, g: Graph, seed_nodes: Any, exclude_eids: Any = None) -> Any:
        """Make the blocks of some seeds.

        Args:
            g: the graph.
            seed_nodes: ids or a bool mask; with several node types a dict by type.
            exclude_eids: ids of edges that must not be in the blocks, or None.

        Returns:
            ``(input_nodes, output_nodes, blocks)``, the block farthest from the seeds first.

        Raises:
            GraphError: ids, fanouts, probabilities that do not fit; see
                :func:`~graphmp.sampling.sample_block`.
        """
        if self.mask is not None:
            _check_mask(g, self.mask)
        chances = self.mask if self.prob is None else self.prob

        def block(nodes: Any, fanout: Any) -> Graph:
            return sampling.sample_block(g, nodes, fanout, chances, self.replace, exclude_eids)

        return layered(self.fanouts, seed_nodes, block)


MultiLayerNeighborSampler = NeighborSampler


class MultiLayerFullNeighborSampler(NeighborSampler):
    """All edges into each node, for each layer of a model.

    Args:
        num_layers: the number of layers.
        **kwargs: as :class:`NeighborSampler` takes them.

    Raises:
        GraphTypeError: not an int.
        GraphValueError: no layer.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [4, 4, 4, 0]))
        >>> MultiLayerFullNeighborSampler(2).sample(g, [4])[0]
        tensor([4, 0, 1, 2, 3])
    """

    def __init__(self, num_layers: int, **kwargs: Any) -> None:
        super().__init__([-1] * _checks.count(num_layers, "num_layers"), **kwargs)


def layered(fanouts: list[Any], seeds: Any, block: Callable[[Any, Any], Graph]) -> Any:
    """Make blocks one after the other, each for the sources of the one before.

    Args:
        fanouts: from the input to the output.
        seeds: the destinations of the last block.
        block: makes the block of some destinations and a fanout.

    Returns:
        ``(input_nodes, output_nodes, blocks)``.
    """
    blocks: list[Graph] = []
    nodes = seeds
    for fanout in reversed(fanouts):
        blocks.insert(0, block(nodes, fanout))
        nodes = blocks[0].srcdata[NID]
    return nodes, output_nodes(blocks[-1], seeds), blocks


def checked_fanouts(fanouts: Any) -> list[Any]:
    """Check the fanouts of all layers.

    Raises:
        GraphTypeError: not a list of ints or dicts.
        GraphValueError: none, or one below -1.
    """
    if isinstance(fanouts, (str, Mapping)) or not isinstance(fanouts, Iterable):
        raise GraphTypeError(
            "Fanouts are a list with one for each layer, such as [10, 10], but "
            f"{_checks.kind(fanouts)} came."
        )
    found = fanouts.tolist() if isinstance(fanouts, torch.Tensor) else list(fanouts)
    if not found:
        raise GraphValueError("At least one fanout is wanted, but none came: give one a layer.")
    for fanout in found:
        for number in fanout.values() if isinstance(fanout, Mapping) else (fanout,):
            _check_fanout(number)
    return found


def _check_fanout(number: Any) -> None:
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise GraphTypeError(f"A fanout must be an int, but {_checks.kind(number)} came.")
    if int(number) < -1:
        raise GraphValueError(f"A fanout must be -1, for all, or a count, but {number} came.")


def check_direction(edge_dir: str) -> None:
    """Check that edges are followed against their direction, as messages need it.

    Raises:
        GraphValueError: another direction.
    """
    if edge_dir != "in":
        raise GraphValueError(
            f"edge_dir must be 'in', but {edge_dir!r} came: the edges of a block enter its seeds. "
            "To follow edges along their direction, sample graphmp.reverse(g)."
        )


def _check_mask(g: Graph, mask: str) -> None:
    for etype in g.canonical_etypes:
        scheme = g.edge_attr_schemes(etype).get(mask)
        if scheme is not None and scheme.dtype != torch.bool:
            raise GraphTypeError(
                f"A mask is a field of torch.bool, but {mask!r} of edges of type {etype} has "
                f"{scheme.dtype}: call .bool() on it, or name it as prob."
            )
