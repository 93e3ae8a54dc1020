"""Rows that lie beyond 2**31 elements give what the same rows give near the start.

The arrays are files without contents, of which a few pages are ever read or written. A graph of two
nodes and four edges is laid out so that nodes and edges are the first and the last of very many,
and the loops run over the first and the last rows alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.backends import device
from support.corner_graphs import ID_DTYPES, Corner, feature
from support.laws import assert_same_bits
from torch import Tensor

from graphmp import kernels
from graphmp.kernels import philox
from graphmp.kernels.contract import EDGE, OTHER, ROW, SCORES, Attention, Csr, Operand
from graphmp.kernels.expression import Expression, Steps
from graphmp.kernels.plan import Plan

NEEDED: dict[str, Any] = {"reason": "needs Numba: pip install numba", "exc_type": ImportError}
loops = pytest.importorskip("graphmp.kernels.cpu.loops.spmm_plain", **NEEDED)
scatter = pytest.importorskip("graphmp.kernels.cpu.loops.scatter", **NEEDED)
dropout = pytest.importorskip("graphmp.kernels.cpu.loops.dropout", **NEEDED)
messages = pytest.importorskip("graphmp.kernels.cpu.messages", **NEEDED)
parallel = pytest.importorskip("graphmp.kernels.cpu.runtime.threads", **NEEDED)

HEADS, SIZE = 4, 3
MANY = 2**31 // HEADS + 8  # rows of all arrays: one number for each head is beyond 2**31
LARGE = 2**26  # bytes of an array that becomes a file
NEAR = Corner("near", (1, 1, 0, 0), (0, 1, 1, 0), 2, 2)
NODES = torch.tensor([0, MANY - 1])
EDGES = torch.tensor([0, 1, MANY - 2, MANY - 1])
Make = Callable[[tuple[int, ...], torch.dtype], Tensor]

each_idtype = pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)


@pytest.fixture
def sparse(tmp_path: Path) -> Make:
    """Makes zeros of any size, which take neither memory nor disk until they are written."""
    path = tmp_path / "array"

    def make(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        numel = torch.Size(shape).numel()
        with path.open("wb") as file:
            file.truncate(numel * dtype.itemsize)
        made = torch.from_file(str(path), shared=True, size=numel, dtype=dtype)
        path.unlink()  # it lives as long as the tensor
        return made.view(shape)

    with path.open("wb") as file:
        file.truncate(LARGE)
    if getattr(path.stat(), "st_blocks", LARGE) * 512 > LARGE / 2:
        pytest.skip(f"{tmp_path} is on no file system with sparse files: choose --basetemp=FOLDER")
    return make


def lean(allocate: Callable[..., Tensor], sparse: Make) -> Callable[..., Tensor]:
    """The same, but what is large becomes a file."""

    def made(*args: Any, **kwargs: Any) -> Tensor:
        planned = allocate(*args, **{**kwargs, "device": "meta"})
        size = tuple(planned.shape), planned.dtype
        return sparse(*size) if planned.nbytes > LARGE else allocate(*args, **kwargs)

    return made


@pytest.fixture(autouse=True)
def poisoned_memory(monkeypatch: pytest.MonkeyPatch, sparse: Make) -> None:
    """Large results are files, in place of the junk that other tests fill memory with."""
    for name in ("empty", "empty_like"):
        monkeypatch.setattr(torch, name, lean(getattr(torch, name), sparse))
    monkeypatch.setattr(Tensor, "new_empty", lean(Tensor.new_empty, sparse))


@pytest.fixture(autouse=True)
def ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops run over the first two and the last two rows; no sum over all numbers is made."""

    def run_all(calls: Any, limits: Any, pieces: int) -> None:
        rows = limits if isinstance(limits, int) else len(limits) - 1
        assert rows == MANY
        for kernel, args in calls:
            for first, last in ((0, 2), (rows - 2, rows)):
                kernel(*args, first, last)

    monkeypatch.setattr(parallel, "run_all", run_all)
    monkeypatch.setattr(messages, "_is_finite", lambda *operands: False)


def places(rows: int) -> Tensor:
    """Where the rows of the near graph lie in the far one: those of nodes or of edges."""
    return {2: NODES, 4: EDGES}[rows]


def far(near: Tensor, sparse: Make) -> Tensor:
    """Rows of nodes or edges, moved apart."""
    made = sparse((MANY, *near.shape[1:]), near.dtype)
    made[places(len(near))] = near
    return made


def far_form(form: Csr, sparse: Make) -> Csr:
    """A layout of the same edges between the first and the last node."""
    indptr, indices, eids = form
    limits = sparse((MANY + 1,), indptr.dtype)
    limits[1:3], limits[-3:-1], limits[-1] = int(indptr[1]), MANY - int(indptr[1]), MANY
    apart = (NODES[indices.long()], EDGES[eids.long()])
    others, edges = (far(ids.to(indptr.dtype), sparse) for ids in apart)
    return Csr(limits, others, edges)


def assert_same_rows(made: Tensor | None, expected: Tensor | None) -> None:
    """The far rows of one are the rows of the other, and so is the nothing between them."""
    if expected is None:
        assert made is None
        return
    assert made is not None
    assert made.shape == (MANY, *expected.shape[1:])
    assert_same_bits(made[places(len(expected))], expected)


def test_what_is_far_is_beyond_2_31_and_takes_no_disk(sparse: Make, tmp_path: Path) -> None:
    made = far(feature(2, (HEADS,)), sparse)
    assert (MANY - 1) * HEADS > 2**31
    assert int(torch.count_nonzero(made[-10:])) == HEADS
    assert list(tmp_path.iterdir()) == []


AT = {"u": OTHER, "v": ROW, "e": EDGE}
MESSAGES = ["copy_u", "copy_e", "u_mul_e", "e_add_u", "v_sub_u"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8], ids=str)
@pytest.mark.parametrize("message", MESSAGES)
@each_idtype
def test_messages_reduced(
    idtype: torch.dtype, message: str, dtype: torch.dtype, sparse: Make
) -> None:
    form = NEAR.graph(idtype).adjacency.csc
    apart = far_form(form, sparse)
    first, op, second = ("", "copy", "") if message[:4] == "copy" else message.split("_")
    ends = [end for end in (first or message[-1], second) if end]
    near = [NEAR.feature(end, (HEADS,), dtype) for end in ends]
    plan = Plan((HEADS,), (HEADS,) if second else (), (HEADS,))
    for reduce in ("sum", "max", "min"):
        results = []
        for layout, tensors in ((form, near), (apart, [far(x, sparse) for x in near])):
            left, right = Operand(tensors[0], AT[ends[0]]), None
            if second:
                right = Operand(tensors[1], AT[second])
            results.append(kernels.spmm(layout, op, reduce, False, left, right, plan, True))
        (expected, won), (made, far_won) = results
        assert_same_rows(made, expected)
        if won is not None:
            assert far_won is not None
            positions = torch.tensor([0, 1, MANY - 2, MANY - 1])
            assert torch.equal(far_won[NODES].long(), positions[won.long()])


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8], ids=str)
@each_idtype
def test_messages_kept(idtype: torch.dtype, dtype: torch.dtype, sparse: Make) -> None:
    form = NEAR.graph(idtype).adjacency.csc
    apart = far_form(form, sparse)
    u, v = (NEAR.feature(end, (HEADS, SIZE), dtype) for end in "uv")
    e = NEAR.feature("e", (HEADS, 1), dtype)
    dot = Plan((HEADS, SIZE), (HEADS, SIZE), (HEADS, 1))
    wide = Plan((HEADS, SIZE), (HEADS, SIZE), (HEADS, SIZE))
    scaled = Plan((HEADS, SIZE), (HEADS, 1), (HEADS, SIZE))
    for left, right, op, plan in (
        (Operand(u, OTHER), Operand(v, ROW), "add", wide),
        (Operand(u, OTHER), Operand(v, ROW), "mul", dot),
        (Operand(v, ROW), Operand(e, EDGE), "mul", scaled),
    ):
        expected = kernels.sddmm(form, op, left, right, plan)
        lhs, rhs = (x._replace(data=far(x.data, sparse)) for x in (left, right))
        assert_same_rows(kernels.sddmm(apart, op, lhs, rhs, plan), expected)


def sums_and_products() -> tuple[Expression, tuple[float, ...]]:
    """``x0 * x1 + x2 / 2`` and ``x0 * x1``."""
    steps = Steps()
    product = steps("mul", steps.operand(0), steps.operand(1))
    half = steps("mul", steps.operand(2), steps.constant(0.5))
    expression, _, constants = steps.expression(steps("add", product, half), product)
    return expression, constants


@each_idtype
def test_expressions(idtype: torch.dtype, sparse: Make) -> None:
    form = NEAR.graph(idtype).adjacency.csc
    apart = far_form(form, sparse)
    expression, constants = sums_and_products()
    one = expression._replace(results=expression.results[:1])
    near = [Operand(NEAR.feature(end, (HEADS,)), AT[end]) for end in "uve"]
    away = [Operand(far(x.data, sparse), x.end) for x in near]
    results = []
    for layout, operands in ((form, near), (apart, away)):
        args, shape = (operands, constants), (HEADS,)
        outs, _ = kernels.reduce_expression(layout, expression, *args, "sum", True, shape, keeps=1)
        (out,), arg = kernels.reduce_expression(layout, one, *args, "max", False, shape, True)
        assert arg is not None
        edge = kernels.edge_expression(layout, one, *args, shape, shape)
        dots = kernels.edge_expression(layout, one, *args, shape, (1,))
        chosen = kernels.argmax_expression(layout, one, *args, arg, shape)
        results.append([*outs, out, edge, dots, *chosen])
    for expected, made in zip(*results, strict=True):
        assert_same_rows(made, expected)


@pytest.mark.parametrize("backend", ["cuda"], indirect=True)
def test_programs_read_what_is_far(backend: str, sparse: Make) -> None:
    if device(backend) != "cpu":
        pytest.skip("needs Triton's interpreter: rows that take no memory are on no GPU")
    form = NEAR.graph().adjacency.csc
    apart = Csr(form.indptr.clone(), NODES[form.indices], EDGES[form.edge_ids])
    expression, constants = sums_and_products()
    near = [Operand(NEAR.feature(end, (HEADS,)), AT[end]) for end in "uve"]
    away = [x if x.end == ROW else Operand(far(x.data, sparse), x.end) for x in near]
    for reduce in ("sum", "max"):
        one = expression._replace(results=expression.results[:1])
        (expected,), (made,) = (
            kernels.reduce_expression(layout, one, x, constants, reduce, False, (HEADS,))[0]
            for layout, x in ((form, near), (apart, away))
        )
        assert_same_bits(made, expected)


def test_rows_taken(sparse: Make) -> None:
    near = feature(2, (HEADS,))
    assert_same_bits(kernels.take(far(near, sparse), NODES), near)


@each_idtype
def test_a_softmax_and_its_gradient(idtype: torch.dtype, sparse: Make) -> None:
    form = NEAR.graph(idtype).adjacency.csc
    logits, grads = NEAR.feature("e", (HEADS,)), NEAR.feature("e", (HEADS, 1))[..., 0]
    apart = far_form(form, sparse)
    expected, grouped = kernels.softmax(form, logits, True)
    assert grouped is not None
    made, made_grouped = kernels.softmax(apart, far(logits, sparse), True)
    assert_same_rows(made, expected)
    assert_same_rows(made_grouped, grouped)
    back = kernels.softmax_gradient(apart, far(grouped, sparse), far(grads, sparse))
    assert_same_rows(back, kernels.softmax_gradient(form, grouped, grads))


@each_idtype
def test_the_gradient_of_a_maximum(idtype: torch.dtype, sparse: Make) -> None:
    values, columns = feature(4, (HEADS,)), torch.arange(HEADS)
    arg = torch.tensor([[0, 0, 1, 1], [2, 2, -1, 2], [-1, -1, -1, -1], [3, -1, 3, 3]])
    ids = torch.tensor([1, 0, 1, 0], dtype=idtype)
    form = Csr(torch.tensor([0, 2, 3, 3, 4], dtype=idtype), ids, ids)
    expected = kernels.scatter(form, OTHER, values, arg, columns, (2, HEADS))
    made, far_ids = sparse((MANY, HEADS), torch.float32), NODES.to(idtype)[ids.long()]
    # The kernel would first fill the result with zeros.
    given = [x.numpy() for x in (values, arg, far_ids, columns, made)]
    scatter.scatter_numbers(*given, HEADS, 0, 1)
    assert_same_rows(made, expected)
    made, edges = sparse((MANY, HEADS), torch.float32), (form.indptr.numpy(), far_ids.numpy())
    scatter.scatter_rows(edges, *(x.numpy() for x in (values, arg, made)), (0, HEADS, (0,)))
    assert_same_rows(made, expected)


def near_attention(kind: str) -> Attention:
    k = HEADS * (1 if kind == "add" else SIZE)
    return Attention(
        kind,
        HEADS,
        left=feature(2, (k,), seed=1),
        right=feature(2, (k,), seed=2),
        value=feature(2, (HEADS * SIZE,), seed=3),
        edge=feature(4, (HEADS,), seed=4),
        weight=feature(4, (HEADS,), seed=5),
        attn_vector=feature(1, (k,), seed=6) if kind == "leaky" else None,
        negative_slope=0.2,
        dropout=0.0,  # a draw depends on the id of the edge
        seed=0,
    )


def far_attention(given: Attention, sparse: Make) -> Attention:
    names = ("left", "right", "value", "edge", "weight")
    moved: dict[str, Any] = {name: far(getattr(given, name), sparse) for name in names}
    return given._replace(**moved)


@pytest.mark.parametrize("kind", SCORES)
@each_idtype
def test_attention_and_its_gradients(idtype: torch.dtype, kind: str, sparse: Make) -> None:
    adjacency, near = NEAR.graph(idtype).adjacency, near_attention(kind)
    away = far_attention(near, sparse)
    grads = (feature(2, (HEADS * SIZE,), seed=7), feature(4, (HEADS,), seed=8))
    delta = feature(2, (HEADS,), seed=9)

    def passes(csc: Csr, csr: Csr, given: Attention, move: Callable[[Tensor], Tensor]) -> Any:
        out, _, stats, attention = kernels.attention(csc, given, True)
        packed = move(torch.cat([stats[:: len(stats) - 1], delta], 1))  # the first and the last
        back = kernels.attention_gradient(csr, given, packed, *map(move, grads))
        return out, stats, attention, *back, kernels.score_gradient(csc, given, back[2])

    csc, csr = adjacency.csc, adjacency.csr
    expected = passes(csc, csr, near, lambda x: x)
    far_csc, far_csr = far_form(csc, sparse), far_form(csr, sparse)
    found = passes(far_csc, far_csr, away, lambda x: far(x, sparse))
    for made, wanted in zip(found, expected, strict=True):
        assert_same_rows(made, wanted)


def test_dropout_counts_elements_beyond_32_bits(sparse: Make) -> None:
    block = 2**24  # its elements begin at 2**34, and its counters at 2**32
    x, out = (sparse((1, 1024 * (block + 1)), torch.bfloat16) for _ in range(2))
    x[0, -1024:] = 1
    arrays = [messages.as_array(tensor) for tensor in (x, out)]
    numbers = (7, philox.threshold(0.5), ((0,), 2.0))
    shape = messages.SHAPES[2]
    dropout.drop(arrays[0], *numbers, arrays[1], shape, block, block + 1)
    words = philox.words(7, torch.arange(2**32, 2**32 + 256), 0)
    is_kept = torch.cat(words) >= philox.threshold(0.5)
    assert torch.equal(out[0, -1024:], 2 * is_kept.to(torch.bfloat16))
