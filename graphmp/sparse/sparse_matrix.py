"""Class SparseMatrix."""

from __future__ import annotations

from .conversion import cpu, cuda, to, to_double, to_float, to_int, to_long
from .elementwise_op import add, div, mul, power, sub
from .entries import Entries
from .matmul import matmul
from .merging import coalesce, has_duplicate, is_diag
from .reduction import reduce, smax, smean, smin, sprod, sum
from .sampling import sample
from .selection import compact, index_select, range_select
from .softmax import softmax
from .unary_op import inv, neg


class SparseMatrix(Entries):
    """A sparse matrix: entries at some positions, each a number or a vector.

    Make one with :func:`graphmp.sparse.spmatrix`, the functions beside it, or ``graph.adj()``. A
    matrix is not changed: every operation returns another one, which shares the positions where it
    can. All operations are differentiable in the values and in dense operands.

    Methods, by the file that defines them:

    entries: shape, nnz, dtype, device, val, row, col, coo, indices, csr, csc, to_dense, transpose,
        t, T.
    conversion: to, cuda, cpu, float, double, int, long.
    merging: coalesce, has_duplicate, is_diag.
    elementwise_op: ``A + B``, ``A - B``, ``A * B``, ``A / B``, ``A ** n``.
    unary_op: neg, inv, ``-A``.
    matmul: ``A @ B``.
    reduction: reduce, sum, smin, smax, smean, sprod.
    softmax: softmax.
    selection: index_select, range_select, compact.
    sampling: sample.
    """

    to = to
    cuda = cuda
    cpu = cpu
    float = to_float
    double = to_double
    int = to_int
    long = to_long

    coalesce = coalesce
    has_duplicate = has_duplicate
    is_diag = is_diag

    __add__ = add
    __sub__ = sub
    __mul__ = mul
    __rmul__ = mul
    __truediv__ = div
    __pow__ = power
    __matmul__ = matmul
    __neg__ = neg
    neg = neg
    inv = inv

    reduce = reduce
    sum = sum
    smin = smin
    smax = smax
    smean = smean
    sprod = sprod
    softmax = softmax

    index_select = index_select
    range_select = range_select
    compact = compact
    sample = sample
