"""SetTransformerEncoder and SetTransformerDecoder."""

from __future__ import annotations

from torch import Tensor, nn

from ...errors import GraphKeyError, GraphValueError
from ...graph import Graph
from .._shared.inputs import checked_nodes, in_dtype_of
from .set_attention import (
    InducedSetAttentionBlock,
    PMALayer,
    SetAttentionBlock,
    Sets,
    equal_sets,
    sets_of,
)


class SetTransformerEncoder(nn.Module):
    r"""Attention between all nodes of each graph.

    From `Set Transformer <https://arxiv.org/abs/1810.00825>`__ (Lee et al., ICML 2019). With
    :math:`\mathrm{MAB}(X, M)` the attention of X to M, layer normalisation and two linear maps
    (the formula is that of ``MultiHeadAttention`` in :mod:`graphmp.nn.pooling.set_attention`), each
    layer is

    .. math::
        \mathrm{SAB}(X) = \mathrm{MAB}(X, X), \qquad
        \mathrm{ISAB}(X) = \mathrm{MAB}(X, \mathrm{MAB}(I, X))

    with m learnt points :math:`I`, for time and memory that are linear in the number of nodes.

    Args:
        d_model: size of a node's input and output.
        n_heads: the number of heads.
        d_head: size of a head.
        d_ff: size of the hidden layer of the last maps.
        n_layers: the number of layers.
        block_type: ``"sab"`` or ``"isab"``.
        m: the number of points, with ``"isab"``.
        dropouth: dropout of the hidden layer.
        dropouta: dropout of the attention.

    Shapes:
        - feat: (N, d_model).
        - output: (N, d_model).

    Raises:
        GraphKeyError: an unknown ``block_type``, or no ``m`` with ``"isab"``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 2])), gm.graph(([0], [0]))])
        >>> gm.nn.SetTransformerEncoder(4, 2, 3, 8)(g, torch.rand(4, 4)).shape
        torch.Size([4, 4])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_head: int,
        d_ff: int,
        n_layers: int = 1,
        block_type: str = "sab",
        m: int | None = None,
        dropouth: float = 0.0,
        dropouta: float = 0.0,
    ) -> None:
        super().__init__()
        self.d_model, self.n_layers, self.block_type, self.m = d_model, n_layers, block_type, m
        sizes = (d_model, n_heads, d_head, d_ff, dropouth, dropouta)
        if block_type not in ("sab", "isab"):
            raise GraphKeyError(f"block_type: expected one of sab, isab, got {block_type!r}.")
        if block_type == "isab" and m is None:
            raise GraphKeyError("m: expected the number of points with block_type='isab'.")
        blocks: list[nn.Module] = [
            InducedSetAttentionBlock(m, *sizes)
            if block_type == "isab" and m is not None
            else SetAttentionBlock(*sizes)
            for _ in range(n_layers)
        ]
        self.layers = nn.ModuleList(blocks)

    def forward(self, graph: Graph, feat: Tensor) -> Tensor:
        """Attend.

        Args:
            graph: a graph or a batch of graphs, of one node type.
            feat: (N, d_model).

        Returns:
            (N, d_model).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        feat, sets = _read(graph, feat, self.d_model, next(self.parameters(), None))
        for layer in self.layers:
            feat = layer(feat, sets)
        return feat


class SetTransformerDecoder(nn.Module):
    r"""Pooling by attention of learnt seeds.

    From `Set Transformer <https://arxiv.org/abs/1810.00825>`__ (Lee et al., ICML 2019).

    .. math:: \mathrm{SAB}\big(…\, \mathrm{MAB}(S, W_2\, \mathrm{ReLU}(W_1 X + b_1) + b_2)\big)

    with k learnt seeds :math:`S` and the layers of :class:`SetTransformerEncoder`. The result has
    the rows of a graph's seeds one after the other.

    Args:
        d_model: size of a node's input.
        num_heads: the number of heads.
        d_head: size of a head.
        d_ff: size of the hidden layer of the last maps.
        n_layers: the number of layers after the seeds' attention.
        k: the number of seeds.
        dropouth: dropout of the hidden layer.
        dropouta: dropout of the attention.

    Shapes:
        - feat: (N, d_model).
        - output: (batch size, k * d_model).

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 2])), gm.graph(([0], [0]))])
        >>> gm.nn.SetTransformerDecoder(4, 2, 3, 8, n_layers=1, k=3)(g, torch.rand(4, 4)).shape
        torch.Size([2, 12])
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_head: int,
        d_ff: int,
        n_layers: int,
        k: int,
        dropouth: float = 0.0,
        dropouta: float = 0.0,
    ) -> None:
        super().__init__()
        self.d_model, self.n_layers, self.k = d_model, n_layers, k
        sizes = (d_model, num_heads, d_head, d_ff, dropouth, dropouta)
        self.pma = PMALayer(k, *sizes)
        self.layers = nn.ModuleList([SetAttentionBlock(*sizes) for _ in range(n_layers)])

    def forward(self, graph: Graph, feat: Tensor) -> Tensor:
        """Pool.

        Args:
            graph: a graph or a batch of graphs, of one node type.
            feat: (N, d_model).

        Returns:
            (batch size, k * d_model).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        feat, sets = _read(graph, feat, self.d_model, self.pma.seed_vectors)
        count = sets.lengths.shape[0]
        feat, seeds = self.pma(feat, sets), equal_sets(count, self.k, feat.device)
        for layer in self.layers:
            feat = layer(feat, seeds)
        return feat.view(count, self.k * self.d_model)


def _read(graph: Graph, feat: Tensor, size: int, like: Tensor | None) -> tuple[Tensor, Sets]:
    """Check the features, and place the nodes of each graph."""
    sizes = checked_nodes(graph, feat, size)
    if feat.ndim != 2:
        raise GraphValueError(f"feat: expected shape (N, {size}), got {tuple(feat.shape)}.")
    return in_dtype_of(like, feat, "feat"), sets_of(sizes, feat.shape[0])
