"""Random entries of the rows or columns of a sparse matrix."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels, random
from ..errors import GraphValueError
from ..kernels.sampling_spec import SampleSpec
from ..ops.gather import gather_rows
from .entries import Matrix, with_rows
from .selection import checked_ids, facing


def sample(
    A: Matrix,
    dim: int,
    fanout: int,
    ids: Any = None,
    replace: bool = False,
    bias: bool = False,
) -> Matrix:
    """Sample entries of rows or columns; ``torch.manual_seed`` repeats the sample.

    Args:
        A: sparse matrix.
        dim: 0 samples each row, 1 each column.
        fanout: the number of entries for each row or column; -1 for all.
        ids: the rows or columns, which may repeat; all by default.
        replace: whether an entry may be sampled more than once. If not, rows or columns with fewer
            entries keep all of them.
        bias: sample in proportion to the values, (nnz,) and not negative. An entry of value 0 is
            never sampled.

    Returns:
        Sparse matrix with a row or column for each id; differentiable.

    Raises:
        GraphIndexError: an id out of range.
        GraphTypeError: ids of another dtype, or a fanout that is not an int.
        GraphValueError: another dimension; a fanout below -1; with ``bias`` values that are
            vectors, negative, infinite or NaN.

    Example:
        >>> import torch, graphmp.sparse as dglsp
        >>> A = dglsp.spmatrix(torch.tensor([[0, 0, 1], [0, 1, 1]]))
        >>> A.sample(0, 1).sum(1)
        tensor([1., 1.])
    """
    by_row = facing(A, dim)
    if ids is None:
        rows = torch.arange(by_row.shape[0], dtype=by_row.row.dtype, device=A.device)
    else:
        rows = checked_ids(by_row, ids, "ids").contiguous()
    weights = _weights(A.val) if bias else None
    spec = SampleSpec(
        _checks.fanout(fanout, "fanout"), bool(replace), random.key(), weights, None, None
    )
    csr = by_row._adjacency.csc
    indptr, columns, positions = kernels.sample(csr, rows, spec)
    val = gather_rows(A.val, csr.edge_ids[positions.long()])
    return facing(with_rows(by_row, indptr, columns, val), dim)


def _weights(val: Tensor) -> Tensor:
    """Values as weights of entries, of a dtype that is sampled by."""
    if val.ndim != 1:
        raise GraphValueError(
            f"bias: expected values (nnz,), got shape {tuple(val.shape)}; sample from a matrix "
            "with the weights as its values."
        )
    is_weight = val.dtype in (torch.float32, torch.float64, torch.bool)
    return val.detach() if is_weight else val.detach().double()
