"""Messages made and kept at the edges, by every backend, against loops in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from support import dense
from support.backends import each_backend_and_dtype
from support.corner_graphs import (
    FLOATS,
    ID_DTYPES,
    INTEGERS,
    MIXED,
    PAIRS,
    Corner,
    each_corner,
    each_small_corner,
)
from support.laws import assert_close
from torch import Tensor

from graphmp import kernels
from graphmp.kernels.contract import EDGE, OPS, OTHER, ROW, Operand
from graphmp.kernels.plan import Plan

AT = {"u": OTHER, "v": ROW, "e": EDGE}


def run(
    corner: Corner,
    message: str,
    left: Tensor,
    right: Tensor,
    out_shape: tuple[int, ...] | None = None,
    idtype: torch.dtype = torch.int64,
) -> Tensor:
    """Call the kernel for a binary message of the table, such as ``"u_mul_e"``."""
    first, op, second = message.split("_")
    shapes = (tuple(left.shape[1:]), tuple(right.shape[1:]))
    full = tuple(np.broadcast_shapes(*shapes))
    form = corner.graph(idtype).adjacency.csc
    plan = Plan(*shapes, full if out_shape is None else out_shape)
    return kernels.sddmm(form, op, Operand(left, AT[first]), Operand(right, AT[second]), plan)


@each_corner
@each_backend_and_dtype((*FLOATS, *INTEGERS), "sddmm")
def test_every_operator(corner: Corner, backend: str, dtype: torch.dtype) -> None:
    u, v = corner.feature("u", (3,), dtype), corner.feature("v", (3,), dtype)
    wide = torch.float64 if dtype.is_floating_point else torch.int64
    for op in OPS[1:] if dtype.is_floating_point else OPS[1:-1]:
        expected = dense.messages(f"u_{op}_v", corner.src, corner.dst, u.to(wide), v.to(wide))
        out = run(corner, f"u_{op}_v", u, v)
        assert out.dtype == dtype
        assert_close(out, expected if dtype.is_floating_point else expected.to(dtype))


@each_small_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_every_pair_of_ends(corner: Corner, idtype: torch.dtype) -> None:
    for left, right in itertools.product("uve", "uve"):
        operands = (corner.feature(left, (2, 3)), corner.feature(right, (3,)))
        message = f"{left}_sub_{right}"
        out = run(corner, message, *operands, idtype=idtype)
        exact = [x.double() for x in operands]
        assert_close(out, dense.messages(message, corner.src, corner.dst, *exact))


@pytest.mark.usefixtures("backend")
def test_operands_may_have_any_strides() -> None:
    u, v = MIXED.feature("u", (3,)), MIXED.feature("v", (3,))
    apart, one_row = torch.stack([u, torch.nan * u], 2)[..., 0], v[:1].expand(v.shape)
    expected = dense.messages("u_sub_v", MIXED.src, MIXED.dst, apart.double(), one_row.double())
    assert_close(run(MIXED, "u_sub_v", apart, one_row), expected)


@pytest.mark.parametrize(("left", "right"), PAIRS, ids=str)
@pytest.mark.usefixtures("backend")
def test_a_last_dimension_may_be_summed(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    u, v = MIXED.feature("u", left), MIXED.feature("v", right)
    inbox = dense.messages("u_mul_v", MIXED.src, MIXED.dst, u.double(), v.double())
    expected = inbox.sum(-1, keepdim=True) if inbox.ndim > 1 else inbox
    assert_close(run(MIXED, "u_mul_v", u, v, tuple(expected.shape[1:])), expected)


@pytest.mark.parametrize("shape", [(5,), (8, 16), (272,), (20, 8), (2, 136)], ids=str)
@each_backend_and_dtype(FLOATS, "sddmm")
def test_dot_products_of_whole_vectors(
    shape: tuple[int, ...], backend: str, dtype: torch.dtype
) -> None:
    for left, right in itertools.product("uve", "uve"):
        x, y = (MIXED.feature(end, shape, dtype) for end in (left, right))
        message = f"{left}_mul_{right}"
        products = dense.messages(message, MIXED.src, MIXED.dst, x.double(), y.double())
        out = run(MIXED, message, x, y, (*shape[:-1], 1))
        assert out.dtype == dtype
        assert_close(out, products.sum(-1, keepdim=True))


@each_backend_and_dtype([torch.float16, torch.bfloat16], "sddmm")
def test_halves_are_summed_in_float32(backend: str, dtype: torch.dtype) -> None:
    ones = torch.ones(6, 1000, dtype=dtype)
    assert run(MIXED, "u_mul_v", ones, ones, (1,)).flatten().tolist() == [1000] * 9
