"""DeepWalk: node embeddings from random walks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ... import _checks
from ...errors import GraphValueError
from ...graph import Graph
from ...sampling import random_walk
from .skip_gram import SkipGram, check_ids, draw_samples, noise_distribution, windows


class DeepWalk(SkipGram):
    r"""Embeddings of nodes that random walks bring together.

    From `DeepWalk: Online Learning of Social Representations <https://arxiv.org/abs/1403.6652>`__
    (Perozzi et al., KDD 2014), with negative samples in the place of a hierarchical softmax:
    :math:`L = \frac{1}{|P|} \sum_{(u, v) \in P} (-\log \sigma(x_u \cdot y_v)
    - w \sum_{n \in N_{uv}} \log \sigma(-x_u \cdot y_n))`, where :math:`P` are the pairs of nodes
    at most ``window_size`` steps apart and :math:`N_{uv}` nodes drawn at random. Dot products are
    clamped to ±6.

    Args:
        g: a graph of one node and one edge type.
        emb_dim: size of an embedding.
        walk_length: how many nodes a walk has.
        window_size: how many steps apart the nodes of a pair are at most.
        neg_weight: :math:`w`.
        negative_size: how many nodes are drawn at random for each pair.
        fast_neg: draw them from the walks of the batch; else from all nodes, in proportion to
            their out-degrees to the power of 3/4.
        sparse: make the gradients sparse tensors, as ``torch.optim.SparseAdam`` takes them.

    Attributes:
        node_embed: the embeddings, (N, emb_dim).
        context_embed: those of nodes as neighbours, (N, emb_dim).

    Shapes:
        - batch_walk: (n, walk_length) integers.
        - output: a number, the loss.

    Raises:
        GraphTypeError: sizes that are no ints.
        GraphValueError: several types, or walks too short for a whole side of a window.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.data.KarateClubDataset()[0]
        >>> model = gm.nn.DeepWalk(g, emb_dim=8, walk_length=10)
        >>> loader = torch.utils.data.DataLoader(
        ...     torch.arange(34), batch_size=17, shuffle=True, collate_fn=model.sample
        ... )
        >>> optimizer = torch.optim.SparseAdam(model.parameters(), lr=0.05)
        >>> for walks in loader:
        ...     optimizer.zero_grad()
        ...     model(walks).backward()
        ...     optimizer.step()
        >>> model.node_embed.weight.shape
        torch.Size([34, 8])
    """

    def __init__(
        self,
        g: Graph,
        emb_dim: int = 128,
        walk_length: int = 40,
        window_size: int = 5,
        neg_weight: float = 1,
        negative_size: int = 5,
        fast_neg: bool = True,
        sparse: bool = True,
    ) -> None:
        _checks.graph(g)
        if g.is_block or not g.is_homogeneous:
            raise GraphValueError(
                f"Expected a graph of one node and one edge type, got {g.canonical_etypes}; use "
                "MetaPath2Vec."
            )
        super().__init__(g.num_nodes(), _checks.count(emb_dim, "emb_dim"), sparse)
        self.g = g
        self.walk_length = _checks.count(walk_length, "walk_length")
        self.window_size = _checks.count(window_size, "window_size")
        self.neg_weight, self.fast_neg = neg_weight, fast_neg
        self.negative_size = _checks.count(negative_size, "negative_size")
        if walk_length < window_size + 1:
            raise GraphValueError(
                f"walk_length: expected more than window_size, got {walk_length} and {window_size}."
            )
        if not fast_neg:
            self.neg_prob = noise_distribution(g.out_degrees())

    def sample(self, indices: Any) -> Tensor:
        """Walk at random.

        Args:
            indices: (n,) nodes where walks start.

        Returns:
            (n, walk_length) nodes, -1 after a walk's end.

        Raises:
            GraphIndexError: an unknown node.
        """
        return random_walk(self.g, indices, length=self.walk_length - 1)[0]

    def forward(self, batch_walk: Tensor) -> Tensor:
        """The loss of some walks.

        Args:
            batch_walk: (n, walk_length) nodes on the device of the embeddings, -1 after a walk's
                end.

        Returns:
            A number.

        Raises:
            GraphIndexError: an unknown node.
            GraphTypeError: not a tensor of integers.
            GraphValueError: another shape.
        """
        walks = self._checked(batch_walk)
        pos_u, pos_v = windows(walks, self.window_size)
        size = (len(pos_u), self.negative_size)
        if self.fast_neg:
            nodes = walks[walks >= 0]
            samples = draw_samples(torch.ones(len(nodes)), size[0] * size[1])
            neg_v = nodes[samples.to(nodes.device)]
        else:
            neg_v = draw_samples(self.neg_prob, size[0] * size[1]).to(walks)
        return self.loss(pos_u, pos_v, neg_v.view(size), self.neg_weight, limit=6)

    def _checked(self, walks: Any) -> Tensor:
        check_ids(walks, "batch_walk")
        if walks.ndim != 2 or walks.shape[1] != self.walk_length:
            raise GraphValueError(
                f"batch_walk: expected shape (n, {self.walk_length}), got a shape of "
                f"{tuple(walks.shape)}."
            )
        _checks.in_range(walks[walks >= 0], self.node_embed.num_embeddings, "Nodes of walks")
        return walks  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Show the walks in ``repr``."""
        return f"walk_length={self.walk_length}, window_size={self.window_size}"
