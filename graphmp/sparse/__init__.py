"""Sparse matrices: ``A @ X`` instead of messages, as in ``dgl.sparse``.

A :class:`SparseMatrix` has entries at some positions, and their values. ``graph.adj()`` is one,
:func:`spmatrix` and the functions beside it make others. Operations run on the kernels of message
passing, on every device, and are differentiable in the values and in dense operands.

Files:
    broadcast: Operations of a sparse matrix and a dense row or column.
    conversion: Sparse matrices on other devices and of other dtypes.
    creation: Sparse matrices from coordinates, compressed rows or columns, and diagonals.
    elementwise_op: Operations element by element: of two sparse matrices, or of one and a number.
    elementwise_op_sp: Sums, products and quotients of two sparse matrices, element by element.
    entries: The entries of a sparse matrix: where they are, their values, and the layouts of both.
    matmul: Products of sparse matrices with dense and with sparse ones.
    merging: Entries grouped by position: sums of entries at the same position, and unions.
    reduction: Sums, means, products and extremes of the entries of each row or column.
    sampling: Random entries of the rows or columns of a sparse matrix.
    sddmm: Products of dense matrices at the entries of a sparse one.
    selection: Sparse matrices of some rows or columns of another one.
    softmax: Softmax over the entries of each row or column.
    sparse_matrix: Class SparseMatrix.
    spspmm: Products of two sparse matrices.
    torch_sparse: Sparse matrices from and to sparse tensors of torch.
    unary_op: Operations of one sparse matrix.
"""

from .broadcast import sp_add_v, sp_broadcast_v, sp_div_v, sp_mul_v, sp_sub_v
from .creation import diag, from_coo, from_csc, from_csr, identity, spmatrix
from .elementwise_op import (
    add,
    div,
    mul,
    power,
    sp_add,
    sp_div,
    sp_mul,
    sp_power,
    sp_sub,
    sub,
)
from .elementwise_op_sp import spsp_add, spsp_div, spsp_mul
from .entries import is_scalar, val_like
from .matmul import bspmm, matmul, spmm
from .reduction import reduce, smax, smean, smin, sprod, sum
from .sddmm import bsddmm, sddmm
from .softmax import softmax
from .sparse_matrix import SparseMatrix
from .spspmm import spspmm
from .torch_sparse import (
    from_torch_sparse,
    to_torch_sparse_coo,
    to_torch_sparse_csc,
    to_torch_sparse_csr,
)
from .unary_op import inv, neg

__all__ = [
    "SparseMatrix",
    "add",
    "bsddmm",
    "bspmm",
    "diag",
    "div",
    "from_coo",
    "from_csc",
    "from_csr",
    "from_torch_sparse",
    "identity",
    "inv",
    "is_scalar",
    "matmul",
    "mul",
    "neg",
    "power",
    "reduce",
    "sddmm",
    "smax",
    "smean",
    "smin",
    "softmax",
    "sp_add",
    "sp_add_v",
    "sp_broadcast_v",
    "sp_div",
    "sp_div_v",
    "sp_mul",
    "sp_mul_v",
    "sp_power",
    "sp_sub",
    "sp_sub_v",
    "spmatrix",
    "spmm",
    "sprod",
    "spsp_add",
    "spsp_div",
    "spsp_mul",
    "spspmm",
    "sub",
    "sum",
    "to_torch_sparse_coo",
    "to_torch_sparse_csc",
    "to_torch_sparse_csr",
    "val_like",
]
