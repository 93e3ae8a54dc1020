"""Skip-gram, shared by embeddings learnt from random walks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ... import _checks, ops, random
from ...construct.from_edges import create_block
from ...errors import GraphTypeError


class SkipGram(nn.Module):
    r"""Two embeddings for each node, as the middle of a window and as its context.

    From `Distributed Representations of Words and Phrases and their Compositionality
    <https://arxiv.org/abs/1310.4546>`__ (Mikolov et al., NeurIPS 2013). Each pair of nodes that
    belong together has negative samples, whose second node was drawn at random.

    .. math:: L = \frac{1}{|P|} \sum_{(u, v) \in P} \Big(
        -\log \sigma(x_u \cdot y_v) - w \sum_{n \in N_{uv}} \log \sigma(-x_u \cdot y_n) \Big)

    Dot products are computed over edges between the nodes that take part, so that no embedding is
    copied for each pair.

    Args:
        num_nodes: the number of nodes.
        emb_dim: size of an embedding.
        sparse: make the gradients of the embeddings sparse tensors.

    Attributes:
        node_embed: an embedding for each node, (num_nodes, emb_dim).
        context_embed: another, (num_nodes, emb_dim).
    """

    def __init__(self, num_nodes: int, emb_dim: int, sparse: bool) -> None:
        super().__init__()
        self.emb_dim = _checks.held(emb_dim, "emb_dim", 8 * num_nodes)  # two float32 a node
        self.node_embed = nn.Embedding(num_nodes, emb_dim, sparse=sparse)
        self.context_embed = nn.Embedding(num_nodes, emb_dim, sparse=sparse)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the first embeddings, from -1 / emb_dim to 1 / emb_dim; the others are 0."""
        bound = 1 / max(self.emb_dim, 1)
        nn.init.uniform_(self.node_embed.weight, -bound, bound)
        nn.init.zeros_(self.context_embed.weight)

    def loss(
        self, pos_u: Tensor, pos_v: Tensor, neg_v: Tensor, weight: float, limit: float
    ) -> Tensor:
        """The loss of pairs.

        Args:
            pos_u: (P,) the nodes in the middle of windows.
            pos_v: (P,) nodes of their contexts.
            neg_v: (P, K) nodes drawn at random.
            weight: of the part of the latter.
            limit: dot products are clamped to at most this magnitude.

        Returns:
            A number; 0 if there are no pairs.
        """
        count, size = neg_v.shape
        middle, u = torch.unique(pos_u, return_inverse=True)
        context, v = torch.unique(torch.cat([pos_v, neg_v.flatten()]), return_inverse=True)
        ends = (torch.cat([u, u.repeat_interleave(size)]), v)
        pairs = create_block(ends, num_src_nodes=len(middle), num_dst_nodes=len(context))
        dots = ops.gsddmm(pairs, "dot", self.node_embed(middle), self.context_embed(context))
        dots = dots.flatten().clamp(-limit, limit)
        together = logsigmoid(dots[:count]).sum()
        return -(together + weight * logsigmoid(-dots[count:]).sum()) / max(count, 1)


def windows(walks: Tensor, window_size: int) -> tuple[Tensor, Tensor]:
    """The pairs of nodes that are near each other on walks.

    Args:
        walks: (n, length) nodes, -1 after a walk's end.
        window_size: how many steps apart they may be.

    Returns:
        The nodes in the middle and those around them, (P,) each, walk after walk.

    Example:
        >>> windows(torch.tensor([[5, 6, 7], [8, 9, -1]]), 1)
        (tensor([5, 6, 6, 7, 8, 9]), tensor([6, 5, 7, 6, 9, 8]))
    """
    steps = torch.arange(walks.shape[1], device=walks.device)
    distance = (steps.view(-1, 1) - steps).abs()
    i, j = ((distance > 0) & (distance <= window_size)).nonzero(as_tuple=True)
    u, v = walks[:, i], walks[:, j]
    is_node = (u >= 0) & (v >= 0)
    return u[is_node], v[is_node]


def noise_distribution(counts: Tensor) -> Tensor:
    """The probability of each node as a negative sample: its count to the power 3/4, normalised.

    Example:
        >>> noise_distribution(torch.tensor([1, 0, 16]))
        tensor([0.1111, 0.0000, 0.8889])
    """
    weights = counts.double() ** 0.75
    return (weights / weights.sum()).float()


def draw_samples(weights: Tensor, count: int) -> Tensor:
    """Draw numbers in proportion to weights: (count,) below ``len(weights)``.

    The numbers come from a generator of the CPU, so that they are the same on every device.

    Example:
        >>> draw_samples(torch.tensor([0.0, 1.0]), 3)
        tensor([1, 1, 1])
    """
    heights = weights.double().cpu().cumsum(0)
    if len(heights) == 0 or count == 0:
        return torch.empty(0, dtype=torch.int64, device=weights.device)
    points = torch.rand(count, generator=random.generator(), dtype=torch.float64) * heights[-1]
    samples = torch.searchsorted(heights, points, right=True)
    last = torch.searchsorted(heights, heights[-1:])  # rounding may give the last height itself
    return torch.minimum(samples, last).to(weights.device)


def check_ids(value: Any, name: str) -> None:
    """Check that a value is a tensor of int32 or int64.

    Raises:
        GraphTypeError: it is not.
    """
    if not isinstance(value, Tensor) or value.dtype not in _checks.ID_DTYPES:
        raise GraphTypeError(
            f"{name}: expected a tensor of int32 or int64, got {_checks.kind(value)}."
        )
