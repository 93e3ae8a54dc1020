"""Rows that are visited in another order give the same bits."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
import torch
from support.attended import given
from support.corner_graphs import FLOATS, Corner, each_corner
from torch import Tensor

from graphmp import kernels
from graphmp.kernels.contract import EDGE, OTHER, ROW, Csr, Operand, OrderedCsr
from graphmp.kernels.plan import plan
from graphmp.kernels.segments import positions_of


def edges(corner: Corner, idtype: torch.dtype) -> tuple[Csr, OrderedCsr]:
    """The edges of a graph by destination, and the same with an order of the destinations."""
    src, dst = (torch.tensor(end, dtype=idtype) for end in (corner.src, corner.dst))
    csr = kernels.compress(dst, src, corner.num_dst)
    rows = torch.randperm(corner.num_dst)
    positions = positions_of(csr.indptr, rows)
    sizes = csr.indptr.diff()[rows]
    indptr = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)]).to(idtype)
    visited = Csr(indptr, csr.indices[positions], csr.edge_ids[positions])
    return csr, OrderedCsr(csr, rows.to(idtype), visited)


def assert_same(csrs: tuple[Csr, OrderedCsr], call: Callable[[Csr], object]) -> None:
    """A call of a kernel has the same results on both."""
    plain, ordered = (
        result if isinstance(result, tuple) else (result,) for result in map(call, csrs)
    )
    for one, other in zip(plain, ordered, strict=True):
        assert one is other or (isinstance(one, Tensor) and torch.equal(one, other))


@each_corner
@pytest.mark.parametrize("reduce", ["sum", "max", "min"])
@pytest.mark.usefixtures("backend")
def test_reduced_messages_are_the_same_in_any_order(corner: Corner, reduce: str) -> None:
    csrs = edges(corner, torch.int64)
    x, w = torch.randn(corner.num_src, 2, 9), torch.randn(len(corner.src), 2, 1)
    own = torch.randn(corner.num_dst, 2, 9)
    copied, products = plan((2, 9), (), (2, 9)), plan((2, 9), (2, 1), (2, 9))
    features, factors = Operand(own, ROW), Operand(w, EDGE)

    def calls(csr: Csr, wants_arg: bool) -> tuple[Tensor | None, ...]:
        args = reduce, False
        sources = kernels.spmm(csr, "copy", *args, Operand(x, OTHER), None, copied, wants_arg)
        weighted = kernels.spmm(csr, "mul", *args, features, factors, products, wants_arg)
        return *sources, *weighted

    assert_same(csrs, lambda csr: calls(csr, False))
    if reduce != "sum":
        assert_same(csrs, lambda csr: calls(csr, True))


@each_corner
@pytest.mark.usefixtures("backend")
def test_messages_at_edges_are_the_same_in_any_order(corner: Corner) -> None:
    csrs = edges(corner, torch.int64)
    x, own = torch.randn(corner.num_src, 2, 9), torch.randn(corner.num_dst, 2, 9)
    left, right = Operand(x, OTHER), Operand(own, ROW)
    totals, dots = plan((2, 9), (2, 9), (2, 9)), plan((2, 9), (2, 9), (2, 1))
    assert_same(csrs, lambda csr: kernels.sddmm(csr, "add", left, right, totals))
    assert_same(csrs, lambda csr: kernels.sddmm(csr, "mul", left, right, dots))


@each_corner
@pytest.mark.usefixtures("backend")
def test_gradients_of_products_are_the_same_in_any_order(corner: Corner) -> None:
    csrs = edges(corner, torch.int64)
    own, grad = torch.randn(corner.num_dst, 16), torch.randn(corner.num_src, 16)
    weight = torch.randn(len(corner.src), 2)
    assert_same(csrs, lambda csr: kernels.product_gradient(csr, own, weight, grad))


@each_corner
@pytest.mark.parametrize("kind", ["add", "dot", "leaky"])
@pytest.mark.parametrize("heads", [2, 3])
@pytest.mark.usefixtures("backend")
def test_attention_is_the_same_in_any_order(corner: Corner, kind: str, heads: int) -> None:
    csrs, spec = edges(corner, torch.int64), given(corner, kind, sizes=(heads, 3, 5))
    assert_same(csrs, lambda csr: kernels.attention(csr, spec, True))
    scores = torch.randn(len(corner.src), heads)
    assert_same(csrs, lambda csr: kernels.score_gradient(csr, spec, scores))


@each_corner
@pytest.mark.parametrize("kind", ["add", "dot", "leaky"])
@pytest.mark.parametrize("heads", [2, 3])
@pytest.mark.usefixtures("backend")
def test_gradients_of_attention_are_the_same_in_any_order(
    corner: Corner, kind: str, heads: int
) -> None:
    spec = given(corner, kind, sizes=(heads, 3, 5))
    values = torch.randn(corner.num_dst, heads * 5)
    spec = spec._replace(left=spec.right, right=spec.left, value=values)  # the rows are sources
    stats = torch.rand(corner.num_src, 3 * heads) + 1
    grads = (torch.randn(corner.num_src, heads * 5), torch.randn(len(corner.src), heads))
    csrs = edges(corner, torch.int64)
    assert_same(csrs, lambda csr: kernels.attention_gradient(csr, spec, stats, *grads))


@each_corner
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_means_of_every_dtype_are_the_same_in_any_order(corner: Corner, dtype: torch.dtype) -> None:
    x = torch.randn(corner.num_src, 9).to(dtype)
    features = plan((9,), (), (9,))
    assert_same(
        edges(corner, torch.int32),
        lambda csr: kernels.spmm(csr, "copy", "sum", True, Operand(x, OTHER), None, features),
    )


@each_corner
def test_edges_derived_from_ordered_ones_have_no_order(corner: Corner) -> None:
    csr, ordered = edges(corner, torch.int64)
    for other in (
        copy.deepcopy(ordered),
        pickle.loads(pickle.dumps(ordered)),
        ordered._replace(edge_ids=csr.edge_ids),
    ):
        assert type(other) is Csr
        assert all(map(torch.equal, other, csr))
