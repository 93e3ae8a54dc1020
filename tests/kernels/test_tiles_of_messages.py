"""Messages on GPUs where rows are cut into pieces, and features into tiles."""

from __future__ import annotations

import mmap

import pytest
import torch
from support.corner_graphs import feature
from support.laws import assert_close, assert_same_bits
from support.memory import LargestTensor

pytest.importorskip("triton", reason="needs Triton: pip install triton")

from graphmp.kernels import cuda, reference
from graphmp.kernels.contract import EDGE, OPS, OTHER, REDUCES, ROW, Csr, Operand
from graphmp.kernels.cuda import layout
from graphmp.kernels.cuda.features import feature_layout, message_tile
from graphmp.kernels.plan import Plan

LENGTHS = (0, 9, 1, 4, 0, 14)
Shape = tuple[int, ...]
# The operands and the result: whole, wider than a tile, heads, one number for all, by a table.
MEETINGS: tuple[tuple[Shape, Shape, Shape], ...] = (
    ((3,), (3,), (3,)),
    ((150,), (150,), (150,)),
    ((3, 50), (3, 1), (3, 50)),
    ((1,), (200,), (200,)),
    ((5,), (2, 5), (2, 5)),
    ((150,), (150,), (1,)),
    ((3, 50), (3, 50), (3, 1)),
    ((2, 3, 4), (3, 1), (3, 1)),
)
EACH_MEETING = pytest.mark.parametrize("meeting", MEETINGS, ids=str)
on_gpu = pytest.mark.parametrize("backend", ["cuda"], indirect=True)
pytestmark = [on_gpu, pytest.mark.usefixtures("backend")]


def form_of(lengths: tuple[int, ...] = LENGTHS) -> Csr:
    """A layout of rows of these lengths; the order of edge ids is another."""
    edges = torch.arange(sum(lengths))
    return Csr(torch.tensor([0, *lengths]).cumsum(0), edges * 5 % 7, edges.flip(0))


def operands(
    meeting: tuple[Shape, Shape, Shape], ends: tuple[int, int]
) -> tuple[Operand, Operand, Plan]:
    """Values at two ends of the edges."""
    left, right, out = meeting
    x, y = feature(sum(LENGTHS), left, seed=1), feature(sum(LENGTHS), right, seed=2)
    return Operand(x, ends[0]), Operand(y, ends[1]), Plan(left, right, out)


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of four edges."""
    monkeypatch.setattr(layout, "LEAST_PIECE", 4)
    monkeypatch.setattr(layout, "MEANS_PER_PIECE", 1)
    monkeypatch.setattr(layout, "piece_length", lambda rows, edges: 4)


@pytest.mark.parametrize("reduce", ["sum", "max"])
@EACH_MEETING
@pytest.mark.usefixtures("short_pieces")
def test_long_rows_are_reduced_in_pieces(
    meeting: tuple[Shape, Shape, Shape], reduce: str, backend: str
) -> None:
    lhs, rhs, plan = operands(meeting, (OTHER, EDGE))
    form = form_of()
    out, arg = cuda.spmm(form, "mul", reduce, False, lhs, rhs, plan, wants_arg=True)
    expected, places = reference.spmm(form, "mul", reduce, False, lhs, rhs, plan, wants_arg=True)
    assert_close(out, expected)
    if places is not None:
        assert arg is not None
        assert torch.equal(arg.long(), places)


@pytest.mark.usefixtures("short_pieces")
def test_long_rows_are_divided_once_and_rows_without_edges_hold_0(backend: str) -> None:
    form, plan = form_of(), Plan((3,), (), (3,))
    x = Operand(feature(7, (3,)), OTHER)
    divisor = torch.arange(len(LENGTHS), dtype=torch.float32)  # 0 for the first, which is empty
    total = reference.spmm(form, "copy", "sum", False, x, None, plan)[0]
    for by, wanted in (
        (divisor, total / divisor.clamp(min=1).view(-1, 1)),
        (True, total / torch.tensor(LENGTHS).clamp(min=1).view(-1, 1)),
    ):
        assert_close(cuda.spmm(form, "copy", "sum", by, x, None, plan)[0], wanted)


@pytest.mark.usefixtures("short_pieces")
def test_the_first_of_equals_and_of_nans_wins_over_later_pieces(backend: str) -> None:
    form, plan = form_of((12, 9)), Plan((2,), (), (2,))
    values = torch.tensor(
        [5.0, 7, 7, 1, 2, 7, 7, 3, 7, 7, 0, 7, -1, -1, -1, -1, -1, -1, -1, -1, -1]
    )
    strange = values.clone()
    strange[[6, 9, 20]] = torch.nan
    data = torch.stack([values, strange], 1)
    x = Operand(data[form[2].argsort()].contiguous(), EDGE)
    out, arg = cuda.spmm(form, "copy", "max", False, x, None, plan, wants_arg=True)
    assert arg is not None
    assert arg.tolist() == [[1, 6], [12, 20]]
    assert out[:, 0].tolist() == [7, -1]
    assert out[:, 1].isnan().all()


@pytest.mark.usefixtures("short_pieces")
def test_rows_of_nothing_but_infinity_have_an_edge_all_the_same(backend: str) -> None:
    form, plan = form_of((6, 0)), Plan((1,), (), (1,))
    for reduce, value in (("max", -torch.inf), ("min", torch.inf)):
        x = Operand(torch.full((7, 1), value), OTHER)
        out, arg = cuda.spmm(form, "copy", reduce, False, x, None, plan, wants_arg=True)
        assert arg is not None
        assert (out.flatten().tolist(), arg.flatten().tolist()) == ([value, 0], [0, -1])


@pytest.mark.usefixtures("short_pieces")
def test_equal_inputs_give_equal_bits(backend: str) -> None:
    lhs, rhs, plan = operands(MEETINGS[0], (OTHER, EDGE))
    found = [cuda.spmm(form_of(), "mul", "sum", True, lhs, rhs, plan)[0] for _ in range(2)]
    assert_same_bits(*found)


@EACH_MEETING
def test_messages_are_kept_at_the_edges(meeting: tuple[Shape, Shape, Shape], backend: str) -> None:
    every = ((OTHER, ROW), (ROW, EDGE), (EDGE, OTHER), (ROW, ROW))
    for op, ends in zip(OPS[1:], every, strict=True):
        lhs, rhs, plan = operands(meeting, ends)
        found, wanted = (b.sddmm(form_of(), op, lhs, rhs, plan) for b in (cuda, reference))
        assert_close(found, wanted)


def test_no_message_is_stored_and_no_position_unasked(backend: str) -> None:
    lengths, width = (120, 0, 40), 128
    indptr, indices, eids = form_of(lengths)
    form = Csr(indptr.int(), indices.int(), eids.int())
    x, w = Operand(feature(7, (width,)), OTHER), Operand(feature(160, (1,)), EDGE)
    plan = Plan((width,), (1,), (width,))
    for reduce in REDUCES:
        with LargestTensor() as largest:
            _, arg = cuda.spmm(form, "mul", reduce, False, x, w, plan)
        assert arg is None
        assert 0 < largest.bytes < 160 * width * 4 / 8


def test_ids_of_64_bits_stay_so_where_they_must(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGEST", 0)
    lhs, rhs, plan = operands(MEETINGS[0], (OTHER, EDGE))
    found = cuda.spmm(form_of(), "mul", "max", False, lhs, rhs, plan, wants_arg=True)
    wanted = reference.spmm(form_of(), "mul", "max", False, lhs, rhs, plan, wants_arg=True)
    assert_close(found[0], wanted[0])
    assert found[1] is not None
    assert wanted[1] is not None
    assert_same_bits(found[1], wanted[1])
    assert_close(
        cuda.sddmm(form_of(), "mul", lhs, rhs, plan),
        reference.sddmm(form_of(), "mul", lhs, rhs, plan),
    )


def test_rows_beyond_two_to_the_31_elements_are_found(backend: str) -> None:
    size = 2**31 + 64
    with mmap.mmap(-1, size) as zeros:  # memory that is never touched is never there
        data = torch.frombuffer(zeros, dtype=torch.int8).view(-1, 4)
        data[-1] = torch.arange(1, 5)
        last = len(data) - 1
        form = Csr(torch.tensor([0, 2]), torch.tensor([last, 0]), torch.tensor([0, 1]))
        plan = Plan((4,), (), (4,))
        out, _ = cuda.spmm(form, "copy", "sum", False, Operand(data, OTHER), None, plan)
        kept = cuda.sddmm(form, "copy", Operand(data, OTHER), None, plan)
        del data
    assert out.tolist() == [[1, 2, 3, 4]]
    assert kept.tolist() == [[1, 2, 3, 4], [0] * 4]


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.float32, torch.float64, torch.int8], ids=str
)
@pytest.mark.parametrize("mean", [0, 1, 5, 40, 10_000])
def test_tiles_cover_features_and_are_neither_small_nor_large(
    mean: int, dtype: torch.dtype, backend: str
) -> None:
    for width in (1, 2, 3, 7, 16, 41, 64, 100, 128, 129, 602, 1433):
        for heads in (1, 3, 8):
            plan = Plan((heads, width), (heads, 1), (heads, width))
            features = feature_layout(plan, torch.device("cpu"))
            sizes = message_tile(features, dtype, mean)
            counts = (sizes.edges, sizes.heads, sizes.width, sizes.align)
            assert all(n & (n - 1) == 0 for n in counts)
            assert features.width % sizes.align == 0
            across = -(-features.heads // sizes.heads) * -(-features.width // sizes.width)
            assert sizes.number == across
            assert sizes.heads * sizes.width * sizes.edges <= 4096 // min(4, dtype.itemsize)
