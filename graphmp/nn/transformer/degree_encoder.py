"""DegreeEncoder: embeddings of the degrees of nodes."""

from __future__ import annotations

from torch import Tensor, nn

from ... import _checks
from .._shared.options import check_option
from .._shared.padded import read_integers


class DegreeEncoder(nn.Module):
    r"""Embed the degrees of nodes.

    From `Do Transformers Really Perform Badly for Graph Representation?
    <https://arxiv.org/abs/2106.05234>`__ (Ying et al., NeurIPS 2021).

    .. math:: h_v = z^-_{\min(d^-_v, m)} + z^+_{\min(d^+_v, m)}

    or one of the two. Degree 0, which stands for padding, too, has the embedding 0.

    Args:
        max_degree: the largest degree :math:`m` with an embedding of its own.
        embedding_dim: size of the embeddings.
        direction: ``"both"``, ``"in"`` or ``"out"``.

    Attributes:
        encoder1, encoder2: the embeddings of the two degrees, with ``"both"``.
        encoder: the embeddings of the degree, otherwise.

    Shapes:
        - degrees: (B, N); with ``"both"`` (2, B, N).
        - output: (B, N, embedding_dim).

    Raises:
        GraphTypeError: ``max_degree`` is not an int.
        GraphValueError: an unknown ``direction``, or a negative ``max_degree``.

    Example:
        >>> import torch, graphmp as gm
        >>> encode = gm.nn.DegreeEncoder(max_degree=5, embedding_dim=8)
        >>> encode(torch.tensor([[[2, 7, 0]], [[1, 1, 0]]])).shape
        torch.Size([1, 3, 8])
    """

    def __init__(self, max_degree: int, embedding_dim: int, direction: str = "both") -> None:
        super().__init__()
        check_option(direction, ("both", "in", "out"), "direction")
        self.max_degree = _checks.count(max_degree, "max_degree")
        self.direction = direction
        sizes = (self.max_degree + 1, embedding_dim)
        if direction == "both":
            self.encoder1 = nn.Embedding(*sizes, padding_idx=0)
            self.encoder2 = nn.Embedding(*sizes, padding_idx=0)
        else:
            self.encoder = nn.Embedding(*sizes, padding_idx=0)

    def forward(self, degrees: Tensor) -> Tensor:
        """Embed.

        Args:
            degrees: (B, N) integers, 0 for padding; with ``"both"`` (2, B, N).

        Returns:
            (B, N, embedding_dim).

        Raises:
            GraphTypeError: not a tensor of integers.
            GraphValueError: another shape.
        """
        is_pair = self.direction == "both"
        shape = (2, None, None) if is_pair else (None, None)
        degrees = read_integers(degrees, shape, "degrees").clamp(0, self.max_degree)
        if is_pair:
            return self.encoder1(degrees[0]) + self.encoder2(degrees[1])  # type: ignore[no-any-return]
        return self.encoder(degrees)  # type: ignore[no-any-return]
