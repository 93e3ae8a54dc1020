"""Messages made and reduced in one pass, by every backend, against loops in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support import dense
from support.backends import each_backend_and_dtype
from support.corner_graphs import (
    DTYPES,
    FLOATS,
    HUB,
    ID_DTYPES,
    MIXED,
    PAIRS,
    SHAPES,
    Corner,
    each_corner,
    each_small_corner,
)
from support.laws import assert_close
from torch import Tensor

from graphmp import kernels
from graphmp.kernels.contract import EDGE, OPS, OTHER, REDUCES, ROW, Operand, accumulator
from graphmp.kernels.plan import Plan

AT = {"v": ROW, "u": OTHER, "e": EDGE}
ENDS = ("u", "v", "e")


def run(
    corner: Corner,
    message: str,
    reduce: str,
    *operands: Tensor,
    out_shape: tuple[int, ...] | None = None,
    divisor: Tensor | bool = False,
    idtype: torch.dtype = torch.int64,
) -> tuple[Tensor, Tensor | None]:
    """Call the kernel for a message of the table, such as ``"copy_u"`` or ``"u_mul_e"``."""
    first, op, second = ("", "copy", "") if message[:4] == "copy" else message.split("_")
    left = Operand(operands[0], AT[first or message[-1]])
    right = Operand(operands[1], AT[second]) if second else None
    shapes = (tuple(operands[0].shape[1:]), tuple(operands[1].shape[1:]) if second else ())
    full = tuple(np.broadcast_shapes(*shapes))
    plan = Plan(*shapes, full if out_shape is None else out_shape)
    form = corner.graph(idtype).adjacency.csc
    out, arg = kernels.spmm(form, op, reduce, divisor, left, right, plan, wants_arg=True)
    return out, None if arg is None else edges_at(arg, form.edge_ids)


def edges_at(positions: Tensor, eids: Tensor) -> Tensor:
    """The ids of the edges at positions of a grouped layout; -1 of -1."""
    return torch.cat([eids, eids.new_full((1,), -1)]).long()[positions.long()]


def wide(tensor: Tensor) -> Tensor:
    """float64, or int64 for what is not floating point."""
    return tensor.double() if tensor.dtype.is_floating_point else tensor.long()


def assert_is_the_loop(
    result: tuple[Tensor, Tensor | None], corner: Corner, reduce: str, inbox: Tensor
) -> None:
    """``result`` is that of reducing the messages ``inbox`` one by one."""
    out, arg = result
    expected = dense.reduce(reduce, wide(inbox), corner.dst, corner.num_dst)
    exact = out.dtype.is_floating_point
    assert_close(out, expected if exact else expected.to(out.dtype))
    if reduce == "sum":
        assert arg is None
    else:
        assert arg is not None
        winners = dense.winners(reduce, wide(inbox), corner.dst, corner.num_dst)
        assert torch.equal(arg, winners)


def made(corner: Corner, message: str, *operands: Tensor) -> Tensor:
    """The messages: in float64, or in their own integer dtype, where they may wrap around."""
    inbox = dense.messages(message, corner.src, corner.dst, *map(wide, operands))
    return inbox if inbox.dtype.is_floating_point else inbox.to(operands[0].dtype)


def ops_of(dtype: torch.dtype) -> tuple[str, ...]:
    """The operators that have a meaning: a quotient of integers is none, booleans are copied."""
    if dtype == torch.bool:
        return ("copy",)
    return OPS if dtype.is_floating_point else OPS[:-1]


@each_corner
@each_backend_and_dtype(DTYPES)
def test_every_operator_and_reducer(corner: Corner, backend: str, dtype: torch.dtype) -> None:
    u, e = (corner.feature(target, (3,), dtype) for target in "ue")
    for op in ops_of(dtype):
        message, operands = ("copy_u", (u,)) if op == "copy" else (f"u_{op}_e", (u, e))
        inbox = made(corner, message, *operands)
        for reduce in REDUCES[1:] if dtype == torch.bool else REDUCES:
            result = run(corner, message, reduce, *operands)
            assert result[0].dtype == dtype
            assert_is_the_loop(result, corner, reduce, inbox)


@each_small_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_every_feature_shape_and_id_type(
    corner: Corner, shape: tuple[int, ...], idtype: torch.dtype
) -> None:
    for message, targets in (("copy_e", "e"), ("v_sub_u", "vu")):
        operands = [corner.feature(target, shape) for target in targets]
        inbox = made(corner, message, *operands)
        for reduce in REDUCES:
            result = run(corner, message, reduce, *operands, idtype=idtype)
            assert_is_the_loop(result, corner, reduce, inbox)


@pytest.mark.parametrize("op", OPS[1:])
@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.usefixtures("backend")
def test_every_pair_of_features_whole_and_summed_to_the_shape_of_either(
    pair: tuple[tuple[int, ...], tuple[int, ...]], op: str
) -> None:
    left, right = pair
    u, e = MIXED.feature("u", left), MIXED.feature("e", right)
    inbox = made(MIXED, f"u_{op}_e", u, e)
    full = tuple(inbox.shape[1:])
    for shape in {full, left, right, (*full[:-1], 1)[: len(full)]}:
        summed = summed_to(inbox, shape)
        for reduce in REDUCES:
            result = run(MIXED, f"u_{op}_e", reduce, u, e, out_shape=shape)
            assert_is_the_loop(result, MIXED, reduce, summed)


def summed_to(inbox: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(E, *shape): messages summed where ``shape`` has 1 and they have not."""
    lead = inbox.ndim - 1 - len(shape)
    summed = inbox.sum(tuple(range(1, 1 + lead))) if lead else inbox
    for i, size in enumerate(shape, 1):
        summed = summed.sum(i, keepdim=True) if size == 1 else summed
    return summed


@pytest.mark.parametrize(
    ("shape", "wider"), [((2, 1), (2, 3)), ((3,), (2, 3)), ((), (3,))], ids=str
)
@pytest.mark.usefixtures("backend")
def test_a_copy_may_spread_to_a_wider_shape(shape: tuple[int, ...], wider: tuple[int, ...]) -> None:
    u = MIXED.feature("u", shape)
    padded = u.reshape(6, *(1,) * (len(wider) - len(shape)), *shape)
    inbox = made(MIXED, "copy_u", padded.expand(6, *wider))
    for reduce in REDUCES:
        result = run(MIXED, "copy_u", reduce, u, out_shape=wider)
        assert_is_the_loop(result, MIXED, reduce, inbox)


@pytest.mark.parametrize("left", ENDS)
@pytest.mark.parametrize("right", ENDS)
@pytest.mark.usefixtures("backend")
def test_operands_may_lie_at_the_same_end(left: str, right: str) -> None:
    operands = (MIXED.feature(left, (3,)), MIXED.feature(right, (3,)) + 4)
    inbox = made(MIXED, f"{left}_div_{right}", *operands)
    for reduce in REDUCES:
        result = run(MIXED, f"{left}_div_{right}", reduce, *operands)
        assert_is_the_loop(result, MIXED, reduce, inbox)


@pytest.mark.usefixtures("backend")
def test_operands_may_have_any_strides() -> None:
    u, e = MIXED.feature("u", (3,)), MIXED.feature("e", (3,))
    apart, one_row = torch.stack([u, torch.nan * u], 2)[..., 0], e[:1].expand(e.shape)
    inbox = made(MIXED, "u_mul_e", apart, one_row)
    for reduce in REDUCES:
        assert_is_the_loop(run(MIXED, "u_mul_e", reduce, apart, one_row), MIXED, reduce, inbox)


@each_corner
@each_backend_and_dtype(FLOATS)
def test_the_rows_of_a_sum_may_be_divided(corner: Corner, backend: str, dtype: torch.dtype) -> None:
    x, wide = corner.feature("u", (3,), dtype), accumulator(dtype)
    divisor = torch.arange(1, corner.num_dst + 1, dtype=wide) / 4
    out, _ = run(corner, "copy_u", "sum", x, divisor=divisor)
    inbox = dense.messages("copy_u", corner.src, corner.dst, x.double())
    total = dense.reduce("sum", inbox, corner.dst, corner.num_dst)
    assert_close(out, total / divisor.double().view(-1, 1))
    out, _ = run(corner, "copy_u", "sum", x, divisor=True)
    assert_close(out, dense.reduce("mean", inbox, corner.dst, corner.num_dst))


@each_backend_and_dtype(FLOATS)
def test_a_thousand_ones_are_a_thousand(backend: str, dtype: torch.dtype) -> None:
    ones = torch.ones(HUB.num_src, 1, dtype=dtype)
    out, _ = run(HUB, "copy_u", "sum", ones)
    assert out.flatten().tolist() == [1000, 0, 1, 0]


@each_backend_and_dtype([torch.float16])
def test_a_mean_divides_before_it_rounds(backend: str, dtype: torch.dtype) -> None:
    large = torch.full((HUB.num_src,), 600.0, dtype=dtype)  # the sum is beyond float16
    out, _ = run(HUB, "copy_u", "sum", large, divisor=True)
    assert out.tolist() == [600, 0, 600, 0]


@each_backend_and_dtype(FLOATS)
def test_infinities_and_nan_survive(backend: str, dtype: torch.dtype) -> None:
    strange = torch.tensor([torch.inf, -torch.inf, torch.nan, 0.0, 1.0, -1.0]).to(dtype)
    u = strange.view(6, 1).expand(6, 9).contiguous()
    e = strange[torch.arange(81) % 6].view(9, 9)
    for op in ops_of(dtype):
        message, operands = ("copy_u", (u,)) if op == "copy" else (f"u_{op}_e", (u, e))
        inbox = made(MIXED, message, *operands)
        for reduce in REDUCES:
            assert_is_the_loop(run(MIXED, message, reduce, *operands), MIXED, reduce, inbox)


@each_backend_and_dtype(DTYPES)
def test_the_first_of_equal_messages_wins(backend: str, dtype: torch.dtype) -> None:
    equal = torch.ones(HUB.num_src, 2, dtype=dtype)
    for reduce in ("max", "min"):
        _, arg = run(HUB, "copy_u", reduce, equal)
        assert arg is not None
        assert arg.tolist() == [[0, 0], [-1, -1], [1000, 1000], [-1, -1]]
