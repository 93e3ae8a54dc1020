"""Compiled products, softmax and reductions of sparse matrices give what eager mode gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.laws import assert_close
from support.sparse import sparse_matrix
from support.versions import compiles
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend

import graphmp.sparse as dglsp

pytestmark = [pytest.mark.compiler, compiles]

PROGRAMS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "spmm": lambda A, X: dglsp.spmm((2 * A).T, X) - dglsp.matmul(A.T, X),
    "attention": lambda A, X: dglsp.spmm(dglsp.sddmm(A, X, X.T).softmax(), X),
    "values": lambda A, X: dglsp.spmm(dglsp.val_like(A, (X[A.row] * X[A.col]).sum(1)), X),
    "reductions": lambda A, X: A.sum(1) + A.smax(0) + dglsp.sp_mul_v(A, X[:, 0]).smean(1),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_matrices_of_many_sizes_take_two_compilations(name: str) -> None:
    program, counter = PROGRAMS[name], CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(program, backend=counter, fullgraph=True)
    torch.compiler.reset()
    for size in (10, 11, 12, 17):
        A, X = sparse_matrix(size, size, 4 * size), torch.rand(size, 3, requires_grad=True)
        A.csr(), A.csc()
        expected = program(A, X)
        assert_close(compiled(A, X), expected)
        if expected.requires_grad:
            grads = [torch.autograd.grad(f(A, X).sum(), X)[0] for f in (compiled, program)]
            assert_close(*grads)
    assert counter.frame_count <= 2
