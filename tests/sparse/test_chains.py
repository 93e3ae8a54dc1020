"""Random chains of operations give what the same chains give on dense matrices."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
import torch
from support.sparse import dense, sparse_matrix
from torch import Tensor

import graphmp.sparse as dglsp

State = tuple[dglsp.SparseMatrix, Tensor]  # a matrix, and what it is as a dense one
Step = Callable[[Random, dglsp.SparseMatrix, Tensor], State]


def partner(draw: Random, shape: tuple[int, int], repeats: bool = False) -> dglsp.SparseMatrix:
    """Another matrix."""
    room = shape[0] * shape[1]
    nnz = draw.randint(0, min(room, 12)) if room else 0
    seed = draw.randrange(1 << 30)
    return sparse_matrix(*shape, nnz, seed=seed, repeats=repeats)


def add(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    B = partner(draw, A.shape, repeats=True)
    return A + B, D + dense(B)


def subtract_from(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    B = partner(draw, A.shape, repeats=True)
    return B - A, dense(B) - D


def multiply(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    B = partner(draw, A.shape)
    return A.coalesce() * B, D * dense(B)


def product(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    B = partner(draw, (A.shape[1], draw.randint(0, 6)))
    return A.coalesce() @ B, D @ dense(B)


def product_of_transposes(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    A = A.coalesce()
    return A @ A.T / 7, D @ D.T / 7


def scaled(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    d = torch.rand(A.shape[0], dtype=D.dtype)
    return dglsp.diag(d) @ A.coalesce(), d.view(-1, 1) * D


def broadcast(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    v = torch.rand(A.shape[1], dtype=D.dtype) + 1
    return dglsp.sp_div_v(A, v), D / v


def transposed(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    return A.T, D.T


def numbers(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    return -(3 * A) / 2.0, -1.5 * D


def selected(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    dim = draw.randint(0, 1)
    count = draw.randint(0, 6) if A.shape[dim] else 0
    ids = torch.tensor([draw.randrange(A.shape[dim]) for _ in range(count)], dtype=torch.int64)
    return A.index_select(dim, ids), D.index_select(dim, ids)


def sliced(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    dim = draw.randint(0, 1)
    stop = draw.randint(0, A.shape[dim])
    start = draw.randint(0, stop)
    return A.range_select(dim, slice(start, stop)), D.narrow(dim, start, stop - start)


def compacted(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    dim = draw.randint(0, 1)
    leading = torch.randperm(A.shape[dim])[: draw.randint(0, 2)]
    B, ids = A.compact(dim, leading)
    return B, D.index_select(dim, ids)


def sampled(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    return A.sample(draw.randint(0, 1), -1), D


def regrouped(draw: Random, A: dglsp.SparseMatrix, D: Tensor) -> State:
    indptr, columns, order = A.csr()
    val = A.val if order is None else A.val[order]
    return dglsp.from_csr(indptr, columns, val, A.shape), D


STEPS: list[Step] = [
    add,
    subtract_from,
    multiply,
    product,
    product_of_transposes,
    scaled,
    broadcast,
    transposed,
    numbers,
    selected,
    sliced,
    compacted,
    sampled,
    regrouped,
]


def assert_near(one: Tensor, other: Tensor, message: str) -> None:
    """Equal up to the rounding of a chain, whose steps may cancel large numbers."""
    size = other.abs().max().item() if other.numel() else 0.0
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4 * max(size, 1), msg=message)


def check_chain(seed: int, length: int) -> None:
    """Compare every matrix of a chain with its dense form, and some reductions and products."""
    torch.manual_seed(seed)
    draw = Random(seed)
    A = partner(draw, (draw.randint(0, 6), draw.randint(0, 6)), repeats=True)
    A.val.requires_grad_()
    leaf, D = A.val, A.to_dense()
    for step in draw.choices(STEPS, k=length):
        A, D = step(draw, A, D)
        assert A.shape == tuple(D.shape)
        assert_near(A.to_dense(), D, f"seed {seed}: {step.__name__}")
    X = torch.rand(A.shape[1], 2, dtype=D.dtype)
    assert_near(A @ X, D @ X, f"seed {seed}")
    assert_near(A.sum(0), D.sum(0), f"seed {seed}")
    (one,), (other,) = (
        torch.autograd.grad(out.sum(), leaf, materialize_grads=True) for out in (A @ X, D @ X)
    )
    assert_near(one, other, f"seed {seed}: gradients")


@pytest.mark.parametrize("seed", range(30))
def test_chains_of_operations_are_those_of_dense_matrices(seed: int) -> None:
    check_chain(seed, 6)
