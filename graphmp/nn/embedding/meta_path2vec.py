"""MetaPath2Vec: node embeddings from walks along a path of types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ... import _checks
from ...errors import GraphValueError
from ...graph import Graph
from ...sampling import random_walk
from .skip_gram import SkipGram, check_ids, draw_samples, noise_distribution, windows


class MetaPath2Vec(SkipGram):
    r"""Embeddings of nodes that random walks along a path of edge types bring together.

    From `metapath2vec: Scalable Representation Learning for Heterogeneous Networks
    <https://dl.acm.org/doi/10.1145/3097983.3098036>`__ (Dong et al., KDD 2017).

    :math:`L = \frac{1}{|P|} \sum_{(u, v) \in P} (-\log \sigma(x_u \cdot y_v)
    - \sum_{n \in N_{uv}} \log \sigma(-x_u \cdot y_n))`, where :math:`P` are the pairs of nodes at
    most ``window_size`` steps apart, and :math:`N_{uv}` nodes of all types on the path, drawn in
    proportion to how often walks meet them to the power of 3/4. Dot products are clamped to ±10.

    Args:
        g: a graph that is not a block.
        metapath: the edge types of a walk's steps.
        window_size: how many steps apart the nodes of a pair are at most.
        emb_dim: size of an embedding.
        negative_size: how many nodes are drawn at random for each pair.
        sparse: make the gradients sparse tensors, as ``torch.optim.SparseAdam`` takes them.

    Attributes:
        node_embed: the embeddings of the nodes of all types, one type after the other,
            (N, emb_dim).
        context_embed: those of nodes as neighbours, (N, emb_dim).
        local_to_global_nid: for each node type a list of the rows of its nodes.

    Shapes:
        - pos_u, pos_v: (P,) integers, rows of the embeddings.
        - neg_v: (P, negative_size) integers.
        - output: a number, the loss.

    Raises:
        GraphKeyError: an edge type that is not there.
        GraphTypeError: sizes that are no ints, or a path that is no list.
        GraphValueError: a block, a path whose steps do not follow each other, or one that is too
            short for the window.

    Example:
        >>> import torch, graphmp as gm
        >>> wrote, by = ("author", "wrote", "paper"), ("paper", "by", "author")
        >>> ends = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 1, 0])
        >>> g = gm.heterograph({wrote: ends, by: ends[::-1]})
        >>> model = gm.nn.MetaPath2Vec(g, ["wrote", "by"], window_size=1, emb_dim=8)
        >>> loader = torch.utils.data.DataLoader(
        ...     torch.arange(3), batch_size=2, shuffle=True, collate_fn=model.sample
        ... )
        >>> for pos_u, pos_v, neg_v in loader:
        ...     model(pos_u, pos_v, neg_v).backward()
        >>> model.node_embed(torch.tensor(model.local_to_global_nid["paper"])).shape
        torch.Size([2, 8])
    """

    def __init__(
        self,
        g: Graph,
        metapath: Sequence[Any],
        window_size: int,
        emb_dim: int = 128,
        negative_size: int = 5,
        sparse: bool = True,
    ) -> None:
        super().__init__(g.num_nodes(), _checks.count(emb_dim, "emb_dim"), sparse)
        self.hg, self.metapath = g, metapath
        self.window_size = _checks.count(window_size, "window_size")
        self.negative_size = _checks.count(negative_size, "negative_size")
        counts = [g.num_nodes(ntype) for ntype in g.ntypes]
        starts = torch.tensor([0, *counts], device=g.device).cumsum(0)
        self.local_to_global_nid = {
            ntype: list(range(start, start + count))
            for ntype, start, count in zip(g.ntypes, starts.tolist(), counts, strict=False)
        }
        self._starts = starts
        first = random_walk(g, [], metapath=metapath)[1][0]
        traces = self._walks(g.nodes(g.ntypes[int(first)]))
        if window_size > traces.shape[1]:
            raise GraphValueError(
                "window_size: expected at most len(metapath) + 1, got "
                f"{window_size} for a path of {traces.shape[1] - 1} steps."
            )
        visits = torch.bincount(traces[traces >= 0], minlength=g.num_nodes())
        self.neg_prob = noise_distribution(visits)

    def _walks(self, nodes: Any) -> Tensor:
        """Walks along the path, as rows of the embeddings: (n, steps + 1), -1 after the end."""
        traces, types = random_walk(self.hg, nodes, metapath=self.metapath)
        return torch.where(traces >= 0, traces + self._starts[types.long()], -1)

    def sample(self, indices: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Walk at random, and draw negative samples.

        Args:
            indices: (n,) nodes of the type from which the path leads, where walks start.

        Returns:
            ``(pos_u, pos_v, neg_v)``: (P,), (P,) and (P, negative_size) rows of the embeddings.

        Raises:
            GraphIndexError: an unknown node.
        """
        pos_u, pos_v = windows(self._walks(indices), self.window_size)
        neg_v = draw_samples(self.neg_prob, len(pos_u) * self.negative_size)
        return pos_u, pos_v, neg_v.view(len(pos_u), self.negative_size)

    def forward(self, pos_u: Tensor, pos_v: Tensor, neg_v: Tensor) -> Tensor:
        """The loss of some pairs.

        Args:
            pos_u: (P,) rows of the embeddings, on their device.
            pos_v: (P,) nodes near them on a walk.
            neg_v: (P, K) nodes drawn at random.

        Returns:
            A number.

        Raises:
            GraphIndexError: an unknown row.
            GraphTypeError: not tensors of integers.
            GraphValueError: shapes that do not fit.
        """
        for name, rows in (("pos_u", pos_u), ("pos_v", pos_v), ("neg_v", neg_v)):
            check_ids(rows, name)
            _checks.in_range(rows, self.node_embed.num_embeddings, name)
        if pos_u.ndim != 1 or pos_v.shape != pos_u.shape or neg_v.shape[:-1] != pos_u.shape:
            raise GraphValueError(
                "pos_u, pos_v, neg_v: expected shapes (P,), (P,) and (P, K), got "
                f"{tuple(pos_u.shape)}, {tuple(pos_v.shape)} and {tuple(neg_v.shape)}."
            )
        return self.loss(pos_u, pos_v, neg_v, weight=1, limit=10)

    def extra_repr(self) -> str:
        """Show the path and the window in ``repr``."""
        return f"metapath={self.metapath}, window_size={self.window_size}"
