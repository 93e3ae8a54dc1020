"""Dense adjacency matrices and the features at their ends, read and checked once per call."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ... import _checks
from ...errors import GraphTypeError, GraphValueError
from .inputs import check_size, in_dtype_of


def read_dense(adj: Any, feat: Any, size: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Check a dense adjacency matrix and the features at its ends.

    Args:
        adj: (num_dst, num_src); row ``v`` has the weights of the edges into ``v``.
        feat: (num_src, size), or a pair of that and (num_dst, size).
        size: the expected last dimension.
        like: as in :func:`~graphmp.nn._shared.inputs.in_dtype_of`.

    Returns:
        The matrix in the dtype of the features, the features of the sources, and those of the
        destinations. One tensor serves both ends.

    Raises:
        GraphTypeError: not tensors, or another floating dtype.
        GraphValueError: a matrix of another number of dimensions, a wrong number of rows, a wrong
            size, or another device.

    Example:
        >>> import torch
        >>> adj, src, dst = read_dense(torch.eye(2).bool(), torch.ones(2, 3), 3, torch.ones(1))
        >>> adj.dtype, src is dst
        (torch.float32, True)
    """
    adj = checked_matrix(adj)
    src, dst = feat if isinstance(feat, tuple) and len(feat) == 2 else (feat, feat)
    src = _read_rows(src, adj, 1, "source nodes", size, like)
    dst = src if dst is feat else _read_rows(dst, adj, 0, "destination nodes", size, like)
    return adj.to(src.dtype), src, dst


def checked_matrix(adj: Any) -> Tensor:
    """Check that ``adj`` is a matrix.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another number of dimensions than two.
    """
    if not isinstance(adj, Tensor):
        raise GraphTypeError(
            f"adj: expected a dense adjacency matrix, got {_checks.kind(adj)}; for a graph, use "
            "the layer without Dense in its name."
        )
    if adj.ndim != 2:
        raise GraphValueError(
            f"adj: expected shape (num_dst, num_src), got a shape of {tuple(adj.shape)}."
        )
    return adj


def check_square(adj: Tensor) -> None:
    """Check that the destinations are the sources.

    Raises:
        GraphValueError: different numbers of sources and destinations.
    """
    if adj.shape[0] != adj.shape[1]:
        raise GraphValueError(
            "adj: expected shape (N, N), since the destinations are the sources, got a shape of "
            f"{tuple(adj.shape)}."
        )


def _read_rows(value: Any, adj: Tensor, axis: int, owner: str, size: int, like: Tensor) -> Tensor:
    _checks.feature(value, adj.shape[axis], adj.device, "feat", owner)
    check_size(value, size, "feat", owner)
    return in_dtype_of(like, value, "feat")
